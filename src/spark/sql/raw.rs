//! Strings that the parser's tokenizer does not read as Spark does. It is given what stands between them.
//!
//! Raw ones, as in `r'\d'` a backslash is a backslash, and the first quote is the end; and those with characters by their
//! numbers, as `'\u00e9'` and `'\101'`: <https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal>.

use crate::error::Span;

/// A string with the place of all of it, and what it says.
#[derive(Debug, PartialEq)]
pub struct OwnString {
    pub span: Span,
    pub text: String,
}

/// The strings of a text that are read here.
pub fn strings(text: &str) -> Vec<OwnString> {
    let mut found = vec![];
    let bytes = text.as_bytes();
    let at = |byte: usize| bytes.get(byte).copied();
    let (mut i, mut in_word) = (0, false);
    while let Some(byte) = at(i) {
        let starts_raw = matches!(byte, b'r' | b'R') && !in_word;
        let starts_plain = !in_word;
        in_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        i = match (byte, at(i + 1)) {
            (_, Some(quote @ (b'\'' | b'"'))) if starts_raw => match find(bytes, quote, i + 2) {
                Some(end) => {
                    found.push(OwnString { span: i..end + 1, text: text[i + 2..end].to_string() });
                    in_word = false;
                    end + 1
                }
                None => return found,
            },
            (b'\'' | b'"', _) => {
                let mut end = after_string(bytes, byte, i + 1);
                while at(end) == Some(byte) && end > i + 1 {
                    end = after_string(bytes, byte, end + 1);
                }
                let inner = text.get(i + 1..end - 1).unwrap_or_default();
                let backslashes = inner.bytes().rev().take_while(|byte| *byte == b'\\').count();
                let is_closed = bytes[end - 1] == byte && backslashes % 2 == 0;
                if starts_plain && is_closed && has_numbers(inner) {
                    found.push(OwnString { span: i..end, text: unescaped(inner, char::from(byte)) });
                }
                end
            }
            (b'`', _) => find(bytes, b'`', i + 1).map_or(bytes.len(), |end| end + 1),
            (b'-', Some(b'-')) => find(bytes, b'\n', i).unwrap_or(bytes.len()),
            (b'/', Some(b'*')) => after_comment(bytes, i),
            _ => i + 1,
        };
    }
    found
}

/// Whether a character is written by its number.
fn has_numbers(inner: &str) -> bool {
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        rest = &rest[at + 1..];
        if numbered(rest).is_some() {
            return true;
        }
        // The backslash may be one of another.
        rest = rest.char_indices().nth(1).map_or("", |(next, _)| &rest[next..]);
    }
    false
}

/// The number of a character behind a backslash, and how long it is: `u00e9`, `U0001F642`, `101`.
fn numbered(text: &str) -> Option<(u32, usize)> {
    let hex = |digits: usize| {
        let number = text.get(1..=digits)?;
        let is_hex = number.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(number, 16).ok()).flatten().map(|number| (number, digits + 1))
    };
    match text.as_bytes() {
        [b'u', ..] => hex(4),
        [b'U', ..] => hex(8),
        [b'0' | b'1', b'0'..=b'7', b'0'..=b'7', ..] => Some((u32::from_str_radix(&text[..3], 8).ok()?, 3)),
        _ => None,
    }
}

/// `unescapeSQLString` in Spark.
fn unescaped(inner: &str, quote: char) -> String {
    let (mut rest, mut text) = (inner, String::new());
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == quote {
            // The first of two.
            rest = rest.strip_prefix(quote).unwrap_or(rest);
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        if let Some((number, length)) = numbered(rest) {
            rest = &rest[length..];
            text.push(character(number, &mut rest));
            continue;
        }
        let Some(escaped) = rest.chars().next() else { break };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            '0' => text.push('\0'),
            'b' => text.push('\u{8}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'Z' => text.push('\u{1a}'),
            '%' | '_' => text.extend(['\\', escaped]),
            other => text.push(other),
        }
    }
    text
}

/// A character that is beyond 16 bits is written as two halves.
fn character(number: u32, rest: &mut &str) -> char {
    if let 0xD800..=0xDBFF = number
        && let Some(behind) = rest.strip_prefix('\\')
        && let Some((low @ 0xDC00..=0xDFFF, length)) = numbered(behind)
    {
        *rest = &behind[length..];
        let whole = 0x10000 + ((number - 0xD800) << 10) + (low - 0xDC00);
        return char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn find(bytes: &[u8], byte: u8, from: usize) -> Option<usize> {
    bytes.get(from..)?.iter().position(|other| *other == byte).map(|at| from + at)
}

fn after_string(bytes: &[u8], quote: u8, from: usize) -> usize {
    let mut i = from;
    while let Some(byte) = bytes.get(i) {
        match *byte {
            b'\\' => i += 2,
            byte if byte == quote => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

/// Comments nest.
fn after_comment(bytes: &[u8], start: usize) -> usize {
    let (mut i, mut depth) = (start, 0);
    while let Some(pair) = bytes.get(i..i + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return i;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_found_where_they_begin_a_word() {
        let found = |text: &str| strings(text).into_iter().map(|own| text[own.span].to_string()).collect::<Vec<_>>();
        assert_eq!(found(r#"SELECT r'\d', R"a'b", r'\' || 'x'"#), [r"r'\d'", r#"R"a'b""#, r"r'\'"]);
        assert_eq!(found(r"SELECT br'x', ür'x', 'r''x', `r'x'`, '\'r''x', -- r'x'"), [] as [&str; 0]);
        assert_eq!(found("/* /* r'a' */ r'b' */ r'c' r'open"), ["r'c'"]);
        assert_eq!(found("r'a'r'b'"), ["r'a'", "r'b'"]);
    }

    #[test]
    fn characters_may_be_written_by_their_numbers() {
        let said = |text: &str| strings(text).into_iter().map(|own| own.text).collect::<Vec<_>>();
        assert_eq!(said(r"SELECT '\u00e9', 'a\u00e9\n\%', '\U0001F642'"), ["é", "aé\n\\%", "🙂"]);
        assert_eq!(said(r"'\101\1' || '\777'"), ["A1"]);
        assert_eq!(said(r"'\uD83D\uDE42' '\uD83D'"), ["🙂", "\u{fffd}"]);
        assert_eq!(said(r"'it''s \u0041' 'no \\u0041' '\u00g1' '\u0041"), ["it's A"]);
    }
}
