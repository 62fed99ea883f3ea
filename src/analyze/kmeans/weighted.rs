//! k-means over a few weighted points in memory: small tables whose rows have weights, and the last step of k-means‖, which looks
//! for k centres among the candidates that it has found over all rows.

use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Lloyd's steps of one run. All rows take theirs afterwards, from the best run's centres.
const STEPS: u64 = 30;

/// A row, scaled, and how often it counts; or a candidate, and what all rows weigh that it stands for.
#[derive(Debug, Clone)]
pub struct Point {
    pub scaled: Vec<f64>,
    pub weight: f64,
}

/// How the first centres are drawn among the points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DrawBy {
    /// By k-means++ (Arthur and Vassilvitskii, 2007): in proportion to weight and squared distance from those before.
    Distance,
    /// In proportion to weight.
    Weight,
}

/// The centres of least cost of several runs.
pub fn fit(points: &[Point], by: DrawBy, k: usize, runs: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = Xoshiro256Plus::seed_from_u64(seed);
    let fits = (0..runs).map(|_| settled(points, drawn(points, by, k, &mut random)));
    let best = fits.min_by(|a, b| a.cost.total_cmp(&b.cost));
    best.map(|fit| fit.centres).unwrap_or_default()
}

struct Fitted {
    centres: Vec<Vec<f64>>,
    cost: f64,
}

fn drawn(points: &[Point], by: DrawBy, k: usize, random: &mut Xoshiro256Plus) -> Vec<Vec<f64>> {
    let mut nearest: Vec<f64> = vec![1.0; points.len()];
    let mut centres: Vec<Vec<f64>> = vec![];
    while centres.len() < k {
        let share = |(point, nearest): (&Point, &f64)| point.weight * nearest;
        let total: f64 = points.iter().zip(&nearest).map(share).sum();
        let mut left = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * total;
        let drawn = points.iter().zip(&nearest).position(|pair| {
            left -= share(pair);
            left < 0.0
        });
        // What rounding leaves over falls to the last one.
        let Some(drawn) = drawn.or_else(|| points.len().checked_sub(1)) else { break };
        let centre = points[drawn].scaled.clone();
        for (point, nearest) in points.iter().zip(&mut nearest) {
            let apart = match by {
                DrawBy::Distance => squared(&point.scaled, &centre),
                // None twice.
                DrawBy::Weight => f64::from(*nearest > 0.0 && point.scaled != centre),
            };
            *nearest = if centres.is_empty() { apart } else { nearest.min(apart) };
        }
        centres.push(centre);
    }
    centres
}

/// Lloyd's steps until no point changes its centre.
fn settled(points: &[Point], mut centres: Vec<Vec<f64>>) -> Fitted {
    let mut before = vec![];
    for _ in 0..STEPS {
        let nearest: Vec<usize> = points.iter().map(|point| nearest(point, &centres).0).collect();
        if nearest == before {
            break;
        }
        let mut sums = vec![(0.0, vec![0.0; centres.first().map_or(0, Vec::len)]); centres.len()];
        for (point, &nearest) in points.iter().zip(&nearest) {
            let (weight, sum) = &mut sums[nearest];
            *weight += point.weight;
            sum.iter_mut().zip(&point.scaled).for_each(|(sum, x)| *sum += point.weight * x);
        }
        for (centre, (weight, sum)) in centres.iter_mut().zip(sums).filter(|(_, (weight, _))| *weight > 0.0) {
            *centre = sum.into_iter().map(|sum| sum / weight).collect();
        }
        before = nearest;
    }
    let cost = points.iter().map(|point| point.weight * nearest(point, &centres).1).sum();
    Fitted { centres, cost }
}

fn nearest(point: &Point, centres: &[Vec<f64>]) -> (usize, f64) {
    let apart = centres.iter().map(|centre| squared(&point.scaled, centre)).enumerate();
    apart.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

pub fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64, weight: f64) -> Point {
        Point { scaled: vec![x, y], weight }
    }

    #[test]
    fn a_heavy_point_weighs_and_a_far_one_is_found() {
        let points = [point(0.0, 0.0, 99.0), point(1.0, 0.0, 1.0), point(50.0, 50.0, 1.0)];
        let mut centres = fit(&points, DrawBy::Distance, 2, 5, 42);
        centres.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert_eq!(centres, [[0.01, 0.0], [50.0, 50.0]]);
        assert_eq!(fit(&points, DrawBy::Distance, 3, 1, 7).len(), 3);
        assert_eq!(fit(&points, DrawBy::Weight, 3, 1, 7).len(), 3);
        assert!(fit(&[], DrawBy::Distance, 3, 1, 7).is_empty());
    }
}
