//! One partitioned write of one Parquet file, as a process to be timed beside others (`partitioned.py` does).
//!
//! `cargo bench --bench partitioned -- INPUT.parquet LAKE_DIR COLUMN,COLUMN [MEMORY_BYTES]`
//! writes the rows of INPUT, with `ship_year` added where there is an `l_shipdate`, as `trusted.written`.
//! With `datafusion` in place of LAKE_DIR's scheme (`datafusion:DIR`), DataFusion's own partitioned writer does it.

use std::path::Path;

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::functions::expr_fn::date_part;
use datafusion::logical_expr::{cast, col, lit};
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext};
use tokio::runtime::Runtime;
use trapiche::config::{self, Limits};
use trapiche::engine::Engine;
use trapiche::engine::write::store::{self, TableWrite};
use trapiche::lake::table::head::Head;
use trapiche::lake::{Lake, TableName, Zone};
use trapiche::project::WriteMode;
use trapiche::report::{Meter, RunStamp};
use trapiche::spark::mode::SqlMode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    // `cargo test --benches` runs every bench without arguments.
    let [input, output, columns, rest @ ..] = arguments.as_slice() else { return };
    let partition_by: Vec<String> = columns.split(',').map(str::to_string).collect();
    let memory = rest.first().map(|bytes| bytes.parse().expect("MEMORY_BYTES is a number"));
    let limits = config::limits(memory, None);
    let runtime = Runtime::new().expect("a runtime");
    match output.strip_prefix("datafusion:") {
        Some(dir) => runtime.block_on(write_with_datafusion(input, dir, partition_by, &limits)),
        None => runtime.block_on(write(input, output, &partition_by, &limits)),
    }
}

async fn write(input: &str, dir: &str, partition_by: &[String], limits: &Limits) {
    let dir = std::path::absolute(Path::new(dir)).expect("a folder");
    let lake = Lake::in_folder(&dir).expect("a lake");
    let session = Engine::local(&lake, limits, &SqlMode::default()).and_then(|engine| engine.session());
    let session = session.expect("a session");
    let rows = session.frame(read(&SessionContext::new_with_config(reading(limits)), input).await.into_parts().1);
    let stamp = RunStamp { run_id: "bench".to_string(), at: chrono::Utc::now() };
    let table = TableName::new(Zone::Trusted, "written");
    let head = Head::look(&lake, &table).await.expect("a table or none");
    let write = TableWrite {
        table: &table,
        head: &head,
        partition_by,
        mode: WriteMode::Overwrite,
        layout: trapiche::lake::table::version::FileLayout::default(),
        key: &[],
        checks: &[],
        dedupe: None,
        slices: None,
        fingerprint: "",
        stamp: &stamp,
        meter: &Meter::default(),
    };
    store::store(&session, rows, write).await.unwrap_or_else(|error| panic!("{error:?}"));
}

async fn write_with_datafusion(input: &str, dir: &str, partition_by: Vec<String>, limits: &Limits) {
    let memory = usize::try_from(limits.memory_bytes).expect("a size of this machine");
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 0.6).build_arc().expect("a runtime");
    let context = SessionContext::new_with_config_rt(reading(limits), runtime);
    let options = DataFrameWriteOptions::new().with_partition_by(partition_by);
    let mut parquet = datafusion::config::TableParquetOptions::default();
    parquet.global.compression = Some("zstd(1)".to_string());
    read(&context, input).await.write_parquet(dir, options, Some(parquet)).await.expect("a write");
}

/// Plain strings, as tables of the lake have them.
fn reading(limits: &Limits) -> SessionConfig {
    let mut config = SessionConfig::new().with_target_partitions(limits.threads);
    config.options_mut().execution.parquet.schema_force_view_types = false;
    config
}

async fn read(context: &SessionContext, input: &str) -> DataFrame {
    let rows = context.read_parquet(input, ParquetReadOptions::default()).await.expect("a Parquet file");
    match rows.schema().has_column_with_unqualified_name("l_shipdate") {
        true => {
            let year = cast(date_part(lit("year"), col("l_shipdate")), arrow::datatypes::DataType::Int32);
            rows.with_column("ship_year", year).expect("a year")
        }
        false => rows,
    }
}
