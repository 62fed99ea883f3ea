//! The silhouette `silhouette_spark`: how much nearer rows are to their own cluster than to the next.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// The mean silhouette with the squared euclidean distance, as Spark's `ClusteringEvaluator` defines
/// it, in time and not squared time of the number of rows.
///
/// For a row x and a cluster Γ of N rows c, the mean of ‖x − c‖² over Γ is
/// ‖x‖² + (Σ‖c‖²)/N − 2·x·(Σc)/N, so two sums per cluster are enough
/// (`SquaredEuclideanSilhouette` in `org.apache.spark.ml.evaluation.ClusteringMetrics`). With a the
/// mean distance to the other rows of x's own cluster (hence · N/(N − 1)) and b the least mean
/// distance to another cluster, a row's silhouette is (b − a) / max(a, b); 0 when it is alone.
///
/// `values` is rows × features, `clusters` each row's cluster. `None` with fewer than two clusters
/// that have rows, where it has no meaning.
pub fn silhouette(values: ArrayView2<f64>, clusters: &[usize]) -> Option<f64> {
    let k = clusters.iter().max()? + 1;
    // Distances don't change when everything moves; near the origin the sums lose the fewest bits.
    let middle = values.mean_axis(Axis(0))?;
    let centred = |row: ArrayView1<f64>| -> Array1<f64> { &row - &middle };

    let mut sizes = vec![0.0; k];
    let mut sums = Array2::<f64>::zeros((k, values.ncols()));
    let mut square_sums = vec![0.0; k];
    for (row, &cluster) in values.rows().into_iter().zip(clusters) {
        let row = centred(row);
        sizes[cluster] += 1.0;
        square_sums[cluster] += row.dot(&row);
        let mut sum = sums.row_mut(cluster);
        sum += &row;
    }
    if sizes.iter().filter(|&&size| size > 0.0).count() < 2 {
        return None;
    }

    let mut total = 0.0;
    for (row, &own) in values.rows().into_iter().zip(clusters) {
        let row = centred(row);
        let square = row.dot(&row);
        let distance = |cluster: usize| {
            let mean = square + (square_sums[cluster] - 2.0 * row.dot(&sums.row(cluster))) / sizes[cluster];
            mean.max(0.0)
        };
        let others = (0..k).filter(|&cluster| cluster != own && sizes[cluster] > 0.0);
        let next = others.map(distance).fold(f64::INFINITY, f64::min);
        let within = if sizes[own] > 1.0 { distance(own) * sizes[own] / (sizes[own] - 1.0) } else { continue };
        let larger = within.max(next);
        total += if larger > 0.0 { (next - within) / larger } else { 0.0 };
    }
    Some(total / values.nrows() as f64)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::silhouette;

    /// By the definition: every pair of rows.
    fn by_pairs(values: &Array2<f64>, clusters: &[usize]) -> f64 {
        let rows = values.nrows();
        let square = |i: usize, j: usize| (&values.row(i) - &values.row(j)).mapv(|x| x * x).sum();
        let mean = |i: usize, cluster: usize| {
            let members: Vec<_> = (0..rows).filter(|&j| clusters[j] == cluster && j != i).collect();
            members.iter().map(|&j| square(i, j)).sum::<f64>() / members.len() as f64
        };
        let of_row = |i: usize| {
            if clusters.iter().filter(|&&cluster| cluster == clusters[i]).count() == 1 {
                return 0.0;
            }
            let a = mean(i, clusters[i]);
            let others = clusters.iter().filter(|&&cluster| cluster != clusters[i]);
            let b = others.map(|&cluster| mean(i, cluster)).fold(f64::INFINITY, f64::min);
            (b - a) / a.max(b)
        };
        (0..rows).map(of_row).sum::<f64>() / rows as f64
    }

    #[test]
    fn equals_the_definition_over_all_pairs() {
        let values = array![[1.0, 2.0], [1.5, 1.8], [5.0, 8.0], [8.0, 8.0], [1.0, 0.6], [9.0, 11.0], [4.0, 4.0]];
        for clusters in [[0, 0, 1, 1, 0, 1, 2], [0, 1, 0, 1, 0, 1, 0], [2, 2, 0, 0, 2, 0, 0]] {
            let expected = by_pairs(&values, &clusters);
            assert!((silhouette(values.view(), &clusters).unwrap() - expected).abs() < 1e-12);
            // Far from the origin, where the sums alone would have lost all digits.
            let far = &values + 1e6;
            assert!((silhouette(far.view(), &clusters).unwrap() - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn one_cluster_has_none() {
        assert_eq!(silhouette(array![[1.0], [2.0]].view(), &[1, 1]), None);
    }
}
