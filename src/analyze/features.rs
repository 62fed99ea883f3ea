//! Features: the numbers that a model sees of a table's rows, and how they were made comparable.
//!
//! select → impute → scale. What is fitted on the way is fitted in one pass over the rows, wherever they lie, and
//! from sums that do not depend on their order: the same rows give the same numbers to the last bit, whatever the
//! number of threads, files or machines. It is kept: a later batch is scored with it.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, cast, ident, lit, when};
use datafusion::prelude::DataFrame;

use super::columns::{self, engine};
use crate::engine::functions::kmeans::Scaling;
use crate::engine::functions::moments::{ExactMoments, numeric_moments};
use crate::error::{Error, Result};
use crate::project::{Deviation, Impute, Scale};
use crate::spark::types;

/// Keys and features of a table's rows, lazily.
#[derive(Debug, Clone)]
pub struct Features {
    /// `key 0`, `key 1`, …, then `feature 0`, …: doubles, null where the value is missing.
    pub rows: DataFrame,
    /// The same, with NaN and infinite values where they are, and zeros of both signs.
    pub plain: DataFrame,
    /// The key columns, with their own names and types.
    pub keys: Vec<FieldRef>,
    pub names: Vec<String>,
}

/// What was fitted to the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedFeatures {
    pub features: Vec<Scaling>,
    /// Rows that are in the model.
    pub rows: u64,
    /// Rows that [`Impute::Drop`] kept out of it.
    pub rows_left_out: u64,
}

/// The name of a key's column; places are names here, because a key may be a feature too.
pub fn key_column(index: usize) -> String {
    format!("key {index}")
}

fn feature_column(index: usize) -> String {
    format!("feature {index}")
}

impl Features {
    /// NaN and infinite values are missing values.
    ///
    /// # Errors
    /// A configuration error for a column that does not exist or a feature that is not a number.
    pub fn of(input: DataFrame, key: &[String], features: &[String]) -> Result<Features> {
        let (mut wanted, mut keys, mut names) = (vec![], vec![], vec![]);
        let mut clean = vec![];
        for (index, name) in key.iter().enumerate() {
            let (column, field) = columns::find(&input, name)?;
            wanted.push(column.alias(key_column(index)));
            clean.push(ident(key_column(index)));
            keys.push(field);
        }
        for (index, name) in features.iter().enumerate() {
            let (column, field) = columns::find(&input, name)?;
            if !field.data_type().is_numeric() {
                let found = types::name(field.data_type());
                return Err(Error::config(format!("feature `{name}` is not a number but `{found}`"))
                    .hint("cast it in the query that makes the input")
                    .about(name));
            }
            names.push(field.name().clone());
            // −0 + 0 = 0: equal numbers must have equal bits.
            let number = columns::finite(ident(feature_column(index)))? + lit(0.0);
            wanted.push(cast(column, DataType::Float64).alias(feature_column(index)));
            clean.push(number.alias(feature_column(index)));
        }
        let plain = input.select(wanted).map_err(engine)?;
        Ok(Features { rows: plain.clone().select(clean).map_err(engine)?, plain, keys, names })
    }

    /// The columns that a model takes.
    pub fn columns(&self) -> Vec<Expr> {
        (0..self.names.len()).map(|index| ident(feature_column(index))).collect()
    }

    /// The rows that are in the model.
    pub fn complete(&self, impute: Impute) -> Result<DataFrame> {
        let rows = self.rows.clone();
        match is_complete(self.columns(), impute) {
            Some(complete) => rows.filter(complete).map_err(engine),
            None => Ok(rows),
        }
    }

