//! Text in another encoding than UTF-8, as a source says it: turned into UTF-8 as it streams by.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Room for what comes out at a time.
const OUT_BYTES: usize = 64 << 10;

/// What a source may say that its text is. Nothing is guessed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1: each byte is the character of its number.
    #[serde(rename = "latin-1")]
    Latin1,
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// Its mark says which of the two.
    #[serde(rename = "utf-16")]
    Utf16,
    #[serde(rename = "utf-16le")]
    Utf16Le,
    #[serde(rename = "utf-16be")]
    Utf16Be,
}

impl TextEncoding {
    pub fn is_utf8(&self) -> bool {
        *self == TextEncoding::Utf8
    }
}

/// Passes text on as UTF-8.
pub enum Transcode {
    /// As it is, whether it is that or not.
    Utf8,
    Latin1,
    /// UTF-16 before its mark.
    Marked(Vec<u8>),
    By(Box<Decoder>),
}

impl Transcode {
    pub fn new(encoding: TextEncoding) -> Self {
        let by = |encoding: &'static Encoding| Transcode::By(Box::new(encoding.new_decoder_without_bom_handling()));
        match encoding {
            TextEncoding::Utf8 => Transcode::Utf8,
            TextEncoding::Latin1 => Transcode::Latin1,
            TextEncoding::Windows1252 => by(WINDOWS_1252),
            TextEncoding::Utf16 => Transcode::Marked(vec![]),
            TextEncoding::Utf16Le => by(UTF_16LE),
            TextEncoding::Utf16Be => by(UTF_16BE),
        }
    }

    /// Calls `then` with what `chunk` is, in pieces.
    pub fn push(&mut self, chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Transcode::Utf8 => then(chunk),
            Transcode::Latin1 => {
                let mut out = vec![0; OUT_BYTES];
                chunk.chunks(OUT_BYTES / 2).try_for_each(|piece| {
                    let written = encoding_rs::mem::convert_latin1_to_utf8(piece, &mut out);
                    then(&out[..written])
                })
            }
            Transcode::Marked(held) => {
                held.extend_from_slice(chunk);
                let decoder = match held.get(..2) {
                    None => return Ok(()),
                    Some([0xFF, 0xFE]) => UTF_16LE.new_decoder_without_bom_handling(),
                    Some([0xFE, 0xFF]) => UTF_16BE.new_decoder_without_bom_handling(),
                    Some(_) => {
                        return Err(Error::failed("the text has no mark that says which UTF-16 it is")
                            .hint("write `encoding: utf-16le`, as most programs write it, or `utf-16be`"));
                    }
                };
                let rest = held.split_off(2);
                *self = Transcode::By(Box::new(decoder));
                self.push(&rest, then)
            }
            Transcode::By(decoder) => decode(decoder, chunk, false, then),
        }
    }

    /// Says that the text is over; an error if it was cut within a character.
    pub fn finish(&mut self, then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Transcode::By(decoder) => decode(decoder, &[], true, then),
            Transcode::Marked(held) if !held.is_empty() => Err(malformed()),
            _ => Ok(()),
        }
    }
}

fn decode(
    decoder: &mut Decoder,
    mut chunk: &[u8],
    is_last: bool,
    mut then: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut out = vec![0; OUT_BYTES];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(chunk, &mut out, is_last);
        if written > 0 {
            then(&out[..written])?;
        }
        chunk = &chunk[read..];
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(malformed()),
        }
    }
}

fn malformed() -> Error {
    Error::failed("the bytes are not text of the given `encoding`").hint("check which encoding the file is in")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &[u8], encoding: TextEncoding, size: usize) -> Result<String> {
        let mut transcode = Transcode::new(encoding);
        let mut out = vec![];
        let mut take = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        bytes.chunks(size).try_for_each(|piece| transcode.push(piece, &mut take))?;
        transcode.finish(&mut take)?;
        Ok(String::from_utf8(out).unwrap())
    }

    proptest! {
        #[test]
        fn text_comes_back_from_utf_16(written in "[ -~é漢😀\n]{0,60}", size in 1_usize..9) {
            let little: Vec<u8> = written.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = written.encode_utf16().flat_map(u16::to_be_bytes).collect();
            prop_assert_eq!(text(&little, TextEncoding::Utf16Le, size).unwrap(), written.clone());
            prop_assert_eq!(text(&big, TextEncoding::Utf16Be, size).unwrap(), written.clone());
            let marked = [&[0xFE, 0xFF], big.as_slice()].concat();
            prop_assert_eq!(text(&marked, TextEncoding::Utf16, size).unwrap(), written);
        }
    }

    #[test]
    fn each_byte_is_its_character() {
        let all: Vec<u8> = (0..=255).collect();
        let latin: String = all.iter().map(|byte| char::from(*byte)).collect();
        assert_eq!(text(&all, TextEncoding::Latin1, 7).unwrap(), latin);
        assert_eq!(text(b"\x80 \x93a\x94 \xfc", TextEncoding::Windows1252, 1).unwrap(), "€ “a” ü");
    }

    #[test]
    fn what_is_not_of_the_encoding_is_an_error() {
        assert!(text(b"a\0b", TextEncoding::Utf16Le, 2).is_err(), "half a character");
        assert!(text(b"\x00\xd8a\0", TextEncoding::Utf16Le, 4).is_err(), "half a pair");
        assert!(text(b"a\0b\0", TextEncoding::Utf16, 1).unwrap_err().to_string().contains("no mark"));
    }
}
