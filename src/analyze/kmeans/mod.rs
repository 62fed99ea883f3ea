//! `kmeans`: rows in k groups around their means.
//!
//! From [the first centres](self::seeds) Lloyd's steps go over all rows, wherever they lie, and clusters get numbers that
//! do not depend on chance: largest first. On workers no step brings rows here; see [`crate::engine::functions::kmeans`].

mod mini_batch;
mod rows;
pub mod score;
mod seeds;
mod weighted;

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::DataFrame;

use super::columns::engine;
use super::features::{FeatureColumns, Features, FittedFeatures};
use crate::engine::functions::kmeans::{Centres, ClusterTotals, Clustering, Measured, Scaling};
use crate::error::{Error, Result};
use crate::project::{Init, Kmeans};
use rows::ModelRows;
use weighted::squared;

/// Metrics that tell, by 1, how later rows are scored.
const COSINE: &str = "distance_cosine";
const SINGLE: &str = "precision_single";

/// The tables of a model.
#[derive(Debug)]
pub struct KmeansTables {
    /// Key columns, `cluster` (int), `distance` (double, between scaled features: euclidean, or 1 − cos); lazily.
    pub assignments: DataFrame,
    /// `cluster` (int), `size` (bigint), and one double per feature, in the feature's own units.
    /// A given centre that no row is near to keeps its place, with size 0.
    pub centers: RecordBatch,
    /// `metric` (string), `value` (double): `k`, `rows`, `rows_left_out`, `iterations`, `cost` (sum of squared
    /// distances, or of 1 − cos), `weight` (of all rows, where they have one), `cost(i)` (before the i-th step, of its rows), `silhouette_spark` (not for a single cluster), and what scores a later row: for
    /// every feature `fill(x)`, `offset(x)`, `unit(x)`, see [`Scaling`], and `distance_cosine` and `precision_single`, where it is so.
    pub metrics: RecordBatch,
}

/// Groups the rows of `input` that have a feature for everything `spec` asks.
///
/// The steps end when no centre moves further than `spec.tolerance` (scaled, as Spark's `epsilon`), or after
/// `spec.max_iterations` of them.
///
/// # Errors
/// A configuration error when names, types or given centres do not fit the input; a failure when
/// it has fewer different rows than clusters.
pub async fn kmeans(input: DataFrame, spec: &Kmeans) -> Result<KmeansTables> {
    check(spec)?;
    let features = Features::of(input, columns(spec))?;
    let is_drawn_from = matches!(spec.init, Init::Method(_)) || spec.mini_batch.is_some();
    let mut rows = ModelRows::read(features, spec.impute, is_drawn_from).await?;
    let fitted = rows.fit(spec).await?;
    rows::check_enough(&mut rows, &fitted, spec).await?;
    check_range(&fitted, &[])?;
    let centres = seeds::first_centres(&mut rows, &fitted, spec).await?;
    // Given ones may lie anywhere.
    check_range(&fitted, &centres)?;
    let settled = match spec.mini_batch {
        Some(batch) => mini_batch::settle(&mut rows, &fitted, centres, batch, spec).await?,
        None => settle(&mut rows, Centres::new(fitted.view.clone(), &centres), spec).await?,
    };
    // From here on the clusters have the numbers that they have in the tables.
    let settled = in_order(&mut rows, settled).await?;
    let measured = rows.measure(Clustering::new(&settled.model, &settled.totals)).await?;
    tables(rows, &fitted, &settled, measured)
}

/// The model's tables for an input without rows: what they would be like, and whether `spec` fits the input.
pub async fn unfitted(input: DataFrame, spec: &Kmeans) -> Result<KmeansTables> {
    check(spec)?;
    let features = Features::of(input, columns(spec))?;
    let mut rows = ModelRows::where_they_lie(features, spec.impute);
    let fitted = rows.fit(spec).await?;
    let model = Centres::new(fitted.view.clone(), &vec![vec![0.0; spec.features.len()]; spec.k]);
    let totals = rows.step(&model).await?;
    let measured = Measured { cost: 0.0, silhouette: None };
    tables(rows, &fitted, &Settled { model, totals, costs: vec![] }, measured)
}

fn columns(spec: &Kmeans) -> FeatureColumns<'_> {
    let Kmeans { key, features, weight, precision, .. } = spec;
    FeatureColumns { key, features, weight: weight.as_deref(), precision: *precision }
}

