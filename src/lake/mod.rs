//! The lake: zones, paths, landings, table versions. Everything the steps share lies here, as objects.

mod name;
pub mod landing;
pub mod types;

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;

pub use name::{TableName, Zone};

/// An open lake. Paths are relative to its root, whatever the store: `raw/products/…`.
#[derive(Debug, Clone)]
pub struct Lake {
    store: Arc<dyn ObjectStore>,
    /// Where a local lake lies; `None` on S3.
    local_root: Option<PathBuf>,
}

impl Lake {
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub fn local_root(&self) -> Option<&PathBuf> {
        self.local_root.as_ref()
    }
}
