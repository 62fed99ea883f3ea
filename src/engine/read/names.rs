//! The names of a source's columns as SQL sees them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

/// A landed schema as SQL sees it: all names in lower case, nested ones too.
pub fn lower_case(landed: &Schema) -> SchemaRef {
    Arc::new(Schema::new(landed.fields().iter().map(lower_case_field).collect::<Vec<_>>()))
}

fn lower_case_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(lower_case_field).collect()),
        DataType::List(element) => DataType::List(lower_case_field(element)),
        other => other.clone(),
    };
    Arc::new(Field::new(field.name().to_lowercase(), data_type, field.is_nullable()))
}
