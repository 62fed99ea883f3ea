//! Some thousand rows in tiles: in memory, or in that form on disk.

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::Result;

use super::super::Scaling;
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

/// Numbers of each tile, feature by feature. The last tile is filled up with its last row.
#[derive(Debug)]
pub(super) enum TileNumbers {
    Here(Vec<[f64; LANES]>),
    Spilled(SpilledPart),
}

#[derive(Debug)]
pub(super) enum Hashes {
    Here(Vec<u64>),
    Spilled(SpilledPart),
}

/// A part of a file: so many times eight bytes.
#[derive(Debug)]
pub(super) struct SpilledPart {
    pub file: Arc<File>,
    pub at: u64,
    pub words: usize,
}

impl SpilledPart {
    fn read(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.resize(self.words * 8, 0);
        Ok(self.file.read_exact_at(bytes, self.at)?)
    }
}

/// Where what was spilled is read into.
#[derive(Debug, Default)]
pub(super) struct SpillBuffers {
    bytes: Vec<u8>,
    numbers: Vec<[f64; LANES]>,
}

impl TileNumbers {
    pub(super) fn read<'a>(&'a self, scratch: &'a mut SpillBuffers) -> Result<&'a [[f64; LANES]]> {
        match self {
            TileNumbers::Here(numbers) => Ok(numbers),
            TileNumbers::Spilled(part) => {
                part.read(&mut scratch.bytes)?;
                scratch.numbers.resize(part.words / LANES, [0.0; LANES]);
                let words = scratch.bytes.as_chunks().0.iter();
                let numbers = scratch.numbers.as_flattened_mut().iter_mut();
                numbers.zip(words).for_each(|(number, word)| *number = f64::from_le_bytes(*word));
                Ok(&scratch.numbers)
            }
        }
    }
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

    /// Turns the features' numbers, NaN where one is missing, into what the model sees.
    pub(super) fn scale(&mut self, features: &[Scaling], middles: &[f64], scratch: &mut SpillBuffers) -> Result<()> {
        let scaled = |numbers: &mut [[f64; LANES]]| {
            for tile in numbers.chunks_exact_mut(features.len()) {
                for (numbers, feature) in tile.iter_mut().zip(features) {
                    let fill = feature.fill.unwrap_or(feature.offset);
                    for number in numbers {
                        *number = feature.scaled(if number.is_nan() { fill } else { *number });
                    }
                }
            }
            numbers.chunks_exact(features.len()).map(|tile| norm(tile, middles)).collect()
        };
        self.norms = match &mut self.numbers {
            TileNumbers::Here(numbers) => scaled(numbers),
            TileNumbers::Spilled(part) => {
                let (file, at) = (part.file.clone(), part.at);
                self.numbers.read(scratch)?;
                let norms = scaled(&mut scratch.numbers);
                file.write_all_at(&bytes_of(&scratch.numbers), at)?;
                norms
            }
        };
        Ok(())
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
