//! How good a clustering is, as an aggregate over its rows: its cost and its silhouette, in one pass.

#![allow(clippy::needless_range_loop, reason = "as in the kernel")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::exact::Grid;
use super::instructions::{Work, by_best};
use super::model::{Centres, EightBytes};
use super::registers::LANES;
use super::step::ClusterTotals;
use super::{argument, bytes_of, first_literal};

pub(super) const NAME: &str = "kmeans_measure";

/// The aggregate over the features, as doubles, and the weights, if there are some, that [`Measured::decode`] reads.
///
/// The silhouette is the mean one with the squared euclidean distance, as Spark's `ClusteringEvaluator` defines it, in time
/// and not squared time of the number of rows.
///
/// For a row x and a cluster Γ of N rows c, the mean of ‖x − c‖² over Γ is ‖x‖² + (Σ‖c‖²)/N − 2·x·(Σc)/N, so two sums
/// per cluster are enough (`SquaredEuclideanSilhouette` in `org.apache.spark.ml.evaluation.ClusteringMetrics`). With a
/// the mean distance to the other rows of x's own cluster (hence · N/(N − 1)) and b the least mean distance to another
/// cluster, a row's silhouette is (b − a) / max(a, b); 0 when it is alone. A row of weight w counts w times, in the means and
/// in the mean of the silhouettes: N is the sum of the weights, and N/(N − w) stands in place of N/(N − 1).
///
/// Of directions, rows of length 1, the squared distance is twice 1 − cos: the silhouette is that of Spark's `CosineSilhouette`.
pub fn measure(of: &Clustering, columns: Vec<Expr>) -> Expr {
    let of = argument(of.encode());
    AggregateUDF::new_from_impl(Measure::default()).call([vec![of], columns].concat())
}

/// How good a clustering is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The sum of the squared distances; of directions, of 1 − cos. Each as often as the row counts.
    pub cost: f64,
    /// None without rows, and with fewer than two clusters that have rows, where it has no meaning.
    pub silhouette: Option<f64>,
}

impl Measured {
    /// What [`measure`] gave.
    pub fn decode(of: &Clustering, bytes: &[u8]) -> Result<Measured> {
        let mut sums = MeasureSums::new(of);
        sums.add(bytes).ok_or_else(torn)?;
        Ok(sums.measured(of))
    }
}

/// A clustering, as a row's silhouette needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    pub(super) model: Centres,
    /// In the order of the model's clusters.
    clusters: Vec<PointCluster>,
}

/// Distances don't change when everything moves; near the origin the sums lose the fewest bits, so all is taken from
/// the middle of the rows.
#[derive(Debug, Clone, PartialEq)]
struct PointCluster {
    /// Of all its rows.
    weight: f64,
    mean: Vec<f64>,
    /// The mean of the squared distances from the middle.
    spread: f64,
}

impl Clustering {
    /// Of the clusters that a step with `model` found.
    pub fn new(model: &Centres, totals: &[ClusterTotals]) -> Clustering {
        let cluster = |totals: &ClusterTotals| {
            let weight = totals.weight;
            let from_middle = |(sum, feature): (&f64, &super::Scaling)| match weight {
                0.0 => 0.0,
                _ => sum / weight - feature.middle,
            };
            let mean = totals.sums.iter().zip(&model.view.features).map(from_middle).collect();
            let spread = if weight == 0.0 { 0.0 } else { totals.squares / weight };
            PointCluster { weight, mean, spread }
        };
        Clustering { model: model.clone(), clusters: totals.iter().map(cluster).collect() }
    }

    fn has_silhouette(&self) -> bool {
        self.clusters.iter().filter(|cluster| cluster.weight > 0.0).count() >= 2
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.model.encode();
        for cluster in &self.clusters {
            let numbers = [cluster.weight, cluster.spread].into_iter().chain(cluster.mean.iter().copied());
            numbers.for_each(|number| bytes.extend(number.to_le_bytes()));
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Clustering> {
        let mut words = EightBytes(bytes);
        let mut read = || {
            let model = words.model()?;
            let features = model.view.features.len();
            let cluster = |words: &mut EightBytes| {
                let (weight, spread) = (words.number()?, words.number()?);
                Some(PointCluster { weight, mean: words.numbers(features)?, spread })
            };
            let clusters = (0..model.clusters()).map(|_| cluster(&mut words)).collect::<Option<_>>()?;
            Some(Clustering { model, clusters })
        };
        read().ok_or_else(|| internal_datafusion_err!("a torn clustering"))
    }
}

fn torn() -> datafusion::error::DataFusionError {
    internal_datafusion_err!("a torn state of `{NAME}`")
}

/// Of a tile's rows, which belong to these clusters.
struct TileSilhouettes<'a> {
    of: &'a Clustering,
    tile: &'a [[f64; LANES]],
    labels: &'a [usize; LANES],
}

impl Work for TileSilhouettes<'_> {
    type Done = [f64; LANES];

