//! Two versions of a table, compared: columns, files and rows of each partition, and on request the rows themselves.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, ident, lit, when};
use datafusion::prelude::DataFrame;
use serde::Serialize;

use super::named_table;
use crate::config::Limits;
use crate::engine::{Engine, Session};
use crate::error::{Error, Result};
use crate::lake::moment::Moment;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::version::{self, AsOf, Version};
use crate::lake::{Lake, TableName, path};
use crate::project::Project;
use crate::spark::types;

/// What is different. Rows are only compared on request: new files may hold the same rows.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    pub table: TableName,
    pub from: Side,
    pub to: Side,
    pub columns: Vec<ColumnChange>,
    pub partitions: Vec<PartitionChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowDiff>,
}

/// One of the two versions.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    pub version: u64,
    pub run_id: String,
    pub files: u64,
    pub rows: u64,
}

/// A column that only one side has, or both in other types.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnChange {
    pub column: String,
    pub change: Change,
    /// Its type, in Spark's words.
    pub from: Option<String>,
    pub to: Option<String>,
}

/// A partition whose files are not the same on both sides; a table without partitions is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartitionChange {
    /// As its folder is called: `category=men%27s clothing`; empty for a table without partitions.
    pub partition: String,
    pub change: Change,
    pub rows_from: u64,
    pub rows_to: u64,
    pub files_added: u64,
    pub files_removed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Added,
    Removed,
    Changed,
}

impl Change {
    fn of(in_from: bool, in_to: bool) -> Change {
        match (in_from, in_to) {
            (false, _) => Change::Added,
            (_, false) => Change::Removed,
            (true, true) => Change::Changed,
        }
    }
}

/// How many rows only one side has, by the columns that both have in one type. A row that is there twice and once
/// counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowDiff {
    pub only_from: u64,
    pub only_to: u64,
}

impl Diff {
    /// Whether the sides differ: in their columns or rows, or, when rows were not compared, in their files.
    pub fn differs(&self) -> bool {
        let in_content = match &self.rows {
            Some(rows) => rows.only_from + rows.only_to > 0,
            None => !self.partitions.is_empty(),
        };
        in_content || !self.columns.is_empty()
    }
}

/// Compares the version that `from` names, a number or a run, with that of `to` or else the newest.
pub async fn diff(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    table: &str,
    (from, to): (&str, Option<&str>),
    with_rows: bool,
) -> Result<Diff> {
    let table = named_table(project, table)?;
    let from = find(lake, &table, from).await?;
    let to = match to {
        Some(to) => find(lake, &table, to).await?,
        None => version::latest(lake, &table).await?.ok_or_else(|| not_there(&table, "now"))?,
    };
    let (from_files, to_files) = (version::files(lake, &from).await?, version::files(lake, &to).await?);
    let rows = match with_rows {
        true => Some(compare_rows(&Engine::local(lake, limits, &project.target.sql)?.session()?, &from, &to).await?),
        false => None,
    };
    Ok(Diff {
        columns: compare_columns(&from, &to),
        partitions: compare_partitions((&from, &from_files), (&to, &to_files)),
        rows,
        from: side(&from, &from_files),
        to: side(&to, &to_files),
        table,
    })
}

async fn find(lake: &Lake, table: &TableName, wanted: &str) -> Result<Version> {
    let number = wanted.strip_prefix('v').unwrap_or(wanted).parse::<u64>();
    let found = match number {
        Ok(number) => version::numbered(lake, table, number).await?,
        Err(_) => match Moment::end_of(lake, wanted).await? {
            Some(moment) => version_at(lake, table, &moment).await?,
            None => None,
        },
    };
    found.ok_or_else(|| not_there(table, &format!("at `{wanted}`")))
}

async fn version_at(lake: &Lake, table: &TableName, moment: &Moment) -> Result<Option<Version>> {
    Ok(match version::as_of(lake, table, moment).await? {
        AsOf::Version(version) => Some(version),
        AsOf::Gone { .. } | AsOf::NotMadeYet => None,
    })
}

fn not_there(table: &TableName, when: &str) -> Error {
    Error::failed(format!("`{table}` has no version {when}, or keeps it no longer"))
        .hint("a version is named by its number or by a run; `keep: 7d` in the target keeps versions for a week")
}

