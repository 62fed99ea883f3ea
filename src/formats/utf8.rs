//! Bytes that should be text: whether they are UTF-8, followed as they stream by.

use crate::error::Error;

/// So many bytes tell UTF-16: it has a mark, or a zero in every character that ASCII has, too.
const HEAD_BYTES: usize = 4;

/// Follows text in chunks of any size.
#[derive(Debug, Default)]
pub struct Utf8 {
    head: Vec<u8>,
    /// The beginning of a character that the last chunk cut.
    cut: Vec<u8>,
    /// Bytes before the chunk at hand.
    offset: u64,
}

/// What is wrong with a text, and how many bytes of the last chunk came before that.
#[derive(Debug, PartialEq)]
pub struct NotUtf8 {
    pub sound: usize,
    is_utf16: bool,
    offset: u64,
    byte: u8,
}

impl Utf8 {
    pub fn check(&mut self, chunk: &[u8]) -> Result<(), NotUtf8> {
        if self.head.len() < HEAD_BYTES {
            self.head.extend(chunk.iter().take(HEAD_BYTES - self.head.len()));
            if self.head.contains(&0) {
                return Err(NotUtf8 { sound: 0, is_utf16: true, offset: 0, byte: self.head[0] });
            }
        }
        let mut start = 0;
        while !self.cut.is_empty() && start < chunk.len() {
            self.cut.push(chunk[start]);
            start += 1;
            match std::str::from_utf8(&self.cut) {
                Ok(_) => self.cut.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(self.bad(0, self.offset + start as u64 - self.cut.len() as u64, self.cut[0])),
            }
        }
        if let Err(error) = std::str::from_utf8(&chunk[start..]) {
            let at = start + error.valid_up_to();
            if error.error_len().is_some() {
                return Err(self.bad(at, self.offset + at as u64, chunk[at]));
            }
            self.cut = chunk[at..].to_vec();
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Says that the text is over: a character that was cut is now broken.
    pub fn finish(&self) -> Result<(), NotUtf8> {
        let Some(byte) = self.cut.first() else { return Ok(()) };
        Err(self.bad(0, self.offset - self.cut.len() as u64, *byte))
    }

    fn bad(&self, sound: usize, offset: u64, byte: u8) -> NotUtf8 {
        let is_utf16 = self.head.starts_with(b"\xFF\xFE") || self.head.starts_with(b"\xFE\xFF");
        NotUtf8 { sound, is_utf16, offset, byte }
    }
}

impl NotUtf8 {
    /// `place` is where the text was read to: `row 7`.
    pub fn error(&self, place: &str) -> Error {
        if self.is_utf16 {
            return Error::failed("the bytes are UTF-16, not UTF-8")
                .hint("if it is a file, say so: `encoding: utf-16`; else convert it: `iconv -f UTF-16 -t UTF-8`");
        }
        let (offset, byte) = (self.offset, self.byte);
        Error::failed(format!("the bytes are not UTF-8: {place}, byte {offset} (0x{byte:02x})")).hint(
            "if it is a file, say what it is in, for instance `encoding: windows-1252`; else convert it with `iconv`; no encoding is guessed",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], size: usize) -> Result<(), NotUtf8> {
        let mut text = Utf8::default();
        bytes.chunks(size).try_for_each(|chunk| text.check(chunk))?;
        text.finish()
    }

    proptest! {
        #[test]
        fn it_is_what_the_standard_library_says(
            bytes in prop::collection::vec(prop_oneof![1_u8..=255, Just(0xE2), Just(0x82), Just(0xAC)], 0..24),
            size in 1_usize..9,
        ) {
            let whole = std::str::from_utf8(&bytes);
            let ours = check(&bytes, size);
            prop_assert_eq!(ours.as_ref().err().map(|bad| bad.offset), whole.err().map(|bad| bad.valid_up_to() as u64));
        }
    }

    #[test]
    fn utf_16_is_called_by_its_name() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for bytes in [wide("\u{feff}id;town\n"), wide("id;town\n"), wide("\u{feff}é")] {
            for size in [2, 3, 64] {
                let error = check(&bytes, size).unwrap_err().error("row 1");
                assert_eq!(error.to_string(), "the bytes are UTF-16, not UTF-8");
            }
        }
        let error = check(b"id\nZ\xfcrich\n", 2).unwrap_err().error("row 1");
        assert_eq!(error.to_string(), "the bytes are not UTF-8: row 1, byte 4 (0xfc)");
    }
}
