//! How a row is seen, and which centre it is nearest to.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, internal_datafusion_err};

use super::exact::Grid;
use super::kernel::{Kernel, Tiles, norm};
use super::registers::LANES;

/// Tiles of a batch that are looked at together.
const AT_ONCE: usize = 64;

/// How one feature is seen: as (x − `offset`) / `unit`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Stands in for a missing value; without one such a row is left out.
    pub fill: Option<f64>,
    pub offset: f64,
    /// 0 for a feature that is the same in every row and is seen as 0.
    pub unit: f64,
    /// The mean of what is seen.
    pub middle: f64,
    /// No row is seen further from the middle.
    pub reach: f64,
}

impl Scaling {
    #[inline]
    pub fn scaled(&self, value: f64) -> f64 {
        if self.unit == 0.0 { 0.0 } else { (value - self.offset) / self.unit }
    }

    /// Back to the feature's own units.
    pub fn unscaled(&self, value: f64) -> f64 {
        value * self.unit + self.offset
    }
}

/// How rows are seen: (x − `offset`) / `unit` of each feature, and what is done to a row as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowView {
    pub features: Vec<Scaling>,
    /// Only the direction counts: each row is seen at length 1.
    pub by_direction: bool,
    /// Each number is taken for the nearest one that 32 bits can say: as it comes, and as it is seen.
    pub is_single: bool,
    /// The greatest weight, where rows have some: they are the column, and the part of a tile, behind the features.
    pub heaviest: Option<f64>,
}

impl RowView {
    /// Of a row, or a tile: its features, and its weight.
    pub(super) fn numbers(&self) -> usize {
        self.features.len() + usize::from(self.heaviest.is_some())
    }

    /// How often a row of a tile counts.
    #[inline]
    pub(super) fn weight(&self, tile: &[[f64; LANES]], lane: usize) -> f64 {
        if self.heaviest.is_some() { tile[self.features.len()][lane] } else { 1.0 }
    }

    fn taken(&self, number: f64) -> f64 {
        if self.is_single { f64::from(number as f32) } else { number }
    }

    /// The distance that the model goes by, from the squared euclidean one: for directions 1 − cos, which is half of the square.
    #[inline]
    pub fn distance(&self, squared: f64) -> f64 {
        if self.by_direction { squared / 2.0 } else { squared.sqrt() }
    }

    /// What rows cost at a sum of squared distances: the sum of those, or of the angles' 1 − cos.
    pub fn cost(&self, squared: f64) -> f64 {
        if self.by_direction { squared / 2.0 } else { squared }
    }

