//! A query's result in slices, each of which can be made alone.
//!
//! A slice is the rows that have the same values in some partition columns, its keys. Which files of the inputs it is
//! made from is found out from the optimizer: the query is planned below `WHERE key = $1`, with a placeholder for the
//! value. Where the filter arrives at a table as `own_partition_column = $1`, the slice of a value has nothing but that
//! table's files of the same value. The optimizer moves a filter only as far down as the result stays the same, and of a
//! placeholder it knows no value that it could make a special case of; so this holds for all values, by construction.
//! What it cannot move the filter through (a `LIMIT`, a window over other columns, a cast of the key) is read whole.

mod join_keys;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::datatypes::{Field, FieldRef, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Cast, Placeholder};
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{
    BinaryExpr, EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, Operator, TableScan, ident, lit,
};
use datafusion::optimizer::propagate_empty_relation::PropagateEmptyRelation;
use datafusion::optimizer::{OptimizerContext, OptimizerRule};

use super::read::version::LakeTable;
use super::{Session, faults};
use crate::error::Error;
use crate::lake::path::PartitionValue;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::tree::Node;
use crate::lake::{TableName, Zone};

/// One value per key, spelled as in paths. All null stands for every row that has a null among its keys.
pub type Slice = Vec<PartitionValue>;

/// A version lists no more slices that have no rows: it is to stay small. The others are looked at again when anything
/// has changed.
const MAX_EMPTY: usize = 1_000;

/// Whether a result falls into slices.
#[derive(Debug)]
pub enum Sliced {
    By(Slicing),
    /// It can only be made as a whole, and why.
    Whole(String),
}

/// What the slices of a result are made from.
#[derive(Debug)]
pub struct Slicing {
    /// The places of the keys among the partition columns.
    pub keys: Vec<usize>,
    /// What each slice reads. A slice has no rows when no table that [`names`](Read::names) slices has files of it.
    pub reads: Vec<Read>,
    /// What the slice of the nulls reads.
    pub null_reads: Vec<Read>,
}

/// What a slice has of one table.
#[derive(Debug, Clone)]
pub struct Read {
    pub table: TableName,
    pub schema: SchemaRef,
    /// The table's files; none if it is of `raw`.
    pub files: Node,
    /// Pairs of a partition column of the table and the key that it is equal to. Without any, all of the table is read.
    pub by: Vec<(usize, usize)>,
}

impl Read {
    /// Whether the table's partitions have a value for each of this many keys.
    pub fn names(&self, keys: usize) -> bool {
        self.by.iter().map(|(_, key)| key).collect::<BTreeSet<_>>().len() == keys
    }
}

/// Finds out whether a result, stored by these partition columns, falls into slices: by as many of the partition columns
/// as possible, of those that may be keys.
pub fn slicing(
    session: &Session,
    stored: &LogicalPlan,
    schema: &SchemaRef,
    partition_by: &[String],
    may_be_key: impl Fn(&String) -> bool,
) -> crate::error::Result<Sliced> {
    let columns = &schema.fields()[schema.fields().len() - partition_by.len()..];
    let mut tried = BTreeSet::new();
    let mut found_any = false;
    // What the tables are partitioned by may be some of the keys only; the most keys make the smallest slices.
    let keys: Vec<usize> = (0..columns.len()).filter(|i| may_be_key(&partition_by[*i])).collect();
    let mut sets = BTreeSet::from([(Reverse(keys.len()), keys)]);
    while let Some((_, keys)) = sets.pop_first() {
        let probe = Probe::new(session, stored, Of::Values, columns, &keys)?;
        if probe.is_complete().map_err(faults::explain)? {
            let null_reads = Probe::new(session, stored, Of::Nulls, columns, &keys)?.reads()?;
            return Ok(match (probe.reads()?, null_reads) {
                (Some(reads), Some(null_reads)) => Sliced::By(Slicing { keys, reads, null_reads }),
                _ => Sliced::Whole("it reads what is no table of the lake".to_string()),
            });
        }
        for fewer in probe.keys_of_scans()? {
            found_any = true;
            let fewer: Vec<usize> = fewer.iter().map(|key| keys[*key]).collect();
            if fewer.len() < keys.len() && tried.insert(fewer.clone()) {
                sets.insert((Reverse(fewer.len()), fewer));
            }
        }
    }
    let names: Vec<String> = partition_by.iter().map(|column| format!("`{column}`")).collect();
    let names = names.join(", ");
    Ok(Sliced::Whole(match found_any {
        true => format!("it may have rows of a {names} that is no partition of what it reads"),
        false => format!("{names} does not come unchanged from a partition column of what it reads"),
    }))
}

