//! A zip archive of one file, unpacked as its bytes stream by (APPNOTE.TXT 6.3.10,
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>): its directory stands at the end, so what is known of the
//! file is what stands before it. Folders and what macOS adds are passed over.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::error::{Error, Result};

const OUT_BYTES: usize = 128 << 10;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
/// Of the directory, or of its end where there is no file.
const DIRECTORY: [u32; 2] = [0x0201_4b50, 0x0605_4b50];
const HEADER_BYTES: usize = 30;
const ZIP64_FIELD: u16 = 1;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const ENCRYPTED: u16 = 1;
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// Fed with the bytes of an archive.
pub struct Zip {
    state: State,
    /// What of a header has come.
    head: Vec<u8>,
    out: Vec<u8>,
    /// The one file.
    taken: Option<String>,
}

enum State {
    /// Before a member or the directory.
    Header,
    Body(ArchivedFile),
    /// Behind a body whose header did not tell its length.
    Descriptor(ArchivedFile),
    Over,
}

struct ArchivedFile {
    name: String,
    is_taken: bool,
    body: Body,
    crc: Crc,
    /// Told by the header, if it is not told behind the body.
    wanted_crc: u32,
    has_descriptor: bool,
    is_zip64: bool,
}

enum Body {
    Stored { left: u64 },
    Deflated(Decompress),
}

impl Default for Zip {
    fn default() -> Self {
        Zip { state: State::Header, head: vec![], out: vec![0; OUT_BYTES], taken: None }
    }
}