    /// Gives scaled features of a tile's rows the length and the digits that they are seen with; which rows are without a direction.
    pub(super) fn shape(&self, tile: &mut [[f64; LANES]]) -> [bool; LANES] {
        let mut is_nowhere = [false; LANES];
        if self.by_direction {
            // Whatever the numbers' size, the squares of their shares of the greatest are doubles.
            let mut greatest = [0.0_f64; LANES];
            for x in &*tile {
                greatest.iter_mut().zip(x).for_each(|(greatest, x)| *greatest = greatest.max(x.abs()));
            }
            is_nowhere = greatest.map(|greatest| greatest == 0.0);
            let mut squared = [0.0; LANES];
            for x in &mut *tile {
                for lane in (0..LANES).filter(|lane| !is_nowhere[*lane]) {
                    x[lane] /= greatest[lane];
                    squared[lane] += x[lane] * x[lane];
                }
            }
            for x in &mut *tile {
                for lane in (0..LANES).filter(|lane| !is_nowhere[*lane]) {
                    x[lane] /= squared[lane].sqrt();
                }
            }
        }
        if self.is_single {
            tile.as_flattened_mut().iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
        is_nowhere
    }

    /// All rows of a batch as they are seen, and their weights, if they have some.
    pub fn rows(&self, columns: &[ArrayRef], mut take: impl FnMut(Vec<f64>)) {
        let columns: Vec<&Float64Array> = columns.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        let (rows, in_tile) = (columns.first().map_or(0, |column| column.len()), self.numbers());
        let tiles = rows.div_ceil(LANES);
        let (mut numbers, mut left_out) = (vec![[0.0; LANES]; tiles * in_tile], vec![[false; LANES]; tiles]);
        self.see(&columns, 0, rows, &mut numbers, &mut left_out);
        for row in (0..rows).filter(|row| !left_out[row / LANES][row % LANES]) {
            let tile = &numbers[row / LANES * in_tile..][..in_tile];
            take(tile.iter().map(|x| x[row % LANES]).collect());
        }
    }

    /// Fills tiles with the rows of columns from one on, and says which rows are left out.
    fn see(
        &self,
        columns: &[&Float64Array],
        start: usize,
        count: usize,
        numbers: &mut [[f64; LANES]],
        left_out: &mut [[bool; LANES]],
    ) {
        left_out.fill([false; LANES]);
        let (features, in_tile) = (self.features.len(), self.numbers());
        for (at, (column, feature)) in columns.iter().zip(&self.features).enumerate() {
            let values = &column.values()[start..start + count];
            for (tile, values) in values.chunks(LANES).enumerate() {
                let scaled = &mut numbers[tile * in_tile + at];
                // What fills up the last tile lies among the rows.
                scaled[values.len()..].fill(feature.middle);
                scaled.iter_mut().zip(values).for_each(|(scaled, value)| *scaled = feature.scaled(self.taken(*value)));
            }
            if column.null_count() == 0 {
                continue;
            }
            for row in (0..count).filter(|row| column.is_null(start + row)) {
                let (tile, lane) = (row / LANES, row % LANES);
                left_out[tile][lane] |= feature.fill.is_none();
                numbers[tile * in_tile + at][lane] = feature.fill.map_or(feature.middle, |fill| feature.scaled(fill));
            }
        }
        if self.by_direction || self.is_single {
            for (tile, left_out) in numbers.chunks_exact_mut(in_tile).zip(left_out) {
                let is_nowhere = self.shape(&mut tile[..features]);
                left_out.iter_mut().zip(is_nowhere).for_each(|(left_out, is_nowhere)| *left_out |= is_nowhere);
            }
        }
        if self.heaviest.is_some() {
            for (tile, weights) in columns[features].values()[start..start + count].chunks(LANES).enumerate() {
                let numbers = &mut numbers[tile * in_tile + features];
                numbers.iter_mut().zip(weights).for_each(|(number, weight)| *number = self.taken(*weight));
            }
        }
    }

    /// A centre as rows are seen; `None` when it is without a direction.
    pub fn shaped(&self, centre: &[f64]) -> Option<Vec<f64>> {
        let mut tile: Vec<_> = centre.iter().map(|x| [*x; LANES]).collect();
        let is_nowhere = RowView { is_single: false, ..self.clone() }.shape(&mut tile)[0];
        (!is_nowhere).then(|| tile.iter().map(|x| x[0]).collect())
    }
}

/// Features and centres. The centres stand in their natural order, so that of two that are equally near the choice
/// depends on nothing else; `labels` are the clusters' own numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Centres {
    pub view: RowView,
    /// Scaled; k × features.
    centres: Vec<Vec<f64>>,
    labels: Vec<i32>,
}

/// Sixteen rows as the model sees them.
pub(super) struct Tile<'a> {
    /// The first row's place in the batch, and how many there are.
    pub start: usize,
    pub rows: usize,
    /// By feature, then the weights, if there are some. Of a row that is left out they mean nothing.
    pub scaled: &'a [[f64; LANES]],
    pub left_out: [bool; LANES],
    /// Place of the nearest centre, and its squared distance.
    pub nearest: [u32; LANES],
    pub squared: [f64; LANES],
}

impl Tile<'_> {
    /// The rows that are in the model.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> {
        (0..self.rows).filter(|&lane| !self.left_out[lane])
    }
}

impl Centres {
    /// Cluster i of the result is the i-th of these centres.
    pub fn new(view: RowView, centres: &[Vec<f64>]) -> Centres {
        let mut order: Vec<usize> = (0..centres.len()).collect();
        order.sort_by(|&a, &b| {
            let pairs = centres[a].iter().zip(&centres[b]);
            pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or_else(|| a.cmp(&b))
        });
        let labels = order.iter().map(|&i| i as i32).collect();
        let centres = order.iter().map(|&i| centres[i].clone()).collect();
        Centres { view, centres, labels }
    }

    pub fn clusters(&self) -> usize {
        self.centres.len()
    }

    /// The cluster of the centre at a place.
    #[inline]
    pub(super) fn label(&self, place: u32) -> i32 {
        self.labels[place as usize]
    }

    /// The clusters' centres, in the order of the clusters; scaled.
    pub fn centres(&self) -> Vec<&[f64]> {
        let mut centres: Vec<&[f64]> = vec![&[]; self.centres.len()];
        for (label, centre) in self.labels.iter().zip(&self.centres) {
            centres[*label as usize] = centre;
        }
        centres
    }

    /// Where the clusters' centres are.
    pub(super) fn places(&self) -> Vec<u32> {
        let mut places = vec![0; self.labels.len()];
        (0..).zip(&self.labels).for_each(|(place, label)| places[*label as usize] = place);
        places
    }

    /// The unit in which each feature is summed up.
    pub(super) fn grids(&self) -> Vec<Grid> {
        let grid = |feature: &Scaling| Grid::up_to((feature.middle.abs() + feature.reach) * self.heaviest());
        self.view.features.iter().map(grid).collect()
    }