/// A plan below a filter on the keys, optimized.
struct Probe {
    plan: LogicalPlan,
    of: Of,
    keys: usize,
}

/// What the filter of a probe asks for.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    /// `key = $1 AND …`
    Values,
    /// `key IS NULL OR …`
    Nulls,
}

impl Probe {
    fn new(
        session: &Session,
        stored: &LogicalPlan,
        of: Of,
        columns: &[FieldRef],
        keys: &[usize],
    ) -> crate::error::Result<Self> {
        let filters = keys.iter().enumerate().map(|(i, key)| {
            let column = ident(columns[*key].name());
            let field = Field::new("", columns[*key].data_type().clone(), true);
            match of {
                Of::Values => column.eq(Expr::Placeholder(Placeholder::new_with_field(name(i), Some(field.into())))),
                Of::Nulls => column.is_null(),
            }
        });
        let filter = match of {
            Of::Values => conjunction(filters),
            Of::Nulls => disjunction(filters),
        };
        let filter = filter.expect("a partitioned table has partition columns");
        let plan = LogicalPlanBuilder::from(stored.clone()).filter(filter).and_then(|plan| plan.build());
        let state = session.context.state();
        let optimize = |plan: LogicalPlan| {
            let moved = join_keys::infer(state.optimize(&plan)?)?;
            if moved.transformed { state.optimize(&moved.data) } else { Ok(moved.data) }
        };
        let plan = plan.and_then(optimize).map_err(faults::explain)?;
        Ok(Probe { plan, of, keys: keys.len() })
    }

