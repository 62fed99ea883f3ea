//! A query's result becomes a table's next version: plan the write, run it, commit its files.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, LogicalPlan, cast, ident, lit, when};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties, Partitioning, StatisticsArgs, StatisticsContext, collect,
};
use datafusion::prelude::DataFrame;

use super::hive::{
    CHECKS, CheckBit, Counts, HiveWriteExec, MAX_CHECKS, SALT, SaltExec, Salting, TaskAnswer, WriteJob, empty_file,
    row_bytes_of,
};
use super::{athena, latest};
use crate::engine::slices::SliceWrite;
use crate::engine::{Session, faults};
use crate::error::{Error, Result};
use crate::lake::stage::{self, Staged};
use crate::lake::table::commit::{self, Replaces};
use crate::lake::table::data_file::DataFile;
use crate::lake::table::head::Head;
use crate::lake::table::version::{FileLayout, Version};
use crate::lake::{Lake, ObjectFormat, TableName};
use crate::project::{Check, Dedupe, OnFail, WriteMode};
use crate::report::{CheckCount, Made, Meter, RunStamp};
use crate::spark::types::{self, Timestamps};

/// Athena reads files of 128 MB to 1 GB best.
pub(in crate::engine) const TARGET_FILE_BYTES: u64 = 256 << 20;

/// So few rows make one file, without partitions.
const FEW_ROWS: usize = 100_000;

/// What a table is to become.
pub struct TableWrite<'a> {
    pub table: &'a TableName,
    pub partition_by: &'a [String],
    pub mode: WriteMode,
    pub layout: FileLayout,
    /// The columns by which rows are merged; empty with other modes.
    pub key: &'a [String],
    pub checks: &'a [Check],
    /// Which of the rows that keep the checks are stored, if not all.
    pub dedupe: Option<&'a Dedupe>,
    /// The slices that the table falls into, of which perhaps only some are made.
    pub slices: Option<&'a SliceWrite>,
    /// The table as it is, which the write follows.
    pub head: &'a Head,
    /// What the rows were made from; kept with the version.
    pub fingerprint: &'a str,
    pub stamp: &'a RunStamp,
    pub meter: &'a Meter,
}

/// What all writes of a dataset have in common.
pub struct WriteContext<'a> {
    /// The dataset's tables as they are, in the order of its outputs.
    pub own: &'a [Head],
    pub fingerprint: &'a str,
    pub stamp: &'a RunStamp,
    pub meter: &'a Meter,
}

/// A query as its table takes it: with the stored types and order of columns, and the checks.
pub struct Stored {
    pub plan: LogicalPlan,
    pub schema: SchemaRef,
}

/// Puts what a table asks for on top of a query.
pub fn stored(session: &Session, query: LogicalPlan, partition_by: &[String], checks: &[Check]) -> Result<Stored> {
    let frame = session.frame(query);
    let schema = session.stored_schema(frame.logical_plan(), partition_by)?;
    Ok(Stored { plan: to_stored(session, frame, &schema, checks)?.into_unoptimized_plan(), schema })
}

/// What came of it.
pub struct Published {
    pub made: Made,
    /// The table as it is now.
    pub head: Head,
}

/// Writes the frame's rows and commits them. On failure the table's version is as it was.
pub async fn store(session: &Session, frame: DataFrame, write: TableWrite<'_>) -> Result<Published> {
    let lake = &session.lake;
    write.refuse_a_second_time()?;
    let schema = session.stored_schema(frame.logical_plan(), write.partition_by)?;
    write.check_dedupe(&schema)?;
    write.check_what_stays(&schema, lake.timestamps())?;
    let frame = write.rows(session, frame, &schema)?;
    let job = Arc::new(write.job(session, schema));
    let (mut written, plan) = run(session, frame, &job).await?;
    session.need_workers(false);
    session.count(plan).await;
    if written.files.is_empty() && write.partition_by.is_empty() {
        written.add(empty_file(&job).await?);
    }
    written.refuse_broken(lake, write.checks).await?;
    let empty = write.sign(&mut written)?;
    let made = written.made(write.checks);
    let (next, staged) = write.next(&job, written, empty);
    let head = commit::commit(lake, write.head, next, staged, write.replaces()).await?;
    session.need_workers(true);
    Ok(Published { made, head })
}

