//! One run at a time per local lake.
//!
//! The operating system holds the lock, so it ends with the process however that ends. A lake on S3 is not locked by
//! this version. Two runs cannot both make the same version of a table there ([`super::commit`]), but the second's
//! recovery takes the first's commit for a dead one and undoes it: whoever starts runs on S3 must see to it that one
//! ends first.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};

use super::Lake;
use crate::error::{Error, Kind, Result};

/// Held until dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as the open file")] Option<File>);

/// Takes the lake's lock for `run_id`, or says which run has it.
pub fn acquire(lake: &Lake, run_id: &str) -> Result<Lock> {
    let Some(root) = lake.local_root() else { return Ok(Lock(None)) };
    let folder = root.join("_trapiche");
    std::fs::create_dir_all(&folder)?;
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(run_id.as_bytes())?;
            Ok(Lock(Some(file)))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            let message = format!("run `{holder}` is at work on the lake `{}`", lake.url());
            Err(Error::new(Kind::Locked, message).hint("wait for it to end, or stop it; then run again"))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
