//! Rows that lie apart from all centres, as an aggregate: the furthest ones, or a draw in which far rows are likelier.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::model::{Centres, EightBytes};
use super::registers::LANES;
use super::{argument, bytes_of, first_literal};

pub(super) const NAME: &str = "kmeans_apart";

/// The aggregate over the features, as doubles, and the weights, if there are some, that [`rows_apart`] reads: at most `wanted`
/// different rows that lie on no centre, those with the smallest u / (w · d²). d is a row's distance from the nearest centre, w its
/// weight and u a number between 0 and 1 that its hash stands for in this draw, so that rows are drawn in proportion to w · d²
/// (sequential Poisson sampling: Ohlsson, 1998). The furthest ones are so whatever their weights, unless these are 0. The hash is that of [`row_hash`](super::row_hash), for which any number stands where all are furthest.
pub fn draw_apart(model: &Centres, wanted: usize, draw: Lot, hash: Expr, columns: Vec<Expr>) -> Expr {
    let bytes = [(wanted as u64).to_le_bytes(), draw.0.to_le_bytes()].concat();
    let bytes = [bytes, model.encode()].concat();
    AggregateUDF::new_from_impl(Apart::default()).call([vec![argument(bytes), hash], columns].concat())
}

/// How rows that lie apart are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lot(u64);

impl Lot {
    /// The furthest ones.
    pub const FURTHEST: Lot = Lot(0);

    /// By chance, in one of several rounds.
    pub fn new(seed: u64, round: u64) -> Lot {
        Lot(mixed(seed ^ mixed(round + 1)) | 1)
    }

    /// What a row's hash stands for: at most 1, and never 0, which would be no draw.
    #[inline]
    pub(super) fn chance(self, hash: u64) -> f64 {
        // 53 bits are what a double takes.
        if self == Lot::FURTHEST { 1.0 } else { ((mixed(hash ^ self.0) >> 11) + 1) as f64 / (1_u64 << 53) as f64 }
    }

    /// What a row is drawn in proportion to.
    #[inline]
    pub(super) fn share(self, squared: f64, weight: f64) -> f64 {
        match self {
            Lot::FURTHEST if weight > 0.0 => squared,
            _ => squared * weight,
        }
    }
}

/// All bits of a number depend on all bits of the other (the last step of SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// The rows that [`draw_apart`] gave, scaled, the first choice first.
pub fn rows_apart(model: &Centres, bytes: &[u8]) -> Result<Vec<Vec<f64>>> {
    let mut drawn = Drawn::new(usize::MAX);
    drawn.add(bytes, model.view.features.len()).ok_or_else(torn)?;
    Ok(drawn.rows())
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
        let (draw, model) = model.split_first_chunk().ok_or_else(torn)?;
        let wanted = usize::try_from(u64::from_le_bytes(*wanted)).map_err(|_| torn())?;
        let draw = Lot(u64::from_le_bytes(*draw));
        Ok(Box::new(DrawAccumulator { model: Centres::decode(model)?, draw, drawn: Drawn::new(wanted) }))
    }
}

/// The rows that were chosen so far.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    wanted: usize,
    /// At most twice as many as are wanted, and a few.
    found: Vec<RankedRow>,
    /// None with a higher rank is among those wanted.
    limit: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct RankedRow {
    rank: f64,
    scaled: Vec<f64>,
}

impl Drawn {
    pub(super) fn new(wanted: usize) -> Drawn {
        Drawn { wanted, found: vec![], limit: f64::INFINITY }
    }

    /// A row of a tile, by its features, that is drawn in proportion to its share.
    #[inline]
    pub(super) fn look(&mut self, tile: &[[f64; LANES]], lane: usize, share: f64, chance: f64) {
        let rank = chance / share;
        if share > 0.0 && rank <= self.limit {
            self.push(RankedRow { rank, scaled: tile.iter().map(|x| x[lane] + 0.0).collect() });
        }
    }

    fn push(&mut self, row: RankedRow) {
        self.found.push(row);
        if self.found.len() >= self.wanted.saturating_mul(2).saturating_add(64) {
            self.prune();
        }
    }

    pub(super) fn merge(&mut self, other: Drawn) {
        other.found.into_iter().for_each(|row| self.push(row));
    }