impl TableWrite<'_> {
    fn refuse_a_second_time(&self) -> Result<()> {
        match (self.mode, &self.head.version) {
            (WriteMode::Error, Some(_)) => {
                Err(Error::failed(format!("`{}` exists already and its write mode is `error`", self.table))
                    .hint("choose `write: overwrite`, `append`, `overwrite_partitions` or `merge`"))
            }
            _ => Ok(()),
        }
    }

    /// Whether only some slices are made.
    fn is_part(&self) -> bool {
        self.slices.is_some_and(SliceWrite::is_part)
    }

    pub(super) fn check_dedupe(&self, schema: &SchemaRef) -> Result<()> {
        self.dedupe.map_or(Ok(()), |dedupe| latest::check(schema, dedupe))
    }

    /// Files that stay must fit.
    pub(super) fn check_what_stays(&self, schema: &SchemaRef, timestamps: Timestamps) -> Result<()> {
        let stays = self.is_part() || keeps_files(self.mode);
        match &self.head.version {
            Some(current) if stays => check_fits(current, schema, self.partition_by, self.layout, timestamps),
            _ => Ok(()),
        }
    }

    /// What is written of the frame, as it is stored.
    pub(super) fn rows(&self, session: &Session, frame: DataFrame, schema: &SchemaRef) -> Result<DataFrame> {
        let frame = to_stored(session, frame, schema, self.checks)?;
        let filter = match self.slices {
            Some(slices) => slices.filter(schema, self.partition_by)?,
            None => None,
        };
        Ok(match filter {
            Some(filter) => frame.filter(filter)?,
            None => frame,
        })
    }

    pub(super) fn job(&self, session: &Session, schema: SchemaRef) -> WriteJob {
        WriteJob {
            lake: session.lake.clone(),
            table: self.table.clone(),
            place: self.layout.into(),
            run_id: self.stamp.run_id.clone(),
            attempt: session.attempt,
            schema,
            partition_by: self.partition_by.to_vec(),
            checks: self.checks.iter().map(CheckBit::from).collect(),
            dedupe: self.dedupe.cloned(),
            target_file_bytes: TARGET_FILE_BYTES,
            meter: self.meter.clone(),
        }
    }

    /// Notes on each file what it was made from. What slices without rows were made from is for the version to say.
    fn sign(&self, written: &mut WrittenFiles) -> Result<Vec<String>> {
        let Some(slices) = self.slices else { return Ok(vec![]) };
        slices.sign(&mut written.files)?;
        Ok(slices.without_rows(&written.files))
    }

    /// The version that these files are to become, as far as it is known before the commit.
    pub(super) fn next(&self, job: &WriteJob, written: WrittenFiles, empty: Vec<String>) -> (Version, Vec<Staged>) {
        let next = Version {
            format: ObjectFormat,
            table: self.table.clone(),
            version: 0,
            run_id: self.stamp.run_id.clone(),
            committed_at: self.stamp.at,
            fingerprint: self.fingerprint.to_string(),
            schema: job.schema.clone(),
            timestamps: job.lake.timestamps(),
            partition_by: self.partition_by.to_vec(),
            key: self.key.to_vec(),
            layout: self.layout,
            files: written.files.into(),
            quarantine: written.quarantine.into(),
            empty,
            replaced: vec![],
        };
        (next, written.staged)
    }

    fn replaces(&self) -> Replaces {
        match (self.mode, self.slices) {
            (WriteMode::Error | WriteMode::Append, _) => Replaces::Nothing,
            (WriteMode::Overwrite, Some(slices)) if self.is_part() => Replaces::Partitions(slices.replaced.clone()),
            (WriteMode::Overwrite, _) => Replaces::Everything,
            (WriteMode::OverwritePartitions, _) => Replaces::TouchedPartitions,
            (WriteMode::Merge, _) => unreachable!("what is merged knows the files that it replaces"),
        }
    }
}

/// Writes the rows to staged files, on whatever machines. The plan knows what that cost.
pub(super) async fn run(
    session: &Session,
    frame: DataFrame,
    job: &Arc<WriteJob>,
) -> Result<(WrittenFiles, Arc<dyn ExecutionPlan>)> {
    let (writing, is_spread) = (job.clone(), session.members.is_some());
    let planned = session.topped(frame, move |plan| {
        let plan = if writing.partition_by.is_empty() { gathered_if_small(plan) } else { plan };
        let plan = match &writing.dedupe {
            Some(dedupe) => latest::latest(plan, &writing, dedupe, is_spread)?,
            None => plan,
        };
        // On one machine all tasks deal to the same files.
        let plan = match is_spread && !writing.partition_by.is_empty() {
            true => by_partition(plan, &writing.schema, &writing.partition_by, writing.target_file_bytes)?,
            false => plan,
        };
        Ok(Arc::new(HiveWriteExec::new(plan, writing.clone())))
    });
    let (plan, context) = planned.await?;
    let answers = collect(plan.clone(), context).await?;
    Ok((WrittenFiles::read(HiveWriteExec::answers(&answers)?, job.checks.len()), plan))
}