    /// The unit in which weights are.
    pub(super) fn weight_grid(&self) -> Grid {
        Grid::up_to(self.heaviest())
    }

    fn heaviest(&self) -> f64 {
        self.view.heaviest.unwrap_or(1.0)
    }

    /// What the rows lie around.
    pub(super) fn middles(&self) -> Vec<f64> {
        self.view.features.iter().map(|feature| feature.middle).collect()
    }

    pub(super) fn kernel(&self) -> Kernel {
        Kernel::new(&self.centres, &self.middles()).among(self.view.numbers())
    }

    /// The unit in which squared distances from the middle are summed up, whatever the centres.
    pub(super) fn spread_grid(&self) -> Grid {
        let furthest: f64 = self.view.features.iter().map(|feature| feature.reach.powi(2)).sum();
        Grid::up_to(furthest * self.heaviest())
    }

    /// The unit in which squared distances are summed up: no row is further from a centre, or from the middle.
    pub(super) fn squared_grid(&self) -> Grid {
        let furthest = self.view.features.iter().enumerate().map(|(index, feature)| {
            let centres = self.centres.iter().map(|centre| (centre[index] - feature.middle).abs());
            (feature.reach + centres.fold(0.0, f64::max)).powi(2)
        });
        Grid::up_to(furthest.sum::<f64>() * self.heaviest())
    }

    /// Looks at all rows of a batch. `columns` are the features as doubles, null where they are missing, and
    /// the weights, if there are some.
    pub(super) fn each_tile(&self, columns: &[ArrayRef], mut look: impl FnMut(&Tile)) {
        let columns: Vec<&Float64Array> = columns.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        let (rows, numbers_of_tile) = (columns.first().map_or(0, |column| column.len()), self.view.numbers());
        let (kernel, middles) = (self.kernel(), self.middles());
        let most = AT_ONCE.min(rows.div_ceil(LANES));
        let (mut numbers, mut left_out) = (vec![[0.0; LANES]; most * numbers_of_tile], vec![[false; LANES]; most]);
        let (mut settled, mut places, mut looked_at) = (vec![], vec![[0; LANES]; most], vec![]);
        for start in (0..rows).step_by(AT_ONCE * LANES) {
            let count = (AT_ONCE * LANES).min(rows - start);
            self.view.see(&columns, start, count, &mut numbers, &mut left_out);
            let tiles = count.div_ceil(LANES);
            let numbers = &numbers[..tiles * numbers_of_tile];
            let norms: Vec<f64> = numbers.chunks_exact(numbers_of_tile).map(|tile| norm(tile, &middles)).collect();
            settled.clear();
            settled.resize(tiles, -1.0);
            let (settled, places, looked_at) = (&mut settled, &mut places, &mut looked_at);
            kernel.nearest(&mut Tiles { numbers, norms: &norms, moved: 0.0, settled, places, looked_at });
            for (tile, scaled) in numbers.chunks_exact(numbers_of_tile).enumerate() {
                look(&Tile {
                    start: start + tile * LANES,
                    rows: LANES.min(count - tile * LANES),
                    scaled,
                    left_out: left_out[tile],
                    nearest: places[tile],
                    squared: kernel.squared(scaled, &places[tile]),
                });
            }
        }
    }

    /// Little-endian: counts, how rows are seen, then the features, then the centres with their clusters.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![];
        let view = &self.view;
        let flags = u64::from(view.by_direction) | u64::from(view.is_single) << 1;
        let heaviest = view.heaviest.unwrap_or(f64::NAN).to_bits();
        let counts = [view.features.len() as u64, self.centres.len() as u64, flags, heaviest];
        counts.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
        for feature in &view.features {
            let fill = feature.fill.unwrap_or(f64::NAN);
            for number in [fill, feature.offset, feature.unit, feature.middle, feature.reach] {
                bytes.extend(number.to_le_bytes());
            }
        }
        for (centre, label) in self.centres.iter().zip(&self.labels) {
            bytes.extend(u64::from(*label as u32).to_le_bytes());
            centre.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Centres> {
        let mut words = EightBytes(bytes);
        let model = words.model();
        model.filter(|_| words.0.is_empty()).ok_or_else(|| internal_datafusion_err!("a torn k-means model"))
    }
}

/// Reads eight bytes at a time.
pub(super) struct EightBytes<'a>(pub &'a [u8]);