    /// Fits what fills and scales, in Spark's order (`Imputer`, `StandardScaler`).
    ///
    /// # Errors
    /// When a mean is asked of a feature without a value, or values lie too far apart for a double.
    pub async fn fit(&self, impute: Impute, scale: Scale) -> Result<FittedFeatures> {
        let complete = is_complete(self.columns(), impute);
        let used = |value: Expr| match &complete {
            Some(complete) => when(complete.clone(), value).end().map_err(engine),
            None => Ok(value),
        };
        let mut wanted = vec![count(lit(1_i64)).alias("rows"), count(used(lit(1_i64))?).alias("used")];
        for (index, column) in self.columns().into_iter().enumerate() {
            let column = used(column)?;
            wanted.push(numeric_moments().call(vec![column]).alias(format!("moments {index}")));
        }
        let batches = self.rows.clone().aggregate(vec![], wanted).map_err(engine)?.collect().await.map_err(engine)?;
        let totals = batches.iter().find(|batch| batch.num_rows() == 1);
        let totals = totals.ok_or_else(|| Error::failed("an aggregate without groups gave no row"))?;
        let integer = |name: &str| totals[name].as_primitive::<Int64Type>().value(0) as u64;
        let moments = |index: usize| {
            let found = totals[format!("moments {index}").as_str()].as_binary::<i32>();
            let decoded =
                if found.is_valid(0) { ExactMoments::decode(found.value(0)) } else { Some(ExactMoments::default()) };
            decoded.ok_or_else(|| Error::failed("the engine gave back torn moments"))
        };
        let moments = (0..self.names.len()).map(moments).collect::<Result<_>>()?;
        let rows = integer("used");
        self.fitted(moments, rows, integer("rows") - rows, impute, scale)
    }

    /// The same, by what is known of the features of so many rows, as they came.
    ///
    /// # Errors
    /// As [`fit`](Features::fit).
    pub fn fitted(
        &self,
        moments: Vec<ExactMoments>,
        rows: u64,
        rows_left_out: u64,
        impute: Impute,
        scale: Scale,
    ) -> Result<FittedFeatures> {
        let feature =
            |(name, moments): (&String, ExactMoments)| FeatureColumn { rows, moments }.seen(name, impute, scale);
        let features = self.names.iter().zip(moments).map(feature).collect::<Result<_>>()?;
        Ok(FittedFeatures { features, rows, rows_left_out })
    }
}

/// What a row must have to be in the model; `None` when every row is.
fn is_complete(columns: Vec<Expr>, impute: Impute) -> Option<Expr> {
    match impute {
        Impute::Drop => columns.into_iter().map(Expr::is_not_null).reduce(Expr::and),
        Impute::Mean | Impute::Zero => None,
    }
}

/// One feature's values in the rows that are used.
struct FeatureColumn {
    rows: u64,
    moments: ExactMoments,
}

