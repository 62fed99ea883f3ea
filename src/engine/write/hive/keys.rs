//! The values of the partition columns, as numbers: 0 for the first combination that a task meets, and so on.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Schema};
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;

use crate::error::Error;
use crate::lake::path::{HIVE_NULL, PartitionValue};

/// One value per partition column.
pub(super) type PartitionKey = Arc<[PartitionValue]>;

/// Which keys a task has met. A key is spelled when it is new, and never again.
pub(super) struct Keys {
    columns: Vec<String>,
    /// The engine's own index of grouping values; its numbers do not follow the order of rows.
    groups: Box<dyn GroupValues>,
    number_of_group: Vec<Option<u32>>,
    known: u32,
    /// The groups of a batch; kept for its allocation.
    of_rows: Vec<usize>,
}

impl Keys {
    /// `schema` has the partition columns alone.
    pub(super) fn new(schema: Arc<Schema>) -> Result<Self> {
        Ok(Keys {
            columns: schema.fields().iter().map(|field| field.name().clone()).collect(),
            groups: new_group_values(schema, &GroupOrdering::None)?,
            number_of_group: vec![],
            known: 0,
            of_rows: vec![],
        })
    }

    /// Appends each row's number; the keys that were not known before, in the order of their numbers.
    pub(super) fn number(&mut self, columns: &[ArrayRef], numbers: &mut Vec<u32>) -> Result<Vec<PartitionKey>> {
        self.groups.intern(columns, &mut self.of_rows)?;
        self.number_of_group.resize(self.groups.len(), None);
        let mut first_rows = vec![];
        for (row, group) in (0..).zip(&self.of_rows) {
            let number = match self.number_of_group[*group] {
                Some(number) => number,
                None => {
                    let number = self.known;
                    self.number_of_group[*group] = Some(number);
                    self.known += 1;
                    first_rows.push(row);
                    number
                }
            };
            numbers.push(number);
        }
        self.spell(columns, first_rows)
    }

    fn spell(&self, columns: &[ArrayRef], rows: Vec<u32>) -> Result<Vec<PartitionKey>> {
        if rows.is_empty() {
            return Ok(vec![]);
        }
        let rows = UInt32Array::from(rows);
        let spelled = |column: &ArrayRef| cast(&take(column, &rows, None)?, &DataType::Utf8);
        let spelled: Vec<ArrayRef> = columns.iter().map(spelled).collect::<Result<_, _>>()?;
        let key = |i| {
            let values: Vec<PartitionValue> = spelled.iter().map(|column| value_at(column, i)).collect();
            for (column, value) in self.columns.iter().zip(&values) {
                refuse_ambiguous(column, value.as_deref()).map_err(|e| DataFusionError::External(Box::new(e)))?;
            }
            Ok(values.into())
        };
        (0..rows.len()).map(key).collect()
    }
}

fn value_at(column: &ArrayRef, row: usize) -> PartitionValue {
    let column = column.as_string::<i32>();
    (!column.is_null(row)).then(|| column.value(row).to_string())
}

/// Hive cannot tell an empty text from null, nor null's spelling from a text that is spelled so.
fn refuse_ambiguous(column: &str, value: Option<&str>) -> crate::error::Result<()> {
    match value {
        Some("") => {
            Err(Error::failed(format!("partition column `{column}` has an empty text, which readers take for null"))
                .hint(format!("write nullif({column}, '') in the query")))
        }
        Some(HIVE_NULL) => {
            Err(Error::failed(format!("partition column `{column}` has the text `{HIVE_NULL}`, which means null"))
                .hint("change that value in the query"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StringArray};
    use arrow::datatypes::Field;

    use super::*;

    fn keys() -> Keys {
        let fields = vec![Field::new("mode", DataType::Utf8, true), Field::new("year", DataType::Int32, true)];
        Keys::new(Arc::new(Schema::new(fields))).unwrap()
    }

    fn columns(modes: Vec<Option<&str>>, years: Vec<Option<i32>>) -> Vec<ArrayRef> {
        vec![Arc::new(StringArray::from(modes)), Arc::new(Int32Array::from(years))]
    }

    #[test]
    fn numbers_follow_the_first_rows_of_their_keys() {
        let mut keys = keys();
        let mut numbers = vec![];
        let first = columns(vec![Some("air"), None, Some("air")], vec![Some(1), Some(1), Some(1)]);
        let new = keys.number(&first, &mut numbers).unwrap();
        let one = Some("1".to_string());
        assert_eq!(
            new,
            [vec![Some("air".to_string()), one.clone()].into(), vec![None, one].into()] as [PartitionKey; 2]
        );
        let second = columns(vec![Some("air"), None], vec![None, Some(1)]);
        let new = keys.number(&second, &mut numbers).unwrap();
        assert_eq!(new, [vec![Some("air".to_string()), None].into()] as [PartitionKey; 1]);
        assert_eq!(numbers, [0, 1, 0, 2, 1]);
    }

    #[test]
    fn keys_that_hive_cannot_spell_are_refused() {
        let refused = |mode| {
            let new = keys().number(&columns(vec![Some(mode)], vec![Some(1)]), &mut vec![]);
            new.expect_err("ambiguous").to_string()
        };
        assert!(refused("").contains("an empty text"), "{}", refused(""));
        assert!(refused(HIVE_NULL).contains("which means null"), "{}", refused(HIVE_NULL));
    }
}
