//! Where k-means begins: the first centres, and new ones for clusters that no row is near to.
//!
//! A table of at most 20,000 rows comes here whole, and linfa seeds and fits it (several runs, the best kept); so does a
//! sample of a larger one for random centres. Else candidates are drawn from all rows where they lie, by k-means‖. linfa knows no
//! weights: rows that have some are fitted as k-means‖ fits its candidates.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansError, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::rows::ModelRows;
use super::weighted::{self, DrawBy, Point, squared};
use crate::analyze::features::FittedFeatures;
use crate::engine::functions::kmeans::{Centres, ClusterTotals, Lot, RowView};
use crate::error::{Error, Result};
use crate::project::{Init, InitMethod, Kmeans};

/// Rows that linfa fits. More would hardly give better centres to begin from.
const IN_MEMORY: usize = 20_000;

/// Draws of k-means‖, of 2k rows each, as the paper has it.
const ROUNDS: u64 = 5;

/// k centres, scaled.
///
/// # Errors
/// A failure when linfa finds none; a configuration error for a given centre without a direction where only that counts.
pub async fn first_centres(rows: &mut ModelRows, fitted: &FittedFeatures, spec: &Kmeans) -> Result<Vec<Vec<f64>>> {
    let init = match &spec.init {
        Init::Centres(centres) => return given(centres, &fitted.view),
        Init::Method(method) => *method,
    };
    if fitted.rows > IN_MEMORY as u64 && init != InitMethod::Random {
        let centres = parallel(rows, fitted, spec).await?;
        return Ok(shaped(&centres, &fitted.view));
    }
    let sample = rows.sample(fitted, IN_MEMORY).await?;
    let (features, spec, is_weighted) = (spec.features.len(), spec.clone(), fitted.view.heaviest.is_some());
    let found = tokio::task::spawn_blocking(move || {
        if is_weighted {
            let point = |row: Vec<f64>| Point { weight: row[features], scaled: row[..features].to_vec() };
            let points: Vec<Point> = sample.into_iter().map(point).collect();
            let by = if init == InitMethod::Random { DrawBy::Weight } else { DrawBy::Distance };
            return Ok(weighted::fit(&points, by, spec.k, spec.runs, spec.seed));
        }
        let rows = Array2::from_shape_vec((sample.len(), features), sample.concat());
        fit(&rows.expect("every row has one value per feature"), init, &spec)
    });
    let centres = found.await.map_err(|error| Error::failed("k-means broke off").because(error))??;
    Ok(shaped(&centres, &fitted.view))
}

/// In the features' own units.
fn given(centres: &[Vec<f64>], view: &RowView) -> Result<Vec<Vec<f64>>> {
    let scaled = |centre: &Vec<f64>| {
        let scaled: Vec<f64> = view.features.iter().zip(centre).map(|(feature, x)| feature.scaled(*x)).collect();
        view.shaped(&scaled).ok_or_else(|| {
            Error::config(format!("a centre of `init` has no direction: {centre:?} is 0 for the model"))
                .hint("with `distance: cosine` no centre lies where all scaled features are 0")
        })
    };
    centres.iter().map(scaled).collect()
}

/// Where only directions count, a mean of rows is not as long as they are. One without a direction is as good as any.
fn shaped(centres: &[Vec<f64>], view: &RowView) -> Vec<Vec<f64>> {
    let first = |centre: &Vec<f64>| (0..centre.len()).map(|feature| if feature == 0 { 1.0 } else { 0.0 }).collect();
    centres.iter().map(|centre| view.shaped(centre).unwrap_or_else(|| first(centre))).collect()
}

/// k-means‖ over all rows (Bahmani et al., 2012): rounds of draws in which rows far from all candidates so far are likelier,
/// so that no row is too rare to be found; then k centres of the candidates, each of which weighs as much as the rows
/// that it is nearest to.
async fn parallel(rows: &mut ModelRows, fitted: &FittedFeatures, spec: &Kmeans) -> Result<Vec<Vec<f64>>> {
    let mut candidates = rows.sample(fitted, 1).await?;
    candidates.iter_mut().for_each(|row| row.truncate(spec.features.len()));
    let mut first_new = 0;
    for round in 0..ROUNDS {
        let lot = Lot::new(spec.seed, round);
        let found = rows.draw_apart(fitted, &candidates, first_new, 2 * spec.k, lot).await?;
        if found.is_empty() {
            break;
        }
        first_new = candidates.len();
        candidates.extend(found);
    }
    let weights = rows.weigh(&Centres::new(fitted.view.clone(), &candidates)).await?;
    let point = |(scaled, weight)| Point { scaled, weight };
    let points: Vec<Point> = candidates.into_iter().zip(weights).map(point).collect();
    let (k, runs, seed) = (spec.k, spec.runs, spec.seed);
    let fitted = tokio::task::spawn_blocking(move || weighted::fit(&points, DrawBy::Distance, k, runs, seed)).await;
    fitted.map_err(|error| Error::failed("k-means broke off").because(error))
}

/// Puts the centres of clusters without rows where rows are far from every centre; whether there were any such rows.
pub async fn fill_empty(
    rows: &mut ModelRows,
    model: &Centres,
    totals: &[ClusterTotals],
    centres: &mut [Vec<f64>],
) -> Result<bool> {
    let empty: Vec<usize> = (0..totals.len()).filter(|&cluster| totals[cluster].weight == 0.0).collect();
    if empty.is_empty() {
        return Ok(false);
    }
    // The furthest rows may lie side by side: of a few more, each choice is the one that is furthest from those before.
    let far = rows.furthest(model, 2 * empty.len() + 16).await?;
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
        // It asks for one above 0.
        .tolerance(spec.tolerance.max(f64::MIN_POSITIVE));
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
