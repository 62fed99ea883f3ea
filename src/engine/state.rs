//! The one function that builds sessions, so that a plan means the same wherever it is made or run.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::config::Dialect;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryLimit, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::ScalarUDF;
use datafusion::optimizer::Analyzer;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_spark::SessionStateBuilderSpark;

use super::functions::kmeans;
use super::functions::moments::numeric_moments;
use super::functions::sketch::numeric_sketch;
use super::pool::EnginePool;
use super::read::lake_only::LakeOnly;
use super::{QUARANTINE, above_filters, faults};
use crate::config::Limits;
use crate::error::Result;
use crate::lake::{Lake, Zone};
use crate::spark;
use crate::spark::mode::SqlMode;

pub(super) const CATALOG: &str = "lake";

/// Where temporary views of a session live.
pub(super) const SESSION_SCHEMA: &str = "session";

/// Memory pool and spill folder (`None`: the system's temporary folder). The pool gets part of the allowed memory:
/// decoders, writers' pages and the allocator's slack are outside it.
pub(super) fn runtime(limits: &Limits, spill: Option<&Path>) -> Result<Arc<RuntimeEnv>> {
    let pool_bytes = usize::try_from(limits.memory_bytes / 10 * 6).unwrap_or(usize::MAX);
    let named_in_errors = NonZeroUsize::new(3).expect("not zero");
    let pool = TrackConsumersPool::new(EnginePool::new(pool_bytes), named_in_errors);
    let folder = spill.map(|folder| DiskManagerMode::Directories(vec![folder.to_path_buf()]));
    let disk = DiskManagerBuilder::default().with_mode(folder.unwrap_or_default());
    let builder = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).with_disk_manager_builder(disk);
    let builder = builder.with_object_store_registry(Arc::new(LakeOnly::default()));
    builder.build_arc().map_err(faults::explain)
}

/// The same memory and spill folder, with a lake to read from and to write to.
pub(super) fn on_lake(runtime: &RuntimeEnv, lake: &Lake) -> Result<Arc<RuntimeEnv>> {
    let lake = LakeOnly::open(lake);
    let builder = RuntimeEnvBuilder::from_runtime_env(runtime).with_object_store_registry(Arc::new(lake));
    let runtime = builder.build_arc()?;
    Ok(runtime)
}

/// Functions, options and dialect, on top of what `config` has already.
pub(super) fn state(config: SessionConfig, runtime: &Arc<RuntimeEnv>, threads: usize) -> SessionStateBuilder {
    let mut config = config
        .with_target_partitions(threads)
        .with_default_catalog_and_schema(CATALOG, SESSION_SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::Spark;
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    spark::configure(options);
    let mode = SqlMode::of(options);
    // Readers and our own table provider both know their files' schema; asking every file again is waste.
    options.execution.collect_statistics = false;
    // What each sort keeps for the merge of what it has spilled. A plan may have a dozen sorts: in a small pool the
    // engine's own 10 MB would leave them nothing to sort in.
    if let MemoryLimit::Finite(pool_bytes) = runtime.memory_pool.memory_limit() {
        let kept = &mut options.execution.sort_spill_reservation_bytes;
        *kept = (pool_bytes / 64).min(*kept);
    }
    let mut builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime.clone())
        .with_default_features()
        .with_spark_features();
    let aggregates = builder.aggregate_functions().get_or_insert_default();
    // Over those of the two libraries: the last of a name counts.
    aggregates.extend(spark::functions::of_many_rows(&mode));
    aggregates.push(Arc::new(numeric_sketch()));
    aggregates.push(Arc::new(numeric_moments()));
    aggregates.extend(kmeans::aggregates());
    builder.window_functions().get_or_insert_default().extend(spark::functions::window::all());
    let functions = builder.scalar_functions().get_or_insert_default();
    functions.extend(kmeans::functions());
    functions.extend(spark::functions::of_one_row(&mode));
    keep_last_of_each_name(functions);
    builder.higher_order_functions().get_or_insert_default().extend(spark::functions::higher_order::all());
    builder = builder.with_type_planner(Arc::new(spark::sql_types::SparkTypes));
    builder.expr_planners().get_or_insert_default().insert(0, Arc::new(spark::planner::SparkPlanner { mode }));
    builder.relation_planners().get_or_insert_default().push(Arc::new(spark::relations::SparkRelations::default()));
    builder
        .with_analyzer_rules(spark::analyzer::with_rules(Analyzer::new().rules))
        .with_physical_optimizer_rules(above_filters::with_fences(PhysicalOptimizer::new().rules))
}

/// One that another has replaced would else still be known by its aliases, on this machine only: plans name functions by
/// their own names.
fn keep_last_of_each_name(functions: &mut Vec<Arc<ScalarUDF>>) {
    let mut names = HashSet::new();
    functions.reverse();
    functions.retain(|function| names.insert(function.name().to_string()));
    functions.reverse();
}

/// A session without tables: one schema per zone.
pub(super) fn context(state: SessionStateBuilder) -> Result<SessionContext> {
    let context = SessionContext::new_with_state(state.build());
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for schema in Zone::ALL.map(Zone::as_str).into_iter().chain([QUARANTINE, SESSION_SCHEMA]) {
        catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new()))?;
    }
    context.register_catalog(CATALOG, catalog);
    Ok(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plans name functions, and whoever receives one looks the name up. A function that is known by an alias only, while
    /// its own name is that of another, would come out as that other one.
    #[test]
    fn every_function_is_found_again_by_its_own_name() {
        let limits = Limits { memory_bytes: 1 << 30, threads: 1 };
        let state = state(SessionConfig::new(), &runtime(&limits, None).unwrap(), 1).build();
        let mut lost = vec![];
        for (known_as, function) in state.scalar_functions() {
            if state.scalar_functions().get(function.name()) != Some(function) {
                lost.push(format!("{known_as}: {}", function.name()));
            }
        }
        for (known_as, function) in state.aggregate_functions() {
            if state.aggregate_functions().get(function.name()) != Some(function) {
                lost.push(format!("{known_as}: {}", function.name()));
            }
        }
        for (known_as, function) in state.higher_order_functions() {
            if state.higher_order_functions().get(function.name()) != Some(function) {
                lost.push(format!("{known_as}: {}", function.name()));
            }
        }
        for (known_as, function) in state.window_functions() {
            if state.window_functions().get(function.name()) != Some(function) {
                lost.push(format!("{known_as}: {}", function.name()));
            }
        }
        assert_eq!(lost, Vec::<String>::new());
    }
}