    /// Whether there are no rows when all tables that have all keys as partitions have no files of the slice.
    fn is_complete(&self) -> Result<bool> {
        let empty = |plan: &LogicalPlan| {
            let schema = plan.schema().clone();
            Transformed::yes(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema }))
        };
        let is_empty = |plan: &LogicalPlan| matches!(plan, LogicalPlan::EmptyRelation(empty) if !empty.produce_one_row);
        let (rule, context) = (PropagateEmptyRelation::new(), OptimizerContext::new());
        let left = self.plan.clone().transform_up(|node| match &node {
            LogicalPlan::TableScan(scan) => match keys_of(&self.by(scan)?).len() == self.keys {
                true => Ok(empty(&node)),
                false => Ok(Transformed::no(node)),
            },
            LogicalPlan::Unnest(unnest) if is_empty(&unnest.input) => Ok(empty(&node)),
            _ => rule.rewrite(node, &context),
        })?;
        Ok(is_empty(&left.data))
    }

    /// The different sets of keys that its tables are partitioned by.
    fn keys_of_scans(&self) -> crate::error::Result<BTreeSet<BTreeSet<usize>>> {
        let mut sets = BTreeSet::new();
        self.each_scan(|scan| Ok(sets.insert(keys_of(&self.by(scan)?)))).map_err(faults::explain)?;
        sets.remove(&BTreeSet::new());
        Ok(sets)
    }

    /// What it reads of each table, each once; `None` if something is no table of the lake.
    fn reads(&self) -> crate::error::Result<Option<Vec<Read>>> {
        let mut reads = Some(BTreeMap::new());
        let collected = self.each_scan(|scan| {
            let table = scan
                .table_name
                .schema()
                .and_then(Zone::parse)
                .map(|zone| TableName { zone, name: scan.table_name.table().to_string() });
            match (table, &mut reads) {
                (Some(table), Some(reads)) => {
                    let by = self.by(scan)?;
                    let provider = source_as_provider(&scan.source)?;
                    let files = provider.downcast_ref::<LakeTable>().map(|table| table.files.clone());
                    let read = Read {
                        table: table.clone(),
                        schema: scan.source.schema(),
                        files: files.unwrap_or_default(),
                        by: by.clone(),
                    };
                    reads.insert((table.to_string(), by), read);
                }
                _ => reads = None,
            }
            Ok(true)
        });
        collected.map_err(faults::explain)?;
        Ok(reads.map(|reads| reads.into_values().collect()))
    }

    /// Which partition columns of a table its filters bind to which key.
    fn by(&self, scan: &TableScan) -> Result<Vec<(usize, usize)>> {
        let provider = source_as_provider(&scan.source)?;
        let Some(table) = provider.downcast_ref::<LakeTable>() else { return Ok(vec![]) };
        let named =
            |column: &Column| table.partition_fields.iter().enumerate().find(|(_, field)| *field.name() == column.name);
        // The cast to the stored type is there even where the type is that already.
        let place = |expr: &Expr| match expr {
            Expr::Column(column) => named(column),
            Expr::Cast(Cast { expr, field: to }) => match expr.as_ref() {
                Expr::Column(column) => named(column).filter(|(_, field)| field.data_type() == to.data_type()),
                _ => None,
            },
            _ => None,
        };
        let bound = |filter: &Expr| match (self.of, filter) {
            (Of::Values, Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right })) => {
                let (column, value) = match (left.as_ref(), right.as_ref()) {
                    (column, Expr::Placeholder(value)) | (Expr::Placeholder(value), column) => (column, value),
                    _ => return None,
                };
                let (place, field) = place(column)?;
                // Values are compared as they are spelled, which says the same only of the same type.
                let is_same = value.field.as_ref().is_some_and(|value| value.data_type() == field.data_type());
                let key = (0..self.keys).find(|key| name(*key) == value.id);
                key.filter(|_| is_same).map(|key| (place, key))
            }
            // Of several keys it is not known which is null.
            (Of::Nulls, Expr::IsNull(column)) if self.keys == 1 => Some((place(column)?.0, 0)),
            _ => None,
        };
        let mut by: Vec<(usize, usize)> = scan.filters.iter().filter_map(bound).collect();
        by.sort_unstable();
        by.dedup();
        Ok(by)
    }

    fn each_scan(&self, mut visit: impl FnMut(&TableScan) -> Result<bool>) -> Result<()> {
        self.plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                visit(scan)?;
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(())
    }
}

/// The placeholder of a key.
fn name(key: usize) -> String {
    format!("$key{key}")
}

fn keys_of(by: &[(usize, usize)]) -> BTreeSet<usize> {
    by.iter().map(|(_, key)| *key).collect()
}

/// Which slices of a table are written, and what each is made from.
#[derive(Debug)]
pub struct SliceWrite {
    /// The places of the keys among the partition columns.
    pub keys: Vec<usize>,
    /// Of every slice that the table is to have, those without rows too: what it is made from.
    pub fingerprints: BTreeMap<Slice, String>,
    /// The slices to be made, when they are not all.
    pub only: Option<BTreeSet<Slice>>,
    /// The current version's partitions that lie in them, or in slices that are gone. All, when all slices are made.
    pub replaced: HashSet<Vec<PartitionValue>>,
    /// The fingerprints of the slices that stay and have no rows.
    pub empty: Vec<String>,
}

impl SliceWrite {
    /// Whether only some slices are made.
    pub fn is_part(&self) -> bool {
        self.only.is_some()
    }

