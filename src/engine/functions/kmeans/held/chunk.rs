//! Some thousand rows in tiles: in memory, or in that form on disk.

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::Result;

use super::super::RowView;
use super::super::kernel::norm;
use super::super::registers::LANES;

/// No cluster's number: there are fewer of them.
pub(super) const NONE: u16 = u16::MAX;

#[derive(Debug)]
pub(super) struct Chunk {
    pub rows: usize,
    /// The columns that name the rows, if there was room for them.
    pub keys: Option<RecordBatch>,
    pub numbers: TileNumbers,
    /// Of each row, a number that stands for it; empty if none was asked for.
    pub hashes: Hashes,
    /// Of each tile, not less than a row's squared distance from the middle; and how far the centres may move until a row of it
    /// may change its cluster.
    pub norms: Vec<f64>,
    pub settled: Vec<f64>,
    /// Each row's cluster.
    pub labels: Vec<[u16; LANES]>,
    /// While first centres are looked for: each row's squared distance from the nearest one so far.
    pub apart: Vec<[f64; LANES]>,
}

/// Numbers of each tile: feature by feature, then the weights, if there are some. The last tile is filled up with its last row.
#[derive(Debug)]
pub(super) enum TileNumbers {
    Here(Vec<[f64; LANES]>),
    /// The same of half the size.
    HereSingle(Vec<[f32; LANES]>),
    Spilled(SpilledPart),
    SpilledSingle(SpilledPart),
}

#[derive(Debug)]
pub(super) enum Hashes {
    Here(Vec<u64>),
    Spilled(SpilledPart),
}

/// A part of a file.
#[derive(Debug)]
pub(super) struct SpilledPart {
    pub file: Arc<File>,
    pub at: u64,
    pub bytes: usize,
}

impl SpilledPart {
    fn read(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.resize(self.bytes, 0);
        Ok(self.file.read_exact_at(bytes, self.at)?)
    }
}

/// Where what is not held as doubles is read into.
#[derive(Debug, Default)]
pub(super) struct SpillBuffers {
    bytes: Vec<u8>,
    numbers: Vec<[f64; LANES]>,
}

impl SpillBuffers {
    fn fill(&mut self, tiles: usize, numbers: impl Iterator<Item = f64>) -> &[[f64; LANES]] {
        self.numbers.resize(tiles, [0.0; LANES]);
        self.numbers.as_flattened_mut().iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
        &self.numbers
    }
}

impl TileNumbers {
    pub(super) fn read<'a>(&'a self, scratch: &'a mut SpillBuffers) -> Result<&'a [[f64; LANES]]> {
        let (part, size) = match self {
            TileNumbers::Here(numbers) => return Ok(numbers),
            TileNumbers::HereSingle(numbers) => {
                return Ok(scratch.fill(numbers.len(), numbers.as_flattened().iter().map(|number| f64::from(*number))));
            }
            TileNumbers::Spilled(part) => (part, size_of::<f64>()),
            TileNumbers::SpilledSingle(part) => (part, size_of::<f32>()),
        };
        let mut bytes = std::mem::take(&mut scratch.bytes);
        part.read(&mut bytes)?;
        let tiles = bytes.len() / size / LANES;
        match self {
            TileNumbers::SpilledSingle(_) => {
                let words = bytes.as_chunks().0.iter();
                scratch.fill(tiles, words.map(|word| f64::from(f32::from_le_bytes(*word))));
            }
            _ => {
                let words = bytes.as_chunks().0.iter();
                scratch.fill(tiles, words.map(|word| f64::from_le_bytes(*word)));
            }
        }
        scratch.bytes = bytes;
        Ok(&scratch.numbers)
    }

    /// Changes all numbers.
    fn change<T>(&mut self, scratch: &mut SpillBuffers, change: impl FnOnce(&mut [[f64; LANES]]) -> T) -> Result<T> {
        if let TileNumbers::Here(numbers) = self {
            return Ok(change(numbers));
        }
        self.read(scratch)?;
        let changed = change(&mut scratch.numbers);
        match self {
            TileNumbers::HereSingle(numbers) => *numbers = singles(&scratch.numbers),
            TileNumbers::SpilledSingle(part) => {
                part.file.write_all_at(&bytes_of_singles(&singles(&scratch.numbers)), part.at)?;
            }
            TileNumbers::Spilled(part) => part.file.write_all_at(&bytes_of(&scratch.numbers), part.at)?,
            TileNumbers::Here(_) => {}
        }
        Ok(changed)
    }
}

/// The nearest numbers that 32 bits can say.
pub(super) fn singles(numbers: &[[f64; LANES]]) -> Vec<[f32; LANES]> {
    numbers.iter().map(|lanes| lanes.map(|number| number as f32)).collect()
}

pub(super) fn bytes_of_singles(numbers: &[[f32; LANES]]) -> Vec<u8> {
    numbers.as_flattened().iter().flat_map(|number| number.to_le_bytes()).collect()
}

impl Hashes {
    pub(super) fn read(&self) -> Result<Cow<'_, [u64]>> {
        match self {
            Hashes::Here(hashes) => Ok(hashes.into()),
            Hashes::Spilled(part) => {
                let mut bytes = vec![];
                part.read(&mut bytes)?;
                Ok(bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
            }
        }
    }
}

pub(super) fn bytes_of(numbers: &[[f64; LANES]]) -> Vec<u8> {
    numbers.as_flattened().iter().flat_map(|number| number.to_le_bytes()).collect()
}

impl Chunk {
    /// The rows of a tile.
    pub(super) fn lanes(&self, tile: usize) -> usize {
        LANES.min(self.rows - tile * LANES)
    }

    /// Turns the features' numbers, NaN where one is missing, into what the model sees; how many rows have no direction where only
    /// that counts.
    pub(super) fn scale(&mut self, view: &RowView, middles: &[f64], scratch: &mut SpillBuffers) -> Result<u64> {
        let rows = self.rows;
        let scaled = |numbers: &mut [[f64; LANES]]| {
            let mut nowhere = 0;
            for (index, tile) in numbers.chunks_exact_mut(view.numbers()).enumerate() {
                let tile = &mut tile[..view.features.len()];
                for (numbers, feature) in tile.iter_mut().zip(&view.features) {
                    let fill = feature.fill.unwrap_or(feature.offset);
                    for number in numbers {
                        *number = feature.scaled(if number.is_nan() { fill } else { *number });
                    }
                }
                let lanes = LANES.min(rows - index * LANES);
                nowhere += view.shape(tile)[..lanes].iter().filter(|is_nowhere| **is_nowhere).count() as u64;
            }
            let norms = numbers.chunks_exact(view.numbers()).map(|tile| norm(tile, middles)).collect();
            (norms, nowhere)
        };
        let (norms, nowhere) = self.numbers.change(scratch, scaled)?;
        self.norms = norms;
        Ok(nowhere)
    }

    /// No row has a cluster.
    pub(super) fn forget(&mut self) {
        let tiles = self.rows.div_ceil(LANES);
        self.apart = vec![];
        self.settled.clear();
        self.settled.resize(tiles, -1.0);
        self.labels.clear();
        self.labels.resize(tiles, [NONE; LANES]);
    }
}
