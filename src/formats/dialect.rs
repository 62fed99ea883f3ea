//! How a CSV is written, where that is not RFC 4180.

use serde::{Deserialize, Serialize};

/// What may differ besides the delimiter. What is left out is as in RFC 4180, and is not written down either.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CsvDialect {
    /// Stands around fields; `"` unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<char>,
    /// Stands before a quote that is part of a field, which is doubled without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<char>,
    /// Begins a line that is no record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<char>,
    /// Lines before the header or the first record.
    #[serde(skip_serializing_if = "is_zero")]
    pub skip_lines: u32,
    /// Texts that stand for null, besides the empty one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nulls: Vec<String>,
    /// Whether numbers are written `1.234,5`.
    #[serde(skip_serializing_if = "is_false")]
    pub decimal_comma: bool,
}

fn is_zero(lines: &u32) -> bool {
    *lines == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl CsvDialect {
    pub fn quote_byte(&self) -> u8 {
        self.quote.map_or(b'"', byte)
    }

    pub fn escape_byte(&self) -> Option<u8> {
        self.escape.map(byte)
    }

    pub fn comment_byte(&self) -> Option<u8> {
        self.comment.map(byte)
    }
}

/// They are checked to be ASCII.
fn byte(character: char) -> u8 {
    u8::try_from(character).unwrap_or(b'?')
}

/// Leaves out the first lines of a text that comes in chunks of any size.
#[derive(Debug)]
pub struct SkipLines(u32);

impl SkipLines {
    pub fn new(lines: u32) -> Self {
        SkipLines(lines)
    }

    /// What of the chunk stands behind them.
    pub fn push<'a>(&mut self, mut chunk: &'a [u8]) -> &'a [u8] {
        while self.0 > 0 {
            let Some(end) = chunk.iter().position(|byte| *byte == b'\n') else { return &[] };
            chunk = &chunk[end + 1..];
            self.0 -= 1;
        }
        chunk
    }
}
