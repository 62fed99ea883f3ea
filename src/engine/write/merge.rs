//! A merge: a query's rows take the place of the table's rows with the same key, and those with a new key come to it.
//!
//! ```text
//! the query ── its rows, written aside ── each key once, and none of them null
//!                        │
//!                        ├─ by the key ── the table's files in which a row becomes another one: touched
//!                        │
//!                        ├─ the rows whose key is in no untouched file ─┐
//!                        │                                              ├─ take the place of the touched files
//! touched files ─────────┴─ the rows whose key does not come ───────────┘
//! ```
//!
//! The rows are written aside because they are looked at four times, and a query need not give the same each time. They lie in
//! the lake, where workers find them, below the run's staged files, so that whoever clears up after a run that died takes
//! them along.
//!
//! A file that would get the rows that it has already stays as it is: what reads the table partition by partition is then
//! made again only where something has changed.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, FieldRef, Int64Type, Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
use datafusion::common::{Column, JoinType, TableReference};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, cast, ident, lit};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use super::hive::{WriteJob, WritePlace, empty_file};
use super::store::{self, Published, TableWrite};
use crate::engine::Session;
use crate::engine::read::version::FILE;
use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::lake::stage::{self, Staged};
use crate::lake::table::commit::{self, Replaces};
use crate::lake::table::data_file::DataFile;
use crate::lake::table::version::{self, Version};
use crate::report::Made;
use crate::spark::types;

/// How the two sides of a join are called.
const CAME: &str = "came";
const THERE: &str = "there";

const ROWS: &str = "trapiche: rows";

/// Merges the frame's rows into the table and commits that. On failure the table's version is as it was.
pub async fn merge(session: &Session, frame: DataFrame, write: TableWrite<'_>) -> Result<Published> {
    let lake = &session.lake;
    let schema = session.stored_schema(frame.logical_plan(), write.partition_by)?;
    check_key(&schema, write.key)?;
    write.check_dedupe(&schema)?;
    write.check_what_stays(&schema, lake.timestamps())?;
    let current = write.head.version.as_ref();
    if let Some(current) = current {
        check_current(session, current, write.key).await?;
    }
    let came = Came::write(session, frame, &schema, &write).await?;
    let result = format!("the result of `{}`", write.table);
    let hint = "`dedupe: { key: …, latest_by: … }` takes the latest row of each key";
    check_rows(session.version(&came.rows)?, write.key, &result, hint).await?;
    let there = match current {
        Some(current) => There::look(session, current, &came.rows, &schema, write.key).await?,
        None => There::default(),
    };
    let job = Arc::new(WriteJob { checks: vec![], dedupe: None, ..write.job(session, schema.clone()) });
    let (mut written, plan) =
        store::run(session, merged(session, &came.rows, &there, &schema, write.key)?, &job).await?;
    session.need_workers(false);
    session.count(plan).await;
    if written.files.is_empty() && write.partition_by.is_empty() && current.is_none() {
        written.add(empty_file(&job).await?);
    }
    let made = Made {
        files: written.files.len() as u64,
        bytes: written.files.iter().map(|file| file.bytes).sum(),
        note: current.map(|_| there.words(came.rows.rows(), written.files.iter().map(|file| file.rows).sum())),
        ..came.made.clone()
    };
    written.quarantine.extend(came.quarantine);
    written.staged.extend(came.staged);
    let (next, staged) = write.next(&job, written, vec![]);
    let head = commit::commit(lake, write.head, next, staged, Replaces::Merged(there.touched)).await?;
    stage::clear_merge(lake, &write.stamp.run_id, write.table).await?;
    session.need_workers(true);
    Ok(Published { made, head })
}

/// Whether rows with these columns can be told apart by the key.
///
/// # Errors
/// A configuration error for a column that does not exist, or whose values are not equal to themselves.
pub(in crate::engine) fn check_key(schema: &Schema, key: &[String]) -> Result<()> {
    for column in key {
        let Ok(field) = schema.field_with_name(column) else {
            return Err(Error::config(format!("there is no column `{column}` to merge by"))
                .hint(suggest(column, schema.fields().iter().map(|field| field.name().as_str())))
                .about(column));
        };
        let data_type = field.data_type();
        if data_type.is_nested() || data_type.is_floating() {
            let found = types::name(data_type);
            return Err(Error::config(format!("`{column}` is of type {found}, by which no rows are told apart"))
                .hint("a key is of text, whole numbers, decimals, dates, timestamps or truth values; cast it")
                .about(column));
        }
    }
    Ok(())
}