    /// About how much of what the whole table is made from is read for it.
    pub fn share(&self, input_bytes: u64) -> u64 {
        match &self.only {
            Some(only) => input_bytes * only.len() as u64 / self.fingerprints.len().max(1) as u64,
            None => input_bytes,
        }
    }

    /// True for the rows that are to be made; `None` when all are.
    pub(in crate::engine) fn filter(&self, schema: &SchemaRef, partition_by: &[String]) -> Result<Option<Expr>> {
        let Some(only) = &self.only else { return Ok(None) };
        let first = schema.fields().len() - partition_by.len();
        let columns: Vec<&FieldRef> = self.keys.iter().map(|key| &schema.fields()[first + key]).collect();
        let (null, valued): (Vec<&Slice>, Vec<&Slice>) =
            only.iter().partition(|slice| slice.iter().all(Option::is_none));
        let slices: Vec<&[PartitionValue]> = valued.into_iter().map(Vec::as_slice).collect();
        let mut filters = vec![];
        if !slices.is_empty() {
            filters.push(any_of(&columns, &slices)?);
        }
        if !null.is_empty() {
            filters.extend(columns.iter().map(|column| ident(column.name()).is_null()));
        }
        Ok(Some(disjunction(filters).unwrap_or_else(|| lit(false))))
    }

    /// Notes on each new file what its slice is made from.
    pub(in crate::engine) fn sign(&self, files: &mut [DataFile]) -> crate::error::Result<()> {
        for file in files {
            let slice = slice_of(&self.keys, &file.partition);
            let is_wanted = self.only.as_ref().is_none_or(|only| only.contains(&slice));
            let fingerprint = self.fingerprints.get(&slice).filter(|_| is_wanted).ok_or_else(|| {
                Error::failed(format!("`{}` is in a partition that was not to be made", file.path))
                    .hint("this is a bug of trapiche; please report it")
            })?;
            file.made_from = Some(fingerprint.clone());
        }
        Ok(())
    }

    /// The fingerprints of the next version's slices that have no rows, when these files were made.
    pub(in crate::engine) fn without_rows(&self, files: &[DataFile]) -> Vec<String> {
        let with_rows: HashSet<Slice> = files.iter().map(|file| slice_of(&self.keys, &file.partition)).collect();
        let is_made = |slice: &Slice| self.only.as_ref().is_none_or(|only| only.contains(slice));
        let made = self.fingerprints.iter().filter(|(slice, _)| is_made(slice) && !with_rows.contains(*slice));
        self.empty.iter().chain(made.map(|(_, fingerprint)| fingerprint)).take(MAX_EMPTY).cloned().collect()
    }
}

/// The slice that a partition lies in.
pub fn slice_of(keys: &[usize], partition: &[PartitionValue]) -> Slice {
    let slice: Slice = keys.iter().map(|key| partition[*key].clone()).collect();
    if slice.contains(&None) { vec![None; keys.len()] } else { slice }
}

/// True for the rows of these slices, which are sorted: a list for the last key, and such a list below each value of a
/// key before it.
fn any_of(columns: &[&FieldRef], slices: &[&[PartitionValue]]) -> Result<Expr> {
    let value = |slice: &[PartitionValue]| -> Result<Expr> {
        let spelled = ScalarValue::Utf8(slice[0].clone());
        Ok(lit(spelled.cast_to(columns[0].data_type())?))
    };
    let column = ident(columns[0].name());
    if columns.len() == 1 {
        let values = slices.iter().map(|slice| value(slice)).collect::<Result<Vec<_>>>()?;
        return Ok(column.in_list(values, false));
    }
    let below = slices.chunk_by(|a, b| a[0] == b[0]).map(|same| {
        let rest: Vec<&[PartitionValue]> = same.iter().map(|slice| &slice[1..]).collect();
        Ok(column.clone().eq(value(same[0])?).and(any_of(&columns[1..], &rest)?))
    });
    Ok(balanced(below.collect::<Result<Vec<_>>>()?))
}

