//! What lies in the simulated store.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

pub type Objects = BTreeMap<String, Object>;

#[derive(Debug, Clone)]
pub struct Object {
    pub bytes: Bytes,
    pub put_at: Duration,
}

/// When a request takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    InTime,
    /// Others have gone on meanwhile.
    Late,
}
