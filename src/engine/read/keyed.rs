//! A source of which newer rows replace older ones of the same key: the newest row of each key, as a plan over its landings.
//!
//! ```text
//! the landings after the first ── the last place of each key ──┐
//!                                                              ├─ by the key ── those in the last place of their key,
//! all landings, each row with its place ───────────────────────┘                 and those of other keys
//! ```
//!
//! A row that the source has no longer has a place, too, behind the rows of its landing. When that is the last of its key, no
//! row is in the last place.
//!
//! The first landing is the large one, of a capture of all rows. It streams past a table of the keys that came later; nothing of it
//! is sorted or kept. Only the columns that are asked for are read, and the key. What the optimizer knows of joins holds here,
//! too: a filter goes down to the landings, and a plan goes to workers. (A union of the two kinds of landings would be as good, but
//! for a rule of DataFusion 55 that mixes up its columns when a part of a nested one is asked for.)

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::{Column, JoinType, TableReference, exec_err};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as DfResult;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, ident};

use crate::engine::faults;
use crate::error::Result;
use crate::lake::Zone;
use crate::lake::landing::Landing;

/// The column that has a row's place among all rows of the source, by a name that nobody gives a column.
const PLACE: &str = "trapiche: place of the row";

/// That of the last row with a key.
const NEWEST: &str = "trapiche: place of the newest row";

/// A part has fewer rows than this, a landing fewer parts.
const ROWS_BITS: u32 = 32;
const PARTS_BITS: u32 = 20;

/// What a scan of landings gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// The rows.
    Rows,
    /// Each with its place among all rows, as the last column.
    Places,
    /// The same, and the keys of rows that are gone.
    PlacesAndGone,
}

/// The landings of a source in which a key can be in several rows.
pub struct KeyedLandings {
    source: String,
    /// In lower case, as SQL sees it.
    key: Vec<String>,
    landings: usize,
    /// Whether the first landing has each key once.
    first_is_plain: bool,
}

impl KeyedLandings {
    /// `None` when each row counts.
    pub fn of(landings: &[Landing]) -> Option<KeyedLandings> {
        let [first, .., last] = landings else {
            let only = landings.first()?;
            let window = only.window.as_ref().filter(|window| window.repeats)?;
            return Some(KeyedLandings::new(only, &window.key, 1, false));
        };
        let window = last.window.as_ref()?;
        let first_is_plain = !first.window.as_ref().is_some_and(|window| window.repeats);
        Some(KeyedLandings::new(last, &window.key, landings.len(), first_is_plain))
    }

    fn new(landing: &Landing, key: &[String], landings: usize, first_is_plain: bool) -> Self {
        let key = key.iter().map(|name| name.to_lowercase()).collect();
        KeyedLandings { source: landing.source.clone(), key, landings, first_is_plain }
    }
}

/// The table of the newest rows. `scan` gives the rows of some landings.
pub fn table(
    keyed: KeyedLandings,
    scan: impl Fn(Range<usize>, Sees) -> Arc<dyn TableProvider>,
) -> Result<Arc<dyn TableProvider>> {
    let plan = newest_rows(&keyed, scan).map_err(faults::explain)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

fn newest_rows(
    keyed: &KeyedLandings,
    scan: impl Fn(Range<usize>, Sees) -> Arc<dyn TableProvider>,
) -> DfResult<LogicalPlan> {
    // Under the source's own name: whoever looks which tables a plan reads finds it.
    let name = TableReference::partial(Zone::Raw.as_str(), keyed.source.as_str());
    let of_source = |column: &str| Column::new(Some(name.clone()), column);
    let rows = |landings: Range<usize>, sees: Sees| {
        LogicalPlanBuilder::scan(name.clone(), provider_as_source(scan(landings, sees)), None)
    };
    let from = usize::from(keyed.first_is_plain);
    let later = || rows(from..keyed.landings, Sees::PlacesAndGone);
    let key: Vec<Column> = keyed.key.iter().map(|name| of_source(name)).collect();
    // Under names of their own, so that no column is meant twice.
    let keys: Vec<Column> = (0..key.len()).map(|n| Column::new_unqualified(format!("trapiche: key {n}"))).collect();
    let newest = || {
        let newest = later()?.aggregate(key.iter().cloned().map(col), [max(col(of_source(PLACE))).alias(NEWEST)])?;
        let keys = key.iter().zip(&keys).map(|(key, name)| col(key.clone()).alias(&name.name));
        newest.project(keys.chain([ident(NEWEST)]).collect::<Vec<Expr>>())
    };
    let all = rows(0..keyed.landings, Sees::Places)?;
    let columns = all.schema().fields().iter().filter(|field| field.name() != PLACE);
    let columns: Vec<Expr> = columns.map(|field| col(of_source(field.name()))).collect();
    // A key that did not come later is in the first landing alone.
    let is_newest = ident(NEWEST).is_null().or(ident(NEWEST).eq(col(of_source(PLACE))));
    // What is kept in memory is on the left.
    newest()?
        .join(all.build()?, JoinType::Right, (keys.clone(), key.clone()), None)?
        .filter(is_newest)?
        .project(columns)?
        .build()
}

/// The schema with the column of places, if that is wanted, as its last.
pub fn placed(schema: &SchemaRef, sees: Sees) -> SchemaRef {
    if sees == Sees::Rows {
        return schema.clone();
    }
    let place = Arc::new(Field::new(PLACE, DataType::Int64, true));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([place]).collect::<Vec<_>>()))
}

/// The place of a part's first row: the rows of a newer landing come behind those of an older one.
///
/// # Errors
/// When there are so many landings, or parts of one, that two rows would share a place.
pub fn place_of(landing: usize, part: usize) -> DfResult<i64> {
    if landing >= 1 << (63 - PARTS_BITS - ROWS_BITS) || part >= 1 << PARTS_BITS {
        return exec_err!("a landing has more than {} parts, or a source too many landings", 1 << PARTS_BITS);
    }
    Ok(((landing << (PARTS_BITS + ROWS_BITS)) | (part << ROWS_BITS)) as i64)
}

/// The places of so many rows, from one on.
pub fn places(first: i64, rows: usize) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| first.saturating_add(row))))
}
