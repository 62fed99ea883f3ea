//! Compression undone as bytes stream by, so that neither side of it is ever whole in memory.

use std::io::Write;

use bzip2::{Decompress, Status};
use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use super::zip::Zip;
use crate::error::{Error, Result};

/// Fed at most this much at a time: packed data can grow a thousandfold (RFC 1951), so this bounds what comes out.
const SLICE_BYTES: usize = 16 << 10;

/// What comes out of zstd or bzip2 at a time.
const OUT_BYTES: usize = 128 << 10;

/// So many first bytes tell how a file is packed.
pub const HEAD_BYTES: usize = 4;

/// How a file is packed. Its first bytes tell, as names can lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Packing {
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// One stream or more, one after the other, as parallel packers write them.
    Bzip2,
    /// An archive of one file.
    Zip,
}

impl Packing {
    /// # Errors
    /// For what is known to be packed in a way that is not read.
    pub fn of(head: &[u8]) -> Result<Packing> {
        let unread = |what: &str| {
            Error::failed(format!("it is a {what} file, which this version does not read"))
                .hint("unpack it, or pack it as gzip, zstd, bzip2 or zip")
        };
        match head {
            [0x1F, 0x8B, ..] => Ok(Packing::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Ok(Packing::Zstd),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok(Packing::Zip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Ok(Packing::Bzip2),
            [0xFD, b'7', b'z', b'X', ..] => Err(unread("xz")),
            [b'7', b'z', 0xBC, 0xAF, ..] => Err(unread("7-Zip")),
            _ => Ok(Packing::Plain),
        }
    }

    /// That of a part in the lake, by its name.
    pub fn of_part(path: &str) -> Packing {
        match path.rsplit('.').next() {
            Some("gz") => Packing::Gzip,
            Some("zst") => Packing::Zstd,
            Some("bz2") => Packing::Bzip2,
            Some("zip") => Packing::Zip,
            _ => Packing::Plain,
        }
    }

    /// What the name of a part ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Packing::Plain => "",
            Packing::Gzip => ".gz",
            Packing::Zstd => ".zst",
            Packing::Bzip2 => ".bz2",
            Packing::Zip => ".zip",
        }
    }
}

/// Passes bytes on, unpacked if they are packed.
pub enum Unpack {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<Zstd>),
    Bzip2(Box<Bzip2>),
    Zip(Box<Zip>),
}

/// Streams that follow one another.
pub struct Bzip2 {
    decoder: Decompress,
    out: Vec<u8>,
    /// Whether the last stream has ended.
    is_whole: bool,
}

/// Frames that follow one another.
pub struct Zstd {
    decoder: ZstdDecoder<'static>,
    out: Vec<u8>,
    /// Whether the last frame has ended.
    is_whole: bool,
}

impl Unpack {
    pub fn new(packing: Packing) -> Result<Self> {
        Ok(match packing {
            Packing::Plain => Unpack::Plain,
            Packing::Gzip => Unpack::Gzip(Box::new(MultiGzDecoder::new(vec![]))),
            Packing::Zstd => {
                let decoder = ZstdDecoder::new().map_err(|error| broken("zstd", error))?;
                Unpack::Zstd(Box::new(Zstd { decoder, out: vec![0; OUT_BYTES], is_whole: false }))
            }
            Packing::Bzip2 => {
                let decoder = Decompress::new(false);
                Unpack::Bzip2(Box::new(Bzip2 { decoder, out: vec![0; OUT_BYTES], is_whole: false }))
            }
            Packing::Zip => Unpack::Zip(Box::default()),
        })
    }

    /// Calls `then` with what `chunk` holds, in pieces.
    pub fn push(&mut self, chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Unpack::Plain => then(chunk),
            Unpack::Gzip(decoder) => chunk.chunks(SLICE_BYTES).try_for_each(|slice| {
                let broken = |error| broken("gzip", error);
                decoder.write_all(slice).map_err(broken)?;
                // Some of what was written is held back inside until it is flushed.
                decoder.flush().map_err(broken)?;
                if !decoder.get_ref().is_empty() {
                    then(decoder.get_ref())?;
                    decoder.get_mut().clear();
                }
                Ok(())
            }),
            Unpack::Zstd(zstd) => zstd.push(chunk, then),
            Unpack::Bzip2(bzip2) => bzip2.push(chunk, then),
            Unpack::Zip(zip) => zip.push(chunk, then),
        }
    }

    /// Says that the input is over; an error if it was cut short. Calls `then` with what was left.
    pub fn finish(self, mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Unpack::Plain => Ok(()),
            Unpack::Gzip(decoder) => {
                let rest = decoder.finish().map_err(|error| broken("gzip", error))?;
                if rest.is_empty() { Ok(()) } else { then(&rest) }
            }
            Unpack::Zstd(zstd) if zstd.is_whole => Ok(()),
            Unpack::Bzip2(bzip2) if bzip2.is_whole => Ok(()),
            Unpack::Zstd(_) => Err(broken("zstd", std::io::ErrorKind::UnexpectedEof.into())),
            Unpack::Bzip2(_) => Err(broken("bzip2", std::io::ErrorKind::UnexpectedEof.into())),
            Unpack::Zip(zip) => zip.finish(),
        }
    }
}

