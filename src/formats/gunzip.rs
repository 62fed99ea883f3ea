//! Gzip undone as bytes stream by, so that neither side of it is ever whole in memory.

use std::io::Write;

use flate2::write::MultiGzDecoder;

use crate::error::{Error, Result};

/// Fed at most this much at a time: gzip can grow data a thousandfold (RFC 1951), so this bounds what comes out.
const SLICE_BYTES: usize = 16 << 10;

/// The first two bytes of a gzip member (RFC 1952, 2.3.1).
pub const MAGIC: &[u8] = &[0x1F, 0x8B];

/// Passes bytes on, inflated if they are gzipped.
pub enum Gunzip {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Gunzip {
    pub fn new(gzipped: bool) -> Self {
        if gzipped { Gunzip::Gzip(Box::new(MultiGzDecoder::new(vec![]))) } else { Gunzip::Plain }
    }

    /// Calls `then` with what `chunk` holds, in pieces.
    pub fn push(&mut self, chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Gunzip::Gzip(decoder) = self else { return then(chunk) };
        for slice in chunk.chunks(SLICE_BYTES) {
            decoder.write_all(slice).map_err(broken)?;
            // Some of what was written is held back inside until it is flushed.
            decoder.flush().map_err(broken)?;
            if !decoder.get_ref().is_empty() {
                then(decoder.get_ref())?;
                decoder.get_mut().clear();
            }
        }
        Ok(())
    }

    /// Says that the input is over; an error if it was cut short. Calls `then` with what was left.
    pub fn finish(self, mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Gunzip::Gzip(decoder) = self else { return Ok(()) };
        let rest = decoder.finish().map_err(broken)?;
        if rest.is_empty() { Ok(()) } else { then(&rest) }
    }
}

fn broken(error: std::io::Error) -> Error {
    Error::failed("broken gzip").hint("the file was cut short or is not what it seems; fetch it again").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;

    fn inflate(bytes: &[u8], chunk: usize) -> Result<Vec<u8>> {
        let mut out = vec![];
        let mut gunzip = Gunzip::new(true);
        for piece in bytes.chunks(chunk) {
            gunzip.push(piece, |plain| {
                out.extend_from_slice(plain);
                Ok(())
            })?;
        }
        gunzip.finish(|plain| {
            out.extend_from_slice(plain);
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn members_follow_one_another_and_a_cut_is_seen() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|n| n.to_le_bytes()).collect();
        let mut packed = vec![];
        for half in text.chunks(text.len() / 2) {
            let mut encoder = GzEncoder::new(&mut packed, flate2::Compression::fast());
            encoder.write_all(half).unwrap();
            encoder.finish().unwrap();
        }
        for chunk in [1, 7, 4096, packed.len()] {
            assert!(inflate(&packed, chunk).unwrap() == text, "chunks of {chunk}");
        }
        assert!(inflate(&packed[..packed.len() - 5], 4096).is_err());
    }
}
