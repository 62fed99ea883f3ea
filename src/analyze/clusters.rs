//! Rows and the centres they are nearest to: Lloyd's step, and a numbering that is not chance's.

use std::cmp::Ordering;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

/// Centres (k × features, scaled), and the cluster and squared distance of each row.
pub struct Clusters {
    pub centres: Array2<f64>,
    pub of_row: Vec<usize>,
    pub squared: Vec<f64>,
    pub sizes: Vec<usize>,
}

/// Lloyd's steps until no row changes its cluster. linfa counts a cluster's old centre as one more
/// of its rows (m_k-means), which ends a little off the mean.
pub fn settle(values: ArrayView2<f64>, centres: Array2<f64>, max_iterations: u64) -> Clusters {
    let mut clusters = assign(values, centres);
    for _ in 0..max_iterations {
        let mut means = Array2::zeros(clusters.centres.dim());
        for (row, &cluster) in values.rows().into_iter().zip(&clusters.of_row) {
            let mut sum = means.row_mut(cluster);
            sum += &row;
        }
        for (cluster, mut mean) in means.rows_mut().into_iter().enumerate() {
            match clusters.sizes[cluster] {
                0 => mean.assign(&clusters.centres.row(cluster)),
                size => mean /= size as f64,
            }
        }
        let before = std::mem::take(&mut clusters.of_row);
        clusters = assign(values, means);
        if clusters.of_row == before {
            break;
        }
    }
    clusters
}

/// Each row to the nearest centre, the first of equally near ones.
fn assign(values: ArrayView2<f64>, centres: Array2<f64>) -> Clusters {
    let distance = |row: ArrayView1<f64>, centre: ArrayView1<f64>| -> f64 {
        row.iter().zip(centre).map(|(x, c)| (x - c).powi(2)).sum()
    };
    let mut clusters = Clusters { of_row: vec![], squared: vec![], sizes: vec![0; centres.nrows()], centres };
    for row in values.rows() {
        let distances = clusters.centres.rows().into_iter().map(|centre| distance(row, centre));
        let nearest = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        let (cluster, squared) = nearest.expect("k is at least 1");
        clusters.of_row.push(cluster);
        clusters.squared.push(squared);
        clusters.sizes[cluster] += 1;
    }
    clusters
}

impl Clusters {
    /// Numbered by size, largest first, then by centre: the order says nothing about chance.
    pub fn in_order(self) -> Clusters {
        let mut order: Vec<usize> = (0..self.sizes.len()).collect();
        order.sort_by(|&a, &b| {
            let by_size = self.sizes[b].cmp(&self.sizes[a]);
            by_size.then_with(|| {
                let pairs = self.centres.row(a).into_iter().zip(self.centres.row(b));
                pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
        });
        let mut number = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            number[old] = new;
        }
        Clusters {
            centres: self.centres.select(Axis(0), &order),
            of_row: self.of_row.iter().map(|&old| number[old]).collect(),
            squared: self.squared,
            sizes: order.iter().map(|&old| self.sizes[old]).collect(),
        }
    }
}
