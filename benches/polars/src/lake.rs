//! A lake as Polars reads it: tables as Hive-partitioned Parquet, landings as they were received.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

/// All rows of the table in `folder`. A reader that is not told the types of partition columns guesses them from their values.
pub fn table(folder: &Path, partition_by: &[(&str, DataType)]) -> PolarsResult<LazyFrame> {
    let hive_options = HiveOptions { schema: Some(schema(partition_by)), ..HiveOptions::new_enabled() };
    let args = ScanArgsParquet { hive_options, ..ScanArgsParquet::default() };
    LazyFrame::scan_parquet(PlRefPath::try_from_path(folder)?, args)
}

/// The rows of a source that landed once as JSON.
pub fn landed_json(lake: &Path, source: &str, columns: &[(&str, DataType)]) -> PolarsResult<LazyFrame> {
    LazyJsonLineReader::new_paths(FromIterator::from_iter(parts(lake, source, "json")?))
        .with_schema(Some(schema(columns)))
        .finish()
}

/// The rows of a source that landed once as CSV with a header; every column is text, and nothing between two commas is null.
pub fn landed_csv(lake: &Path, source: &str) -> PolarsResult<LazyFrame> {
    LazyCsvReader::new_paths(FromIterator::from_iter(parts(lake, source, "csv")?))
        .with_infer_schema_length(Some(0))
        .finish()
}

/// The names of all tables, as `zone/table`, sorted.
pub fn tables(lake: &Path) -> Vec<String> {
    let zones = ["trusted", "refined", "quarantine/trusted", "quarantine/refined"];
    let mut names: Vec<String> = zones
        .iter()
        .flat_map(|zone| fs::read_dir(lake.join(zone)).into_iter().flatten().map(move |entry| (zone, entry)))
        .map(|(zone, entry)| format!("{zone}/{}", entry.expect("an entry").file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// A struct of these fields.
pub fn record(fields: &[(&str, DataType)]) -> DataType {
    DataType::Struct(fields.iter().map(|(name, kind)| Field::new((*name).into(), kind.clone())).collect())
}

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    Arc::new(Schema::from_iter(columns.iter().map(|(name, kind)| Field::new((*name).into(), kind.clone()))))
}

fn parts(lake: &Path, source: &str, ending: &str) -> PolarsResult<Vec<PlRefPath>> {
    let mut found = vec![];
    parts_below(&lake.join("raw").join(source), ending, &mut found)?;
    found.sort();
    found.iter().map(|path| PlRefPath::try_from_path(path)).collect()
}

fn parts_below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_part = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-"));
        if path.is_dir() {
            parts_below(&path, ending, found)?;
        } else if is_part && path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    Ok(())
}
