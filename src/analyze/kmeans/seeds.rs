//! Where k-means begins: the first centres, and new ones for clusters that no row is near to.
//!
//! A table of at most 20,000 rows comes here whole, and linfa seeds and fits it (several runs, the best kept); so does a
//! sample of a larger one for random centres. Else candidates are drawn from all rows where they lie, by k-means‖.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::{Expr, ident, lit};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansError, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::weighted::{self, Point, squared};
use super::{aggregate, step};
use crate::analyze::columns::engine;
use crate::analyze::features::{Features, FittedFeatures, key_column};
use crate::engine::functions::kmeans::{self, Centres, ClusterTotals};
use crate::error::{Error, Result};
use crate::project::{Init, InitMethod, Kmeans};

/// Rows that linfa fits. More would hardly give better centres to begin from.
const IN_MEMORY: usize = 20_000;

/// Draws of k-means‖, of 2k rows each, as the paper has it.
const ROUNDS: u64 = 5;

/// k centres, scaled.
///
/// # Errors
/// A failure when linfa finds none.
pub async fn first_centres(features: &Features, fitted: &FittedFeatures, spec: &Kmeans) -> Result<Vec<Vec<f64>>> {
    let init = match &spec.init {
        Init::Centres(centres) => {
            let scaled = |centre: &Vec<f64>| fitted.features.iter().zip(centre).map(|(f, x)| f.scaled(*x)).collect();
            return Ok(centres.iter().map(scaled).collect());
        }
        Init::Method(method) => *method,
    };
    if fitted.rows > IN_MEMORY as u64 && init != InitMethod::Random {
        return parallel(features, fitted, spec).await;
    }
    let sample = sample(features, fitted, spec, IN_MEMORY).await?;
    let rows = Array2::from_shape_vec((sample.len(), spec.features.len()), sample.concat());
    let rows = rows.expect("every row has one value per feature");
    let spec = spec.clone();
    let fitted = tokio::task::spawn_blocking(move || fit(&rows, init, &spec)).await;
    fitted.unwrap_or_else(|error| Err(Error::failed("k-means broke off").because(error)))
}

/// k-means‖ over all rows (Bahmani et al., 2012): rounds of draws in which rows far from all candidates so far are likelier,
/// so that no row is too rare to be found; then k centres of the candidates, each of which weighs as much as the rows
/// that it is nearest to.
async fn parallel(features: &Features, fitted: &FittedFeatures, spec: &Kmeans) -> Result<Vec<Vec<f64>>> {
    let mut candidates = sample(features, fitted, spec, 1).await?;
    for round in 0..ROUNDS {
        let model = Centres::new(fitted.features.clone(), &candidates);
        let chance = [lit(spec.seed), lit(round)].into_iter().chain(identity(features)).collect();
        let draw = kmeans::draw_apart(&model, 2 * spec.k, kmeans::row_hash(chance), features.columns());
        let found = rows_of(&model, aggregate(features, draw).await?)?;
        if found.is_empty() {
            break;
        }
        candidates.extend(found);
    }
    let totals = step(features, &Centres::new(fitted.features.clone(), &candidates)).await?;
    let weights = totals.iter().map(|cluster| cluster.rows as f64);
    let points: Vec<Point> =
        candidates.into_iter().zip(weights).map(|(scaled, weight)| Point { scaled, weight }).collect();
    let (k, runs, seed) = (spec.k, spec.runs, spec.seed);
    let fitted = tokio::task::spawn_blocking(move || weighted::fit(&points, k, runs, seed)).await;
    fitted.map_err(|error| Error::failed("k-means broke off").because(error))
}