fn check(spec: &Kmeans) -> Result<()> {
    let twice = |names: &[String], taken: &[&str]| {
        let mut seen: HashSet<String> = taken.iter().map(|&name| name.to_owned()).collect();
        names.iter().find(|name| !seen.insert(name.to_lowercase())).cloned()
    };
    if let Some(name) = twice(&spec.key, &["cluster", "distance"]) {
        let message = format!("key `{name}` would be a second column of that name in the assignments");
        return Err(Error::config(message).about(name));
    }
    if let Some(name) = twice(&spec.features, &["cluster", "size"]) {
        let message = format!("feature `{name}` would be a second column of that name in the centres");
        return Err(Error::config(message).about(name));
    }
    let Init::Centres(centres) = &spec.init else { return Ok(()) };
    if centres.len() != spec.k || centres.iter().any(|centre| centre.len() != spec.features.len()) {
        return Err(Error::config(format!(
            "`init` must give {} centres of {} values each, one per feature",
            spec.k,
            spec.features.len()
        )));
    }
    Ok(())
}

/// Whether the squares of all distances are doubles, and not all of them 0.
///
/// # Errors
/// Only without a scale: what is scaled lies near 1.
fn check_range(fitted: &FittedFeatures, centres: &[Vec<f64>]) -> Result<()> {
    let furthest = |(index, feature): (usize, &Scaling)| {
        let from_middle = |centre: &Vec<f64>| (centre[index] - feature.middle).abs();
        // A mean lies among the rows.
        feature.reach + centres.iter().map(from_middle).fold(feature.reach, f64::max)
    };
    let features = &fitted.view.features;
    let squared: f64 = features.iter().enumerate().map(furthest).map(|far| far * far).sum();
    // All rows are the same one, and so is its centre.
    if squared == 0.0 && features.iter().all(|feature| feature.reach == 0.0) {
        return Ok(());
    }
    let heaviest = fitted.view.heaviest.unwrap_or(1.0);
    // A sum of 10⁹ of them is a double, too.
    let fits = |squared: f64| (1e-280..1e299).contains(&squared);
    if fits(squared) && fits(squared * heaviest) {
        return Ok(());
    }
    let too = if squared.min(squared * heaviest) < 1.0 { "small" } else { "large" };
    let with = if fits(squared) { " beside such weights" } else { "" };
    Err(Error::failed(format!("the features are too {too} for their squares{with}")).hint("set `scale: standard`"))
}

/// Where Lloyd's steps came to.
struct Settled {
    model: Centres,
    /// What the last step found.
    totals: Vec<ClusterTotals>,
    /// Before each step: the sum of the squared distances.
    costs: Vec<f64>,
}

/// Lloyd's steps over all rows. A cluster that no row is near to begins anew at a row that is far from every centre; given
/// centres keep their places.
async fn settle(rows: &mut ModelRows, mut model: Centres, spec: &Kmeans) -> Result<Settled> {
    let fills_empty = matches!(spec.init, Init::Method(_));
    let mut totals = rows.step(&model).await?;
    let mut costs = vec![];
    for _ in 0..spec.max_iterations {
        costs.push(cost(&model, &totals));
        let before = model.centres();
        let mean = |(totals, before): (&ClusterTotals, &&[f64])| {
            let mean = |weight| totals.sums.iter().map(|sum| sum / weight).collect::<Vec<f64>>();
            let mean = (totals.weight > 0.0).then(|| mean(totals.weight));
            // Where only directions count, a mean may have none.
            mean.and_then(|mean| model.view.shaped(&mean)).unwrap_or_else(|| before.to_vec())
        };
        let mut centres: Vec<Vec<f64>> = totals.iter().zip(&before).map(mean).collect();
        if fills_empty {
            seeds::fill_empty(rows, &model, &totals, &mut centres).await?;
        }
        let moved = before.iter().zip(&centres).map(|(before, centre)| model.view.distance(squared(before, centre)));
        let furthest = moved.fold(0.0, f64::max);
        model = Centres::new(model.view, &centres);
        totals = rows.step(&model).await?;
        if furthest <= spec.tolerance {
            break;
        }
    }
    fill_all(rows, Settled { model, totals, costs }, spec).await
}

/// The last step may have left a cluster empty. Each new place lowers the cost, so this comes to an end.
async fn fill_all(rows: &mut ModelRows, settled: Settled, spec: &Kmeans) -> Result<Settled> {
    let Settled { mut model, mut totals, costs } = settled;
    let fills_empty = matches!(spec.init, Init::Method(_));
    while fills_empty && totals.iter().any(|cluster| cluster.weight == 0.0) {
        let mut centres: Vec<Vec<f64>> = model.centres().into_iter().map(<[f64]>::to_vec).collect();
        if !seeds::fill_empty(rows, &model, &totals, &mut centres).await? {
            break;
        }
        model = Centres::new(model.view, &centres);
        totals = rows.step(&model).await?;
    }
    Ok(Settled { model, totals, costs })
}

