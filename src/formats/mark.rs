//! The byte order mark that some programs put before text: no part of it.

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Takes the mark off text that comes in chunks of any size. Where several programs put one, all go: csv-core takes off one
/// more, but only if it comes in one piece.
#[derive(Debug, Default)]
pub struct WithoutMark {
    /// The first bytes, while they may be the beginning of a mark.
    held: Vec<u8>,
    begun: bool,
}

impl WithoutMark {
    /// What of the text is known after this chunk and was not before.
    pub fn push<'a>(&'a mut self, chunk: &'a [u8]) -> &'a [u8] {
        if self.begun {
            self.held.clear();
            return chunk;
        }
        self.held.extend_from_slice(chunk);
        while self.held.starts_with(BYTE_ORDER_MARK) {
            self.held.drain(..BYTE_ORDER_MARK.len());
        }
        if BYTE_ORDER_MARK.starts_with(&self.held) {
            return &[];
        }
        self.begun = true;
        &self.held
    }

    /// The rest of a text that was shorter than a mark.
    pub fn finish(&mut self) -> &[u8] {
        if std::mem::replace(&mut self.begun, true) { &[] } else { &self.held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_however_it_is_cut() {
        for (text, rest) in [
            ("\u{feff}id\n", "id\n"),
            ("id\n", "id\n"),
            ("\u{feff}", ""),
            ("", ""),
            ("i", "i"),
            ("\u{feff}\u{feff}id", "id"),
            ("\u{feff}\u{feff}", ""),
            ("\u{fefe}id", "\u{fefe}id"),
        ] {
            for size in 1..=text.len().max(1) {
                let (mut mark, mut passed) = (WithoutMark::default(), vec![]);
                text.as_bytes().chunks(size).for_each(|chunk| passed.extend_from_slice(mark.push(chunk)));
                passed.extend_from_slice(mark.finish());
                assert_eq!(String::from_utf8(passed).unwrap(), rest, "{text:?} in chunks of {size}");
            }
        }
    }
}