    #[inline(always)]
    fn done(self) -> [f64; LANES] {
        let TileSilhouettes { of, tile, labels } = self;
        let features = &of.model.view.features;
        let mut squares = [0.0; LANES];
        for feature in 0..features.len() {
            for lane in 0..LANES {
                let x = tile[feature][lane] - features[feature].middle;
                squares[lane] += x * x;
            }
        }
        let (mut within, mut next) = ([0.0; LANES], [f64::INFINITY; LANES]);
        for (label, cluster) in of.clusters.iter().enumerate() {
            if cluster.weight == 0.0 {
                continue;
            }
            let mut products = [0.0; LANES];
            for feature in 0..features.len() {
                for lane in 0..LANES {
                    products[lane] += (tile[feature][lane] - features[feature].middle) * cluster.mean[feature];
                }
            }
            for lane in 0..LANES {
                let far = squares[lane] + cluster.spread - 2.0 * products[lane];
                let far = if far > 0.0 { far } else { 0.0 };
                let is_own = labels[lane] == label;
                within[lane] = if is_own { far } else { within[lane] };
                next[lane] = if !is_own && far < next[lane] { far } else { next[lane] };
            }
        }
        let mut silhouettes = [0.0; LANES];
        for lane in 0..LANES {
            let (all, own) = (of.clusters[labels[lane]].weight, of.model.view.weight(tile, lane));
            let within = within[lane] * all / (all - own);
            let larger = if next[lane] > within { next[lane] } else { within };
            silhouettes[lane] = if all > own && larger > 0.0 { (next[lane] - within) / larger } else { 0.0 };
        }
        silhouettes
    }
}

/// What is summed up, in any order.
#[derive(Debug, Clone)]
pub(super) struct MeasureSums {
    squared: Grid,
    /// Of the weights, and of the silhouettes times them.
    weights: Grid,
    has_silhouette: bool,
    weight: i128,
    cost: i128,
    silhouette: i128,
}

impl MeasureSums {
    pub(super) fn new(of: &Clustering) -> MeasureSums {
        let (squared, has_silhouette) = (of.model.squared_grid(), of.has_silhouette());
        // A silhouette lies between −1 and 1.
        let weights = of.model.weight_grid();
        MeasureSums { squared, weights, has_silhouette, weight: 0, cost: 0, silhouette: 0 }
    }

    /// The members of a tile, which belong to these clusters at these squared distances.
    pub(super) fn look(
        &mut self,
        of: &Clustering,
        tile: &[[f64; LANES]],
        labels: &[usize; LANES],
        squared: &[f64; LANES],
        members: impl Iterator<Item = usize>,
    ) {
        let silhouettes =
            if self.has_silhouette { by_best(TileSilhouettes { of, tile, labels }) } else { [0.0; LANES] };
        for lane in members {
            let weight = of.model.view.weight(tile, lane);
            self.weight += self.weights.whole(weight);
            self.cost += self.squared.whole(weight * squared[lane]);
            self.silhouette += self.weights.whole(weight * silhouettes[lane]);
        }
    }

    pub(super) fn merge(&mut self, other: &MeasureSums) {
        self.weight += other.weight;
        self.cost += other.cost;
        self.silhouette += other.silhouette;
    }

    pub(super) fn measured(&self, of: &Clustering) -> Measured {
        let mean = || self.weights.number(self.silhouette) / self.weights.number(self.weight);
        let silhouette = (self.weight > 0 && of.has_silhouette()).then(mean);
        Measured { cost: of.model.view.cost(self.squared.number(self.cost)), silhouette }
    }

    fn encode(&self) -> Vec<u8> {
        [self.weight.to_le_bytes().as_slice(), &self.cost.to_le_bytes(), &self.silhouette.to_le_bytes()].concat()
    }

