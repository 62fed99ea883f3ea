//! A page of rows of one version: from a place on, in an order, so many.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::DataFrame;
use futures::StreamExt;

use super::columns::ShownColumns;
use super::cursor::After;
use super::order::{self, OrderKey};
use super::refusal::HttpRefusal;
use super::row_cache::RowCache;
use super::served::Served;
use super::value;
use crate::engine::read::kept::{KeptRows, RowFilter};
use crate::engine::{Session, faults};
use crate::error::{Error, Result};
use crate::lake::table::data_file::DataFile;
use crate::lake::table::version::Version;

/// What is asked of a version.
pub struct Question<'a> {
    pub session: &'a Session,
    pub row_cache: &'a RowCache,
    pub version: &'a Version,
    pub columns: &'a ShownColumns,
    pub selected: &'a [&'a Field],
    pub conditions: &'a [Expr],
    /// Empty: the files' own order.
    pub keys: &'a [OrderKey],
    pub limit: usize,
}

/// Some rows, and where those after them begin.
pub struct RowsPage {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub after: Option<After>,
    /// Files that may have rows of the answer.
    pub files: usize,
}

/// A page is cut short before it takes more memory than this.
const MOST_BYTES: usize = 8 << 20;

/// Files are read together until they have so many rows: one plan for each would cost more than small files do, and a page
/// that begins within a group reads the group's beginning again.
const GROUP_ROWS: u64 = 500_000;

