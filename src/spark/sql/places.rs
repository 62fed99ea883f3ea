//! Places in a text. The parser and the planner count lines and characters, from 1; everything else counts bytes.

use datafusion::sql::sqlparser::tokenizer::{self, Location, TokenWithSpan};

use crate::error::{Span, line_and_column};

/// The bytes at which something of the parser's stands; `None` for what has no place.
pub fn bytes_of(text: &str, place: tokenizer::Span) -> Option<Span> {
    bytes_between(text, (place.start.line, place.start.column), (place.end.line, place.end.column))
}

/// The bytes between two places, each a line and a column; `None` for places that are none.
pub fn bytes_between(text: &str, start: (u64, u64), end: (u64, u64)) -> Option<Span> {
    if start.0 == 0 || end.0 == 0 {
        return None;
    }
    let start = byte_at(text, start.0, start.1);
    Some(start..byte_at(text, end.0, end.1).max(start))
}

fn byte_at(text: &str, line: u64, column: u64) -> usize {
    Walk::new(text).byte(Location { line, column })
}

/// The byte of a place; the end of the text for the parser's "nowhere".
pub(super) fn byte_or_end(text: &str, place: Location) -> usize {
    if place.line == 0 { text.trim_end().len() } else { byte_at(text, place.line, place.column) }
}

/// The word, or else the one character, that starts at a byte.
pub(super) fn word_at(text: &str, at: usize) -> Span {
    let rest = &text[at..];
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    at..at + word.max(rest.chars().next().map_or(0, char::len_utf8))
}

/// From a byte to the end of its line.
pub(super) fn line_from(text: &str, start: usize) -> Span {
    start..start + text[start..].lines().next().unwrap_or_default().len()
}

/// The parser's name for a range of bytes.
pub(super) fn place_of(text: &str, bytes: &Span) -> tokenizer::Span {
    let location = |at| {
        let (line, column) = line_and_column(text, at);
        Location { line: line as u64, column: column as u64 }
    };
    tokenizer::Span::new(location(bytes.start), location(bytes.end))
}

/// Puts the tokens of a text to where they stand in the file that the text is written in.
pub(super) fn move_to_file(tokens: &mut [TokenWithSpan], text: &str, file: &str, place: impl Fn(Span) -> Span) {
    let (mut inner, mut outer) = (Walk::new(text), Walk::new(file));
    for token in tokens {
        let start = inner.byte(token.span.start);
        let bytes = place(start..inner.clone().byte(token.span.end));
        let start = outer.location(bytes.start);
        token.span = tokenizer::Span::new(start, outer.clone().location(bytes.end));
    }
}

/// Goes through a text once, however many places are asked for, as long as they come in their order.
#[derive(Clone)]
pub(super) struct Walk<'a> {
    text: &'a str,
    byte: usize,
    at: Location,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Walk { text, byte: 0, at: Location { line: 1, column: 1 } }
    }

    fn byte(&mut self, to: Location) -> usize {
        if to < self.at {
            *self = Walk::new(self.text);
        }
        // A column beyond the end of its line is the end of that line.
        self.go_on(|_, at, c| at < to && !(c == '\n' && at.line == to.line));
        self.byte
    }

    pub(super) fn location(&mut self, to: usize) -> Location {
        if to < self.byte {
            *self = Walk::new(self.text);
        }
        self.go_on(|byte, _, _| byte < to);
        self.at
    }

    fn go_on(&mut self, is_before: impl Fn(usize, Location, char) -> bool) {
        for c in self.text[self.byte..].chars() {
            if !is_before(self.byte, self.at, c) {
                return;
            }
            self.byte += c.len_utf8();
            self.at = match c {
                '\n' => Location { line: self.at.line + 1, column: 1 },
                _ => Location { column: self.at.column + 1, ..self.at },
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_ranges_count_bytes() {
        let text = "SELECT 'ñ',\n  ñu, nope\nFROM t";
        let found = bytes_between(text, (2, 7), (2, 11)).unwrap();
        assert_eq!(&text[found.clone()], "nope");
        assert_eq!(bytes_of(text, place_of(text, &found)), Some(found));
        assert_eq!(&text[bytes_between(text, (2, 3), (2, 99)).unwrap()], "ñu, nope");
        assert_eq!(bytes_between(text, (9, 1), (9, 5)), Some(text.len()..text.len()));
        assert_eq!(bytes_of(text, tokenizer::Span::empty()), None);
    }

    #[test]
    fn a_walk_goes_back_where_it_must() {
        let text = "é\nbc\n";
        let mut walk = Walk::new(text);
        assert_eq!(walk.location(4), Location { line: 2, column: 2 });
        assert_eq!(walk.byte(Location { line: 1, column: 2 }), 2);
        assert_eq!(walk.byte(Location { line: 2, column: 1 }), 3);
    }
}
