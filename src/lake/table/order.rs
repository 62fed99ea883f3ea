//! The order of partition values: that of their column's type, so that `9` comes before `10`.
//!
//! Values are kept as they are spelled in paths; spelled texts of numbers and of dates far away sort otherwise than
//! what they mean. Null comes first.

use std::cmp::Ordering;

use arrow::datatypes::{DataType, Schema};
use chrono::NaiveDate;

use crate::lake::path::PartitionValue;

/// How each partition column's values are ordered, outermost first.
#[derive(Debug, Clone, Default)]
pub struct KeyOrder(Vec<By>);

#[derive(Debug, Clone, Copy)]
enum By {
    Text,
    /// Integers, and decimals of one scale: without the point they are integers.
    Number,
    Date,
}

impl KeyOrder {
    pub fn of(schema: &Schema, partition_by: &[String]) -> Self {
        let by = |column: &String| match schema.field_with_name(column).map(|field| field.data_type()) {
            Ok(data_type) if data_type.is_integer() || data_type.is_decimal() => By::Number,
            Ok(DataType::Date32) => By::Date,
            _ => By::Text,
        };
        KeyOrder(partition_by.iter().map(by).collect())
    }

    pub fn columns(&self) -> usize {
        self.0.len()
    }

    pub fn compare(&self, a: &[PartitionValue], b: &[PartitionValue]) -> Ordering {
        let columns = (0..self.0.len()).map(|column| self.compare_values(column, &a[column], &b[column]));
        columns.fold(Ordering::Equal, Ordering::then)
    }

    pub fn compare_values(&self, column: usize, a: &PartitionValue, b: &PartitionValue) -> Ordering {
        let rank = |value| self.0[column].rank(value);
        // The text decides between what has no rank, so that the order is total whatever was spelled.
        a.as_ref().map(|a| (rank(a), a)).cmp(&b.as_ref().map(|b| (rank(b), b)))
    }
}

impl By {
    fn rank(self, value: &str) -> Option<i128> {
        match self {
            By::Text => None,
            By::Number => value.replace('.', "").parse().ok(),
            By::Date => {
                let date: NaiveDate = value.parse().ok()?;
                Some(date.signed_duration_since(NaiveDate::default()).num_days().into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    fn sorted(data_type: DataType, values: &[&str]) -> Vec<String> {
        let schema = Schema::new(vec![Field::new("key", data_type, true)]);
        let order = KeyOrder::of(&schema, &["key".to_string()]);
        let mut values: Vec<PartitionValue> = values.iter().map(|value| Some(value.to_string())).collect();
        values.push(None);
        values.sort_by(|a, b| order.compare_values(0, a, b));
        values.into_iter().map(|value| value.unwrap_or("null".into())).collect()
    }

    #[test]
    fn values_sort_as_their_type_does() {
        assert_eq!(sorted(DataType::Int32, &["10", "9", "-10", "-9"]), ["null", "-10", "-9", "9", "10"]);
        assert_eq!(sorted(DataType::Decimal128(9, 2), &["10.00", "-0.50", "9.99"]), ["null", "-0.50", "9.99", "10.00"]);
        assert_eq!(sorted(DataType::Date32, &["+10000-01-01", "2026-11-23"]), ["null", "2026-11-23", "+10000-01-01"]);
        assert_eq!(sorted(DataType::Utf8, &["b", "a", "B"]), ["null", "B", "a", "b"]);
    }
}
