//! A row's cluster and its distance from the centre.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int32Builder, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::model::Model;

pub(super) const NAME: &str = "kmeans_nearest";

/// The function of the features, as doubles, that gives `{cluster: int, distance: double}`: the distance is euclidean,
/// between scaled features. Both are null for a row that is left out.
pub fn nearest(model: &Model) -> ScalarUDF {
    let signature = Signature::uniform(model.features.len(), vec![DataType::Float64], Volatility::Immutable);
    ScalarUDF::new_from_impl(Nearest { model: Arc::new(model.clone()), signature })
}

#[derive(Debug)]
pub(super) struct Nearest {
    pub model: Arc<Model>,
    signature: Signature,
}

/// Two of them are the same when their models are, to the last bit.
impl PartialEq for Nearest {
    fn eq(&self, other: &Self) -> bool {
        self.model.encode() == other.model.encode()
    }
}

impl Eq for Nearest {}

impl Hash for Nearest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.model.encode().hash(state);
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
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let mut clusters = Int32Builder::with_capacity(args.number_rows);
        let mut distances = Float64Builder::with_capacity(args.number_rows);
        self.model.each_block(&columns, |block| {
            for i in 0..block.rows {
                let kept = !block.left_out[i];
                clusters.append_option(kept.then(|| self.model.label(block.nearest[i])));
                distances.append_option(kept.then(|| block.squared[i].sqrt()));
            }
        });
        let columns: Vec<ArrayRef> = vec![Arc::new(clusters.finish()), Arc::new(distances.finish())];
        Ok(ColumnarValue::Array(Arc::new(StructArray::try_new(fields(), columns, None)?)))
    }
}
