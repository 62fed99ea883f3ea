//! Rows that come later, by a model's tables: which cluster each belongs to.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;

use super::super::columns::engine;
use super::super::features::{FeatureColumns, Features};
use super::{COSINE, SINGLE};
use crate::engine::functions::kmeans::{self, Centres, RowView, Scaling};
use crate::error::{Error, Result};
use crate::project::{DistanceMeasure, Kmeans, Precision};

/// What the tables `<model>_centers` and `<model>_metrics` say of a model: how a row is seen, and the centres.
#[derive(Debug, Clone)]
pub struct FittedModel {
    centres: Centres,
    pub distance: DistanceMeasure,
    pub precision: Precision,
    /// Rows of each cluster, and its centre in the features' own units.
    pub clusters: Vec<(i64, Vec<f64>)>,
    /// Name and value, as they stand in the table.
    pub metrics: Vec<(String, f64)>,
}

impl FittedModel {
    /// # Errors
    /// When the tables are not those of a model with these features.
    pub fn read(spec: &Kmeans, centers: &RecordBatch, metrics: &RecordBatch) -> Result<FittedModel> {
        let torn = || Error::failed(format!("the tables are not those of a model of `{}`", spec.features.join("`, `")));
        let names = metrics.column_by_name("metric").ok_or_else(torn)?;
        let names = cast(names, &DataType::Utf8).map_err(|error| engine(error.into()))?;
        let values =
            metrics.column_by_name("value").and_then(|it| it.as_primitive_opt::<Float64Type>()).ok_or_else(torn)?;
        let metrics: Vec<(String, f64)> = names
            .as_string::<i32>()
            .iter()
            .zip(values)
            .filter_map(|(name, value)| Some((name?.to_string(), value?)))
            .collect();
        let metric = |name: String| metrics.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let scaling = |name: &String| {
            Some(Scaling {
                fill: metric(format!("fill({name})")),
                offset: metric(format!("offset({name})"))?,
                unit: metric(format!("unit({name})"))?,
                // Only sums over all rows need these.
                middle: 0.0,
                reach: 0.0,
            })
        };
        let scalings: Vec<Scaling> = spec.features.iter().map(scaling).collect::<Option<_>>().ok_or_else(torn)?;

        let labels =
            centers.column_by_name("cluster").and_then(|it| it.as_primitive_opt::<Int32Type>()).ok_or_else(torn)?;
        let sizes =
            centers.column_by_name("size").and_then(|it| it.as_primitive_opt::<Int64Type>()).ok_or_else(torn)?;
        let column = |name: &String| centers.column_by_name(name).and_then(|it| it.as_primitive_opt::<Float64Type>());
        let columns = spec.features.iter().map(column).collect::<Option<Vec<_>>>().ok_or_else(torn)?;
        let mut order: Vec<usize> = (0..centers.num_rows()).collect();
        order.sort_by_key(|row| labels.value(*row));
        let centre = |row: usize| columns.iter().map(|column| column.value(row)).collect::<Vec<f64>>();
        let clusters: Vec<(i64, Vec<f64>)> = order.iter().map(|row| (sizes.value(*row), centre(*row))).collect();
        let seen = |centre: &Vec<f64>| centre.iter().zip(&scalings).map(|(value, it)| it.scaled(*value)).collect();
        let scaled: Vec<Vec<f64>> = clusters.iter().map(|(_, centre)| seen(centre)).collect();
        let view = RowView {
            features: scalings,
            by_direction: metric(COSINE.to_owned()).is_some(),
            is_single: metric(SINGLE.to_owned()).is_some(),
            heaviest: None,
        };
        let distance = if view.by_direction { DistanceMeasure::Cosine } else { DistanceMeasure::Euclidean };
        let precision = if view.is_single { Precision::Single } else { Precision::Double };
        Ok(FittedModel { distance, precision, centres: Centres::new(view, &scaled), clusters, metrics })
    }

    /// Each row's `cluster` and its `distance` from the centre, in the rows' order; null for one that lacks a feature for which
    /// nothing stands in, or has no direction where only that counts.
    pub fn score(&self, spec: &Kmeans, rows: DataFrame) -> Result<DataFrame> {
        let asked = FeatureColumns { key: &[], features: &spec.features, weight: None, precision: self.precision };
        let features = Features::of(rows, asked)?;
        let nearest = kmeans::nearest(&self.centres, features.columns()).alias("nearest");
        let found = ["cluster", "distance"].map(|name| ident("nearest").field(name).alias(name));
        features.rows.select(vec![nearest]).and_then(|rows| rows.select(found.to_vec())).map_err(engine)
    }
}
