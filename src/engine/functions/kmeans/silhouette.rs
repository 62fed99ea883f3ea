//! The silhouette of a clustering as an aggregate over its rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::exact::Grid;
use super::model::{Block, Centres, EightBytes};
use super::step::ClusterTotals;
use super::{argument, bytes_of, first_literal};

pub(super) const NAME: &str = "kmeans_silhouette";

/// The mean silhouette with the squared euclidean distance, as Spark's `ClusteringEvaluator` defines it, in time and
/// not squared time of the number of rows.
///
/// For a row x and a cluster Γ of N rows c, the mean of ‖x − c‖² over Γ is ‖x‖² + (Σ‖c‖²)/N − 2·x·(Σc)/N, so two sums
/// per cluster are enough (`SquaredEuclideanSilhouette` in `org.apache.spark.ml.evaluation.ClusteringMetrics`). With a
/// the mean distance to the other rows of x's own cluster (hence · N/(N − 1)) and b the least mean distance to another
/// cluster, a row's silhouette is (b − a) / max(a, b); 0 when it is alone.
///
/// The aggregate is over the features, as doubles, and gives a double; null without rows.
pub fn silhouette(of: &Silhouette, features: Vec<Expr>) -> Expr {
    let of = argument(of.encode());
    AggregateUDF::new_from_impl(Mean::default()).call([vec![of], features].concat())
}

/// A clustering, as a row's silhouette needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Silhouette {
    model: Centres,
    /// By the place of the cluster's centre in the model.
    clusters: Vec<PointCluster>,
}

/// Distances don't change when everything moves; near the origin the sums lose the fewest bits, so all is taken from
/// the middle of the rows.
#[derive(Debug, Clone, PartialEq)]
struct PointCluster {
    rows: f64,
    mean: Vec<f64>,
    /// The mean of the squared distances from the middle.
    spread: f64,
}

impl Silhouette {
    /// Of the clusters that a step with `model` found. `None` with fewer than two clusters that have rows, where it has
    /// no meaning.
    pub fn new(model: &Centres, totals: &[ClusterTotals]) -> Option<Silhouette> {
        if totals.iter().filter(|cluster| cluster.rows > 0).count() < 2 {
            return None;
        }
        let cluster = |place: u32| {
            let totals = &totals[model.label(place) as usize];
            let rows = totals.rows as f64;
            let from_middle = |(sum, feature): (&f64, &super::Scaling)| sum / rows - feature.middle;
            let mean = totals.sums.iter().zip(&model.features).map(from_middle).collect();
            PointCluster { rows, mean, spread: totals.squares / rows }
        };
        let clusters = (0..model.clusters() as u32).map(cluster).collect();
        Some(Silhouette { model: model.clone(), clusters })
    }

    /// Of row `i` of a block.
    #[inline]
    fn of_row(&self, block: &Block, i: usize) -> f64 {
        let features =
            || block.scaled.iter().zip(&self.model.features).map(|(scaled, feature)| scaled[i] - feature.middle);
        let square: f64 = features().map(|x| x * x).sum();
        let distance = |cluster: &PointCluster| {
            let product: f64 = features().zip(&cluster.mean).map(|(x, mean)| x * mean).sum();
            (square + cluster.spread - 2.0 * product).max(0.0)
        };
        let place = block.nearest[i] as usize;
        let own = &self.clusters[place];
        if own.rows <= 1.0 {
            return 0.0;
        }
        let others = self.clusters.iter().enumerate().filter(|(at, cluster)| *at != place && cluster.rows > 0.0);
        let next = others.map(|(_, cluster)| distance(cluster)).fold(f64::INFINITY, f64::min);
        let within = distance(own) * own.rows / (own.rows - 1.0);
        let larger = within.max(next);
        if larger > 0.0 { (next - within) / larger } else { 0.0 }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.model.encode();
        for cluster in &self.clusters {
            let numbers = [cluster.rows, cluster.spread].into_iter().chain(cluster.mean.iter().copied());
            numbers.for_each(|number| bytes.extend(number.to_le_bytes()));
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Silhouette> {
        let mut words = EightBytes(bytes);
        let mut read = || {
            let model = words.model()?;
            let features = model.features.len();
            let cluster = |words: &mut EightBytes| {
                let (rows, spread) = (words.number()?, words.number()?);
                Some(PointCluster { rows, mean: words.numbers(features)?, spread })
            };
            let clusters = (0..model.clusters()).map(|_| cluster(&mut words)).collect::<Option<_>>()?;
            Some(Silhouette { model, clusters })
        };
        read().ok_or_else(|| internal_datafusion_err!("a torn clustering"))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Mean {
    signature: Signature,
}

impl Default for Mean {
    fn default() -> Self {
        Mean { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Mean {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[sum]", args.name), DataType::Binary, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sum::of(Silhouette::decode(bytes_of(first_literal(&args))?)?)))
    }
}

#[derive(Debug)]
struct Sum {
    silhouette: Silhouette,
    grid: Grid,
    rows: u64,
    sum: i128,
}

impl Sum {
    fn of(silhouette: Silhouette) -> Self {
        // A silhouette lies between −1 and 1.
        Sum { silhouette, grid: Grid::up_to(1.0), rows: 0, sum: 0 }
    }
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Sum { silhouette, grid, rows, sum } = self;
        silhouette.model.each_block(&values[1..], |block| {
            for i in (0..block.rows).filter(|&i| !block.left_out[i]) {
                *rows += 1;
                *sum += grid.whole(silhouette.of_row(block, i));
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in states[0].as_binary::<i32>().iter().flatten() {
            let mut words = EightBytes(bytes);
            let (rows, sum) =
                words.count().zip(words.wide()).ok_or_else(|| internal_datafusion_err!("a torn state of `{NAME}`"))?;
            self.rows += rows;
            self.sum += sum;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let bytes = [self.rows.to_le_bytes().as_slice(), &self.sum.to_le_bytes()].concat();
        Ok(vec![ScalarValue::Binary(Some(bytes))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mean = (self.rows > 0).then(|| self.grid.number(self.sum) / self.rows as f64);
        Ok(ScalarValue::Float64(mean))
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
    use super::super::{Centres, Scaling};
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
        let model = Centres::new(features, &centres.iter().map(|centre| centre.to_vec()).collect::<Vec<_>>());
        let mut clusters = vec![];
        model.each_block(&columns, |block| {
            clusters.extend((0..block.rows).map(|i| model.label(block.nearest[i]) as usize));
        });
        let found = totals(&model, &totals_of(&model, &columns)).unwrap();
        let mean = Silhouette::new(&model, &found).map(|of| {
            let sent = Silhouette::decode(&of.encode()).unwrap();
            assert_eq!(sent, of);
            // In two parts, merged in the other order.
            let new = || Sum::of(sent.clone());
            let all = [&columns[..1], &columns].concat();
            let slice = |from, len| all.iter().map(|column| column.slice(from, len)).collect::<Vec<_>>();
            let (mut first, mut second, mut whole) = (new(), new(), new());
            first.update_batch(&slice(0, 3)).unwrap();
            second.update_batch(&slice(3, rows.len() - 3)).unwrap();
            for part in [&mut second, &mut first] {
                let state: Vec<_> = part.state().unwrap().iter().map(|state| state.to_array().unwrap()).collect();
                whole.merge_batch(&state).unwrap();
            }
            match whole.evaluate().unwrap() {
                ScalarValue::Float64(Some(mean)) => mean,
                other => panic!("{other:?}"),
            }
        });
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