    /// Leaves each row once, and no more of them than are wanted, in the order of their ranks.
    fn prune(&mut self) {
        let by_value = |a: &RankedRow, b: &RankedRow| {
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

    /// The chosen ones, the first choice first.
    pub(super) fn rows(mut self) -> Vec<Vec<f64>> {
        self.prune();
        self.found.into_iter().map(|row| row.scaled).collect()
    }

    fn encode(&mut self) -> Vec<u8> {
        self.prune();
        let numbers = self.found.iter().flat_map(|row| [row.rank].into_iter().chain(row.scaled.iter().copied()));
        numbers.flat_map(f64::to_le_bytes).collect()
    }

    /// Adds an encoded state to this one; `None` when the bytes are none.
    fn add(&mut self, bytes: &[u8], features: usize) -> Option<()> {
        let mut words = EightBytes(bytes);
        while !words.0.is_empty() {
            let row = RankedRow { rank: words.number()?, scaled: words.numbers(features)? };
            self.push(row);
        }
        Some(())
    }
}

#[derive(Debug)]
struct DrawAccumulator {
    model: Centres,
    draw: Lot,
    drawn: Drawn,
}

impl Accumulator for DrawAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let DrawAccumulator { model, draw, drawn } = self;
        let hashes = values[1].as_primitive::<UInt64Type>();
        model.each_tile(&values[2..], |tile| {
            for lane in tile.members() {
                let chance = draw.chance(hashes.value(tile.start + lane));
                let share = draw.share(tile.squared[lane], model.view.weight(tile.scaled, lane));
                drawn.look(&tile.scaled[..model.view.features.len()], lane, share, chance);
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_binary::<i32>().iter().flatten().try_for_each(|bytes| {
            let features = self.model.view.features.len();
            self.drawn.add(bytes, features).ok_or_else(torn)
        })
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.drawn.encode()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.drawn.encode())))
    }

    fn size(&self) -> usize {
        let row = size_of::<RankedRow>() + self.model.view.features.len() * size_of::<f64>();
        size_of_val(self) + self.drawn.found.capacity() * row
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, UInt64Array};

    use super::super::{RowView, Scaling};
    use super::*;

    fn model(centres: &[f64]) -> Centres {
        let feature = Scaling { fill: None, offset: 0.0, unit: 1.0, middle: 0.0, reach: 1000.0 };
        let view = RowView { features: vec![feature], ..RowView::default() };
        Centres::new(view, &centres.iter().map(|&centre| vec![centre]).collect::<Vec<_>>())
    }

    /// What a draw finds when the rows come in parts, merged from the last to the first.
    fn found(centres: &[f64], wanted: usize, draw: Lot, rows: &[(u64, f64)], part: usize) -> Vec<f64> {
        let model = model(centres);
        let new = || DrawAccumulator { model: model.clone(), draw, drawn: Drawn::new(wanted) };
        let mut whole = new();
        for part in rows.chunks(part).rev() {
            let hashes: ArrayRef = Arc::new(UInt64Array::from_iter_values(part.iter().map(|row| row.0)));
            let values: ArrayRef = Arc::new(Float64Array::from_iter_values(part.iter().map(|row| row.1)));
            let mut draw = new();
            draw.update_batch(&[hashes.clone(), hashes, values]).unwrap();
            let state = draw.state().unwrap()[0].to_array().unwrap();
            whole.merge_batch(&[state]).unwrap();
        }
        rows_apart(&model, &whole.drawn.encode()).unwrap().into_iter().flatten().collect()
    }

    #[test]
    fn the_furthest_rows_are_found_once_each() {
        let rows: Vec<(u64, f64)> = (0..2000).map(|i| (u64::MAX, f64::from(i % 100))).collect();
        for part in [7, 2000] {
            assert_eq!(found(&[0.0, 99.0], 3, Lot::FURTHEST, &rows, part), [49.0, 50.0, 48.0]);
            assert_eq!(found(&[10.0], 2, Lot::FURTHEST, &rows, part), [99.0, 98.0]);
            assert_eq!(found(&[10.0], 200, Lot::FURTHEST, &rows, part).len(), 99);
        }
    }

    #[test]
    fn a_draw_takes_far_rows_first_and_depends_on_no_order() {
        let hash = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (i << 17);
        let rows: Vec<(u64, f64)> =
            (1..3000).map(|i| (hash(i), if i == 1234 { 1e5 } else { (i % 777) as f64 / 777.0 })).collect();
        let draw = Lot::new(42, 0);
        let far = found(&[0.0], 20, draw, &rows, 3000);
        assert_eq!((far.len(), far[0]), (20, 1e5));
        assert_eq!(found(&[0.0], 20, draw, &rows, 11), far);
        assert_ne!(found(&[0.0], 20, Lot::new(42, 1), &rows, 11), far);
    }
}
