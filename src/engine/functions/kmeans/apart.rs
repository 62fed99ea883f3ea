//! Rows that lie apart from all centres, as an aggregate: the furthest ones, or a draw in which far rows are likelier.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility, lit};
use datafusion::scalar::ScalarValue;

use super::model::{Centres, EightBytes};
use super::{argument, bytes_of, first_literal};

pub(super) const NAME: &str = "kmeans_apart";

/// The aggregate over the features, as doubles, that [`rows_apart`] reads: at most `wanted` different rows that lie on no
/// centre, those with the smallest u / d². d is a row's distance from the nearest centre and u a number between 0 and 1
/// that its hash stands for, so that rows are drawn in proportion to d² (sequential Poisson sampling: Ohlsson, 1998).
pub fn draw_apart(model: &Centres, wanted: usize, hash: Expr, features: Vec<Expr>) -> Expr {
    let bytes = [(wanted as u64).to_le_bytes().as_slice(), &model.encode()].concat();
    AggregateUDF::new_from_impl(Apart::default()).call([vec![argument(bytes), hash], features].concat())
}

/// As [`draw_apart`], but the rows that are furthest from the nearest centre.
pub fn furthest(model: &Centres, wanted: usize, features: Vec<Expr>) -> Expr {
    draw_apart(model, wanted, lit(u64::MAX), features)
}

/// The rows that [`draw_apart`] gave, scaled, the first choice first.
pub fn rows_apart(model: &Centres, bytes: &[u8]) -> Result<Vec<Vec<f64>>> {
    let mut draw = DrawAccumulator::new(model.clone(), usize::MAX);
    draw.add(bytes).ok_or_else(torn)?;
    Ok(draw.found.into_iter().map(|row| row.scaled).collect())
}