impl<'a> Question<'a> {
    /// All rows, in the files' own order.
    pub fn of_all(
        served: &'a Served,
        version: &'a Version,
        columns: &'a ShownColumns,
        selected: &'a [&'a Field],
        limit: usize,
    ) -> Question<'a> {
        let (session, row_cache) = (&served.session, &served.row_cache);
        Question { session, row_cache, version, columns, selected, conditions: &[], keys: &[], limit }
    }

    /// The rows after those that were given.
    ///
    /// # Errors
    /// When what was given cannot be of this question.
    pub async fn page(&self, after: Option<&After>) -> Result<RowsPage, HttpRefusal> {
        // Nobody has been given more rows than there are.
        if after.is_some_and(|after| after.given() > self.version.rows()) {
            return Err(another_order());
        }
        let files = self.session.files(self.version, self.conditions).await?;
        match (after, self.keys.is_empty()) {
            (None | Some(After::Rows { .. }), true) => self.in_file_order(files, after).await,
            (None | Some(After::Key { .. }), false) => self.in_key_order(files, after).await,
            _ => Err(another_order()),
        }
    }

    async fn in_file_order(&self, files: Vec<DataFile>, after: Option<&After>) -> Result<RowsPage, HttpRefusal> {
        let (mut first, mut given) = match after {
            Some(After::Rows { file, given }) => (*file, *given),
            _ => (0, 0),
        };
        let count = files.len();
        let mut page = TakenRows::new(self.schema(), self.limit);
        while first < count && !page.is_full() {
            let end = group_end(&files, first);
            let skip = usize::try_from(given).unwrap_or(usize::MAX);
            let taken = match self.kept(&files[first..end])? {
                Some((kept, filter)) => self.take_kept(&kept, &filter, skip, &mut page).await?,
                None => {
                    let rows = self.session.some_files(self.version, files[first..end].to_vec())?;
                    let rows = self.shown(self.filtered(rows)?, &[])?;
                    page.take(rows.limit(skip, Some(page.room() + 1)).map_err(faults::explain)?).await?
                }
            };
            match page.has_more {
                true => given += taken as u64,
                false => (first, given) = (end, 0),
            }
        }
        let has_more = page.has_more || (first < count && page.is_full());
        let after = has_more.then_some(After::Rows { file: first, given });
        Ok(RowsPage { schema: page.schema, batches: page.batches, after, files: count })
    }

    /// The rows of these files, if they are in memory, and the conditions on them, if these need no plan.
    fn kept(&self, files: &[DataFile]) -> Result<Option<(Vec<Arc<KeptRows>>, RowFilter)>> {
        let kept = self.row_cache.rows(self.session, self.version, self.columns, files)?;
        let Some(kept) = kept.filter(|kept| !kept.is_empty()) else { return Ok(None) };
        let filter = self.session.row_filter(self.conditions, &kept[0].schema)?;
        Ok(filter.map(|filter| (kept, filter)))
    }

    /// Takes rows as long as there is room, without those that were given; how many it took.
    async fn take_kept(
        &self,
        files: &[Arc<KeptRows>],
        filter: &RowFilter,
        given: usize,
        page: &mut TakenRows,
    ) -> Result<usize> {
        let (before, mut skip) = (page.taken, given);
        for file in files {
            let column = |field: &&Field| file.schema.index_of(field.name());
            let shown: Vec<usize> = self.selected.iter().map(column).collect::<Result<_, _>>().map_err(unreadable)?;
            for block in file.blocks(filter)? {
                let passing = filter.passing(block)?.project(&shown).map_err(unreadable)?;
                let skipped = skip.min(passing.num_rows());
                skip -= skipped;
                if skipped < passing.num_rows() {
                    page.add(&passing.slice(skipped, passing.num_rows() - skipped))?;
                }
                if page.has_more {
                    return Ok(page.taken - before);
                }
                // So that others have their turn, and the request its time limit.
                tokio::task::consume_budget().await;
            }
        }
        Ok(page.taken - before)
    }

    async fn in_key_order(&self, files: Vec<DataFile>, after: Option<&After>) -> Result<RowsPage, HttpRefusal> {
        let count = files.len();
        let rows = self.row_cache.frame(self.session, self.version, self.columns, files)?;
        let named: Vec<Expr> =
            self.keys.iter().enumerate().map(|(at, key)| key.expr.clone().alias(order::key_name(at))).collect();
        let mut rows = self.shown(self.filtered(rows)?, &named)?;
        let (mut begins, mut skip) = (None, 0);
        if let Some(After::Key { key, given }) = after {
            let values = order::values(self.keys, key);
            let values = values.ok_or_else(another_order)?;
            rows = rows.filter(order::is_at_or_after(self.keys, &values)).map_err(faults::explain)?;
            (begins, skip) = (Some(values), *given);
        }
        let sorts = self.keys.iter().enumerate().map(|(at, key)| key.sort(at)).collect();
        let skipped = usize::try_from(skip).unwrap_or(usize::MAX);
        let rows = rows.sort(sorts).and_then(|rows| rows.limit(skipped, Some(self.limit + 1)));
        let mut page = TakenRows::new(self.schema(), self.limit);
        page.take(rows.map_err(faults::explain)?).await?;
        let after = match page.has_more {
            false => None,
            true => Some(self.last_key(&page, begins, skip)?),
        };
        let shown: Vec<usize> = (0..self.selected.len()).collect();
        let batches = page.batches.iter().map(|batch| batch.project(&shown)).collect::<Result<_, _>>();
        let batches = batches.map_err(|error| faults::explain(error.into()))?;
        Ok(RowsPage { schema: self.schema(), batches, after, files: count })
    }

    /// The key of a page's last row, and how many rows with it have been given, those of earlier pages included.
    fn last_key(&self, page: &TakenRows, begins: Option<Vec<ScalarValue>>, skipped: u64) -> Result<After, HttpRefusal> {
        let row = |batch: &RecordBatch, row: usize| -> Result<Vec<ScalarValue>, HttpRefusal> {
            let keys = (self.selected.len()..batch.num_columns()).map(|at| batch.column(at));
            let value = |column: &Arc<dyn Array>| ScalarValue::try_from_array(column, row);
            Ok(keys.map(value).collect::<Result<_, _>>().map_err(faults::explain)?)
        };
        let mut rows =
            page.batches.iter().rev().flat_map(|batch| (0..batch.num_rows()).rev().map(move |at| (batch, at)));
        let (batch, at) = rows.next().expect("a page with more rows after it has rows");
        let last = row(batch, at)?;
        let mut given = 1;
        let mut has_other = false;
        for (batch, at) in rows {
            if row(batch, at)? != last {
                has_other = true;
                break;
            }
            given += 1;
        }
        // The whole page has one key, and it is the one at which the page began.
        if !has_other && begins.is_some_and(|begins| begins == last) {
            given += skipped;
        }
        let spelled = |value: &ScalarValue| match value::spelled(value) {
            None if !value.is_null() => Err(HttpRefusal::bad("a value of the order has no text to go on from")),
            spelled => Ok(spelled),
        };
        Ok(After::Key { key: last.iter().map(spelled).collect::<Result<_, _>>()?, given })
    }

    /// How many rows fulfil the conditions.
    pub async fn count(&self) -> Result<u64> {
        if self.conditions.is_empty() {
            return Ok(self.version.rows());
        }
        let files = self.session.files(self.version, self.conditions).await?;
        let rows = self.filtered(self.row_cache.frame(self.session, self.version, self.columns, files)?)?;
        Ok(rows.count().await.map_err(faults::explain)? as u64)
    }

    /// The rows of the files that may fulfil the conditions, an upper bound that opens none.
    pub async fn estimate(&self) -> Result<u64> {
        let files = self.session.files(self.version, self.conditions).await?;
        Ok(files.iter().map(|file| file.rows).sum())
    }

    fn filtered(&self, rows: DataFrame) -> Result<DataFrame> {
        match conjunction(self.conditions.iter().cloned()) {
            Some(condition) => rows.filter(condition).map_err(faults::explain),
            None => Ok(rows),
        }
    }

    fn shown(&self, rows: DataFrame, more: &[Expr]) -> Result<DataFrame> {
        let selected = self.selected.iter().map(|field| ident(field.name())).chain(more.iter().cloned());
        rows.select(selected.collect::<Vec<_>>()).map_err(faults::explain)
    }

    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.selected.iter().map(|field| (*field).clone()).collect::<Vec<_>>()))
    }
}