/// `a OR b OR …` as a tree of little depth: the planner goes down it by recursion.
fn balanced(mut filters: Vec<Expr>) -> Expr {
    match filters.len() {
        0 => lit(false),
        1 => filters.remove(0),
        n => {
            let right = filters.split_off(n / 2);
            balanced(filters).or(balanced(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Schema};
    use datafusion::prelude::SessionContext;

    use super::*;

    fn schema() -> SchemaRef {
        let fields = [("n", DataType::Int64), ("day", DataType::Int32), ("shop", DataType::Utf8)];
        Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()))
    }

    fn slice(day: usize, shop: &str) -> Slice {
        vec![Some(day.to_string()), Some(shop.to_string())]
    }

    fn write(keys: &[usize], slices: impl IntoIterator<Item = Slice>) -> SliceWrite {
        let only: BTreeSet<Slice> = slices.into_iter().collect();
        let fingerprints = only.iter().map(|slice| (slice.clone(), format!("made from {slice:?}"))).collect();
        let keys = keys.to_vec();
        SliceWrite { keys, fingerprints, only: Some(only), replaced: HashSet::new(), empty: vec!["known".to_string()] }
    }

    fn file(day: Option<&str>, shop: Option<&str>) -> DataFile {
        let partition = [day, shop].map(|value| value.map(String::from)).to_vec();
        DataFile { path: "x".into(), partition, rows: 1, bytes: 1, columns: vec![], made_from: None, stands_for: None }
    }

    fn partition_by() -> Vec<String> {
        ["day", "shop"].map(String::from).to_vec()
    }

    #[test]
    fn a_filter_takes_these_slices_and_no_others() {
        let shown = |write: &SliceWrite| write.filter(&schema(), &partition_by()).unwrap().unwrap().to_string();
        let some = write(&[0, 1], [slice(1, "a"), slice(1, "b"), slice(2, "a"), vec![None, None]]);
        insta::assert_snapshot!(
            shown(&some),
            @r#"day = Int32(1) AND shop IN ([Utf8("a"), Utf8("b")]) OR day = Int32(2) AND shop IN ([Utf8("a")]) OR day IS NULL OR shop IS NULL"#
        );
        insta::assert_snapshot!(shown(&write(&[1], [vec![Some("a".to_string())]])), @r#"shop IN ([Utf8("a")])"#);
        insta::assert_snapshot!(shown(&write(&[1], [])), @"Boolean(false)");
    }

    #[tokio::test]
    async fn thousands_of_slices_can_be_planned() {
        let many = (0..4_000).map(|n| slice(n, if n % 2 == 0 { "a" } else { "b" }));
        let filter = write(&[0, 1], many).filter(&schema(), &partition_by()).unwrap().unwrap();
        let context = SessionContext::new();
        let table = datafusion::datasource::empty::EmptyTable::new(schema());
        let frame = context.read_table(Arc::new(table)).unwrap().filter(filter).unwrap();
        frame.create_physical_plan().await.unwrap();
    }

    #[test]
    fn files_are_signed_and_what_was_not_asked_for_is_refused() {
        let of_days = write(&[0], [vec![Some("1".into())], vec![Some("2".into())], vec![None]]);
        let mut files = [file(Some("1"), Some("a")), file(None, Some("a"))];
        of_days.sign(&mut files).unwrap();
        let signed: Vec<_> = files.iter().map(|file| file.made_from.clone().unwrap()).collect();
        assert_eq!(signed, ["made from [Some(\"1\")]", "made from [None]"]);
        assert_eq!(of_days.without_rows(&files), ["known", "made from [Some(\"2\")]"]);
        let refused = of_days.sign(&mut [file(Some("3"), None)]).unwrap_err();
        assert!(refused.to_string().contains("was not to be made"), "{refused}");
    }
}