fn torn() -> datafusion::error::DataFusionError {
    internal_datafusion_err!("a torn state of `{NAME}`")
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Apart {
    signature: Signature,
}

impl Default for Apart {
    fn default() -> Self {
        Apart { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Apart {
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
        Ok(vec![Arc::new(Field::new(format!("{}[rows]", args.name), DataType::Binary, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let bytes = bytes_of(first_literal(&args))?;
        let (wanted, model) = bytes.split_first_chunk().ok_or_else(torn)?;
        let wanted = usize::try_from(u64::from_le_bytes(*wanted)).map_err(|_| torn())?;
        Ok(Box::new(DrawAccumulator::new(Centres::decode(model)?, wanted)))
    }
}

#[derive(Debug)]
struct DrawAccumulator {
    model: Centres,
    wanted: usize,
    /// At most twice as many as are wanted, and a few.
    found: Vec<Row>,
    /// None with a higher rank is among those wanted.
    limit: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    rank: f64,
    scaled: Vec<f64>,
}

impl DrawAccumulator {
    fn new(model: Centres, wanted: usize) -> Self {
        DrawAccumulator { model, wanted, found: vec![], limit: f64::INFINITY }
    }

    fn push(&mut self, row: Row) {
        self.found.push(row);
        if self.found.len() >= self.wanted.saturating_mul(2).saturating_add(64) {
            self.prune();
        }
    }

    /// Leaves each row once, and no more of them than are wanted, in the order of their ranks.
    fn prune(&mut self) {
        let by_value = |a: &Row, b: &Row| {
            let pairs = a.scaled.iter().zip(&b.scaled).map(|(a, b)| a.total_cmp(b));
            pairs.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        };
        self.found.sort_unstable_by(|a, b| by_value(a, b).then(a.rank.total_cmp(&b.rank)));
        self.found.dedup_by(|later, first| by_value(later, first).is_eq());
        self.found.sort_unstable_by(|a, b| a.rank.total_cmp(&b.rank).then_with(|| by_value(a, b)));
        self.found.truncate(self.wanted);
        if let (Some(last), true) = (self.found.last(), self.found.len() == self.wanted) {
            self.limit = last.rank;
        }
    }

    fn encode(&mut self) -> Vec<u8> {
        self.prune();
        let numbers = self.found.iter().flat_map(|row| [row.rank].into_iter().chain(row.scaled.iter().copied()));
        numbers.flat_map(f64::to_le_bytes).collect()
    }

    /// Adds an encoded state to this one; `None` when the bytes are none.
    fn add(&mut self, bytes: &[u8]) -> Option<()> {
        let mut words = EightBytes(bytes);
        while !words.0.is_empty() {
            let row = Row { rank: words.number()?, scaled: words.numbers(self.model.features.len())? };
            self.push(row);
        }
        Some(())
    }
}

impl Accumulator for DrawAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let hashes = values[1].as_primitive::<UInt64Type>();
        let mut near = vec![];
        self.model.each_block(&values[2..], |block| {
            for i in (0..block.rows).filter(|&i| !block.left_out[i] && block.squared[i] > 0.0) {
                // 53 bits are what a double takes; never 0, which would be no draw.
                let chance = ((hashes.value(block.start + i) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
                let rank = chance / block.squared[i];
                if rank <= self.limit {
                    near.push(Row { rank, scaled: block.scaled.iter().map(|scaled| scaled[i] + 0.0).collect() });
                }
            }
        });
        near.into_iter().for_each(|row| self.push(row));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_binary::<i32>().iter().flatten().try_for_each(|bytes| self.add(bytes).ok_or_else(torn))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.encode()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.encode())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.found.capacity() * (size_of::<Row>() + self.model.features.len() * size_of::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, UInt64Array};

    use super::super::Scaling;
    use super::*;

    fn model(centres: &[f64]) -> Centres {
        let feature = Scaling { fill: None, offset: 0.0, unit: 1.0, middle: 0.0, reach: 1000.0 };
        Centres::new(vec![feature], &centres.iter().map(|&centre| vec![centre]).collect::<Vec<_>>())
    }

    /// What a draw finds when the rows come in parts, merged from the last to the first.
    fn drawn(centres: &[f64], wanted: usize, rows: &[(u64, f64)], part: usize) -> Vec<f64> {
        let model = model(centres);
        let mut whole = DrawAccumulator::new(model.clone(), wanted);
        for part in rows.chunks(part).rev() {
            let hashes: ArrayRef = Arc::new(UInt64Array::from_iter_values(part.iter().map(|row| row.0)));
            let values: ArrayRef = Arc::new(Float64Array::from_iter_values(part.iter().map(|row| row.1)));
            let mut draw = DrawAccumulator::new(model.clone(), wanted);
            draw.update_batch(&[hashes.clone(), hashes, values]).unwrap();
            let state = draw.state().unwrap()[0].to_array().unwrap();
            whole.merge_batch(&[state]).unwrap();
        }
        rows_apart(&model, &whole.encode()).unwrap().into_iter().flatten().collect()
    }

    #[test]
    fn the_furthest_rows_are_found_once_each() {
        let rows: Vec<(u64, f64)> = (0..2000).map(|i| (u64::MAX, f64::from(i % 100))).collect();
        for part in [7, 2000] {
            assert_eq!(drawn(&[0.0, 99.0], 3, &rows, part), [49.0, 50.0, 48.0]);
            assert_eq!(drawn(&[10.0], 2, &rows, part), [99.0, 98.0]);
            assert_eq!(drawn(&[10.0], 200, &rows, part).len(), 99);
        }
    }

    #[test]
    fn a_draw_takes_far_rows_first_and_depends_on_no_order() {
        let hash = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (i << 17);
        let rows: Vec<(u64, f64)> =
            (1..3000).map(|i| (hash(i), if i == 1234 { 1e5 } else { (i % 777) as f64 / 777.0 })).collect();
        let found = drawn(&[0.0], 20, &rows, 3000);
        assert_eq!((found.len(), found[0]), (20, 1e5));
        assert_eq!(drawn(&[0.0], 20, &rows, 11), found);
    }
}