/// What the rows cost by what is known of the clusters: Σ‖x − c‖² = Σ‖x‖² − 2·c·Σx + n·‖c‖², from the middle.
fn cost(model: &Centres, totals: &[ClusterTotals]) -> f64 {
    let of_cluster = |(totals, centre): (&ClusterTotals, &[f64])| {
        let weight = totals.weight;
        let features = totals.sums.iter().zip(centre).zip(&model.view.features).map(|((sum, centre), feature)| {
            let (sum, centre) = (sum - weight * feature.middle, centre - feature.middle);
            centre * (weight * centre - 2.0 * sum)
        });
        (totals.squares + features.sum::<f64>()).max(0.0)
    };
    model.view.cost(totals.iter().zip(model.centres()).map(of_cluster).sum())
}

/// Numbered by size, largest first, then by centre: the order says nothing about chance.
async fn in_order(rows: &mut ModelRows, settled: Settled) -> Result<Settled> {
    let Settled { model, totals, costs } = settled;
    let before = model.centres();
    let mut order: Vec<usize> = (0..totals.len()).collect();
    order.sort_by(|&a, &b| {
        let by_size = totals[b].rows.cmp(&totals[a].rows);
        by_size.then_with(|| {
            let pairs = before[a].iter().zip(before[b]);
            pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    });
    let centres: Vec<Vec<f64>> = order.iter().map(|&cluster| before[cluster].to_vec()).collect();
    let totals = order.iter().map(|&cluster| totals[cluster].clone()).collect();
    let model = Centres::new(model.view.clone(), &centres);
    rows.renumber(order).await?;
    Ok(Settled { model, totals, costs })
}

fn tables(rows: ModelRows, fitted: &FittedFeatures, settled: &Settled, measured: Measured) -> Result<KmeansTables> {
    let Settled { model, totals, costs } = settled;
    let names = rows.features.names.clone();
    let assignments = rows.assignments(model)?;
    let k = totals.len();
    let sizes: ArrayRef = Arc::new(Int64Array::from_iter_values(totals.iter().map(|cluster| cluster.rows as i64)));
    let mut centers = vec![int("cluster", 0..k), (Field::new("size", DataType::Int64, false), sizes)];
    for (index, (name, feature)) in names.iter().zip(&fitted.view.features).enumerate() {
        let values = model.centres().into_iter().map(|centre| feature.unscaled(centre[index]));
        centers.push(double(name, values));
    }

    let mut metrics = vec![
        ("k".to_owned(), k as f64),
        ("rows".to_owned(), fitted.rows as f64),
        ("rows_left_out".to_owned(), fitted.rows_left_out as f64),
        ("iterations".to_owned(), costs.len() as f64),
        ("cost".to_owned(), measured.cost),
    ];
    for (name, holds) in [(COSINE, fitted.view.by_direction), (SINGLE, fitted.view.is_single)] {
        metrics.extend(holds.then(|| (name.to_owned(), 1.0)));
    }
    if fitted.view.heaviest.is_some() {
        metrics.push(("weight".to_owned(), totals.iter().map(|cluster| cluster.weight).sum()));
    }
    metrics.extend(measured.silhouette.map(|value| ("silhouette_spark".to_owned(), value)));
    metrics.extend((1..).zip(costs).map(|(step, cost): (usize, _)| (format!("cost({step})"), *cost)));
    for (name, feature) in names.iter().zip(&fitted.view.features) {
        metrics.extend(feature.fill.map(|fill| (format!("fill({name})"), fill)));
        metrics.push((format!("offset({name})"), feature.offset));
        metrics.push((format!("unit({name})"), feature.unit));
    }
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(metrics.iter().map(|(name, _)| name)));
    let metrics = [
        (Field::new("metric", DataType::Utf8, false), names),
        double("value", metrics.iter().map(|&(_, value)| value)),
    ];
    Ok(KmeansTables { assignments, centers: table(centers)?, metrics: table(metrics)? })
}

fn int(name: &str, values: impl Iterator<Item = usize>) -> (Field, ArrayRef) {
    (Field::new(name, DataType::Int32, false), Arc::new(Int32Array::from_iter_values(values.map(|value| value as i32))))
}

fn double(name: &str, values: impl Iterator<Item = f64>) -> (Field, ArrayRef) {
    (Field::new(name, DataType::Float64, false), Arc::new(Float64Array::from_iter_values(values)))
}

fn table(columns: impl IntoIterator<Item = (Field, ArrayRef)>) -> Result<RecordBatch> {
    let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| engine(error.into()))
}

#[cfg(test)]
mod tests;
