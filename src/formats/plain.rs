//! A file's bytes as the text that they are: unpacked, and in UTF-8.

use super::encoding::{TextEncoding, Transcode};
use super::unpack::{Packing, Unpack};
use crate::error::Result;

pub struct Plain {
    unpack: Option<Unpack>,
    transcode: Transcode,
}

impl Plain {
    pub fn new(packing: Packing, encoding: TextEncoding) -> Result<Self> {
        Ok(Plain { unpack: Some(Unpack::new(packing)?), transcode: Transcode::new(encoding) })
    }

    /// Calls `then` with the text that `chunk` holds, in pieces.
    pub fn push(&mut self, chunk: &[u8], mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Plain { unpack, transcode } = self;
        match unpack {
            Some(unpack) => unpack.push(chunk, |plain| transcode.push(plain, &mut then)),
            None => Ok(()),
        }
    }

    /// Says that the file is over; an error if it was cut short. Calls `then` with what was left.
    pub fn finish(&mut self, mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Plain { unpack, transcode } = self;
        if let Some(unpack) = unpack.take() {
            unpack.finish(|plain| transcode.push(plain, &mut then))?;
        }
        transcode.finish(then)
    }
}
