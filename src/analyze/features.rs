//! Features: the numbers that a model sees of a table's rows, and how they were made comparable.
//!
//! select → impute → scale. What is fitted on the way is fitted in one pass over the rows, wherever they lie, and
//! from sums that do not depend on their order: the same rows give the same numbers to the last bit, whatever the
//! number of threads, files or machines. It is kept: a later batch is scored with it.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type};
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::{Expr, cast, ident, lit, when};
use datafusion::prelude::DataFrame;

use super::columns::{self, engine};
use crate::engine::functions::kmeans::{Holding, RowView, Scaling, Weights};
use crate::engine::functions::moments::{ExactMoments, numeric_moments};
use crate::error::{Error, Result};
use crate::project::{Deviation, DistanceMeasure, Impute, Precision, Scale};
use crate::spark::types;

/// Keys and features of a table's rows, lazily.
#[derive(Debug, Clone)]
pub struct Features {
    /// `key 0`, `key 1`, …, then `feature 0`, …: doubles, null where the value is missing; then `weight`, if rows have one.
    pub rows: DataFrame,
    /// The same, with NaN and infinite values where they are, and zeros of both signs.
    pub plain: DataFrame,
    /// The key columns, with their own names and types.
    pub keys: Vec<FieldRef>,
    pub names: Vec<String>,
    weight: Option<String>,
    is_single: bool,
}

/// The columns that a model is made of.
#[derive(Debug, Clone, Copy)]
pub struct FeatureColumns<'a> {
    pub key: &'a [String],
    pub features: &'a [String],
    pub weight: Option<&'a str>,
    pub precision: Precision,
}

/// What is done to features so that rows can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preparation {
    pub impute: Impute,
    pub scale: Scale,
    pub distance: DistanceMeasure,
}

/// What was fitted to the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedFeatures {
    pub view: RowView,
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

const WEIGHT: &str = "weight";

impl Features {
    /// NaN and infinite values are missing values.
    ///
    /// # Errors
    /// A configuration error for a column that does not exist, or a feature or a weight that is not a number.
    pub fn of(input: DataFrame, asked: FeatureColumns) -> Result<Features> {
        let FeatureColumns { key, features, weight, precision } = asked;
        let is_single = precision == Precision::Single;
        let number = |name: &str, what: &str| {
            let (column, field) = columns::find(&input, name)?;
            if field.data_type().is_numeric() {
                return Ok((cast(column, DataType::Float64), field));
            }
            let found = types::name(field.data_type());
            Err(Error::config(format!("{what} `{name}` is not a number but `{found}`"))
                .hint("cast it in the query that makes the input")
                .about(name))
        };
        let (mut wanted, mut keys, mut names) = (vec![], vec![], vec![]);
        let mut clean = vec![];
        for (index, name) in key.iter().enumerate() {
            let (column, field) = columns::find(&input, name)?;
            wanted.push(column.alias(key_column(index)));
            clean.push(ident(key_column(index)));
            keys.push(field);
        }
        for (index, name) in features.iter().enumerate() {
            let (column, field) = number(name, "feature")?;
            names.push(field.name().clone());
            // −0 + 0 = 0: equal numbers must have equal bits.
            let finite = columns::finite(ident(feature_column(index)))? + lit(0.0);
            wanted.push(column.alias(feature_column(index)));
            clean.push(finite.alias(feature_column(index)));
        }
        if let Some(name) = weight {
            wanted.push(number(name, "weight")?.0.alias(WEIGHT));
            clean.push(ident(WEIGHT));
        }
        let plain = input.clone().select(wanted).map_err(engine)?;
        let rows = plain.clone().select(clean).map_err(engine)?;
        Ok(Features { rows, plain, keys, names, weight: weight.map(str::to_owned), is_single })
    }

    /// The columns that a model takes: the features, and the rows' weight if they have one.
    pub fn weighted_columns(&self) -> Vec<Expr> {
        self.columns().into_iter().chain(self.weight()).collect()
    }

    pub fn weight(&self) -> Option<Expr> {
        self.weight.as_ref().map(|_| ident(WEIGHT))
    }

    /// The features.
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

    /// What holds the rows.
    pub fn holding(&self, impute: Impute, is_drawn_from: bool) -> Holding {
        Holding {
            keys: self.keys.len(),
            has_weights: self.weight.is_some(),
            is_single: self.is_single,
            only_complete: impute == Impute::Drop,
            is_drawn_from,
        }
    }