/// Whether files stay that the result does not replace.
pub fn keeps_files(mode: WriteMode) -> bool {
    matches!(mode, WriteMode::Append | WriteMode::OverwritePartitions | WriteMode::Merge)
}

/// Files that stay are read by the next version's schema: partitions must be the same, and so must the type of a
/// column that both have. Columns may come and go, as readers match them by name.
///
/// # Errors
/// What does not fit, and how the table can become that all the same.
pub fn check_fits(
    current: &Version,
    schema: &SchemaRef,
    partition_by: &[String],
    layout: FileLayout,
    timestamps: Timestamps,
) -> Result<()> {
    let refused = |has: String, now: String| {
        Err(Error::failed(format!("the files that `{}` keeps have {has}, its query now has {now}", current.table))
            .hint("`write: overwrite` makes the table anew"))
    };
    let partitions = |columns: &[String]| format!("the partition columns [{}]", columns.join(", "));
    if current.partition_by != partition_by {
        return refused(partitions(&current.partition_by), partitions(partition_by));
    }
    if current.layout != layout {
        let where_is = |layout| match layout {
            FileLayout::Folder => "the table's folder".to_string(),
            FileLayout::Runs => "folders of runs".to_string(),
        };
        return refused(format!("their place in {}", where_is(current.layout)), format!("it in {}", where_is(layout)));
    }
    for field in current.schema.fields() {
        let Ok(next) = schema.field_with_name(field.name()) else { continue };
        // By name, because that is how versions keep types.
        let (has, now) = (types::name(field.data_type()), types::name(next.data_type()));
        if has != now {
            return refused(format!("`{}` as {has}", field.name()), format!("it as {now}"));
        }
        if types::has_timestamps(field.data_type()) && current.timestamps != timestamps {
            let unit = |of: Timestamps| match of {
                Timestamps::Micros => "microseconds",
                Timestamps::Millis => "milliseconds",
            };
            let (has, now) = (unit(current.timestamps), unit(timestamps));
            return Err(Error::failed(format!(
                "the files that `{}` keeps have `{}` in {has}, and new ones would have it in {now}",
                current.table,
                field.name()
            ))
            .hint("`timestamps` in the target says which; `write: overwrite` makes the table anew"));
        }
    }
    Ok(())
}

/// Casts the columns to their stored types and order, but for the units of timestamps, and adds the checks' bits.
pub(in crate::engine) fn to_stored(
    session: &Session,
    frame: DataFrame,
    schema: &SchemaRef,
    checks: &[Check],
) -> Result<DataFrame> {
    let given = session.settled_schema(frame.logical_plan())?;
    let uncut = |field: &FieldRef| {
        let given = given.field_with_unqualified_name(field.name()).ok()?.data_type();
        athena::uncut_type(given)
    };
    let stored = |field: &FieldRef| {
        let to = uncut(field).unwrap_or_else(|| field.data_type().clone());
        cast(ident(field.name()), to).alias(field.name())
    };
    let mut columns: Vec<Expr> = schema.fields().iter().map(stored).collect();
    if !checks.is_empty() {
        columns.push(check_bits(session, &given, checks)?.alias(CHECKS));
    }
    frame.select(columns).map_err(faults::explain)
}

/// An integer with bit i set where check i is broken. As with SQL's CHECK, a condition that is null is not broken.
fn check_bits(session: &Session, schema: &DFSchema, checks: &[Check]) -> Result<Expr> {
    if checks.len() > MAX_CHECKS {
        return Err(Error::config(format!("{} checks on one table; at most {MAX_CHECKS} are possible", checks.len())));
    }
    let mut bits = lit(0i64);
    for (i, check) in checks.iter().enumerate() {
        let keeps = session
            .plan_condition(&check.keeps, schema)
            .map_err(|error| faults::explain(error).context(format!("check `{}`", check.name)))?;
        let bit = when(keeps.is_false(), lit(1i64 << i)).otherwise(lit(0i64))?;
        bits = bits + bit;
    }
    Ok(bits)
}

