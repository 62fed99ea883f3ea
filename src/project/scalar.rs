//! Where the parts of a YAML text stand in its file. What a rule of a check is wrong about is shown there, whether the rule is
//! plain, in quotes or a block of lines.

use crate::error::Span;

/// A text in a YAML file, and where it is written.
pub struct Scalar {
    whole: Span,
    /// For each character of the text, the byte where it starts in the text, and where what is written for it starts and
    /// ends in the file. Nothing for a text that is written elsewhere, as that of an alias is.
    characters: Vec<(usize, Span)>,
}

impl Scalar {
    pub fn of(file: &str, whole: &Span, text: &str) -> Scalar {
        let characters = aligned(&file[whole.clone()], text).unwrap_or_default();
        let moved = |(byte, span): (usize, Span)| (byte, whole.start + span.start..whole.start + span.end);
        Scalar { whole: whole.clone(), characters: characters.into_iter().map(moved).collect() }
    }

    /// Where a part of the text stands; all of it, if that cannot be told.
    pub fn place(&self, part: Span) -> Span {
        let first = self.characters.partition_point(|(byte, _)| *byte < part.start);
        let last = self.characters.partition_point(|(byte, _)| *byte < part.end);
        let (Some((_, end)), Some((_, start))) = (self.characters.last(), self.characters.get(first)) else {
            // Behind the last character, or nowhere.
            let end = self.characters.last().map_or(self.whole.start, |(_, last)| last.end);
            return if self.characters.is_empty() { self.whole.clone() } else { end..end };
        };
        match last.checked_sub(1).filter(|last| *last >= first) {
            Some(last) => start.start..self.characters[last].1.end.min(end.end),
            None => start.start..start.start,
        }
    }
}

/// Each character of the text with what is written for it: itself, an escape, a quote that is doubled, or a line end.
fn aligned(written: &str, text: &str) -> Option<Vec<(usize, Span)>> {
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\'' | '|' | '>'));
    let mut at = match quote {
        Some('"' | '\'') => 1,
        // The first line of a block says how it is to be read.
        Some(_) => written.find('\n')? + 1,
        None => 0,
    };
    let mut characters = vec![];
    for (byte, c) in text.char_indices() {
        let rest = |at: usize| written.get(at..).unwrap_or_default();
        if !c.is_whitespace() {
            at += rest(at).len() - rest(at).trim_start().len();
        }
        // A line that goes on after a backslash: nothing is written for its end.
        while let (Some('"'), Some(after)) = (quote, rest(at).strip_prefix('\\'))
            && after.starts_with(['\n', '\r'])
        {
            at += 1 + after.len() - after.trim_start().len();
        }
        let next = rest(at).chars().next();
        let length = match (quote, next) {
            (Some('"'), Some('\\')) => escape(rest(at)),
            (Some('\''), Some('\'')) if rest(at).starts_with("''") && c == '\'' => 2,
            (_, Some(next)) if next == c => next.len_utf8(),
            // A line end, and what it is folded to. Blanks around it are gone.
            (_, Some(next)) if c == '\n' && next.is_whitespace() => {
                rest(at).find(|c: char| !c.is_whitespace() || c == '\n').map_or(0, |end| end + 1)
            }
            (_, Some(next)) if c.is_whitespace() && next.is_whitespace() => next.len_utf8(),
            _ if c.is_whitespace() => 0,
            _ => return None,
        };
        characters.push((byte, at..at + length));
        at += length;
    }
    Some(characters)
}

/// The length of an escape in double quotes.
fn escape(written: &str) -> usize {
    let digits = match written[1..].chars().next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(other) => return 1 + other.len_utf8(),
        None => return 1,
    };
    (2 + digits).min(written.len())
}

#[cfg(test)]
mod tests {
    use super::super::faults::File;
    use super::super::yaml::{self, YamlKind};
    use super::*;
    use crate::project::faults::Faults;

    /// The file with a mark around where a word of the text under `rule` stands.
    fn marked(file: &str, word: &str) -> String {
        let mut faults = Faults::of(File { path: "x".into(), text: file.into() });
        let node = yaml::parse(0..file.len(), &mut faults).unwrap();
        let YamlKind::Map(entries) = node.kind else { panic!() };
        let (_, value) = entries.iter().find(|(key, _)| key.text == "rule").unwrap();
        let YamlKind::Scalar { text, .. } = &value.kind else { panic!() };
        let start = text.find(word).unwrap_or_else(|| panic!("{word} in {text:?}"));
        let place = Scalar::of(file, &value.span, text).place(start..start + word.len());
        format!("{}«{}»{}", &file[..place.start], &file[place.clone()], &file[place.end..])
    }

    #[test]
    fn a_word_is_found_in_whatever_way_it_is_written() {
        assert_eq!(marked("rule: ab = 'ñ' OR cd # not cd", "cd"), "rule: ab = 'ñ' OR «cd» # not cd");
        assert_eq!(marked("rule: 'a = ''x'' OR cd'", "cd"), "rule: 'a = ''x'' OR «cd»'");
        assert_eq!(marked("rule: 'a = ''x'' OR cd'", "'x'"), "rule: 'a = «''x''» OR cd'");
        assert_eq!(marked(r#"rule: "a = \"\x41\" \u00fc OR cd""#, "cd"), r#"rule: "a = \"\x41\" \u00fc OR «cd»""#);
        assert_eq!(marked("rule: \"a \\\n   OR\n   cd\"", "cd"), "rule: \"a \\\n   OR\n   «cd»\"");
        assert_eq!(marked("rule:\n  a\n  OR\n\n  cd\nb: 1", "cd"), "rule:\n  a\n  OR\n\n  «cd»\nb: 1");
        assert_eq!(marked("rule: |\n  a\n    OR cd\nb: 1", "cd"), "rule: |\n  a\n    OR «cd»\nb: 1");
        assert_eq!(marked("rule: >-\n  a OR\n\n  cd\nb: 1", "cd"), "rule: >-\n  a OR\n\n  «cd»\nb: 1");
        assert_eq!(marked("rule: >-\r\n  a OR\r\n  cd\r\n", "cd"), "rule: >-\r\n  a OR\r\n  «cd»\r\n");
    }

    #[test]
    fn one_that_is_written_elsewhere_is_all_of_the_alias() {
        assert_eq!(marked("a: &a x OR cd\nrule: *a\n", "cd"), "a: &a x OR cd\nrule: «*a»\n");
        let nothing = Scalar::of("rule: ''", &(6..8), "");
        assert_eq!(nothing.place(0..0), 6..8);
        let end = Scalar::of("rule: 'a'", &(6..9), "a");
        assert_eq!(end.place(1..1), 8..8);
    }
}
