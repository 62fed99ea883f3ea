//! Steps that look at some rows each, where a table is too large to be looked at again and again (Sculley, 2010).
//!
//! One pass over the table draws the rows of all steps: by their hashes, so that they are the same ones in the same order on any
//! number of threads and machines. A centre is the mean of all rows that ever came to it, as in scikit-learn's `MiniBatchKMeans`, and
//! so moves less with each step. In the end all rows find their centres.

use super::rows::ModelRows;
use super::weighted::squared;
use super::{Settled, fill_all};
use crate::analyze::features::FittedFeatures;
use crate::engine::functions::kmeans::{Centres, RowView};
use crate::error::{Error, Result};
use crate::project::Kmeans;

/// Steps of `batch` rows each, from these centres. When all drawn rows were looked at, it begins with the first ones again.
pub async fn settle(
    rows: &mut ModelRows,
    fitted: &FittedFeatures,
    centres: Vec<Vec<f64>>,
    batch: usize,
    spec: &Kmeans,
) -> Result<Settled> {
    let drawn = rows.sample(fitted, batch.saturating_mul(spec.max_iterations as usize)).await?;
    let steps = BatchSteps { view: fitted.view.clone(), weights: vec![0.0; centres.len()], centres, costs: vec![] };
    let (most, tolerance) = (spec.max_iterations, spec.tolerance);
    let done = tokio::task::spawn_blocking(move || steps.taken(&drawn, batch, most, tolerance));
    let BatchSteps { view, centres, costs, .. } =
        done.await.map_err(|error| Error::failed("k-means broke off").because(error))?;
    let model = Centres::new(view, &centres);
    let totals = rows.step(&model).await?;
    fill_all(rows, Settled { model, totals, costs }, spec).await
}

struct BatchSteps {
    view: RowView,
    centres: Vec<Vec<f64>>,
    /// Of all rows that came to a centre so far.
    weights: Vec<f64>,
    /// Of each step: what its rows cost before it.
    costs: Vec<f64>,
}

impl BatchSteps {
    fn taken(mut self, drawn: &[Vec<f64>], batch: usize, most: u64, tolerance: f64) -> BatchSteps {
        let mut next = drawn.iter().cycle();
        for _ in 0..most {
            let rows: Vec<&[f64]> = next.by_ref().take(batch.min(drawn.len())).map(Vec::as_slice).collect();
            if self.step(&rows) <= tolerance {
                break;
            }
        }
        self
    }

    /// How far the furthest centre moved.
    fn step(&mut self, rows: &[&[f64]]) -> f64 {
        let features = self.view.features.len();
        let mut sums = vec![vec![0.0; features]; self.centres.len()];
        let (mut weights, mut cost) = (vec![0.0; self.centres.len()], 0.0);
        for row in rows {
            let (row, weight) = (&row[..features], row.get(features).copied().unwrap_or(1.0));
            let apart = self.centres.iter().map(|centre| squared(row, centre)).enumerate();
            let (cluster, apart) = apart.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
            sums[cluster].iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
            weights[cluster] += weight;
            cost += weight * apart;
        }
        self.costs.push(self.view.cost(cost));
        let mut furthest: f64 = 0.0;
        for (cluster, centre) in self.centres.iter_mut().enumerate().filter(|(cluster, _)| weights[*cluster] > 0.0) {
            let (before, all) = (self.weights[cluster], self.weights[cluster] + weights[cluster]);
            let mean = |(x, sum): (&f64, &f64)| (x * before + sum) / all;
            let mean: Vec<f64> = centre.iter().zip(&sums[cluster]).map(mean).collect();
            let moved = self.view.shaped(&mean).unwrap_or_else(|| centre.clone());
            furthest = furthest.max(self.view.distance(squared(centre, &moved)));
            (*centre, self.weights[cluster]) = (moved, all);
        }
        furthest
    }
}