/// Brings the rows of each partition to one task, on whatever machine it is; those of one that makes more than a file of
/// so many bytes come to several tasks.
pub(in crate::engine) fn by_partition(
    plan: Arc<dyn ExecutionPlan>,
    schema: &SchemaRef,
    partition_by: &[String],
    file_bytes: u64,
) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let tasks = plan.output_partitioning().partition_count();
    if tasks == 1 {
        return Ok(plan);
    }
    let places: Vec<usize> = (schema.fields().len() - partition_by.len()..schema.fields().len()).collect();
    let mut keys: Vec<Arc<dyn PhysicalExpr>> =
        partition_by.iter().zip(&places).map(|(name, i)| Arc::new(Column::new(name, *i)) as _).collect();
    keys.push(Arc::new(Column::new(SALT, plan.schema().fields().len())));
    let salting = Salting { keys: places, file_bytes: row_bytes_of(file_bytes) as u64 };
    let plan = Arc::new(SaltExec::new(plan, salting));
    Ok(Arc::new(RepartitionExec::try_new(plan, Partitioning::Hash(keys, tasks))?))
}

/// A result without partitions that is known to be small comes to one task: each would leave a small file.
fn gathered_if_small(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let known = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new());
    let is_small = known.is_ok_and(|known| known.num_rows.get_value().is_some_and(|rows| *rows <= FEW_ROWS));
    match is_small && plan.output_partitioning().partition_count() > 1 {
        true => Arc::new(CoalescePartitionsExec::new(plan)),
        false => plan,
    }
}

#[derive(Default)]
pub(in crate::engine) struct WrittenFiles {
    pub(in crate::engine) files: Vec<DataFile>,
    pub(super) quarantine: Vec<DataFile>,
    pub(in crate::engine) staged: Vec<Staged>,
    counts: Counts,
}

impl WrittenFiles {
    pub(in crate::engine) fn read(answers: Vec<TaskAnswer>, checks: usize) -> Self {
        let mut written =
            WrittenFiles { counts: Counts { broken: vec![0; checks], ..Counts::default() }, ..WrittenFiles::default() };
        for answer in answers {
            match answer {
                TaskAnswer::File { file, staged } => written.add((file, staged)),
                TaskAnswer::Quarantined { file, staged } => {
                    written.quarantine.push(file);
                    written.staged.push(staged);
                }
                TaskAnswer::Counts(counts) => {
                    written.counts.rows_in += counts.rows_in;
                    written.counts.quarantined += counts.quarantined;
                    written.counts.dropped += counts.dropped;
                    written.counts.duplicates += counts.duplicates;
                    written.counts.timestamps_cut += counts.timestamps_cut;
                    for (sum, rows) in written.counts.broken.iter_mut().zip(counts.broken) {
                        *sum += rows;
                    }
                }
            }
        }
        written.files.sort_by(|a, b| a.path.cmp(&b.path));
        written.quarantine.sort_by(|a, b| a.path.cmp(&b.path));
        written
    }

    pub(super) fn add(&mut self, (file, staged): (DataFile, Staged)) {
        self.files.push(file);
        self.staged.push(staged);
    }

    /// Takes back what was staged if a check that is to fail was broken.
    pub(super) async fn refuse_broken(&self, lake: &Lake, checks: &[Check]) -> Result<()> {
        let Some(error) = failed_check(checks, &self.counts) else { return Ok(()) };
        for staged in &self.staged {
            stage::discard(lake, staged).await?;
        }
        Err(error)
    }

    pub(super) fn made(&self, checks: &[Check]) -> Made {
        Made {
            // Whoever decided to make it knows.
            input_bytes: 0,
            rows_in: self.counts.rows_in,
            rows_out: self.files.iter().map(|file| file.rows).sum(),
            rows_quarantined: self.counts.quarantined,
            rows_dropped: self.counts.dropped,
            rows_duplicate: self.counts.duplicates,
            timestamps_cut: self.counts.timestamps_cut,
            files: self.files.len() as u64,
            bytes: self.files.iter().map(|file| file.bytes).sum(),
            checks: self.broken(checks),
            on_workers: None,
            note: None,
        }
    }

    fn broken(&self, checks: &[Check]) -> Vec<CheckCount> {
        let counted = checks.iter().zip(&self.counts.broken).filter(|(_, rows)| **rows > 0);
        counted.map(|(check, rows)| CheckCount { check: check.name.clone(), rows: *rows }).collect()
    }
}

fn failed_check(checks: &[Check], counts: &Counts) -> Option<Error> {
    let failed: Vec<String> = checks
        .iter()
        .zip(&counts.broken)
        .filter(|(check, rows)| check.on_fail == OnFail::Fail && **rows > 0)
        .map(|(check, rows)| format!("`{}` by {rows} of {} rows", check.name, counts.rows_in))
        .collect();
    (!failed.is_empty()).then(|| {
        Error::failed(format!("checks were broken: {}", failed.join(", ")))
            .hint("the table is as it was; `on_fail: quarantine` keeps bad rows aside and publishes the rest")
    })
}
