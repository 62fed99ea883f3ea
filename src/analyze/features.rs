//! Features: the numbers that a model sees of a table's rows, and how they were made comparable.
//!
//! select → put in order → impute → scale. Rows are sorted by all that is read of them before any
//! sum is taken, so the same rows give the same numbers to the last bit, whatever the number of
//! threads or files. What was fitted on the way is kept: a later batch is scored with it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Float64Type, Schema, SchemaRef};
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use ndarray::{Array2, ArrayView1, Axis};

use super::columns::{self, engine};
use crate::error::{Error, Result};
use crate::lake::types;
use crate::project::{Impute, Scale};

/// The rows as read, in order; NaN stands for a missing value.
#[derive(Debug)]
pub struct Rows {
    /// The key columns, with their own names and types.
    pub keys: RecordBatch,
    pub names: Vec<String>,
    /// rows × features.
    pub values: Array2<f64>,
}

/// The rows as a model sees them.
#[derive(Debug)]
pub struct Block {
    /// The key columns of the rows that are in the model.
    pub keys: RecordBatch,
    pub features: Vec<Feature>,
    /// rows × features, imputed and scaled.
    pub values: Array2<f64>,
    /// Rows that [`Impute::Drop`] kept out of the model.
    pub rows_left_out: usize,
}

/// One feature's fitted parameters: it is seen as (x − `offset`) / `unit`.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    pub name: String,
    /// Stands in for a missing value; without one, such a row is left out.
    pub fill: Option<f64>,
    pub offset: f64,
    /// 0 for a feature that is the same in every row and is seen as 0.
    pub unit: f64,
}

impl Feature {
    pub fn scaled(&self, value: f64) -> f64 {
        if self.unit == 0.0 { 0.0 } else { (value - self.offset) / self.unit }
    }

    /// Back to the feature's own units.
    pub fn unscaled(&self, value: f64) -> f64 {
        value * self.unit + self.offset
    }
}

/// Reads keys and features of all rows into memory: 8 bytes per feature and row, and the keys.
/// NaN and infinite values are missing values.
///
/// # Errors
/// A configuration error for a column that does not exist or a feature that is not a number.
pub async fn read(input: DataFrame, key: &[String], features: &[String]) -> Result<Rows> {
    let mut wanted = vec![];
    let mut key_fields = vec![];
    for name in key {
        let (column, field) = columns::find(&input, name)?;
        // Places are names here: a key may be a feature too.
        wanted.push(column.alias(format!("key {}", key_fields.len())));
        key_fields.push(field);
    }
    let mut names = vec![];
    for (index, name) in features.iter().enumerate() {
        let (column, field) = columns::find(&input, name)?;
        if !field.data_type().is_numeric() {
            let found = types::name(field.data_type());
            return Err(Error::config(format!("feature `{name}` is not a number but `{found}`"))
                .hint("cast it in the query that makes the input"));
        }
        names.push(field.name().clone());
        wanted.push(columns::finite(cast(column, DataType::Float64))?.alias(format!("feature {index}")));
    }
    let keys = |index| format!("key {index}");
    let order = (0..key.len()).map(keys).chain((0..features.len()).map(|index| format!("feature {index}")));
    let order = order.map(|name| ident(name).sort(true, true)).collect();
    let ordered = input.select(wanted).and_then(|rows| rows.sort(order)).map_err(engine)?;

    let mut stream = ordered.execute_stream().await.map_err(engine)?;
    let read_schema = stream.schema();
    let mut key_batches = vec![];
    let mut values = vec![];
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(engine)?;
        let columns: Vec<_> = batch.columns()[key.len()..].iter().map(|c| c.as_primitive::<Float64Type>()).collect();
        for row in 0..batch.num_rows() {
            values.extend(columns.iter().map(|c| if c.is_valid(row) { c.value(row) } else { f64::NAN }));
        }
        let indices: Vec<_> = (0..key.len()).collect();
        key_batches.push(batch.project(&indices).map_err(|error| engine(error.into()))?);
    }
    let rows = key_batches.iter().map(RecordBatch::num_rows).sum();
    let read_keys = Arc::new(Schema::new(read_schema.fields()[..key.len()].to_vec()));
    let keys = concat_batches(&read_keys, &key_batches).map_err(|error| engine(error.into()))?;
    let keys = renamed(keys, Arc::new(Schema::new(key_fields)), rows)?;
    let values = Array2::from_shape_vec((rows, features.len()), values).expect("every row added one value per feature");
    Ok(Rows { keys, names, values })
}

