//! Escapes in quoted fields of CSV that stand before neither a quote nor an escape: they are text, as Spark reads them. The splitter
//! would drop them, so it is given each of them twice.

use super::dialect::CsvDialect;

/// Doubles the escapes that are text, of records that come in chunks of any size.
#[derive(Debug)]
pub struct KeptEscapes {
    /// `None` where nothing is escaped: then chunks pass as they are.
    escape: Option<u8>,
    quote: u8,
    delimiter: u8,
    comment: Option<u8>,
    at: InRecord,
    text: Vec<u8>,
}

/// Where the last byte was.
#[derive(Debug, Clone, Copy, PartialEq)]
enum InRecord {
    LineStart,
    FieldStart,
    Comment,
    Unquoted,
    Quoted,
    /// Behind an escape that has not been passed on.
    Escape,
    /// Behind a quote, which ends the field unless another follows.
    Quote,
}

impl KeptEscapes {
    pub fn new(delimiter: u8, dialect: &CsvDialect) -> Self {
        KeptEscapes {
            escape: dialect.escape_byte(),
            quote: dialect.quote_byte(),
            delimiter,
            comment: dialect.comment_byte(),
            at: InRecord::LineStart,
            text: vec![],
        }
    }

    pub fn push<'a>(&'a mut self, chunk: &'a [u8]) -> &'a [u8] {
        let Some(escape) = self.escape else { return chunk };
        self.text.clear();
        for byte in chunk {
            if self.at == InRecord::Escape {
                self.text.push(escape);
                if *byte != self.quote && *byte != escape {
                    self.text.push(escape);
                }
            }
            self.at = self.behind(*byte, escape);
            if self.at != InRecord::Escape {
                self.text.push(*byte);
            }
        }
        &self.text
    }

    /// What was held of a text that is cut.
    pub fn finish(&mut self) -> &[u8] {
        self.text.clear();
        if self.at == InRecord::Escape {
            self.text.extend(self.escape);
        }
        &self.text
    }

    fn behind(&self, byte: u8, escape: u8) -> InRecord {
        match self.at {
            InRecord::Comment if byte != b'\n' => InRecord::Comment,
            InRecord::Escape => InRecord::Quoted,
            InRecord::Quoted if byte == escape => InRecord::Escape,
            InRecord::Quoted if byte == self.quote => InRecord::Quote,
            InRecord::Quoted => InRecord::Quoted,
            InRecord::Quote if byte == self.quote => InRecord::Quoted,
            _ if byte == b'\n' || byte == b'\r' => InRecord::LineStart,
            _ if byte == self.delimiter => InRecord::FieldStart,
            InRecord::LineStart if Some(byte) == self.comment => InRecord::Comment,
            InRecord::LineStart | InRecord::FieldStart if byte == self.quote => InRecord::Quoted,
            _ => InRecord::Unquoted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PySpark 4.3 reads them with `escape` a backslash.
    #[test]
    fn only_what_stands_before_a_quote_or_itself_is_no_text() {
        let dialect = CsvDialect { escape: Some('\\'), comment: Some('#'), ..CsvDialect::default() };
        let cases = [
            (r#""C:\temp",1"#, r#""C:\\temp",1"#),
            (r#""a\\b",2"#, r#""a\\b",2"#),
            (r#""q\"x",3"#, r#""q\"x",3"#),
            (r#""e\\",4"#, r#""e\\",4"#),
            (r#""f\\\"g\h",5"#, r#""f\\\"g\\h",5"#),
            (r"x\y,6", r"x\y,6"),
            (r#""d""e\f",7"#, r#""d""e\\f",7"#),
            (r#"a"b\c"d\e,8"#, r#"a"b\c"d\e,8"#),
            ("#\"\n\"\\n\"\r\n\"\\t\"", "#\"\n\"\\\\n\"\r\n\"\\\\t\""),
            (r#""cut\"#, r#""cut\"#),
        ];
        for (written, passed) in cases {
            for size in 1..=written.len() {
                let (mut escapes, mut text) = (KeptEscapes::new(b',', &dialect), vec![]);
                written.as_bytes().chunks(size).for_each(|chunk| text.extend_from_slice(escapes.push(chunk)));
                text.extend_from_slice(escapes.finish());
                assert_eq!(String::from_utf8(text).unwrap(), passed, "in chunks of {size}");
            }
        }
    }
}
