//! `collect_list`: the values that are not null, in the order in which they come, or in one that is said.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#collect_list>. The library's own knows no order.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::Result;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

pub fn collect_list() -> Arc<AggregateUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(CollectList { engines: array_agg_udaf(), signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CollectList {
    engines: Arc<AggregateUDF>,
    signature: Signature,
}

impl AggregateUDFImpl for CollectList {
    fn name(&self) -> &str {
        "collect_list"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.engines.return_type(types)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.engines.state_fields(args)
    }

    fn with_beneficial_ordering(self: Arc<Self>, is_sorted: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let engines = self.engines.as_ref().clone().with_beneficial_ordering(is_sorted)?;
        Ok(engines.map(|engines| {
            let engines = Arc::new(engines);
            Arc::new(CollectList { engines, signature: self.signature.clone() }) as Arc<dyn AggregateUDFImpl>
        }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.engines.order_sensitivity()
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let list = args.return_type().clone();
        let values = self.engines.accumulator(AccumulatorArgs { ignore_nulls: true, ..args })?;
        Ok(Box::new(NeverNull { values, list }))
    }

    fn default_value(&self, list: &DataType) -> Result<ScalarValue> {
        empty(list)
    }
}

fn empty(list: &DataType) -> Result<ScalarValue> {
    match list {
        DataType::List(item) => {
            let none = arrow::array::new_empty_array(item.data_type());
            Ok(SingleRowListArrayBuilder::new(none).build_list_scalar())
        }
        other => ScalarValue::try_from(other),
    }
}

/// An empty list where there are no values.
#[derive(Debug)]
struct NeverNull {
    values: Box<dyn Accumulator>,
    list: DataType,
}

impl Accumulator for NeverNull {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.update_batch(values)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.values.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let list = self.values.evaluate()?;
        if list.is_null() { empty(&self.list) } else { Ok(list) }
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.values.supports_retract_batch()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size()
    }
}