impl Zip {
    /// Calls `then` with what `chunk` holds of the file, in pieces.
    pub fn push(&mut self, mut chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while !chunk.is_empty() {
            match &mut self.state {
                State::Over => return Ok(()),
                State::Header => {
                    self.head.push(chunk[0]);
                    chunk = &chunk[1..];
                    self.begin()?;
                }
                State::Descriptor(member) => {
                    self.head.push(chunk[0]);
                    chunk = &chunk[1..];
                    if let Some(crc) = member.told_behind(&self.head) {
                        member.check(crc)?;
                        self.head.clear();
                        self.state = State::Header;
                    }
                }
                State::Body(member) => {
                    let (used, is_over) = member.push(chunk, &mut self.out, &mut then)?;
                    chunk = &chunk[used..];
                    if is_over {
                        self.end_body()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// # Errors
    /// When the archive was cut short, or has no file.
    pub fn finish(&self) -> Result<()> {
        match (&self.state, &self.taken) {
            (State::Over, Some(_)) => Ok(()),
            (State::Over, None) => Err(Error::failed("there is no file in the zip archive")),
            _ => Err(broken("it was cut short")),
        }
    }

    /// Begins a member when its header is whole.
    fn begin(&mut self) -> Result<()> {
        let head = &self.head;
        let Some(signature) = u32_at(head, 0) else { return Ok(()) };
        if DIRECTORY.contains(&signature) {
            self.state = State::Over;
            return Ok(());
        }
        if signature != LOCAL_HEADER {
            return Err(broken("a file does not begin where it should"));
        }
        let (Some(name_bytes), Some(extra_bytes)) = (u16_at(head, 26), u16_at(head, 28)) else { return Ok(()) };
        let (name_end, end) =
            (HEADER_BYTES + usize::from(name_bytes), HEADER_BYTES + usize::from(name_bytes) + usize::from(extra_bytes));
        let (Some(name), Some(extra)) = (head.get(HEADER_BYTES..name_end), head.get(name_end..end)) else {
            return Ok(());
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let member = ArchivedFile::of(head, name, extra)?;
        if member.is_taken
            && let Some(first) = self.taken.replace(member.name.clone())
        {
            return Err(Error::failed(format!(
                "there are several files in the zip archive, such as `{first}` and `{}`",
                member.name
            ))
            .hint("a source is one file: pack each by itself"));
        }
        self.head.clear();
        let is_empty = matches!(member.body, Body::Stored { left: 0 });
        self.state = State::Body(member);
        if is_empty { self.end_body() } else { Ok(()) }
    }

    fn end_body(&mut self) -> Result<()> {
        let State::Body(member) = std::mem::replace(&mut self.state, State::Header) else { return Ok(()) };
        if member.has_descriptor {
            self.state = State::Descriptor(member);
            return Ok(());
        }
        member.check(member.wanted_crc)
    }
}

impl ArchivedFile {
    fn of(head: &[u8], name: String, extra: &[u8]) -> Result<ArchivedFile> {
        let field = |at| u16_at(head, at).unwrap_or_default();
        let (flags, method) = (field(6), field(8));
        let has_descriptor = flags & HAS_DESCRIPTOR != 0;
        let is_zip64 = fields(extra).any(|(id, _)| id == ZIP64_FIELD);
        if flags & ENCRYPTED != 0 {
            return Err(Error::failed(format!("`{name}` in the zip archive is encrypted, which is not read")));
        }
        let body = match method {
            DEFLATED => Body::Deflated(Decompress::new(false)),
            STORED if has_descriptor && !name.ends_with('/') => {
                return Err(Error::failed(format!("`{name}` in the zip archive is stored without its length"))
                    .hint("pack it again, with compression"));
            }
            STORED => Body::Stored { left: stored_bytes(head, extra) },
            other => {
                return Err(Error::failed(format!(
                    "`{name}` in the zip archive is packed by method {other}, which is not read"
                ))
                .hint("pack it again with deflate, which every tool does"));
            }
        };
        let file = name.rsplit('/').next().unwrap_or_default();
        let is_taken = !file.is_empty() && !file.starts_with('.') && !name.starts_with("__MACOSX/");
        let wanted_crc = u32_at(head, 14).unwrap_or_default();
        Ok(ArchivedFile { name, is_taken, body, crc: Crc::new(), wanted_crc, has_descriptor, is_zip64 })
    }

    /// Takes bytes of its body: how many, and whether it is over.
    fn push(
        &mut self,
        chunk: &[u8],
        out: &mut [u8],
        then: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<(usize, bool)> {
        match &mut self.body {
            Body::Stored { left } => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(chunk.len());
                *left -= taken as u64;
                self.crc.update(&chunk[..taken]);
                if self.is_taken {
                    then(&chunk[..taken])?;
                }
                Ok((taken, *left == 0))
            }
            Body::Deflated(deflated) => {
                let mut used = 0;
                loop {
                    let (before_in, before_out) = (deflated.total_in(), deflated.total_out());
                    let status = deflated
                        .decompress(&chunk[used..], out, FlushDecompress::None)
                        .map_err(|error| broken("its bytes are not what they seem").because(error))?;
                    used += (deflated.total_in() - before_in) as usize;
                    let written = (deflated.total_out() - before_out) as usize;
                    self.crc.update(&out[..written]);
                    if self.is_taken {
                        then(&out[..written])?;
                    }
                    if status == Status::StreamEnd {
                        return Ok((used, true));
                    }
                    // A full buffer may have left something inside.
                    if used == chunk.len() && written < out.len() {
                        return Ok((used, false));
                    }
                }
            }
        }
    }

    /// The checksum behind the body, with or without a signature before it, and with lengths of 32 or 64 bits after it; `None` until all of it
    /// has come.
    fn told_behind(&self, tail: &[u8]) -> Option<u32> {
        let lengths = if self.is_zip64 { 16 } else { 8 };
        let signature = u32_at(tail, 0)?;
        let start = if signature == DESCRIPTOR { 4 } else { 0 };
        (tail.len() == start + 4 + lengths).then(|| u32_at(tail, start))?
    }

    fn check(&self, crc: u32) -> Result<()> {
        if self.crc.sum() == crc { Ok(()) } else { Err(broken("a checksum is wrong")) }
    }
}

/// Of 32 bits, or of 64 in a field of its own (4.5.3), whose second number is the packed size.
fn stored_bytes(head: &[u8], extra: &[u8]) -> u64 {
    let packed = u32_at(head, 18).unwrap_or_default();
    let wide = fields(extra).find(|(id, _)| *id == ZIP64_FIELD).and_then(|(_, field)| field.get(8..16));
    match wide {
        Some(wide) if packed == u32::MAX => u64::from_le_bytes(wide.try_into().unwrap_or_default()),
        _ => u64::from(packed),
    }
}

/// The extra fields of a header: what each is, and its bytes.
fn fields(mut extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let field = extra.get(4..4 + length)?;
        extra = &extra[4 + length..];
        Some((id, field))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn broken(why: &str) -> Error {
    Error::failed(format!("broken zip: {why}")).hint("the file was cut short or is not what it seems; fetch it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Archives that Python's `zipfile` wrote.
    fn unpacked(archive: &[u8], chunk: usize) -> Result<String> {
        let (mut zip, mut plain) = (Zip::default(), vec![]);
        let mut take = |piece: &[u8]| {
            plain.extend_from_slice(piece);
            Ok(())
        };
        archive.chunks(chunk).try_for_each(|piece| zip.push(piece, &mut take))?;
        zip.finish()?;
        Ok(String::from_utf8(plain).unwrap())
    }

    #[test]
    fn the_one_file_of_an_archive_is_unpacked_however_it_was_written() {
        for archive in [
            &include_bytes!("../../fuzz/corpus/zip/deflated")[..],
            include_bytes!("../../fuzz/corpus/zip/stored"),
            include_bytes!("../../fuzz/corpus/zip/streamed"),
            include_bytes!("../../fuzz/corpus/zip/streamed_zip64"),
            include_bytes!("../../fuzz/corpus/zip/with_folders"),
        ] {
            for chunk in [1, 7, archive.len()] {
                assert_eq!(unpacked(archive, chunk).unwrap(), "id,town\n1,Bern\n2,Zürich\n");
            }
            let directory = archive.windows(4).position(|window| window == [b'P', b'K', 1, 2]).unwrap();
            for cut in 0..directory {
                assert!(unpacked(&archive[..cut], 7).is_err(), "{cut} bytes");
            }
        }
    }

    #[test]
    fn what_is_no_one_file_is_told() {
        for (archive, told) in [
            (&include_bytes!("../../fuzz/corpus/zip/two_files")[..], "several files"),
            (include_bytes!("../../fuzz/corpus/zip/none"), "no file"),
            (include_bytes!("../../fuzz/corpus/zip/wrong_checksum"), "checksum"),
        ] {
            let error = unpacked(archive, 5).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
