//! How the columns of a table differ from those that were agreed on: column by column, and field by field within them.

use std::collections::BTreeMap;
use std::fmt;

use arrow::datatypes::{DataType, FieldRef, Schema};
use serde::Serialize;

use crate::spark::types;

/// A column, or a field within one, that came, went or became one of another type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// `address.lines[].text` is the field of an array's structs.
    pub column: String,
    /// Its type as it was agreed on; `None` when it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Its type now; `None` when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.was, &self.is) {
            (Some(was), Some(is)) => write!(f, "`{}` {was} → {is}", self.column),
            (None, Some(is)) => write!(f, "+ `{}` {is}", self.column),
            (was, None) => write!(f, "- `{}` {}", self.column, was.as_deref().unwrap_or_default()),
        }
    }
}

/// `+ `note` string, `id` int → bigint`
pub fn words(drifts: &[Drift]) -> String {
    drifts.iter().map(Drift::to_string).collect::<Vec<_>>().join(", ")
}

/// All that is another between these columns, in the order of their paths. Their order is no part of it.
pub fn between(agreed: &Schema, found: &Schema) -> Vec<Drift> {
    let flat = |schema: &Schema| {
        let mut paths = BTreeMap::new();
        schema.fields().iter().for_each(|field| add(field.name(), field.data_type(), &mut paths));
        paths
    };
    let (agreed, found) = (flat(agreed), flat(found));
    let is_new = |path: &&String| !agreed.contains_key(*path);
    let mut columns: Vec<&String> = agreed.keys().chain(found.keys().filter(is_new)).collect();
    columns.sort();
    let differs = columns.into_iter().filter(|column| agreed.get(*column) != found.get(*column));
    differs
        .map(|column| Drift {
            column: column.clone(),
            was: agreed.get(column).cloned(),
            is: found.get(column).cloned(),
        })
        .collect()
}

/// A column and the fields within it, each with its type. Of one that has fields only the kind counts: they are told themselves.
fn add(path: &str, data_type: &DataType, to: &mut BTreeMap<String, String>) {
    let kind = match data_type {
        DataType::Struct(fields) => {
            let within = |field: &FieldRef| add(&format!("{path}.{}", field.name()), field.data_type(), to);
            fields.iter().for_each(within);
            "struct".to_string()
        }
        DataType::List(item) if item.data_type().is_nested() => {
            add(&format!("{path}[]"), item.data_type(), to);
            "array".to_string()
        }
        other => types::name(other),
    };
    to.insert(path.to_string(), kind);
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    fn schema(columns: &[(&str, &str)]) -> Schema {
        let field = |(name, data_type): &(&str, &str)| Field::new(*name, types::parse(data_type).unwrap(), true);
        Schema::new(columns.iter().map(field).collect::<Vec<_>>())
    }

    #[test]
    fn a_field_that_differs_is_named_and_not_all_that_is_around_it() {
        let agreed = schema(&[
            ("id", "int"),
            ("old", "date"),
            ("list", "array<int>"),
            ("lines", "array<struct<text:string,n:int>>"),
            ("place", "struct<zip:string,geo:struct<lat:double>>"),
        ]);
        assert_eq!(between(&agreed, &agreed), []);
        let found = schema(&[
            ("place", "struct<geo:struct<lat:string,lon:double>,zip:string>"),
            ("id", "bigint"),
            ("list", "array<string>"),
            ("lines", "array<struct<n:int>>"),
            ("note", "string"),
        ]);
        assert_eq!(
            words(&between(&agreed, &found)),
            "`id` int → bigint, - `lines[].text` string, `list` array<int> → array<string>, + `note` string, - `old` date, \
             `place.geo.lat` double → string, + `place.geo.lon` double"
        );
        let flat = schema(&[("place", "string")]);
        assert_eq!(
            words(&between(&schema(&[("place", "struct<zip:string>")]), &flat)),
            "`place` struct → string, - `place.zip` string"
        );
    }
}