fn side(version: &Version, files: &[DataFile]) -> Side {
    Side {
        version: version.version,
        run_id: version.run_id.clone(),
        files: files.len() as u64,
        rows: files.iter().map(|file| file.rows).sum(),
    }
}

/// In the order of the newer side's columns, then those that it has no longer.
fn compare_columns(from: &Version, to: &Version) -> Vec<ColumnChange> {
    let type_in = |version: &Version, column: &str| {
        version.schema.field_with_name(column).ok().map(|field| types::name(field.data_type()))
    };
    let removed = from.schema.fields().iter().filter(|field| to.schema.field_with_name(field.name()).is_err());
    let columns = to.schema.fields().iter().chain(removed).map(|field| field.name());
    let compared = columns.map(|column| (column, type_in(from, column), type_in(to, column)));
    compared
        .filter(|(_, from, to)| from != to)
        .map(|(column, from, to)| ColumnChange {
            column: column.clone(),
            change: Change::of(from.is_some(), to.is_some()),
            from,
            to,
        })
        .collect()
}

fn compare_partitions(from: (&Version, &[DataFile]), to: (&Version, &[DataFile])) -> Vec<PartitionChange> {
    let (from, to) = (by_partition(from.0, from.1), by_partition(to.0, to.1));
    let partitions: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let none = vec![];
    let changes = partitions.into_iter().map(|partition| {
        let (before, after) = (from.get(partition), to.get(partition));
        let change = Change::of(before.is_some(), after.is_some());
        let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
        PartitionChange {
            partition: partition.clone(),
            change,
            rows_from: before.iter().map(|file| file.rows).sum(),
            rows_to: after.iter().map(|file| file.rows).sum(),
            files_added: only_in(after, before),
            files_removed: only_in(before, after),
        }
    });
    changes.filter(|change| change.files_added + change.files_removed > 0).collect()
}

fn by_partition<'a>(version: &Version, files: &'a [DataFile]) -> BTreeMap<String, Vec<&'a DataFile>> {
    let mut partitions: BTreeMap<String, Vec<&DataFile>> = BTreeMap::new();
    for file in files {
        let columns = version.partition_by.iter().zip(&file.partition);
        let segments: Vec<String> =
            columns.map(|(column, value)| path::partition_segment(column, value.as_deref())).collect();
        partitions.entry(segments.join("/")).or_default().push(file);
    }
    partitions
}

fn only_in(files: &[&DataFile], others: &[&DataFile]) -> u64 {
    let others: HashSet<&String> = others.iter().map(|file| &file.path).collect();
    files.iter().filter(|file| !others.contains(&file.path)).count() as u64
}

/// The difference of two multisets, in one pass: a row counts +1 for each time in `to` and -1 for each time in `from`.
/// (DataFusion plans EXCEPT ALL as an anti join, which forgets how often a row is there.)
async fn compare_rows(session: &Session, from: &Version, to: &Version) -> Result<RowDiff> {
    const SIDE: &str = "__trapiche_side";
    let same_type = |name: &str| {
        let of = |version: &Version| version.schema.field_with_name(name).ok().map(|f| types::name(f.data_type()));
        of(from) == of(to)
    };
    let columns: Vec<Expr> =
        to.schema.fields().iter().filter(|field| same_type(field.name())).map(|field| ident(field.name())).collect();
    let marked = |frame: DataFrame, mark: i64| {
        frame.select(columns.iter().cloned().chain([lit(mark).alias(SIDE)]).collect::<Vec<_>>())
    };
    let (from, to) = (session.version(from)?, session.version(to)?);
    let counted = async {
        let both = marked(from, -1)?.union(marked(to, 1)?)?;
        let surplus = both.aggregate(columns.clone(), vec![sum(ident(SIDE)).alias(SIDE)])?;
        let only = |is_from: bool| {
            let times = if is_from { -ident(SIDE) } else { ident(SIDE) };
            when(times.clone().gt(lit(0i64)), times).otherwise(lit(0i64))
        };
        surplus
            .aggregate(vec![], vec![sum(only(true)?).alias("only_from"), sum(only(false)?).alias("only_to")])?
            .collect()
            .await
    };
    let batches = counted.await?;
    let total = |column: usize| {
        let values =
            batches.iter().map(|batch| batch.column(column).as_primitive::<Int64Type>().iter().flatten().sum::<i64>());
        values.sum::<i64>().unsigned_abs()
    };
    Ok(RowDiff { only_from: total(0), only_to: total(1) })
}