impl Bzip2 {
    fn push(&mut self, mut chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        loop {
            if self.is_whole && !chunk.is_empty() {
                self.decoder = Decompress::new(false);
                self.is_whole = false;
            }
            let (read, written) = (self.decoder.total_in(), self.decoder.total_out());
            let status = self.decoder.decompress(chunk, &mut self.out);
            let status = status.map_err(|error| broken("bzip2", std::io::Error::other(error)))?;
            chunk = &chunk[(self.decoder.total_in() - read) as usize..];
            let written = (self.decoder.total_out() - written) as usize;
            self.is_whole = status == Status::StreamEnd;
            then(&self.out[..written])?;
            // A full buffer may have left something inside.
            if chunk.is_empty() && (written < self.out.len() || self.is_whole) {
                return Ok(());
            }
        }
    }
}

impl Zstd {
    fn push(&mut self, chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let broken = |error| broken("zstd", error);
        let mut input = InBuffer::around(chunk);
        loop {
            if self.is_whole && input.pos() < chunk.len() {
                self.decoder.reinit().map_err(broken)?;
                self.is_whole = false;
            }
            let mut output = OutBuffer::around(self.out.as_mut_slice());
            let wanted = self.decoder.run(&mut input, &mut output).map_err(broken)?;
            let written = output.pos();
            self.is_whole = wanted == 0;
            then(&self.out[..written])?;
            // A full buffer may have left something inside.
            if input.pos() == chunk.len() && (written < self.out.len() || self.is_whole) {
                return Ok(());
            }
        }
    }
}

fn broken(packing: &str, error: std::io::Error) -> Error {
    Error::failed(format!("broken {packing}"))
        .hint("the file was cut short or is not what it seems; fetch it again")
        .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;

    fn unpacked(bytes: &[u8], chunk: usize) -> Result<Vec<u8>> {
        let mut out = vec![];
        let mut unpack = Unpack::new(Packing::of(bytes)?)?;
        let mut take = |plain: &[u8]| {
            out.extend_from_slice(plain);
            Ok(())
        };
        bytes.chunks(chunk).try_for_each(|piece| unpack.push(piece, &mut take))?;
        unpack.finish(&mut take)?;
        Ok(out)
    }

    #[test]
    fn members_follow_one_another_and_a_cut_is_seen() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|n| n.to_le_bytes()).collect();
        let halves: Vec<&[u8]> = text.chunks(text.len() / 2).collect();
        let (mut gzip, mut zstd, mut bzip2) = (vec![], vec![], vec![]);
        for half in halves {
            let mut encoder = GzEncoder::new(&mut gzip, flate2::Compression::fast());
            encoder.write_all(half).unwrap();
            encoder.finish().unwrap();
            zstd.extend(zstd::encode_all(half, 1).unwrap());
            let mut encoder = bzip2::write::BzEncoder::new(&mut bzip2, bzip2::Compression::fast());
            encoder.write_all(half).unwrap();
            encoder.finish().unwrap();
        }
        for packed in [gzip, zstd, bzip2] {
            for chunk in [1, 7, 4096, packed.len()] {
                assert!(unpacked(&packed, chunk).unwrap() == text, "chunks of {chunk}");
            }
            for cut in [1, 5, 1000] {
                assert!(unpacked(&packed[..packed.len() - cut], 4096).is_err(), "{cut} less");
            }
        }
        let zeros = vec![0; 50 << 20];
        assert!(unpacked(&zstd::encode_all(zeros.as_slice(), 3).unwrap(), 4096).unwrap() == zeros);
    }

    #[test]
    fn what_is_not_read_is_called_by_its_name() {
        for (head, name) in [(&b"\xFD7zXZ\0"[..], "xz"), (b"7z\xBC\xAF\x27\x1C", "7-Zip")] {
            let error = Packing::of(head).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert_eq!(Packing::of(b"BZh,PK\n").unwrap(), Packing::Plain);
    }
}
