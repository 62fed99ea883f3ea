//! The one function that builds sessions, so that a plan means the same wherever it is made or run.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::config::Dialect;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_spark::SessionStateBuilderSpark;

use super::attic::WithAttic;
use super::{QUARANTINE, fault};
use crate::config::Limits;
use crate::error::Result;
use crate::lake::{Lake, Zone};

pub(super) const CATALOG: &str = "lake";

/// Where temporary views of a session live.
const SESSION_SCHEMA: &str = "session";

/// The lake as a store of the engine: paths in plans are relative to the lake's root.
pub(super) fn lake_url() -> ObjectStoreUrl {
    ObjectStoreUrl::parse("lake://lake").expect("a constant URL")
}

/// Memory pool, spill folder and stores. The pool gets part of the allowed memory: decoders, writers' pages
/// and the allocator's slack are outside it.
pub(super) fn runtime(lake: &Lake, limits: &Limits) -> Result<Arc<RuntimeEnv>> {
    let pool_bytes = usize::try_from(limits.memory_bytes / 10 * 6).unwrap_or(usize::MAX);
    let named_in_errors = NonZeroUsize::new(3).expect("not zero");
    let pool = TrackConsumersPool::new(FairSpillPool::new(pool_bytes), named_in_errors);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc().map_err(fault::explain)?;
    runtime.register_object_store(lake_url().as_ref(), Arc::new(WithAttic(lake.store().clone())));
    Ok(runtime)
}

/// A session without tables: Spark's functions and dialect, one schema per zone.
pub(super) fn build(runtime: &Arc<RuntimeEnv>, limits: &Limits) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_target_partitions(limits.threads)
        .with_default_catalog_and_schema(CATALOG, SESSION_SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::Spark;
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    // Readers and our own table provider both know their files' schema; asking every file again is waste.
    options.execution.collect_statistics = false;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime.clone())
        .with_default_features()
        .with_spark_features()
        .build();
    let context = SessionContext::new_with_state(state);
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for schema in Zone::ALL.map(Zone::as_str).into_iter().chain([QUARANTINE, SESSION_SCHEMA]) {
        catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new())).map_err(fault::explain)?;
    }
    context.register_catalog(CATALOG, catalog);
    Ok(context)
}
