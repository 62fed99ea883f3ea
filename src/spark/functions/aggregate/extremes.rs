//! `max_by` and `min_by`: the value beside the largest, or least, of another column.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#max_by>. Of several the last; where that other column is null, the
//! row does not count. Lists and structs are compared part by part, with nulls first.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

pub fn all() -> Vec<Arc<AggregateUDF>> {
    vec![max_by(), min_by()]
}

pub fn max_by() -> Arc<AggregateUDF> {
    of("max_by", true)
}

pub fn min_by() -> Arc<AggregateUDF> {
    of("min_by", false)
}

fn of(name: &'static str, is_greatest: bool) -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(ByExtreme { name, is_greatest, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ByExtreme {
    name: &'static str,
    is_greatest: bool,
    signature: Signature,
}

impl AggregateUDFImpl for ByExtreme {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [_, by] if !matches!(by, DataType::Map(..)) => Ok(types.to_vec()),
            _ => {
                let types: Vec<String> = types.iter().map(DataType::to_string).collect();
                plan_err!(
                    "No function matches the given name and argument types '{}({})'.",
                    self.name,
                    types.join(", ")
                )
            }
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |nth: usize, name| {
            let data_type = args.input_fields[nth].data_type().clone();
            Arc::new(Field::new(format_state_name(args.name, name), data_type, true))
        };
        Ok(vec![field(0, "value"), field(1, "by")])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let [value, by] = [0, 1].map(|nth| args.expr_fields[nth].data_type());
        let options = SortOptions { descending: false, nulls_first: true };
        Ok(Box::new(Extreme {
            is_greatest: self.is_greatest,
            rows: RowConverter::new(vec![SortField::new_with_options(by.clone(), options)])?,
            best: None,
            value: ScalarValue::try_from(value)?,
            by: ScalarValue::try_from(by)?,
        }))
    }
}

#[derive(Debug)]
struct Extreme {
    is_greatest: bool,
    rows: RowConverter,
    /// `by`, as it is compared.
    best: Option<OwnedRow>,
    value: ScalarValue,
    by: ScalarValue,
}

impl Accumulator for Extreme {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (value, by) = (&values[0], &values[1]);
        let rows = self.rows.convert_columns(std::slice::from_ref(by))?;
        let mut best = None;
        for nth in (0..by.len()).filter(|nth| !by.is_null(*nth)) {
            let row = rows.row(nth);
            let known = best.map(|best| rows.row(best)).or_else(|| self.best.as_ref().map(OwnedRow::row));
            let is_better = known.is_none_or(|known| if self.is_greatest { row >= known } else { row <= known });
            best = if is_better { Some(nth) } else { best };
        }
        if let Some(best) = best {
            self.best = Some(rows.row(best).owned());
            self.value = ScalarValue::try_from_array(value, best)?;
            self.by = ScalarValue::try_from_array(by, best)?;
        }
        Ok(())
    }

    /// A group without rows has null for `by`.
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), self.by.clone()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        let best = self.best.as_ref().map_or(0, |best| best.as_ref().len());
        size_of_val(self) + self.rows.size() + best + self.value.size() + self.by.size()
    }
}
