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

/// Features and centres. The centres stand in their natural order, so that of two that are equally near the choice
/// depends on nothing else; `labels` are the clusters' own numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Centres {
    pub features: Vec<Scaling>,
    /// Scaled; k × features.
    centres: Vec<Vec<f64>>,
    labels: Vec<i32>,
}

/// Sixteen rows as the model sees them.
pub(super) struct Tile<'a> {
    /// The first row's place in the batch, and how many there are.
    pub start: usize,
    pub rows: usize,
    /// By feature. Of a row that is left out they mean nothing.
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
    pub fn new(features: Vec<Scaling>, centres: &[Vec<f64>]) -> Centres {
        let mut order: Vec<usize> = (0..centres.len()).collect();
        order.sort_by(|&a, &b| {
            let pairs = centres[a].iter().zip(&centres[b]);
            pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or_else(|| a.cmp(&b))
        });
        let labels = order.iter().map(|&i| i as i32).collect();
        let centres = order.iter().map(|&i| centres[i].clone()).collect();
        Centres { features, centres, labels }
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
        self.features.iter().map(|feature| Grid::up_to(feature.middle.abs() + feature.reach)).collect()
    }

    /// What the rows lie around.
    pub(super) fn middles(&self) -> Vec<f64> {
        self.features.iter().map(|feature| feature.middle).collect()
    }

    pub(super) fn kernel(&self) -> Kernel {
        Kernel::new(&self.centres, &self.middles())
    }

    /// The unit in which squared distances from the middle are summed up, whatever the centres.
    pub(super) fn spread_grid(&self) -> Grid {
        Grid::up_to(self.features.iter().map(|feature| feature.reach.powi(2)).sum())
    }

    /// The unit in which squared distances are summed up: no row is further from a centre, or from the middle.
    pub(super) fn squared_grid(&self) -> Grid {
        let furthest = self.features.iter().enumerate().map(|(index, feature)| {
            let centres = self.centres.iter().map(|centre| (centre[index] - feature.middle).abs());
            (feature.reach + centres.fold(0.0, f64::max)).powi(2)
        });
        Grid::up_to(furthest.sum())
    }

    /// Looks at all rows of a batch. `columns` are the features as doubles, null where they are missing.
    pub(super) fn each_tile(&self, columns: &[ArrayRef], mut look: impl FnMut(&Tile)) {
        let columns: Vec<&Float64Array> = columns.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        let (rows, features) = (columns.first().map_or(0, |column| column.len()), self.features.len());
        let (kernel, middles) = (self.kernel(), self.middles());
        let most = AT_ONCE.min(rows.div_ceil(LANES));
        let (mut numbers, mut left_out) = (vec![[0.0; LANES]; most * features], vec![[false; LANES]; most]);
        let (mut settled, mut places, mut looked_at) = (vec![], vec![[0; LANES]; most], vec![]);
        for start in (0..rows).step_by(AT_ONCE * LANES) {
            let count = (AT_ONCE * LANES).min(rows - start);
            self.see(&columns, start, count, &mut numbers, &mut left_out);
            let tiles = count.div_ceil(LANES);
            let numbers = &numbers[..tiles * features];
            let norms: Vec<f64> = numbers.chunks_exact(features).map(|tile| norm(tile, &middles)).collect();
            settled.clear();
            settled.resize(tiles, -1.0);
            let (settled, places, looked_at) = (&mut settled, &mut places, &mut looked_at);
            kernel.nearest(&mut Tiles { numbers, norms: &norms, moved: 0.0, settled, places, looked_at });
            for (tile, scaled) in numbers.chunks_exact(features).enumerate() {
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

    fn see(
        &self,
        columns: &[&Float64Array],
        start: usize,
        count: usize,
        numbers: &mut [[f64; LANES]],
        left_out: &mut [[bool; LANES]],
    ) {
        left_out.fill([false; LANES]);
        for (at, (column, feature)) in columns.iter().zip(&self.features).enumerate() {
            let values = &column.values()[start..start + count];
            for (tile, values) in values.chunks(LANES).enumerate() {
                let scaled = &mut numbers[tile * self.features.len() + at];
                // What fills up the last tile lies among the rows.
                scaled[values.len()..].fill(feature.middle);
                scaled.iter_mut().zip(values).for_each(|(scaled, value)| *scaled = feature.scaled(*value));
            }
            if column.null_count() == 0 {
                continue;
            }
            for row in (0..count).filter(|row| column.is_null(start + row)) {
                let (tile, lane) = (row / LANES, row % LANES);
                left_out[tile][lane] |= feature.fill.is_none();
                numbers[tile * self.features.len() + at][lane] =
                    feature.fill.map_or(feature.middle, |fill| feature.scaled(fill));
            }
        }
    }

    /// Little-endian: counts, then the features, then the centres with their clusters.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![];
        let counts = [self.features.len() as u64, self.centres.len() as u64];
        counts.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
        for feature in &self.features {
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
        Some(Centres { features: seen, centres, labels })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn feature(fill: Option<f64>) -> Scaling {
        Scaling { fill, offset: 1.0, unit: 2.0, middle: 0.5, reach: 5000.0 }
    }

    #[test]
    fn a_model_comes_back_from_its_bytes() {
        let model = Centres::new(vec![feature(None), feature(Some(0.1))], &[vec![3.0, -0.0], vec![1.0, f64::MAX]]);
        assert_eq!(Centres::decode(&model.encode()).unwrap(), model);
        assert!(Centres::decode(&model.encode()[1..]).is_err());
        assert!(Centres::decode(&[model.encode(), vec![0]].concat()).is_err());
        let mut two_of_a_cluster = model.encode();
        two_of_a_cluster[96] = 1;
        two_of_a_cluster[120] = 1;
        assert!(Centres::decode(&two_of_a_cluster).is_err());
        assert_eq!(model.centres(), [[3.0, -0.0], [1.0, f64::MAX]]);
    }

    #[test]
    fn rows_find_their_centre_across_tiles() {
        // Seen as 0, 1, 2, …; centres at 10 and 3990, cluster 0 is the far one; every seventh row lacks the feature.
        let values: Vec<Option<f64>> = (0..4000).map(|i| (i % 7 != 0).then_some(f64::from(i) * 2.0 + 1.0)).collect();
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        let model = Centres::new(vec![feature(None)], &[vec![3990.0], vec![10.0]]);
        let mut found = vec![];
        model.each_tile(&[column], |tile| {
            found.extend((0..tile.rows).map(|i| (!tile.left_out[i]).then(|| model.label(tile.nearest[i]))));
        });
        // 2000 is as near to one as to the other: the lower centre has it.
        let expected: Vec<Option<i32>> = (0..4000).map(|i| (i % 7 != 0).then_some(i32::from(i <= 2000))).collect();
        assert_eq!(found, expected);
    }
}