    /// Fits what fills and scales, in Spark's order (`Imputer`, `StandardScaler`). A row's weight has no say in it.
    ///
    /// # Errors
    /// When a mean is asked of a feature without a value, or values lie too far apart for a double, or weights are none.
    pub async fn fit(&self, prepared: Preparation) -> Result<FittedFeatures> {
        let impute = prepared.impute;
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
        if self.weight.is_some() {
            let broken = ident(WEIGHT).is_null().or(columns::finite(ident(WEIGHT))?.is_null());
            let broken = when(broken.or(ident(WEIGHT).lt(lit(0.0))), lit(1_i64)).end().map_err(engine)?;
            wanted.push(max(used(ident(WEIGHT))?).alias("heaviest"));
            let positive = when(ident(WEIGHT).gt(lit(0.0)), ident(WEIGHT)).end().map_err(engine)?;
            wanted.push(min(used(positive)?).alias("lightest"));
            wanted.push(count(used(broken)?).alias("broken"));
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
        let weights = match self.weight {
            None => Weights::default(),
            Some(_) => {
                let weight = |name: &str, none: f64| {
                    let found = totals[name].as_primitive::<Float64Type>();
                    if found.is_valid(0) { found.value(0) } else { none }
                };
                let (heaviest, lightest) = (weight("heaviest", 0.0), weight("lightest", f64::INFINITY));
                Weights { heaviest, lightest, broken: integer("broken") }
            }
        };
        self.fitted(moments, weights, rows, integer("rows") - rows, prepared)
    }

    /// The same, by what is known of the features of so many rows, as they came.
    ///
    /// # Errors
    /// As [`fit`](Features::fit).
    pub fn fitted(
        &self,
        moments: Vec<ExactMoments>,
        weights: Weights,
        rows: u64,
        rows_left_out: u64,
        prepared: Preparation,
    ) -> Result<FittedFeatures> {
        let Preparation { impute, scale, distance } = prepared;
        let by_direction = distance == DistanceMeasure::Cosine;
        let feature = |(name, moments): (&String, ExactMoments)| {
            let seen = FeatureColumn { rows, moments, is_single: self.is_single }.seen(name, impute, scale)?;
            // Of a row of length 1.
            Ok(if by_direction { Scaling { middle: 0.0, reach: 1.0, ..seen } } else { seen })
        };
        let features = self.names.iter().zip(moments).map(feature).collect::<Result<_>>()?;
        let heaviest = self.weight.as_ref().map(|name| heaviest(name, weights, rows, self.is_single)).transpose()?;
        let view = RowView { features, by_direction, is_single: self.is_single, heaviest };
        Ok(FittedFeatures { view, rows, rows_left_out })
    }
}

/// The greatest weight.
///
/// # Errors
/// When a row has none, or sums would not be of all of them.
fn heaviest(name: &str, weights: Weights, rows: u64, is_single: bool) -> Result<f64> {
    /// What weighs less beside another row is lost in the digits of its sums.
    const LEAST_SHARE: f64 = 1e-8;
    let Weights { heaviest, lightest, broken } = weights;
    let sizes = if is_single { 1e-20..=1e30 } else { 1e-100..=1e100 };
    if broken > 0 {
        let message =
            format!("{broken} of {rows} rows have a weight in `{name}` that is null, negative or no finite number");
        return Err(Error::failed(message).hint("leave such rows out in the query that makes the input"));
    }
    match heaviest {
        _ if rows == 0 => Ok(heaviest),
        0.0 => Err(Error::failed(format!("all weights in `{name}` are 0, so no row counts"))),
        _ if !sizes.contains(&heaviest) => {
            Err(Error::failed(format!("the weights in `{name}` are too far from 1: the greatest is {heaviest:e}"))
                .hint("only their ratios count: divide them in the query that makes the input"))
        }
        _ if lightest < heaviest * LEAST_SHARE => Err(Error::failed(format!(
            "the weights in `{name}` are too far apart: the least is {lightest:e}, the greatest {heaviest:e}"
        ))
        .hint("a weight below a hundred-millionth of the greatest counts for nothing: make it 0 in the query that makes the input")),
        _ => Ok(heaviest),
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
    is_single: bool,
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
        if self.is_single && low < high {
            // Of 24 binary digits these are for what numbers have in common.
            const SHARED: f64 = (1 << 14) as f64;
            let (largest, far) = (low.abs().max(high.abs()), reach + middle.abs());
            let is_said = (f64::from(f32::MIN_POSITIVE) * SHARED..f32::MAX.into()).contains(&largest);
            if !is_said || far > f32::MAX.into() || stddev * SHARED < mean.abs() {
                return Err(Error::failed(format!("the values of feature `{name}` need more digits than `precision: single` has"))
                    .hint("leave `precision` out, or subtract in the query that makes the input what the values have in common"));
            }
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

    fn asked<'a>(key: &'a [String], features: &'a [String]) -> FeatureColumns<'a> {
        FeatureColumns { key, features, weight: None, precision: Precision::Double }
    }

    fn prepared(impute: Impute, scale: Scale) -> Preparation {
        Preparation { impute, scale, distance: DistanceMeasure::Euclidean }
    }

    async fn fitted(impute: Impute, scale: Scale) -> Result<FittedFeatures> {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let (key, features) = (names(&["id"]), names(&["x", "same"]));
        Features::of(frame(), asked(&key, &features))?.fit(prepared(impute, scale)).await
    }

    #[tokio::test]
    async fn the_mean_fills_and_a_constant_is_zero() {
        let fitted = fitted(Impute::Mean, Scale::Standard(Deviation::Sample)).await.unwrap();
        // 3, 1, 3, 5: mean 3, squares 8, sample variance 8 / 3.
        let unit = (8.0_f64 / 3.0).sqrt();
        let x = &fitted.view.features[0];
        assert_eq!((x.fill, x.offset, x.middle), (Some(3.0), 3.0, 0.0));
        assert!((x.unit - unit).abs() < 1e-15 && (x.reach - 2.0 / unit).abs() < 1e-15);
        let same = &fitted.view.features[1];
        assert_eq!((same.offset, same.unit, same.scaled(0.1)), (0.1, 0.0, 0.0));
        assert_eq!((fitted.rows, fitted.rows_left_out), (4, 0));
    }

    #[tokio::test]
    async fn zeros_count_when_they_fill() {
        let x = fitted(Impute::Zero, Scale::Standard(Deviation::Sample)).await.unwrap().view.features.swap_remove(0);
        // 5, 0, 1, 3: mean 2.25, squares 14.75.
        assert_eq!((x.fill, x.offset), (Some(0.0), 2.25));
        assert!((x.unit - (14.75_f64 / 3.0).sqrt()).abs() < 1e-15);
        let x = self::fitted(Impute::Zero, Scale::Minmax).await.unwrap().view.features.swap_remove(0);
        assert_eq!((x.offset, x.unit), (0.0, 5.0));
        let whole = Scale::Standard(Deviation::Population);
        let x = self::fitted(Impute::Zero, whole).await.unwrap().view.features.swap_remove(0);
        assert!(x.offset == 2.25 && (x.unit - (14.75_f64 / 4.0).sqrt()).abs() < 1e-15);
    }

    #[tokio::test]
    async fn a_row_without_a_feature_is_left_out_with_its_key() {
        let fitted = fitted(Impute::Drop, Scale::Minmax).await.unwrap();
        assert_eq!((fitted.rows_left_out, fitted.rows), (1, 3));
        let x = &fitted.view.features[0];
        assert_eq!((x.scaled(1.0), x.scaled(3.0), x.scaled(5.0)), (0.0, 0.5, 1.0));
    }

    #[tokio::test]
    async fn units_hold_over_the_whole_range_of_doubles() {
        let name = ["x".to_owned()];
        let fit = async |numbers: Vec<f64>, scale, precision| {
            let columns: ArrayRef = Arc::new(Float64Array::from(numbers));
            let frame =
                SessionContext::new().read_batch(RecordBatch::try_from_iter([("x", columns)]).unwrap()).unwrap();
            let asked = FeatureColumns { precision, ..asked(&[], &name) };
            Features::of(frame, asked).unwrap().fit(prepared(Impute::Mean, scale)).await
        };
        for size in [1e300, 1e-300] {
            let x = &fit(vec![size, 3.0 * size], Scale::Standard(Deviation::Sample), Precision::Double)
                .await
                .unwrap()
                .view
                .features[0];
            let scaled = [x.scaled(size), x.scaled(3.0 * size)];
            assert!(scaled.iter().all(|x| (x.abs() - 0.5_f64.sqrt()).abs() < 1e-15), "{scaled:?}");
        }
        for scale in [Scale::Standard(Deviation::Population), Scale::Minmax] {
            let error = fit(vec![f64::MIN, f64::MAX], scale, Precision::Double).await.unwrap_err();
            assert_eq!(error.to_string(), "the values of feature `x` are too large to be scaled");
        }
        let standard = Scale::Standard(Deviation::Sample);
        assert!(fit(vec![1e9, 1e9 + 1e8], standard, Precision::Single).await.is_ok());
        for (numbers, scale) in
            [(vec![1e9, 1e9 + 1e3], standard), (vec![0.0, 1e37], Scale::None), (vec![1e9, 1e9 + 1e3], Scale::None)]
        {
            let found = fit(numbers.clone(), scale, Precision::Single).await.map_err(|error| error.to_string());
            let few = "the values of feature `x` need more digits than `precision: single` has";
            assert_eq!(found.err().as_deref(), (numbers[0] > 0.0).then_some(few), "{numbers:?}");
        }
    }

    #[tokio::test]
    async fn text_is_no_feature() {
        let error = Features::of(frame(), asked(&[], &["id".to_owned()])).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (Kind::Config, "feature `id` is not a number but `string`".into())
        );
    }
}
