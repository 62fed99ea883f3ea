//! One step of Lloyd's as an aggregate: each cluster's rows, the sums of their features and of their squares.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::exact::Grid;
use super::model::{Centres, EightBytes};
use super::{argument, bytes_of, first_literal};

pub(super) const NAME: &str = "kmeans_step";

/// The aggregate over the features, as doubles, that [`totals`] reads.
pub fn step(model: &Centres, features: Vec<Expr>) -> Expr {
    let model = argument(model.encode());
    AggregateUDF::new_from_impl(Step::default()).call([vec![model], features].concat())
}

/// What a step finds of one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterTotals {
    pub rows: u64,
    /// Scaled, per feature.
    pub sums: Vec<f64>,
    /// Of the distances to the centre, squared.
    pub cost: f64,
    /// Of the distances to the middle of all rows, squared.
    pub squares: f64,
}

/// The clusters' totals in the order of the model's clusters, from what [`step`] gave.
pub fn totals(model: &Centres, bytes: &[u8]) -> Result<Vec<ClusterTotals>> {
    let mut sums = Sums::new(model.clone());
    sums.add(bytes).ok_or_else(|| internal_datafusion_err!("a torn state of `{NAME}`"))?;
    let mut totals: Vec<(i32, ClusterTotals)> = vec![];
    for (place, cluster) in (0..).zip(&sums.clusters) {
        let numbers = cluster.sums.iter().zip(&sums.grids).map(|(sum, grid)| grid.number(*sum)).collect();
        let (cost, squares) = (sums.squared.number(cluster.cost), sums.squared.number(cluster.squares));
        totals.push((model.label(place), ClusterTotals { rows: cluster.rows, sums: numbers, cost, squares }));
    }
    totals.sort_by_key(|(label, _)| *label);
    Ok(totals.into_iter().map(|(_, totals)| totals).collect())
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
        Ok(Box::new(Sums::new(Centres::decode(bytes_of(first_literal(&args))?)?)))
    }
}

#[derive(Debug)]
struct Sums {
    model: Centres,
    grids: Vec<Grid>,
    squared: Grid,
    /// In the order of the model's centres.
    clusters: Vec<ClusterSums>,
}

#[derive(Debug, Clone)]
struct ClusterSums {
    rows: u64,
    cost: i128,
    squares: i128,
    sums: Vec<i128>,
}

impl Sums {
    fn new(model: Centres) -> Self {
        let none = ClusterSums { rows: 0, cost: 0, squares: 0, sums: vec![0; model.features.len()] };
        let clusters = vec![none; model.clusters()];
        Sums { grids: model.grids(), squared: model.squared_grid(), model, clusters }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![];
        for cluster in &self.clusters {
            bytes.extend(cluster.rows.to_le_bytes());
            let sums = [cluster.cost, cluster.squares].into_iter().chain(cluster.sums.iter().copied());
            sums.for_each(|sum| bytes.extend(sum.to_le_bytes()));
        }
        bytes
    }

    /// Adds an encoded state to this one; `None` when the bytes are none.
    fn add(&mut self, bytes: &[u8]) -> Option<()> {
        let mut words = EightBytes(bytes);
        for cluster in &mut self.clusters {
            cluster.rows += words.count()?;
            cluster.cost += words.wide()?;
            cluster.squares += words.wide()?;
            for sum in &mut cluster.sums {
                *sum += words.wide()?;
            }
        }
        words.0.is_empty().then_some(())
    }
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Sums { model, grids, squared, clusters } = self;
        model.each_block(&values[1..], |block| {
            for i in (0..block.rows).filter(|&i| !block.left_out[i]) {
                let cluster = &mut clusters[block.nearest[i] as usize];
                cluster.rows += 1;
                cluster.cost += squared.whole(block.squared[i]);
                let mut from_middle = 0.0;
                for (((sum, grid), scaled), feature) in
                    cluster.sums.iter_mut().zip(grids.iter()).zip(&block.scaled).zip(&model.features)
                {
                    *sum += grid.whole(scaled[i]);
                    from_middle += (scaled[i] - feature.middle).powi(2);
                }
                cluster.squares += squared.whole(from_middle);
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in states[0].as_binary::<i32>().iter().flatten() {
            self.add(bytes).ok_or_else(|| internal_datafusion_err!("a torn state of `{NAME}`"))?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.encode()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.encode())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.clusters.len() * (size_of::<ClusterSums>() + self.grids.len() * size_of::<i128>())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What the aggregate gives for these rows.
    pub fn totals_of(model: &Centres, columns: &[ArrayRef]) -> Vec<u8> {
        let mut sums = Sums::new(model.clone());
        // In the model's own place stands anything.
        sums.update_batch(&[&columns[..1], columns].concat()).unwrap();
        sums.encode()
    }
}