/// Whether the table can be merged into. One that was made by merging has each key once.
async fn check_current(session: &Session, current: &Version, key: &[String]) -> Result<()> {
    let hint = "`write: overwrite` makes the table anew; then it can be merged into";
    if let Some(column) = key.iter().find(|column| current.schema.field_with_name(column).is_err()) {
        return Err(Error::failed(format!("`{}` has no column `{column}` yet, by which it is merged", current.table))
            .hint(hint));
    }
    if current.key == key {
        return Ok(());
    }
    let rows = session.sparing_above(current.files.bytes()).version(current)?;
    check_rows(rows, key, &format!("`{}`", current.table), hint).await
}

/// Whether each key is in one row, and none is null.
async fn check_rows(rows: DataFrame, key: &[String], whose: &str, hint: &str) -> Result<()> {
    let columns: Vec<Expr> = key.iter().map(ident).collect();
    let lacks = disjunction(columns.iter().map(|column| column.clone().is_null())).expect("a key has columns");
    let nulls = rows.clone().filter(lacks)?.aggregate(vec![], vec![count(lit(1)).alias(ROWS)])?.collect().await?;
    let nulls: i64 = nulls.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values()).sum();
    if nulls > 0 {
        let key = key.join("`, `");
        return Err(Error::failed(format!("{whose} has {} without a value in its key `{key}`", counted(nulls as u64)))
            .hint("null is equal to nothing, so such a row would come again each time: leave it out, or quarantine it by a check `not_null`"));
    }
    let sorted = columns.iter().map(|column| column.clone().sort(true, false)).collect();
    let repeated = rows
        .aggregate(columns.clone(), vec![count(lit(1)).alias(ROWS)])?
        .filter(ident(ROWS).gt(lit(1i64)))?
        .sort(sorted)?
        .limit(0, Some(1))?;
    let repeated = repeated.collect().await?;
    let Some(batch) = repeated.iter().find(|batch| batch.num_rows() > 0) else { return Ok(()) };
    let value = |i: usize| array_value_to_string(batch.column(i), 0).unwrap_or_default();
    let spelled: Vec<String> = key.iter().enumerate().map(|(i, column)| format!("{column} = {}", value(i))).collect();
    let rows = batch.column(key.len()).as_primitive::<Int64Type>().value(0);
    let (rows, spelled) = (counted(rows as u64), spelled.join(", "));
    let message = format!("[MERGE_CARDINALITY_VIOLATION] {whose} has {rows} with the key {spelled}");
    Err(Error::failed(message).hint(hint))
}

/// The rows that a merge brings, where they can be read more than once.
struct Came {
    rows: Version,
    /// Those that broke a check, and where they wait.
    quarantine: Vec<DataFile>,
    staged: Vec<Staged>,
    made: Made,
}

impl Came {
    async fn write(session: &Session, frame: DataFrame, schema: &SchemaRef, write: &TableWrite<'_>) -> Result<Came> {
        let lake = &session.lake;
        let job = WriteJob { place: WritePlace::Merge, partition_by: vec![], ..write.job(session, schema.clone()) };
        let job = Arc::new(job);
        let (mut written, plan) = store::run(session, write.rows(session, frame, schema)?, &job).await?;
        session.count(plan).await;
        written.refuse_broken(lake, write.checks).await?;
        let made = written.made(write.checks);
        let quarantine = std::mem::take(&mut written.quarantine);
        let (rows, staged) = write.next(&job, written, vec![]);
        let dir = format!("{}/", job.dir());
        let (aside, staged): (Vec<_>, Vec<_>) = staged.into_iter().partition(|staged| staged.path.starts_with(&dir));
        stage::publish_all(lake, &aside).await?;
        Ok(Came { rows: Version { partition_by: vec![], ..rows }, quarantine, staged, made })
    }
}

/// What becomes of the table's files.
#[derive(Default)]
struct There {
    /// The table as it is.
    current: Option<Version>,
    /// Those with a row that becomes another one.
    touched: Vec<DataFile>,
    untouched: Vec<DataFile>,
    /// How many rows become others.
    replaced: u64,
}

