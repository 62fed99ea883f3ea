//! Java's regular expressions in the words of the `regex` crate, or of `fancy-regex` where they look around or back.
//!
//! <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html>. What has another meaning there and
//! here, and is not told apart, is an error.

use std::iter::Peekable;
use std::str::Chars;

/// A pattern in other words.
#[derive(Debug, PartialEq)]
pub struct Translated {
    /// With `$` at the very end alone.
    pub pattern: String,
    /// With `$` before a last line end, too, where there is one in the pattern.
    pub before_line_end: Option<String>,
    /// It looks around, looks back, or never gives back what it took.
    pub is_fancy: bool,
}

const LINE_ENDS: &str = r"\n\r\u{85}\u{2028}\u{2029}";
const HORIZONTAL: &str = r" \t\u{A0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}";
const VERTICAL: &str = r"\n\x0B\f\r\u{85}\u{2028}\u{2029}";

/// # Errors
/// A phrase that says what of the pattern is not understood.
pub fn translate(java: &str) -> Result<Translated, String> {
    let flags = flags(java)?;
    let mut pattern = Translation {
        flags,
        chars: java.chars().peekable(),
        written: String::with_capacity(java.len() + 16),
        ends: vec![],
        is_fancy: false,
        is_quantified: false,
    };
    pattern.all()?;
    let Translation { written, ends, is_fancy, .. } = pattern;
    let with_end = |end: &str| {
        let mut text = String::with_capacity(written.len() + 32);
        let mut from = 0;
        for at in &ends {
            text.push_str(&written[from..*at]);
            text.push_str(end);
            from = *at;
        }
        text.push_str(&written[from..]);
        text
    };
    let before_line_end = format!(r"(?=(?:\r\n|[{LINE_ENDS}])?\z)");
    Ok(Translated {
        pattern: with_end(r"\z"),
        before_line_end: (!ends.is_empty()).then(|| with_end(&before_line_end)),
        is_fancy,
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    many_lines: bool,
    dot_is_all: bool,
}

/// Those that are set anywhere in the pattern.
fn flags(java: &str) -> Result<Flags, String> {
    let mut found = Flags::default();
    for part in java.split("(?").skip(1) {
        let end = part.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(part.len());
        if !part[end..].starts_with([')', ':', '-']) {
            continue;
        }
        for flag in part[..end].chars() {
            match flag {
                'i' | 'x' => {}
                'm' => found.many_lines = true,
                's' => found.dot_is_all = true,
                other => return Err(format!("the flag `{other}` is not there")),
            }
        }
    }
    Ok(found)
}

struct Translation<'a> {
    flags: Flags,
    chars: Peekable<Chars<'a>>,
    written: String,
    /// Where in what is written a `$` stands.
    ends: Vec<usize>,
    is_fancy: bool,
    /// A quantifier was the last that was read.
    is_quantified: bool,
}

impl Translation<'_> {
    fn all(&mut self) -> Result<(), String> {
        while let Some(c) = self.chars.next() {
            let was_quantified = std::mem::take(&mut self.is_quantified);
            match c {
                '\\' => self.escaped(false)?,
                '[' => self.class(0)?,
                '.' if self.flags.dot_is_all => self.written.push('.'),
                '.' => self.written.push_str(&format!("[^{LINE_ENDS}]")),
                '$' if self.flags.many_lines => self.written.push('$'),
                '$' => self.ends.push(self.written.len()),
                '(' => {
                    self.written.push('(');
                    if self.chars.next_if_eq(&'?').is_some() {
                        self.written.push('?');
                        match self.chars.peek() {
                            Some('=' | '!' | '>') => self.is_fancy = true,
                            Some('<') => {
                                self.chars.next();
                                self.written.push('<');
                                self.is_fancy |= matches!(self.chars.peek(), Some('=' | '!'));
                            }
                            _ => {}
                        }
                    }
                }
                '+' if was_quantified => {
                    self.is_fancy = true;
                    self.written.push('+');
                }
                '*' | '+' | '?' => {
                    self.written.push(c);
                    // `*?` is lazy and `*+` is possessive.
                    self.is_quantified = c != '?' || !was_quantified;
                }
                '{' => {
                    self.written.push('{');
                    for inner in self.chars.by_ref() {
                        self.written.push(inner);
                        if inner == '}' {
                            break;
                        }
                    }
                    self.is_quantified = true;
                }
                c => self.written.push(c),
            }
        }
        Ok(())
    }

    /// What follows a backslash.
    fn escaped(&mut self, in_class: bool) -> Result<(), String> {
        let Some(c) = self.chars.next() else { return Err("it ends with a backslash".to_string()) };
        let class = |members: &str, negated: bool| match (in_class, negated) {
            (true, false) => members.to_string(),
            (true, true) => format!("[^{members}]"),
            (false, false) => format!("[{members}]"),
            (false, true) => format!("[^{members}]"),
        };
        match c {
            'd' => self.written.push_str(&class("0-9", false)),
            'D' => self.written.push_str(&class("0-9", true)),
            'w' => self.written.push_str(&class("a-zA-Z_0-9", false)),
            'W' => self.written.push_str(&class("a-zA-Z_0-9", true)),
            's' => self.written.push_str(&class(r" \t\n\x0B\f\r", false)),
            'S' => self.written.push_str(&class(r" \t\n\x0B\f\r", true)),
            'h' => self.written.push_str(&class(HORIZONTAL, false)),
            'H' => self.written.push_str(&class(HORIZONTAL, true)),
            'v' => self.written.push_str(&class(VERTICAL, false)),
            'V' => self.written.push_str(&class(VERTICAL, true)),
            'R' if !in_class => self.written.push_str(&format!(r"(?:\r\n|[{VERTICAL}])")),
            'Q' => {
                let mut quoted = String::new();
                for c in self.chars.by_ref() {
                    quoted.push(c);
                    if quoted.ends_with("\\E") {
                        quoted.truncate(quoted.len() - 2);
                        break;
                    }
                }
                self.written.push_str(&regex::escape(&quoted));
            }
            'E' => {}
            'p' | 'P' => self.property(c == 'P', in_class)?,
            'b' | 'B' | 'A' if !in_class => self.written.extend(['\\', c]),
            'z' if !in_class => self.written.push_str(r"\z"),
            'Z' if !in_class => self.ends.push(self.written.len()),
            't' | 'n' | 'r' | 'f' | 'a' => self.written.extend(['\\', c]),
            'e' => self.written.push_str(r"\x1B"),
            'x' => match self.chars.next_if_eq(&'{') {
                Some(_) => {
                    let digits: String = self.chars.by_ref().take_while(|c| *c != '}').collect();
                    self.code(&digits, 16)?;
                }
                None => self.code_of(2)?,
            },
            'u' => self.code_of(4)?,
            '0' => {
                let mut digits = String::new();
                while digits.len() < 3 && self.chars.peek().is_some_and(|c| c.is_digit(8)) {
                    digits.extend(self.chars.next());
                }
                self.code(&digits, 8)?;
            }
            '1'..='9' if !in_class => {
                self.is_fancy = true;
                self.written.extend(['\\', c]);
            }
            'k' if !in_class => {
                self.is_fancy = true;
                self.written.push_str("\\k");
            }
            c if c.is_ascii_alphanumeric() => return Err(format!("`\\{c}` is not there")),
            c => self.written.push_str(&regex::escape(&c.to_string())),
        }
        Ok(())
    }

    fn code_of(&mut self, length: usize) -> Result<(), String> {
        let digits: String = (0..length).filter_map(|_| self.chars.next()).collect();
        self.code(&digits, 16)
    }

    fn code(&mut self, digits: &str, radix: u32) -> Result<(), String> {
        let code = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let c = code.ok_or_else(|| format!("`{digits}` is no character"))?;
        self.written.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
        Ok(())
    }

    /// `\p{Alpha}` and its like are of ASCII; the rest are Unicode's.
    fn property(&mut self, negated: bool, in_class: bool) -> Result<(), String> {
        let name: String = match self.chars.next() {
            Some('{') => self.chars.by_ref().take_while(|c| *c != '}').collect(),
            Some(c) => c.to_string(),
            None => return Err("a property has a name".to_string()),
        };
        let ascii = match name.as_str() {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`{-~",
            "Graph" => "!-~",
            "Print" => r"\x20-~",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => r" \t\n\x0B\f\r",
            _ => {
                let name = name.strip_prefix("Is").unwrap_or(&name);
                if name.starts_with("In") || name.starts_with("java") || name.contains('=') {
                    return Err(format!("the property `{name}` is not there"));
                }
                self.written.push_str(&format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' }));
                return Ok(());
            }
        };
        match (in_class, negated) {
            (true, false) => self.written.push_str(ascii),
            (_, true) => self.written.push_str(&format!("[^{ascii}]")),
            (false, false) => self.written.push_str(&format!("[{ascii}]")),
        }
        Ok(())
    }

    /// What is between brackets: unions and intersections are the same here and there, names between colons are not in Java.
    fn class(&mut self, depth: usize) -> Result<(), String> {
        if depth > 50 {
            return Err("so many brackets are within one another".to_string());
        }
        self.written.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            self.written.push('^');
        }
        loop {
            let Some(c) = self.chars.next() else { return Err("a bracket is not closed".to_string()) };
            match c {
                ']' => {
                    self.written.push(']');
                    return Ok(());
                }
                '[' => self.class(depth + 1)?,
                '\\' => self.escaped(true)?,
                '&' if self.chars.next_if_eq(&'&').is_some() => self.written.push_str("&&"),
                // Marks of the crate's own.
                ':' | '&' | '~' | '#' => self.written.extend(['\\', c]),
                '-' if self.written.ends_with('-') => self.written.push_str("\\-"),
                c => self.written.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_java() {
        let cases = [
            (r"\d\s", r"[0-9][ \t\n\x0B\f\r]", false),
            (r"[\w-]", r"[a-zA-Z_0-9-]", false),
            (r"\Qa.b\E+", r"a\.b+", false),
            (r"[[:alpha:]]", r"[[\:alpha\:]]", false),
            (r"\p{Alpha}\p{L}", r"[a-zA-Z]\p{L}", false),
            (r"(?<=-)x", r"(?<=-)x", true),
            (r"(?<n>x)", r"(?<n>x)", false),
            (r"x*+y", r"x*+y", true),
            (r"x*?y", r"x*?y", false),
            (r"(a)\1", r"(a)\1", true),
            (r"a$", r"a\z", false),
            (r"(?m)a$", r"(?m)a$", false),
            (r"(?s).", r"(?s).", false),
            (r"\u00f1", r"\x{f1}", false),
        ];
        for (java, pattern, is_fancy) in cases {
            let found = translate(java).unwrap();
            assert_eq!((found.pattern.as_str(), found.is_fancy), (pattern, is_fancy), "{java}");
        }
        for wrong in [r"\y", r"(?U)x", r"[a", r"\", r"\p{InGreek}"] {
            assert!(translate(wrong).is_err(), "{wrong}");
        }
    }
}
