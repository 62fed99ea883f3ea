//! How values are spelled and read as texts: the words of `CAST(… AS string)` and of `CAST('…' AS …)`.
//!
//! | file | noun |
//! |---|---|
//! | `floats` | doubles and floats in Java's text |
//! | `numbers` | whole numbers, decimals and truth values |
//! | `days` | dates, counted from 1970-01-01 |
//! | `plain` | numbers as they are mostly written, read quickly |
//! | `times` | timestamps, counted in microseconds |
//! | `zones` | names of time zones, and what they are away from UTC |

pub mod days;
pub mod floats;
pub mod numbers;
pub mod plain;
pub mod times;
pub mod zones;

/// In a second.
pub const MICROS: i64 = 1_000_000;

/// Without blanks and control characters at both ends: `UTF8String.trimAll` in Spark.
pub fn trimmed(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::trimmed;

    #[test]
    fn blanks_and_control_characters_go() {
        assert_eq!(trimmed(b"\t 1 2\r\n\x7f"), b"1 2");
        assert_eq!(trimmed(b" \n"), b"");
        assert_eq!(trimmed("é ".as_bytes()), "é".as_bytes());
    }
}