impl There {
    async fn look(
        session: &Session,
        current: &Version,
        came: &Version,
        schema: &SchemaRef,
        key: &[String],
    ) -> Result<There> {
        let session = session.sparing_above(came.files.bytes().min(current.files.bytes()));
        let on = same_key(key).chain([differs(current, schema, key)]);
        let came = session.version(came)?.alias(CAME)?;
        let there = session.version_with_files(current)?.alias(THERE)?;
        let found = came
            .join_on(there, JoinType::Inner, on)?
            .aggregate(vec![of(THERE, FILE)], vec![count(lit(1)).alias(ROWS)])?
            .collect()
            .await?;
        let mut paths = HashSet::new();
        let mut replaced = 0;
        for batch in &found {
            let texts = arrow::compute::cast(batch.column(0), &DataType::Utf8).map_err(DataFusionError::from)?;
            paths.extend(texts.as_string::<i32>().iter().flatten().map(String::from));
            replaced += batch.column(1).as_primitive::<Int64Type>().values().iter().sum::<i64>() as u64;
        }
        let files = version::files(&session.lake, current).await?;
        let (touched, untouched) = files.into_iter().partition(|file| paths.contains(&file.path));
        Ok(There { current: Some(current.clone()), touched, untouched, replaced })
    }

    /// The table as if it had only these files.
    fn with(&self, files: &[DataFile]) -> Option<Version> {
        let current = self.current.clone()?;
        Some(Version { files: files.to_vec().into(), ..current })
    }

    /// `2 rows new, 3 replaced, 5 as before; 1 of 12 files written again`
    fn words(&self, came: u64, written: u64) -> String {
        let rewritten: u64 = self.touched.iter().map(|file| file.rows).sum();
        let new = written.saturating_sub(rewritten);
        let same = came.saturating_sub(self.replaced + new);
        let files = self.touched.len() + self.untouched.len();
        format!(
            "{} new, {} replaced, {} as before; {} of {files} files written again",
            counted(new),
            self.replaced,
            same,
            self.touched.len()
        )
    }
}

/// The rows of the files that come in place of the touched ones.
fn merged(session: &Session, came: &Version, there: &There, schema: &SchemaRef, key: &[String]) -> Result<DataFrame> {
    let session = session
        .sparing_above(came.files.bytes().min(there.current.as_ref().map_or(0, |current| current.files.bytes())));
    let side = |name: &'static str, has: &Schema| -> Vec<Expr> {
        let column = |field: &FieldRef| match has.field_with_name(field.name()) {
            Ok(_) => cast(of(name, field.name()), field.data_type().clone()),
            Err(_) => cast(lit(ScalarValue::Null), field.data_type().clone()),
        };
        schema.fields().iter().map(|field| column(field).alias(field.name())).collect()
    };
    let (Some(touched), Some(untouched)) = (there.with(&there.touched), there.with(&there.untouched)) else {
        return session.version(came);
    };
    let rows = |version: &Version, name: &str| Ok::<_, Error>(session.version(version)?.alias(name)?);
    let new = rows(came, CAME)?
        .join_on(rows(&untouched, THERE)?, JoinType::LeftAnti, same_key(key))?
        .select(side(CAME, schema))?;
    let kept = rows(&touched, THERE)?
        .join_on(rows(came, CAME)?, JoinType::LeftAnti, same_key(key))?
        .select(side(THERE, &touched.schema))?;
    Ok(new.union(kept)?)
}

fn of(side: &'static str, column: &str) -> Expr {
    Expr::Column(Column::new(Some(TableReference::bare(side)), column))
}

fn same_key(key: &[String]) -> impl Iterator<Item = Expr> {
    key.iter().map(|column| of(CAME, column).eq(of(THERE, column)))
}

/// Whether a row that came is another one than the row that is there. Each is, where a column has come: its files may hold one of
/// that name from before, which readers would take for it.
fn differs(current: &Version, schema: &Schema, key: &[String]) -> Expr {
    let columns = schema.fields().iter().filter(|field| !key.contains(field.name()));
    let differs = columns.map(|field| {
        let (name, data_type) = (field.name(), field.data_type());
        match current.schema.field_with_name(name) {
            Err(_) => lit(true),
            Ok(_) => {
                let there = cast(of(THERE, name), data_type.clone());
                // By its name it is told from a comparison of SQL, which does not compare maps.
                let came = of(CAME, name).alias(name);
                Expr::BinaryExpr(BinaryExpr::new(Box::new(came), Operator::IsDistinctFrom, Box::new(there)))
            }
        }
    });
    disjunction(differs).unwrap_or_else(|| lit(false))
}

/// `1 row`, `7 rows`
fn counted(rows: u64) -> String {
    format!("{rows} row{}", if rows == 1 { "" } else { "s" })
}
