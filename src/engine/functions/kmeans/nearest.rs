//! A row's cluster and its distance from the centre.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int32Builder, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::model::Centres;
use super::{argument, bytes_of};

pub(super) const NAME: &str = "kmeans_nearest";

/// The function of the features, as doubles, that gives `{cluster: int, distance: double}`: the distance is euclidean,
/// between scaled features, or 1 − cos of their directions. Both are null for a row that is left out, or has no direction.
pub fn nearest(model: &Centres, features: Vec<Expr>) -> Expr {
    // Whatever a row's weight, it belongs where it does.
    let mut model = model.clone();
    model.view.heaviest = None;
    let model = argument(model.encode());
    ScalarUDF::new_from_impl(Nearest::default()).call([vec![model], features].concat())
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Nearest {
    signature: Signature,
}

impl Default for Nearest {
    fn default() -> Self {
        Nearest { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

fn fields() -> Fields {
    Fields::from(vec![Field::new("cluster", DataType::Int32, true), Field::new("distance", DataType::Float64, true)])
}

impl ScalarUDFImpl for Nearest {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let model = match args.args.first() {
            Some(ColumnarValue::Scalar(model)) => Centres::decode(bytes_of(Some(model))?)?,
            _ => return internal_err!("the model of `{NAME}` is not the same for all rows"),
        };
        let columns =
            args.args[1..].iter().map(|column| column.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let mut clusters = Int32Builder::with_capacity(args.number_rows);
        let mut distances = Float64Builder::with_capacity(args.number_rows);
        model.each_tile(&columns, |tile| {
            for i in 0..tile.rows {
                let kept = !tile.left_out[i];
                clusters.append_option(kept.then(|| model.label(tile.nearest[i])));
                distances.append_option(kept.then(|| model.view.distance(tile.squared[i])));
            }
        });
        let columns: Vec<ArrayRef> = vec![Arc::new(clusters.finish()), Arc::new(distances.finish())];
        Ok(ColumnarValue::Array(Arc::new(StructArray::try_new(fields(), columns, None)?)))
    }
}