fn another_order() -> HttpRefusal {
    HttpRefusal::bad("this cursor is of another question")
        .of("cursor", None)
        .hint("use the `next` of the last page, with the same parameters, or begin without a cursor")
}

/// Behind the last file of the group that begins with one.
fn group_end(files: &[DataFile], first: usize) -> usize {
    let mut rows = 0;
    let is_within = |file: &&DataFile| {
        let begins_within = rows < GROUP_ROWS;
        rows += file.rows;
        begins_within
    };
    first + files[first..].iter().take_while(is_within).count()
}

/// Rows as they are collected.
pub struct TakenRows {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    limit: usize,
    taken: usize,
    bytes: usize,
    /// There was one more row than the page has room for.
    has_more: bool,
    /// In bytes.
    is_cut_by_bytes: bool,
}

impl TakenRows {
    pub fn new(schema: SchemaRef, limit: usize) -> TakenRows {
        TakenRows { schema, batches: vec![], limit, taken: 0, bytes: 0, has_more: false, is_cut_by_bytes: false }
    }

    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether there would have been room for more rows, if they were smaller.
    pub fn is_cut_by_bytes(&self) -> bool {
        self.is_cut_by_bytes
    }

    fn room(&self) -> usize {
        self.limit - self.taken
    }

    fn is_full(&self) -> bool {
        self.has_more || self.room() == 0
    }

    /// Takes rows as long as there is room; how many it took.
    pub async fn take(&mut self, rows: DataFrame) -> Result<usize> {
        let mut stream = rows.execute_stream().await.map_err(faults::explain)?;
        let before = self.taken;
        while let Some(batch) = stream.next().await {
            self.add(&batch.map_err(faults::explain)?)?;
            if self.has_more {
                break;
            }
        }
        Ok(self.taken - before)
    }

    /// Takes rows of a batch, as many as there is room for.
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = compact(batch.slice(0, batch.num_rows().min(self.room() + 1)))?;
        let room = self.room_in_bytes(&batch).min(self.room());
        self.has_more = batch.num_rows() > room;
        self.is_cut_by_bytes = self.has_more && room < self.room();
        let batch = compact(batch.slice(0, room.min(batch.num_rows())))?;
        self.taken += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch);
        Ok(())
    }

    /// How many rows of a batch there is room for, one at least in a page.
    fn room_in_bytes(&self, batch: &RecordBatch) -> usize {
        let row = batch.get_array_memory_size() / batch.num_rows().max(1);
        let room = MOST_BYTES.saturating_sub(self.bytes) / row.max(1);
        if self.taken == 0 { room.max(1) } else { room }
    }
}

/// A slice holds the whole batch that it is of.
fn compact(slice: RecordBatch) -> Result<RecordBatch> {
    let all = UInt64Array::from_iter_values(0..slice.num_rows() as u64);
    take_record_batch(&slice, &all).map_err(unreadable)
}

fn unreadable(error: ArrowError) -> Error {
    faults::explain(error.into())
}
