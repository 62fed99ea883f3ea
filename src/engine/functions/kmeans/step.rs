//! One step of Lloyd's as an aggregate: each cluster's rows, the sums of their features and of their squares.

#![allow(clippy::needless_range_loop, reason = "as in the kernel")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::exact::Grid;
use super::model::{Centres, EightBytes};
use super::registers::LANES;
use super::{argument, bytes_of, first_literal};

pub(super) const NAME: &str = "kmeans_step";

/// The aggregate over the features, as doubles, and the weights, if there are some, that [`totals`] reads.
pub fn step(model: &Centres, columns: Vec<Expr>) -> Expr {
    let model = argument(model.encode());
    AggregateUDF::new_from_impl(Step::default()).call([vec![model], columns].concat())
}

/// What a step finds of one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterTotals {
    pub rows: u64,
    /// Of all rows: how often they count.
    pub weight: f64,
    /// Scaled, per feature; each row as often as it counts.
    pub sums: Vec<f64>,
    /// Of the distances to the middle of all rows, squared; the same.
    pub squares: f64,
}

/// The clusters' totals in the order of the model's clusters, from what [`step`] gave.
pub fn totals(model: &Centres, bytes: &[u8]) -> Result<Vec<ClusterTotals>> {
    let mut sums = Sums::new(model);
    sums.add(bytes).ok_or_else(|| internal_datafusion_err!("a torn state of `{NAME}`"))?;
    Ok(sums.totals())
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    signature: Signature,
}

impl Default for Step {
    fn default() -> Self {
        Step { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Step {
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
        let model = Centres::decode(bytes_of(first_literal(&args))?)?;
        Ok(Box::new(StepAccumulator { sums: Sums::new(&model), model }))
    }
}

/// Each cluster's rows and sums, whole numbers in small units: they can be added up, and taken away again, in any order.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    grids: Vec<Grid>,
    spread: Grid,
    weights: Option<Grid>,
    middles: Vec<f64>,
    /// By cluster, in the order of the model's clusters.
    rows: Vec<i64>,
    /// By cluster: each feature, then the squared distance from the middle, then the weight, if rows have one.
    wholes: Vec<i128>,
    /// The same of one row.
    of_row: Vec<i64>,
}

impl Sums {
    pub(super) fn new(model: &Centres) -> Sums {
        let (clusters, middles) = (model.clusters(), model.middles());
        let weights = model.view.heaviest.map(|_| model.weight_grid());
        let of_row = vec![0; middles.len() + 1 + usize::from(weights.is_some())];
        let (rows, wholes) = (vec![0; clusters], vec![0; clusters * of_row.len()]);
        Sums { grids: model.grids(), spread: model.spread_grid(), weights, middles, rows, wholes, of_row }
    }

    /// None, of as many clusters.
    pub(super) fn emptied(&self) -> Sums {
        Sums { rows: vec![0; self.rows.len()], wholes: vec![0; self.wholes.len()], ..self.clone() }
    }

    #[inline]
    fn take(&mut self, tile: &[[f64; LANES]], lane: usize) {
        let features = self.middles.len();
        let mut weight = 1.0;
        if let Some(grid) = self.weights {
            weight = tile[features][lane];
            self.of_row[features + 1] = grid.units(weight);
        }
        let mut from_middle = 0.0;
        for feature in 0..features {
            let x = tile[feature][lane];
            let apart = x - self.middles[feature];
            from_middle += apart * apart;
            self.of_row[feature] = self.grids[feature].units(weight * x);
        }
        self.of_row[features] = self.spread.units(weight * from_middle);
    }

    /// A row of a tile comes to a cluster.
    #[inline]
    pub(super) fn come(&mut self, tile: &[[f64; LANES]], lane: usize, to: usize) {
        self.take(tile, lane);
        self.rows[to] += 1;
        let to = &mut self.wholes[to * self.of_row.len()..][..self.of_row.len()];
        for (sum, units) in to.iter_mut().zip(&self.of_row) {
            *sum += i128::from(*units);
        }
    }

    /// A row of a tile goes from one cluster to another.
    #[inline]
    pub(super) fn go(&mut self, tile: &[[f64; LANES]], lane: usize, from: usize, to: usize) {
        self.come(tile, lane, to);
        self.rows[from] -= 1;
        let from = &mut self.wholes[from * self.of_row.len()..][..self.of_row.len()];
        for (sum, units) in from.iter_mut().zip(&self.of_row) {
            *sum -= i128::from(*units);
        }
    }

    pub(super) fn merge(&mut self, other: &Sums) {
        self.rows.iter_mut().zip(&other.rows).for_each(|(sum, more)| *sum += more);
        self.wholes.iter_mut().zip(&other.wholes).for_each(|(sum, more)| *sum += more);
    }

    /// Cluster i of the result is the `order[i]`-th of these.
    pub(super) fn renumbered(&self, order: &[usize]) -> Sums {
        let wholes = self.of_row.len();
        let rows = order.iter().map(|&cluster| self.rows[cluster]).collect();
        let of = |&cluster: &usize| self.wholes[cluster * wholes..][..wholes].iter().copied();
        Sums { rows, wholes: order.iter().flat_map(of).collect(), ..self.clone() }
    }

    pub(super) fn totals(&self) -> Vec<ClusterTotals> {
        let features = self.middles.len();
        let cluster = |(rows, wholes): (&i64, &[i128])| ClusterTotals {
            rows: *rows as u64,
            weight: self.weights.map_or(*rows as f64, |grid| grid.number(wholes[features + 1])),
            sums: wholes.iter().zip(&self.grids).map(|(sum, grid)| grid.number(*sum)).collect(),
            squares: self.spread.number(wholes[features]),
        };
        self.rows.iter().zip(self.wholes.chunks_exact(self.of_row.len())).map(cluster).collect()
    }

    fn encode(&self) -> Vec<u8> {
        let rows = self.rows.iter().flat_map(|rows| rows.to_le_bytes());
        rows.chain(self.wholes.iter().flat_map(|sum| sum.to_le_bytes())).collect()
    }

    /// Adds an encoded state to this one; `None` when the bytes are none.
    fn add(&mut self, bytes: &[u8]) -> Option<()> {
        let mut words = EightBytes(bytes);
        for rows in &mut self.rows {
            *rows += i64::try_from(words.count()?).ok()?;
        }
        for sum in &mut self.wholes {
            *sum += words.wide()?;
        }
        words.0.is_empty().then_some(())
    }
}

#[derive(Debug)]
struct StepAccumulator {
    model: Centres,
    sums: Sums,
}

impl Accumulator for StepAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let StepAccumulator { model, sums } = self;
        model.each_tile(&values[1..], |tile| {
            for lane in tile.members() {
                sums.come(tile.scaled, lane, model.label(tile.nearest[lane]) as usize);
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in states[0].as_binary::<i32>().iter().flatten() {
            self.sums.add(bytes).ok_or_else(|| internal_datafusion_err!("a torn state of `{NAME}`"))?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.sums.encode()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.sums.encode())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + size_of_val(self.sums.wholes.as_slice())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What the aggregate gives for these rows.
    pub fn totals_of(model: &Centres, columns: &[ArrayRef]) -> Vec<u8> {
        let mut step = StepAccumulator { sums: Sums::new(model), model: model.clone() };
        // In the model's own place stands anything.
        step.update_batch(&[&columns[..1], columns].concat()).unwrap();
        step.sums.encode()
    }
}