impl FeatureColumn {
    fn seen(mut self, name: &str, impute: Impute, scale: Scale) -> Result<Scaling> {
        let fill = match impute {
            Impute::Drop => None,
            Impute::Zero => Some(0.0),
            Impute::Mean if self.moments.count() == 0 && self.rows > 0 => {
                return Err(Error::failed(format!("feature `{name}` has no value in any row, so no mean"))
                    .hint("leave it out, or set `impute: zero`"));
            }
            Impute::Mean => Some(self.moments.mean_and_stddev().0.unwrap_or(0.0)),
        };
        if let Some(fill) = fill {
            self.moments.add_times(fill, self.rows - self.moments.count());
        }
        // One without a deviation that is a double is too large for all that follows.
        let (mean, stddev) = self.moments.mean_and_stddev();
        let (mean, stddev) = (mean.unwrap_or(0.0), stddev.unwrap_or(f64::INFINITY));
        let (low, high) = self.moments.ends().unwrap_or_default();
        let (offset, unit) = match scale {
            _ if self.rows == 0 => (0.0, 0.0),
            Scale::None => (0.0, 1.0),
            _ if low >= high => (low, 0.0),
            Scale::Minmax => (low, high - low),
            Scale::Standard(Deviation::Sample) => (mean, stddev),
            Scale::Standard(Deviation::Population) => (mean, stddev * (1.0 - 1.0 / self.moments.count() as f64).sqrt()),
        };
        let seen = Scaling { fill, offset, unit, middle: 0.0, reach: 0.0 };
        let middle = if self.rows == 0 { 0.0 } else { seen.scaled(mean) };
        let reach = [low, high].map(|end| (seen.scaled(end) - middle).abs());
        let reach = reach[0].max(reach[1]);
        // NaN is never the larger of two.
        let is_seen = [low, high].iter().all(|&end| seen.scaled(end).is_finite());
        if !unit.is_finite() || !is_seen || !reach.is_finite() {
            return Err(Error::failed(format!("the values of feature `{name}` are too large to be scaled"))
                .hint("divide them in the query that makes the input"));
        }
        Ok(Scaling { middle, reach, ..seen })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::error::Kind;

    const NAN: f64 = f64::NAN;

    fn frame() -> DataFrame {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(StringArray::from(vec![Some("c"), None, Some("a"), Some("b")]))),
            ("x", Arc::new(Float64Array::from(vec![Some(5.0), Some(NAN), Some(1.0), Some(3.0)]))),
            ("same", Arc::new(Float64Array::from(vec![0.1, 0.1, 0.1, 0.1]))),
        ];
        SessionContext::new().read_batch(RecordBatch::try_from_iter(columns).unwrap()).unwrap()
    }

    async fn fitted(impute: Impute, scale: Scale) -> Result<FittedFeatures> {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        Features::of(frame(), &names(&["id"]), &names(&["x", "same"]))?.fit(impute, scale).await
    }

    #[tokio::test]
    async fn the_mean_fills_and_a_constant_is_zero() {
        let fitted = fitted(Impute::Mean, Scale::Standard(Deviation::Sample)).await.unwrap();
        // 3, 1, 3, 5: mean 3, squares 8, sample variance 8 / 3.
        let unit = (8.0_f64 / 3.0).sqrt();
        let x = &fitted.features[0];
        assert_eq!((x.fill, x.offset, x.middle), (Some(3.0), 3.0, 0.0));
        assert!((x.unit - unit).abs() < 1e-15 && (x.reach - 2.0 / unit).abs() < 1e-15);
        let same = &fitted.features[1];
        assert_eq!((same.offset, same.unit, same.scaled(0.1)), (0.1, 0.0, 0.0));
        assert_eq!((fitted.rows, fitted.rows_left_out), (4, 0));
    }

    #[tokio::test]
    async fn zeros_count_when_they_fill() {
        let x = fitted(Impute::Zero, Scale::Standard(Deviation::Sample)).await.unwrap().features.swap_remove(0);
        // 5, 0, 1, 3: mean 2.25, squares 14.75.
        assert_eq!((x.fill, x.offset), (Some(0.0), 2.25));
        assert!((x.unit - (14.75_f64 / 3.0).sqrt()).abs() < 1e-15);
        let x = self::fitted(Impute::Zero, Scale::Minmax).await.unwrap().features.swap_remove(0);
        assert_eq!((x.offset, x.unit), (0.0, 5.0));
        let whole = Scale::Standard(Deviation::Population);
        let x = self::fitted(Impute::Zero, whole).await.unwrap().features.swap_remove(0);
        assert!(x.offset == 2.25 && (x.unit - (14.75_f64 / 4.0).sqrt()).abs() < 1e-15);
    }

    #[tokio::test]
    async fn a_row_without_a_feature_is_left_out_with_its_key() {
        let fitted = fitted(Impute::Drop, Scale::Minmax).await.unwrap();
        assert_eq!((fitted.rows_left_out, fitted.rows), (1, 3));
        let x = &fitted.features[0];
        assert_eq!((x.scaled(1.0), x.scaled(3.0), x.scaled(5.0)), (0.0, 0.5, 1.0));
    }

    #[tokio::test]
    async fn units_hold_over_the_whole_range_of_doubles() {
        let fit = async |numbers: Vec<f64>, scale| {
            let columns: ArrayRef = Arc::new(Float64Array::from(numbers));
            let frame =
                SessionContext::new().read_batch(RecordBatch::try_from_iter([("x", columns)]).unwrap()).unwrap();
            Features::of(frame, &[], &["x".to_owned()]).unwrap().fit(Impute::Mean, scale).await
        };
        for size in [1e300, 1e-300] {
            let x = &fit(vec![size, 3.0 * size], Scale::Standard(Deviation::Sample)).await.unwrap().features[0];
            let scaled = [x.scaled(size), x.scaled(3.0 * size)];
            assert!(scaled.iter().all(|x| (x.abs() - 0.5_f64.sqrt()).abs() < 1e-15), "{scaled:?}");
        }
        for scale in [Scale::Standard(Deviation::Population), Scale::Minmax] {
            let error = fit(vec![f64::MIN, f64::MAX], scale).await.unwrap_err();
            assert_eq!(error.to_string(), "the values of feature `x` are too large to be scaled");
        }
    }

    #[tokio::test]
    async fn text_is_no_feature() {
        let error = Features::of(frame(), &[], &["id".to_owned()]).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (Kind::Config, "feature `id` is not a number but `string`".into())
        );
    }
}
