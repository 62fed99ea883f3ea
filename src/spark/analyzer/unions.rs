//! Each column of a UNION is of the type that all its inputs' become.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#type-coercion>

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError, Result};
use datafusion::logical_expr::expr_rewriter::coerce_plan_expr_for_schema;
use datafusion::logical_expr::{LogicalPlan, Union};

use super::one_type::data_diff_types;
use crate::spark::coercion::common;
use crate::spark::sql_types::canonical;

pub fn coerced(union: Union, ansi: bool) -> Result<LogicalPlan> {
    let schemas: Vec<_> = union.inputs.iter().map(|input| input.schema().clone()).collect();
    coerced_from(union, &schemas, ansi)
}

/// The same, with the columns that the inputs will have once their types are settled.
pub fn coerced_from(union: Union, schemas: &[DFSchemaRef], ansi: bool) -> Result<LogicalPlan> {
    let Some(first) = schemas.first() else { return Ok(LogicalPlan::Union(union)) };
    let columns = first.fields().len();
    let mut types: Vec<DataType> = first.fields().iter().map(|field| field.data_type().clone()).collect();
    let mut nullable = vec![false; columns];
    for input in schemas {
        let fields = input.fields();
        if fields.len() != columns {
            // The engine has words for it.
            return Ok(LogicalPlan::Union(union));
        }
        for ((data_type, nullable), field) in types.iter_mut().zip(&mut nullable).zip(fields) {
            *nullable |= field.is_nullable();
            if data_type != field.data_type() {
                *data_type = of_both(data_type, field.data_type(), ansi)?;
            }
        }
    }
    let names = union.schema.iter();
    let fields = names.zip(types).zip(nullable).map(|(((qualifier, field), data_type), nullable)| {
        (qualifier.cloned(), Arc::new(Field::new(field.name(), data_type, nullable)))
    });
    let schema = Arc::new(DFSchema::new_with_metadata(fields.collect(), Schema::empty().metadata)?);
    let inputs = union.inputs.into_iter().map(|input| {
        let fits = input
            .schema()
            .fields()
            .iter()
            .zip(schema.fields())
            .all(|(of_input, field)| of_input.data_type() == field.data_type());
        if fits { Ok(input) } else { coerce_plan_expr_for_schema(Arc::unwrap_or_clone(input), &schema).map(Arc::new) }
    });
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlan::Union(Union { inputs, schema }))
}

fn of_both(left: &DataType, right: &DataType, ansi: bool) -> Result<DataType, DataFusionError> {
    let both = canonical(left).zip(canonical(right));
    match both {
        Some((left_type, right_type)) => {
            common(&left_type, &right_type, ansi).ok_or_else(|| data_diff_types("UNION", left, right))
        }
        // What Spark does not have is left to the engine.
        None => Ok(left.clone()),
    }
}