/// Puts the centres of clusters without rows where rows are far from every centre; whether there were any such rows.
pub async fn fill_empty(
    features: &Features,
    model: &Centres,
    totals: &[ClusterTotals],
    centres: &mut [Vec<f64>],
) -> Result<bool> {
    let empty: Vec<usize> = (0..totals.len()).filter(|&cluster| totals[cluster].rows == 0).collect();
    if empty.is_empty() {
        return Ok(false);
    }
    // The furthest rows may lie side by side: of a few more, each choice is the one that is furthest from those before.
    let far = kmeans::furthest(model, 2 * empty.len() + 16, features.columns());
    let far = rows_of(model, aggregate(features, far).await?)?;
    let mut apart: Vec<f64> = far.iter().map(|row| to_nearest(row, centres)).collect();
    for cluster in &empty {
        let furthest = (0..far.len()).max_by(|&a, &b| apart[a].total_cmp(&apart[b]).then(b.cmp(&a)));
        let Some(chosen) = furthest.filter(|&row| apart[row] > 0.0) else { break };
        centres[*cluster].clone_from(&far[chosen]);
        apart.iter_mut().zip(&far).for_each(|(apart, row)| *apart = apart.min(squared(row, &far[chosen])));
    }
    Ok(!far.is_empty())
}

fn to_nearest(row: &[f64], centres: &[Vec<f64>]) -> f64 {
    centres.iter().map(|centre| squared(row, centre)).fold(f64::INFINITY, f64::min)
}

fn rows_of(model: &Centres, found: ArrayRef) -> Result<Vec<Vec<f64>>> {
    kmeans::rows_apart(model, found.as_binary::<i32>().value(0)).map_err(engine)
}

/// What tells a row from all others.
fn identity(features: &Features) -> impl Iterator<Item = Expr> {
    (0..features.keys.len()).map(|index| ident(key_column(index))).chain(features.columns())
}

/// Scaled rows, the same ones in the same order however the table is spread.
async fn sample(features: &Features, fitted: &FittedFeatures, spec: &Kmeans, rows: usize) -> Result<Vec<Vec<f64>>> {
    let columns = features.columns();
    let hash = kmeans::row_hash(identity(features).collect()).alias("hash");
    let order = [ident("hash")].into_iter().chain(columns.iter().cloned()).map(|column| column.sort(true, true));
    let rows = features
        .complete(spec.impute)?
        .select(columns.iter().cloned().chain([hash]).collect::<Vec<_>>())
        .and_then(|rows| rows.sort(order.collect()))
        .and_then(|sorted| sorted.limit(0, Some(rows)))
        .map_err(engine)?;
    let mut sample = vec![];
    for batch in rows.collect().await.map_err(engine)? {
        let columns: Vec<_> =
            batch.columns()[..columns.len()].iter().map(|c| c.as_primitive::<Float64Type>()).collect();
        for row in 0..batch.num_rows() {
            let scaled = columns.iter().zip(&fitted.features).map(|(column, feature)| {
                let value = column.is_valid(row).then(|| column.value(row)).or(feature.fill);
                feature.scaled(value.expect("rows without it are left out"))
            });
            sample.push(scaled.collect());
        }
    }
    Ok(sample)
}

/// linfa's best centres of all runs.
fn fit(rows: &Array2<f64>, init: InitMethod, spec: &Kmeans) -> Result<Vec<Vec<f64>>> {
    let method = match init {
        InitMethod::Random => KMeansInit::Random,
        InitMethod::PlusPlus => KMeansInit::KMeansPlusPlus,
        InitMethod::Parallel => KMeansInit::KMeansPara,
    };
    // linfa's k-means|| draws from one generator per piece of work, and the pieces depend on the
    // threads there are; all else is the same for any number of them.
    let one_thread = init == InitMethod::Parallel;
    let model = KMeans::params_with_rng(spec.k, Xoshiro256Plus::seed_from_u64(spec.seed))
        .init_method(method)
        .n_runs(spec.runs)
        .max_n_iterations(spec.max_iterations)
        .tolerance(spec.tolerance);
    let rows = DatasetBase::from(rows.view());
    let fitted = if one_thread {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        pool.map_err(|error| Error::failed("no thread for k-means").because(error))?.install(|| model.fit(&rows))
    } else {
        model.fit(&rows)
    };
    match fitted {
        Ok(fitted) => Ok(fitted.centroids().rows().into_iter().map(|centre| centre.to_vec()).collect()),
        Err(error @ KMeansError::InertiaError) => Err(Error::failed("the features are too large for their squares")
            .hint("set `scale: standard`")
            .because(error)),
        Err(error) => Err(Error::failed("k-means failed").because(error)),
    }
}
