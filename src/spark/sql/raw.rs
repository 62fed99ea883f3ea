//! Raw strings: in `r'\d'` a backslash is a backslash, and the first quote is the end.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal>
//!
//! The parser's tokenizer knows none of Spark's. It is given what stands between them.

use crate::error::Span;

/// The raw strings of a text, from the `r` to the second quote.
pub fn strings(text: &str) -> Vec<Span> {
    let mut found = vec![];
    let bytes = text.as_bytes();
    let at = |byte: usize| bytes.get(byte).copied();
    let (mut i, mut in_word) = (0, false);
    while let Some(byte) = at(i) {
        let starts_raw = matches!(byte, b'r' | b'R') && !in_word;
        in_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        i = match (byte, at(i + 1)) {
            (_, Some(quote @ (b'\'' | b'"'))) if starts_raw => match find(bytes, quote, i + 2) {
                Some(end) => {
                    found.push(i..end + 1);
                    in_word = false;
                    end + 1
                }
                None => return found,
            },
            (b'\'' | b'"', _) => after_string(bytes, byte, i + 1),
            (b'`', _) => find(bytes, b'`', i + 1).map_or(bytes.len(), |end| end + 1),
            (b'-', Some(b'-')) => find(bytes, b'\n', i).unwrap_or(bytes.len()),
            (b'/', Some(b'*')) => after_comment(bytes, i),
            _ => i + 1,
        };
    }
    found
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
        let found = |text: &str| strings(text).into_iter().map(|span| text[span].to_string()).collect::<Vec<_>>();
        assert_eq!(found(r#"SELECT r'\d', R"a'b", r'\' || 'x'"#), [r"r'\d'", r#"R"a'b""#, r"r'\'"]);
        assert_eq!(found(r"SELECT br'x', ür'x', 'r''x', `r'x'`, '\'r''x', -- r'x'"), [] as [&str; 0]);
        assert_eq!(found("/* /* r'a' */ r'b' */ r'c' r'open"), ["r'c'"]);
        assert_eq!(found("r'a'r'b'"), ["r'a'", "r'b'"]);
    }
}
