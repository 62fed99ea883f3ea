//! Rows that are in the lake already, byte for byte: those that a capture asks for again, because a row may come late or have
//! the value at which the last capture ended.
//!
//! The last capture writes down a hash of each row that the next one will ask for again. What then comes with a hash that is
//! known does not land once more. So a capture that brings nothing else is none, and no table is made anew for it.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::lake::landing;

/// Of so many rows hashes are kept: 16 MB. Beyond that, all rows that are asked for again land again.
pub const MOST_KNOWN: usize = 1_000_000;

/// The first half of a SHA-256.
pub type KnownHash = [u8; 16];

/// Tells the rows of a capture from those that are there.
#[derive(Debug, Clone)]
pub struct RowSieve<'a> {
    /// What stands for the columns: the same bytes under other names are other rows.
    salt: Sha256,
    known: &'a HashSet<KnownHash>,
    /// Those that the next capture will ask for again; `None` when they are too many.
    again: Option<HashSet<KnownHash>>,
    pub taken: u64,
    pub new: u64,
}

impl<'a> RowSieve<'a> {
    /// `columns` are what the bytes of a row mean, if they do not say that themselves.
    pub fn new(known: &'a HashSet<KnownHash>, columns: &str) -> Self {
        RowSieve { salt: Sha256::new_with_prefix(columns), known, again: Some(HashSet::new()), taken: 0, new: 0 }
    }

    /// Whether the row is to land. `comes_again` says that the next capture will ask for it, too.
    pub fn is_new(&mut self, row: &[u8], comes_again: bool) -> bool {
        self.taken += 1;
        let mut is_new = true;
        if comes_again || !self.known.is_empty() {
            let hash = self.hash(row);
            is_new = !self.known.contains(&hash);
            if comes_again {
                self.remember(hash);
            }
        }
        self.new += u64::from(is_new);
        is_new
    }

    pub fn hash(&self, row: &[u8]) -> KnownHash {
        let mut hash = self.salt.clone();
        hash.update(row);
        let mut half = KnownHash::default();
        half.copy_from_slice(&hash.finalize()[..16]);
        half
    }

    fn remember(&mut self, hash: KnownHash) {
        if let Some(again) = &mut self.again {
            again.insert(hash);
            if again.len() > MOST_KNOWN {
                self.again = None;
            }
        }
    }

    /// What two readers of one capture have seen.
    pub fn and(mut self, other: RowSieve<'_>) -> Self {
        self.taken += other.taken;
        self.new += other.new;
        let both = self.again.take().zip(other.again);
        self.again = both.map(|(one, other)| one.into_iter().chain(other).collect());
        self.again = self.again.filter(|again| again.len() <= MOST_KNOWN);
        self
    }

    pub fn into_again(self) -> Option<HashSet<KnownHash>> {
        self.again
    }
}

/// Writes down, in a capture's folder, which rows will be asked for again; gives the object's path.
pub async fn write(lake: &Lake, folder: &str, again: &HashSet<KnownHash>) -> Result<String> {
    let path = landing::known_path(folder);
    let mut hashes: Vec<&KnownHash> = again.iter().collect();
    // The same rows are the same object, in whatever order they came.
    hashes.sort_unstable();
    lake.write(&path, hashes.into_iter().flatten().copied().collect::<Vec<u8>>()).await?;
    Ok(path)
}

/// What [`write`] has written. Without the object nothing is known, and all that is asked for lands.
pub async fn read(lake: &Lake, path: &str) -> Result<HashSet<KnownHash>> {
    let bytes = lake.read(path).await?.unwrap_or_default();
    if bytes.len() % size_of::<KnownHash>() != 0 {
        return Err(Error::failed(format!("`{path}` is cut short"))
            .hint("remove it: the next capture then lands some rows once more, which do not count twice"));
    }
    let mut known = HashSet::with_capacity(bytes.len() / size_of::<KnownHash>());
    for hash in bytes.chunks_exact(size_of::<KnownHash>()) {
        known.extend(KnownHash::try_from(hash));
    }
    Ok(known)
}