impl Rows {
    /// Fills what is missing, then scales (in Spark's order: `Imputer`, `StandardScaler`).
    ///
    /// # Errors
    /// When a mean is asked of a feature without a value, or values are too large for their squares.
    pub fn prepare(self, impute: Impute, scale: Scale) -> Result<Block> {
        let Rows { mut keys, names, mut values } = self;
        let rows_read = values.nrows();
        if impute == Impute::Drop {
            let complete: Vec<bool> = values.rows().into_iter().map(|row| !row.iter().any(|x| x.is_nan())).collect();
            let kept: Vec<usize> = (0..rows_read).filter(|&row| complete[row]).collect();
            keys = filter_record_batch(&keys, &BooleanArray::from(complete)).map_err(|error| engine(error.into()))?;
            values = values.select(Axis(0), &kept);
        }
        let mut features = vec![];
        for (name, mut column) in names.into_iter().zip(values.axis_iter_mut(Axis(1))) {
            let fill = match impute {
                Impute::Mean => Some(mean_of_present(&name, column.view())?),
                Impute::Zero => Some(0.0),
                Impute::Drop => None,
            };
            if let Some(fill) = fill {
                column.mapv_inplace(|x| if x.is_nan() { fill } else { x });
            }
            let (offset, unit) = fitted_scale(scale, column.view());
            if !offset.is_finite() || !unit.is_finite() {
                return Err(Error::failed(format!("the values of feature `{name}` are too large to be scaled")));
            }
            let feature = Feature { name, fill, offset, unit };
            column.mapv_inplace(|x| feature.scaled(x));
            features.push(feature);
        }
        Ok(Block { rows_left_out: rows_read - values.nrows(), keys, features, values })
    }
}

fn mean_of_present(name: &str, column: ArrayView1<f64>) -> Result<f64> {
    let present = || column.iter().filter(|x| !x.is_nan());
    match present().count() {
        0 if !column.is_empty() => Err(Error::failed(format!("feature `{name}` has no value in any row, so no mean"))
            .hint("leave it out, or set `impute: zero`")),
        0 => Ok(0.0),
        count => Ok(present().sum::<f64>() / count as f64),
    }
}

/// Offset and unit of a column. The standard deviation is the sample's (n − 1), as in Spark's
/// `StandardScaler`.
fn fitted_scale(scale: Scale, column: ArrayView1<f64>) -> (f64, f64) {
    let (low, high) =
        column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    match scale {
        _ if column.is_empty() => (0.0, 0.0),
        Scale::None => (0.0, 1.0),
        // By its ends, not by its deviation: the mean of equal numbers can be a bit off.
        _ if low >= high => (low, 0.0),
        Scale::Minmax => (low, high - low),
        Scale::Standard => {
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let squares: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
            (mean, (squares / (column.len() - 1) as f64).sqrt())
        }
    }
}

fn renamed(keys: RecordBatch, schema: SchemaRef, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, keys.columns().to_vec(), &options).map_err(|error| engine(error.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
    use datafusion::prelude::{DataFrame, SessionContext};
    use ndarray::array;

    use super::{Block, Feature, read};
    use crate::error::{Kind, Result};
    use crate::project::{Impute, Scale};

    const NAN: f64 = f64::NAN;

    fn frame() -> DataFrame {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(StringArray::from(vec![Some("c"), None, Some("a"), Some("b")]))),
            ("x", Arc::new(Float64Array::from(vec![Some(5.0), Some(NAN), Some(1.0), Some(3.0)]))),
            ("same", Arc::new(Float64Array::from(vec![0.1, 0.1, 0.1, 0.1]))),
        ];
        SessionContext::new().read_batch(RecordBatch::try_from_iter(columns).unwrap()).unwrap()
    }

    async fn prepared(impute: Impute, scale: Scale) -> Result<Block> {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        read(frame(), &names(&["id"]), &names(&["x", "same"])).await?.prepare(impute, scale)
    }

    #[tokio::test]
    async fn rows_are_in_the_order_of_their_keys() {
        let block = prepared(Impute::Zero, Scale::None).await.unwrap();
        let keys: Vec<_> = block.keys.column(0).as_string::<i32>().iter().collect();
        assert_eq!(keys, [None, Some("a"), Some("b"), Some("c")]);
        assert_eq!(block.values.column(0).to_vec(), [0.0, 1.0, 3.0, 5.0]);
    }

    #[tokio::test]
    async fn the_mean_fills_and_a_constant_is_zero() {
        let block = prepared(Impute::Mean, Scale::Standard).await.unwrap();
        // 3, 1, 3, 5: mean 3, squares 8, sample variance 8 / 3.
        let unit = (8.0_f64 / 3.0).sqrt();
        assert_eq!(block.features[0], Feature { name: "x".into(), fill: Some(3.0), offset: 3.0, unit });
        assert_eq!(block.values, array![[0.0, 0.0], [-2.0 / unit, 0.0], [0.0, 0.0], [2.0 / unit, 0.0]]);
        assert_eq!(block.features[1].unscaled(block.values[[0, 1]]), 0.1);
    }

    #[tokio::test]
    async fn a_row_without_a_feature_is_left_out_with_its_key() {
        let block = prepared(Impute::Drop, Scale::Minmax).await.unwrap();
        assert_eq!((block.rows_left_out, block.keys.num_rows()), (1, 3));
        assert_eq!(block.values, array![[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]);
    }

    #[tokio::test]
    async fn text_is_no_feature() {
        let error = read(frame(), &[], &["id".to_owned()]).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (Kind::Config, "feature `id` is not a number but `string`".into())
        );
    }
}
