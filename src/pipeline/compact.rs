//! Tables in fewer, larger files.

use serde::Serialize;

use super::named_table;
use crate::config::Limits;
use crate::engine::Engine;
use crate::engine::write::compact as rewrite;
use crate::error::{Error, Result};
use crate::lake::table::data_file::DataFile;
use crate::lake::table::{commit, version};
use crate::lake::{Lake, TableName, lock};
use crate::project::Project;
use crate::report::{Meter, RunStamp};

/// What became of one table. All zero when nothing was to be gained.
#[derive(Debug, Clone, Serialize)]
pub struct Compacted {
    pub table: TableName,
    pub partitions: u64,
    pub rows: u64,
    pub files_before: u64,
    pub files_after: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
}

/// Compacts the tables, one after the other. Each is a commit of its own.
pub async fn compact(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    tables: &[String],
    stamp: &RunStamp,
) -> Result<Vec<Compacted>> {
    let tables = tables.iter().map(|name| named_table(project, name)).collect::<Result<Vec<_>>>()?;
    let engine = Engine::local(lake, limits, &project.target.sql)?;
    let makers = project.datasets.iter().filter(|dataset| dataset.outputs.iter().any(|table| tables.contains(table)));
    let lock = lock::acquire(lake, &stamp.run_id, makers.map(|dataset| dataset.name.clone())).await?;
    lock.hold_for(compact_all(&engine, tables, stamp)).await
}

async fn compact_all(engine: &Engine, tables: Vec<TableName>, stamp: &RunStamp) -> Result<Vec<Compacted>> {
    let mut done = vec![];
    for table in tables {
        done.push(compact_table(engine, table, stamp).await?);
    }
    Ok(done)
}

async fn compact_table(engine: &Engine, table: TableName, stamp: &RunStamp) -> Result<Compacted> {
    let lake = engine.lake();
    let head = commit::open(lake, &table, &stamp.run_id, None).await?;
    let current = head
        .version
        .clone()
        .ok_or_else(|| Error::failed(format!("`{table}` is not in the lake")).hint("make it with `trapiche run`"))?;
    let small = rewrite::small_files(&version::files(lake, &current).await?, current.layout);
    let large = match small.is_empty() {
        true => vec![],
        false => rewrite::compact(&engine.session()?, &head, current, small.clone(), stamp, &Meter::default()).await?,
    };
    let bytes = |files: &[DataFile]| files.iter().map(|file| file.bytes).sum();
    let partitions: std::collections::HashSet<_> = small.iter().map(|file| &file.partition).collect();
    Ok(Compacted {
        table,
        partitions: partitions.len() as u64,
        rows: small.iter().map(|file| file.rows).sum(),
        files_before: small.len() as u64,
        files_after: large.len() as u64,
        bytes_before: bytes(&small),
        bytes_after: bytes(&large),
    })
}
