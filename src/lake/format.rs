//! The number that every object of the protocol carries, so that a program meets another version's with open eyes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The one format that there is so far: 1. What has no number was written before there were any, and is the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObjectFormat;

const NUMBER: u32 = 1;

impl Serialize for ObjectFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(NUMBER)
    }
}

impl<'de> Deserialize<'de> for ObjectFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            NUMBER => Ok(ObjectFormat),
            other => Err(serde::de::Error::custom(format!("it is of format {other}, and this program knows {NUMBER}"))),
        }
    }
}

/// What the bytes of a small object are.
#[derive(Debug)]
pub(super) enum Content<T> {
    Whole(T),
    /// Nothing, or the beginning of something: its writer died.
    Torn,
    /// Whatever it is, no object that this program writes.
    Unknown(serde_json::Error),
}

impl<T: for<'de> Deserialize<'de>> Content<T> {
    pub fn of(bytes: &[u8]) -> Self {
        match serde_json::from_slice(bytes) {
            Ok(content) => Content::Whole(content),
            Err(error) if error.is_eof() => Content::Torn,
            Err(error) => Content::Unknown(error),
        }
    }
}
