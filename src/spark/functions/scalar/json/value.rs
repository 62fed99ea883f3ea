//! JSON as a tree that keeps what Spark's readers see: numbers as they are written, and each key of an object, in its order.

use crate::spark::text::floats;

#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue {
    Null,
    Flag(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<JsonValue>),
    Object(Vec<(String, JsonValue)>),
}

/// What a reader lets through beyond JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leniency {
    Strict,
    /// Texts and keys between single quotes, `NaN` and infinities.
    Records,
}

/// As deep as rows of raw files may be.
const MOST_DEEP: usize = 1000;

/// The first value of a text; what follows it is not looked at. `None` for what is none, or for nothing at all.
pub fn parse(text: &str, leniency: Leniency) -> Option<JsonValue> {
    JsonReader { rest: text, leniency, depth: 0 }.value()
}

struct JsonReader<'a> {
    rest: &'a str,
    leniency: Leniency,
    depth: usize,
}

impl JsonReader<'_> {
    fn value(&mut self) -> Option<JsonValue> {
        self.skip_blanks();
        match self.rest.as_bytes().first()? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::list),
            b'"' => self.text('"').map(JsonValue::Text),
            b'\'' if self.leniency == Leniency::Records => self.text('\'').map(JsonValue::Text),
            b'-' | b'0'..=b'9' => self.number().or_else(|| self.no_number()),
            _ => self.word().or_else(|| self.no_number()),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<JsonValue>) -> Option<JsonValue> {
        self.depth += 1;
        if self.depth > MOST_DEEP {
            return None;
        }
        self.rest = &self.rest[1..];
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<JsonValue> {
        let mut fields = vec![];
        if self.eats('}') {
            return Some(JsonValue::Object(fields));
        }
        loop {
            self.skip_blanks();
            let name = match self.rest.as_bytes().first()? {
                b'"' => self.text('"')?,
                b'\'' if self.leniency == Leniency::Records => self.text('\'')?,
                _ => return None,
            };
            if !self.eats(':') {
                return None;
            }
            fields.push((name, self.value()?));
            if self.eats('}') {
                return Some(JsonValue::Object(fields));
            }
            if !self.eats(',') {
                return None;
            }
        }
    }

    fn list(&mut self) -> Option<JsonValue> {
        let mut values = vec![];
        if self.eats(']') {
            return Some(JsonValue::List(values));
        }
        loop {
            values.push(self.value()?);
            if self.eats(']') {
                return Some(JsonValue::List(values));
            }
            if !self.eats(',') {
                return None;
            }
        }
    }

    fn text(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[1 + at + 1..];
                    return Some(text);
                }
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    c @ ('"' | '\\' | '/') => text.push(c),
                    'u' => {
                        let mut unit = || -> Option<u16> {
                            let digits: Option<String> = (0..4).map(|_| Some(chars.next()?.1)).collect();
                            u16::from_str_radix(&digits?, 16).ok()
                        };
                        let first = unit()?;
                        let units = match first {
                            0xd800..0xdc00 if chars.next()?.1 == '\\' && chars.next()?.1 == 'u' => {
                                let mut unit = || -> Option<u16> {
                                    let digits: Option<String> = (0..4).map(|_| Some(chars.next()?.1)).collect();
                                    u16::from_str_radix(&digits?, 16).ok()
                                };
                                vec![first, unit()?]
                            }
                            first => vec![first],
                        };
                        text.push_str(&String::from_utf16_lossy(&units));
                    }
                    '\'' if self.leniency == Leniency::Records => text.push('\''),
                    _ => return None,
                },
                c if c < ' ' => return None,
                c => text.push(c),
            }
        }
        None
    }

    fn number(&mut self) -> Option<JsonValue> {
        let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let bytes = self.rest.as_bytes();
        let mut end = usize::from(bytes[0] == b'-');
        let whole = digits(&bytes[end..]);
        if whole == 0 || (whole > 1 && bytes[end] == b'0') {
            return None;
        }
        end += whole;
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(&bytes[end + 1..]);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(&bytes[end + 1 + signed..]);
            if exponent == 0 {
                return None;
            }
            end += 1 + signed + exponent;
        }
        let (number, rest) = self.rest.split_at(end);
        if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-')) {
            return None;
        }
        self.rest = rest;
        Some(JsonValue::Number(number.to_string()))
    }

    fn word(&mut self) -> Option<JsonValue> {
        let words = [("null", JsonValue::Null), ("true", JsonValue::Flag(true)), ("false", JsonValue::Flag(false))];
        words.into_iter().find_map(|(word, value)| self.eats_word(word).then_some(value))
    }

    /// As a text, which a double is read from.
    fn no_number(&mut self) -> Option<JsonValue> {
        if self.leniency == Leniency::Strict {
            return None;
        }
        let words = ["NaN", "+INF", "-INF", "INF", "+Infinity", "-Infinity", "Infinity"];
        words.into_iter().find_map(|word| self.eats_word(word).then(|| JsonValue::Number(word.to_string())))
    }

    fn eats_word(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn eats(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

impl JsonValue {
    /// Written again, as Jackson copies it: numbers with a fraction or an exponent as doubles.
    pub fn write(&self, text: &mut String) {
        match self {
            JsonValue::Null => text.push_str("null"),
            JsonValue::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
            JsonValue::Number(number) => write_number(text, number),
            JsonValue::Text(plain) => write_text(text, plain),
            JsonValue::List(values) => between(text, '[', ']', values, |text, value| value.write(text)),
            JsonValue::Object(fields) => between(text, '{', '}', fields, |text, (name, value)| {
                write_text(text, name);
                text.push(':');
                value.write(text);
            }),
        }
    }
}

fn write_number(text: &mut String, number: &str) {
    if number.contains(['.', 'e', 'E']) {
        match number.parse::<f64>() {
            Ok(double) if double.is_finite() => floats::write(text, double),
            _ => text.push_str(number),
        }
        return;
    }
    text.push_str(if number == "-0" { "0" } else { number });
}

pub fn write_text(text: &mut String, plain: &str) {
    text.push('"');
    for c in plain.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            c if c < ' ' => text.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
}

pub fn between<T>(text: &mut String, open: char, close: char, all: &[T], mut write: impl FnMut(&mut String, &T)) {
    text.push(open);
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        write(text, one);
    }
    text.push(close);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn copied(text: &str) -> Option<String> {
        let mut copy = String::new();
        parse(text, Leniency::Strict)?.write(&mut copy);
        Some(copy)
    }

    #[test]
    fn values_are_copied_as_jackson_does() {
        let cases = [
            (r#" {"a": 1.50, "b": "q\"u\u00e9\n", "c": []} "#, Some(r#"{"a":1.5,"b":"q\"ué\n","c":[]}"#)),
            ("1e3", Some("1000.0")),
            ("12345678901234567890", Some("12345678901234567890")),
            (r#""\ud83d\ude42""#, Some("\"🙂\"")),
            ("[1,2", None),
            ("{a:1}", None),
            ("01", None),
            ("1.", None),
            ("", None),
            ("'x'", None),
            ("NaN", None),
            ("null x", Some("null")),
        ];
        for (text, copy) in cases {
            assert_eq!(copied(text).as_deref(), copy, "{text}");
        }
        assert_eq!(parse("['x']", Leniency::Records), Some(JsonValue::List(vec![JsonValue::Text("x".into())])));
        assert_eq!(copied(&"[".repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(plain in ".*") {
            let mut text = String::new();
            write_text(&mut text, &plain);
            prop_assert_eq!(parse(&text, Leniency::Strict), Some(JsonValue::Text(plain)));
        }
    }
}
