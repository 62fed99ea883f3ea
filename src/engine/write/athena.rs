//! Which names and types a stored table may have: those that Athena, Trino and Spark all read.
//!
//! Sources: Athena's "Data types in Amazon Athena" and its notes on Parquet; Trino's Hive connector.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::lake::TableName;
use crate::spark::sql::names;
use crate::spark::types::{self, Timestamps};

/// The schema in which `schema`'s rows are stored: types cast to stored ones, partition columns last, all nullable.
pub(in crate::engine) fn stored_schema(
    schema: &Schema,
    partition_by: &[String],
    timestamps: Timestamps,
) -> Result<SchemaRef> {
    let stored_type = |data_type: &DataType| stored_type(data_type, Some(timestamps.unit()));
    for field in schema.fields() {
        // Columns of one name have numbers that nobody is to see.
        let name = names::shown(field.name());
        let name = name.as_ref();
        if schema.fields().iter().any(|other| !Arc::ptr_eq(other, field) && names::shown(other.name()) == name) {
            let fault = Error::config(format!("two columns are named `{name}`")).hint("name one of them with AS");
            return Err(fault.about(name));
        }
        if !TableName::is_valid_name(&name.trim_start_matches('_').to_lowercase()) || name != name.to_lowercase() {
            return Err(Error::config(format!("a table cannot have a column named `{name}`"))
                .hint("name it with AS: lower-case letters, digits and `_` are what Athena reads")
                .about(name));
        }
    }
    let mut fields = vec![];
    for field in schema.fields().iter().filter(|field| !partition_by.contains(field.name())) {
        let stored = stored_type(field.data_type())
            .ok_or_else(|| unstorable(field, "cast it to a type that Athena reads, such as string"))?;
        fields.push(Arc::new(Field::new(field.name(), stored, true)));
    }
    for column in partition_by {
        let field = schema.field_with_name(column).map_err(|_| {
            Error::config(format!("there is no column `{column}` to partition by"))
                .hint(suggest(column, schema.fields().iter().map(|field| field.name().as_str())))
                .about(column)
        })?;
        let stored = stored_type(field.data_type())
            .filter(is_partition_type)
            .ok_or_else(|| unstorable(field, "partition by text, whole numbers, booleans or dates; cast it"))?;
        fields.push(Arc::new(Field::new(column, stored, true)));
    }
    if fields.len() == partition_by.len() {
        let fault = Error::config("`partition_by` names every column; a file needs at least one other");
        return Err(partition_by.iter().take(1).fold(fault, Error::about));
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn unstorable(field: &Field, hint: &str) -> Error {
    let found = types::name(field.data_type());
    Error::config(format!("`{}` is of type {found}, which cannot be stored there", field.name()))
        .hint(hint)
        .about(field.name())
}

/// The type to which a query casts: the stored one, but that timestamps stay as fine as they are. What is cut off of them is
/// counted where they are written.
pub(in crate::engine) fn uncut_type(data_type: &DataType) -> Option<DataType> {
    stored_type(data_type, None)
}

/// The same columns with timestamps as fine as that.
pub(in crate::engine) fn in_unit(schema: &Schema, timestamps: Timestamps) -> SchemaRef {
    let field = |field: &FieldRef| {
        let stored = stored_type(field.data_type(), Some(timestamps.unit()));
        Arc::new(field.as_ref().clone().with_data_type(stored.unwrap_or_else(|| field.data_type().clone())))
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// `None` for types that no reader of the lake understands. Without a unit timestamps keep theirs.
fn stored_type(data_type: &DataType, unit: Option<TimeUnit>) -> Option<DataType> {
    use DataType::*;
    let stored_type = |data_type: &DataType| stored_type(data_type, unit);
    Some(match data_type {
        Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Date32 | Utf8 | Binary => data_type.clone(),
        UInt8 => Int16,
        UInt16 => Int32,
        UInt32 => Int64,
        UInt64 => Decimal128(20, 0),
        Float16 => Float32,
        Date64 => Date32,
        // Values are UTC.
        Timestamp(own, _) => Timestamp(unit.unwrap_or(*own), None),
        Time32(_) | Time64(_) | LargeUtf8 | Utf8View => Utf8,
        LargeBinary | BinaryView | FixedSizeBinary(_) => Binary,
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) if *scale >= 0 => {
            Decimal128(*precision, *scale)
        }
        // A column that is always null has no type of its own.
        Null => Utf8,
        Dictionary(_, value) => stored_type(value)?,
        List(item) | LargeList(item) | ListView(item) | LargeListView(item) | FixedSizeList(item, _) => {
            List(Arc::new(Field::new("element", stored_type(item.data_type())?, true)))
        }
        Struct(fields) => {
            let stored = |field: &FieldRef| Some(Field::new(field.name(), stored_type(field.data_type())?, true));
            Struct(fields.iter().map(stored).collect::<Option<Vec<_>>>()?.into())
        }
        Map(entries, sorted) => {
            let Struct(pair) = entries.data_type() else { return None };
            let key = Field::new("key", stored_type(pair.first()?.data_type())?, false);
            let value = Field::new("value", stored_type(pair.get(1)?.data_type())?, true);
            Map(Arc::new(Field::new("key_value", Struct(vec![key, value].into()), false)), *sorted)
        }
        _ => return None,
    })
}

fn is_partition_type(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Utf8 | Boolean | Int8 | Int16 | Int32 | Int64 | Date32 | Decimal128(_, _))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(fields: &[(&str, DataType)]) -> Schema {
        Schema::new(
            fields.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), false)).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn partition_columns_come_last_and_types_are_those_of_athena() {
        let query = schema(&[
            ("day", DataType::Date32),
            ("n", DataType::UInt64),
            ("at", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))),
        ]);
        for (timestamps, at) in [(Timestamps::Micros, "at Timestamp(µs)"), (Timestamps::Millis, "at Timestamp(ms)")] {
            let stored = stored_schema(&query, &["day".into()], timestamps).unwrap();
            let shown: Vec<_> = stored.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
            assert_eq!(shown, ["n Decimal128(20, 0)", at, "day Date32"]);
        }
    }

    #[test]
    fn names_and_types_that_no_reader_takes_are_refused() {
        let refused = |fields: &[(&str, DataType)], by: &[&str]| {
            let by: Vec<_> = by.iter().map(|s| s.to_string()).collect();
            stored_schema(&schema(fields), &by, Timestamps::Micros).unwrap_err().to_string()
        };
        assert!(refused(&[("sum(x)", DataType::Int64)], &[]).contains("`sum(x)`"));
        assert!(refused(&[("a", DataType::Duration(TimeUnit::Second))], &[]).contains("`a` is of type"));
        assert!(refused(&[("a", DataType::Float64), ("b", DataType::Utf8)], &["a"]).contains("cannot be stored there"));
        assert!(refused(&[("a", DataType::Utf8)], &["b"]).contains("no column `b` to partition by"));
    }
}