impl EightBytes<'_> {
    pub fn count(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*word))
    }

    pub fn number(&mut self) -> Option<f64> {
        self.count().map(f64::from_bits)
    }

    pub fn wide(&mut self) -> Option<i128> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i128::from_le_bytes(*word))
    }

    pub fn numbers(&mut self, count: usize) -> Option<Vec<f64>> {
        (0..count).map(|_| self.number()).collect()
    }

    pub fn model(&mut self) -> Option<Centres> {
        let (features, clusters) = (self.count()? as usize, self.count()? as usize);
        let (flags, heaviest) = (self.count()?, self.number()?);
        let seen = |words: &mut Self| {
            let fill = words.number()?;
            let (offset, unit) = (words.number()?, words.number()?);
            Some(Scaling {
                fill: (!fill.is_nan()).then_some(fill),
                offset,
                unit,
                middle: words.number()?,
                reach: words.number()?,
            })
        };
        let seen = (0..features).map(|_| seen(self)).collect::<Option<Vec<_>>>()?;
        let (mut centres, mut labels) = (vec![], vec![]);
        for _ in 0..clusters {
            labels.push(i32::try_from(self.count()?).ok()?);
            centres.push(self.numbers(features)?);
        }
        let mut sorted = labels.clone();
        sorted.sort_unstable();
        // Each cluster has one centre.
        if !sorted.iter().copied().eq(0..sorted.len() as i32) {
            return None;
        }
        let view = RowView {
            features: seen,
            by_direction: flags & 1 != 0,
            is_single: flags & 2 != 0,
            heaviest: (!heaviest.is_nan()).then_some(heaviest),
        };
        Some(Centres { view, centres, labels })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn feature(fill: Option<f64>) -> Scaling {
        Scaling { fill, offset: 1.0, unit: 2.0, middle: 0.5, reach: 5000.0 }
    }

    fn view(features: Vec<Scaling>) -> RowView {
        RowView { features, ..RowView::default() }
    }

    #[test]
    fn a_model_comes_back_from_its_bytes() {
        let features = view(vec![feature(None), feature(Some(0.1))]);
        let weighted = RowView { by_direction: true, is_single: true, heaviest: Some(3.5), ..features.clone() };
        let model = Centres::new(weighted, &[vec![0.6, 0.8]]);
        assert_eq!(Centres::decode(&model.encode()).unwrap(), model);
        let model = Centres::new(features, &[vec![3.0, -0.0], vec![1.0, f64::MAX]]);
        assert_eq!(Centres::decode(&model.encode()).unwrap(), model);
        assert!(Centres::decode(&model.encode()[1..]).is_err());
        assert!(Centres::decode(&[model.encode(), vec![0]].concat()).is_err());
        let mut two_of_a_cluster = model.encode();
        two_of_a_cluster[112] = 1;
        two_of_a_cluster[136] = 1;
        assert!(Centres::decode(&two_of_a_cluster).is_err());
        assert_eq!(model.centres(), [[3.0, -0.0], [1.0, f64::MAX]]);
    }

    #[test]
    fn rows_find_their_centre_across_tiles() {
        // Seen as 0, 1, 2, …; centres at 10 and 3990, cluster 0 is the far one; every seventh row lacks the feature.
        let values: Vec<Option<f64>> = (0..4000).map(|i| (i % 7 != 0).then_some(f64::from(i) * 2.0 + 1.0)).collect();
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        let model = Centres::new(view(vec![feature(None)]), &[vec![3990.0], vec![10.0]]);
        let mut found = vec![];
        model.each_tile(&[column], |tile| {
            found.extend((0..tile.rows).map(|i| (!tile.left_out[i]).then(|| model.label(tile.nearest[i]))));
        });
        // 2000 is as near to one as to the other: the lower centre has it.
        let expected: Vec<Option<i32>> = (0..4000).map(|i| (i % 7 != 0).then_some(i32::from(i <= 2000))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_direction_is_that_of_numbers_of_any_size_and_0_has_none() {
        let plain = Scaling { fill: None, offset: 0.0, unit: 1.0, middle: 0.0, reach: 1.0 };
        let view = RowView { by_direction: true, ..view(vec![plain.clone(), plain]) };
        for size in [1e-310, 1.0, f64::MAX / 8.0] {
            let seen = view.shaped(&[-3.0 * size, 4.0 * size]).unwrap();
            assert!((seen[0] + 0.6).abs() < 1e-12 && (seen[1] - 0.8).abs() < 1e-12, "{seen:?}");
        }
        assert_eq!(view.shaped(&[0.0, -0.0]), None);
        let columns: Vec<ArrayRef> = [[5.0, 0.0, 0.0], [0.0, 0.0, 7.0]]
            .map(|column| Arc::new(Float64Array::from(column.to_vec())) as ArrayRef)
            .to_vec();
        let mut found = vec![];
        Centres::new(view, &[vec![1.0, 0.0], vec![0.0, 1.0]]).each_tile(&columns, |tile| {
            found.extend((0..tile.rows).map(|i| (tile.left_out[i], tile.nearest[i], tile.squared[i])));
        });
        // The centres stand in their natural order.
        assert_eq!((found[0], found[1].0, found[2]), ((false, 1, 0.0), true, (false, 0, 0.0)));
    }
}