    /// Adds an encoded state to this one; `None` when the bytes are none.
    fn add(&mut self, bytes: &[u8]) -> Option<()> {
        let mut words = EightBytes(bytes);
        self.weight += words.wide()?;
        self.cost += words.wide()?;
        self.silhouette += words.wide()?;
        words.0.is_empty().then_some(())
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Measure {
    signature: Signature,
}

impl Default for Measure {
    fn default() -> Self {
        Measure { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Measure {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[sums]", args.name), DataType::Binary, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let of = Clustering::decode(bytes_of(first_literal(&args))?)?;
        Ok(Box::new(MeasureAccumulator { sums: MeasureSums::new(&of), of }))
    }
}

#[derive(Debug)]
struct MeasureAccumulator {
    of: Clustering,
    sums: MeasureSums,
}

impl Accumulator for MeasureAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let MeasureAccumulator { of, sums } = self;
        of.model.each_tile(&values[1..], |tile| {
            let labels = tile.nearest.map(|place| of.model.label(place) as usize);
            sums.look(of, tile.scaled, &labels, &tile.squared, tile.members());
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_binary::<i32>().iter().flatten().try_for_each(|bytes| self.sums.add(bytes).ok_or_else(torn))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.sums.encode()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.sums.encode())))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;

    use super::super::step::tests::totals_of;
    use super::super::step::totals;
    use super::super::{Centres, RowView, Scaling};
    use super::*;

    /// By the definition: every pair of rows.
    fn by_pairs(rows: &[[f64; 2]], clusters: &[usize]) -> f64 {
        let square = |i: usize, j: usize| (0..2).map(|f| (rows[i][f] - rows[j][f]).powi(2)).sum::<f64>();
        let mean = |i: usize, cluster: usize| {
            let members: Vec<_> = (0..rows.len()).filter(|&j| clusters[j] == cluster && j != i).collect();
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
        (0..rows.len()).map(of_row).sum::<f64>() / rows.len() as f64
    }

    /// Through the two aggregates, as the engine would.
    fn by_sums(rows: &[[f64; 2]], centres: &[[f64; 2]]) -> (Vec<usize>, Option<f64>) {
        let columns: Vec<ArrayRef> = (0..2)
            .map(|f| Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row[f]))) as ArrayRef)
            .collect();
        let features: Vec<Scaling> = (0..2)
            .map(|f| {
                let middle = rows.iter().map(|row| row[f]).sum::<f64>() / rows.len() as f64;
                let reach = rows.iter().map(|row| (row[f] - middle).abs()).fold(0.0, f64::max);
                Scaling { fill: None, offset: 0.0, unit: 1.0, middle, reach }
            })
            .collect();
        let view = RowView { features, ..RowView::default() };
        let model = Centres::new(view, &centres.iter().map(|centre| centre.to_vec()).collect::<Vec<_>>());
        let mut clusters = vec![];
        model.each_tile(&columns, |tile| {
            clusters.extend((0..tile.rows).map(|i| model.label(tile.nearest[i]) as usize));
        });
        let found = totals(&model, &totals_of(&model, &columns)).unwrap();
        let of = Clustering::new(&model, &found);
        let sent = Clustering::decode(&of.encode()).unwrap();
        assert_eq!(sent, of);
        // In two parts, merged in the other order.
        let new = || MeasureAccumulator { sums: MeasureSums::new(&sent), of: sent.clone() };
        let all = [&columns[..1], &columns].concat();
        let slice = |from, len| all.iter().map(|column| column.slice(from, len)).collect::<Vec<_>>();
        let (mut first, mut second, mut whole) = (new(), new(), new());
        first.update_batch(&slice(0, 3)).unwrap();
        second.update_batch(&slice(3, rows.len() - 3)).unwrap();
        for part in [&mut second, &mut first] {
            let state: Vec<_> = part.state().unwrap().iter().map(|state| state.to_array().unwrap()).collect();
            whole.merge_batch(&state).unwrap();
        }
        let measured = Measured::decode(&of, &whole.sums.encode()).unwrap();
        let square =
            |(row, cluster): (&[f64; 2], &usize)| (0..2).map(|f| (row[f] - centres[*cluster][f]).powi(2)).sum::<f64>();
        let cost: f64 = rows.iter().zip(&clusters).map(square).sum();
        assert!((measured.cost - cost).abs() <= 1e-12 * cost);
        let mean = measured.silhouette;
        (clusters, mean)
    }

    #[test]
    fn equals_the_definition_over_all_pairs() {
        let rows = [[1.0, 2.0], [1.5, 1.8], [5.0, 8.0], [8.0, 8.0], [1.0, 0.6], [9.0, 11.0], [4.0, 4.0]];
        for centres in [vec![[1.0, 1.0], [8.0, 9.0], [4.0, 5.0]], vec![[0.0, 0.0], [9.0, 9.0]]] {
            let (clusters, found) = by_sums(&rows, &centres);
            let expected = by_pairs(&rows, &clusters);
            assert!((found.unwrap() - expected).abs() < 1e-12);
            // Far from the origin, where plain sums would have lost all digits.
            let far = |row: &[f64; 2]| [row[0] + 1e6, row[1] + 1e6];
            let (_, found) = by_sums(&rows.map(|row| far(&row)), &centres.iter().map(far).collect::<Vec<_>>());
            assert!((found.unwrap() - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn one_cluster_has_none() {
        assert_eq!(by_sums(&[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]], &[[1.0, 1.0]]).1, None);
    }
}
