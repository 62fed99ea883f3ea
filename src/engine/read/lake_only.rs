//! The lake as the engine's only store.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::object_store::{ObjectStoreRegistry, ObjectStoreUrl};
use object_store::ObjectStore;
use url::Url;

use super::attic::WithAttic;
use crate::error::Error;
use crate::lake::Lake;

/// The scheme of the lake's address in plans.
const LAKE: &str = "lake";

/// The lake as a store of the engine: paths in plans are relative to the lake's root.
pub fn lake_url() -> ObjectStoreUrl {
    ObjectStoreUrl::parse(format!("{LAKE}://lake")).expect("a constant URL")
}

/// The only store that plans can name. The engine's own registry would open any file of the machine for a plan that comes
/// from elsewhere.
#[derive(Debug, Default)]
pub struct LakeOnly(Option<Arc<dyn ObjectStore>>);

impl LakeOnly {
    /// With the files that were replaced, too.
    pub fn open(lake: &Lake) -> LakeOnly {
        LakeOnly(Some(Arc::new(WithAttic(lake.store().clone()))))
    }
}

impl ObjectStoreRegistry for LakeOnly {
    fn register_store(&self, _: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        // As if there had been the same before: what is registered stays without effect.
        Some(store)
    }

    fn get_store(&self, url: &Url) -> datafusion::error::Result<Arc<dyn ObjectStore>> {
        let lake = self.0.as_ref().filter(|_| url.scheme() == LAKE);
        let refused = || Error::failed(format!("`{url}` is not in the lake, and nothing else can be read"));
        lake.cloned().ok_or_else(|| DataFusionError::External(Box::new(refused())))
    }
}
