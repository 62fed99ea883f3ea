//! From the engine's batches to chunks: what is no number is missing, and what the memory has no room for is spilled.

use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::SpillFile;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::memory_pool::MemoryReservation;

use super::super::registers::LANES;
use super::super::row_hash;
use super::chunk::{Chunk, Hashes, SpilledPart, TileNumbers, bytes_of, bytes_of_singles, singles};
use crate::engine::functions::moments::ExactMoments;

/// Rows of a chunk, at most.
const ROWS: usize = 8192;

/// What is wanted of the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// How many of the first columns name a row. All others are features, but for the last if that is the rows' weight.
    pub keys: usize,
    pub has_weights: bool,
    /// Hold numbers in 32 bits, which is what they have.
    pub is_single: bool,
    /// Leave out the rows that lack a feature.
    pub only_complete: bool,
    /// Whether there will be a draw among the rows.
    pub is_drawn_from: bool,
}

/// What was seen of the rows' weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    pub heaviest: f64,
    /// Of those above 0.
    pub lightest: f64,
    /// Rows without one: null, no finite number, or less than 0.
    pub broken: u64,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { heaviest: 0.0, lightest: f64::INFINITY, broken: 0 }
    }
}

impl Weights {
    fn look(&mut self, weight: Option<f64>) {
        match weight {
            Some(0.0) => {}
            Some(weight) if weight.is_finite() && weight > 0.0 => {
                (self.heaviest, self.lightest) = (self.heaviest.max(weight), self.lightest.min(weight));
            }
            _ => self.broken += 1,
        }
    }

    pub(super) fn merge(&mut self, other: Weights) {
        self.heaviest = self.heaviest.max(other.heaviest);
        self.lightest = self.lightest.min(other.lightest);
        self.broken += other.broken;
    }
}

/// Fills chunks with the rows of one stream.
pub(super) struct Filler {
    pub holding: Holding,
    /// Shared by all streams.
    pub room: Arc<MemoryReservation>,
    pub most_bytes: usize,
    pub disk: Arc<DiskManager>,
    pub spill: Option<SpilledRows>,
    /// Of the rows that are held, by feature.
    pub moments: Vec<ExactMoments>,
    pub weights: Weights,
    pub left_out: u64,
    pub chunks: Vec<Chunk>,
}

/// The file goes when this does.
pub(super) struct SpilledRows {
    _named: Arc<dyn SpillFile>,
    file: Arc<File>,
    end: u64,
}

impl Filler {
    pub(super) fn fill(&mut self, batch: &RecordBatch) -> Result<()> {
        for start in (0..batch.num_rows()).step_by(ROWS) {
            let rows = ROWS.min(batch.num_rows() - start);
            self.fill_chunk(self.cleaned(&batch.slice(start, rows))?)?;
        }
        Ok(())
    }

    /// The same with null in place of NaN and infinite values, and one zero. Most batches are clean.
    fn cleaned(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let is_clean = |number: &f64| number.is_finite() && (*number != 0.0 || number.is_sign_positive());
        let mut columns = batch.columns().to_vec();
        let features = self.features(batch);
        for column in &mut columns[features] {
            let numbers = column.as_primitive::<Float64Type>();
            if !numbers.values().iter().all(is_clean) {
                let clean = |number: Option<f64>| number.filter(|number| number.is_finite()).map(|number| number + 0.0);
                *column = Arc::new(numbers.iter().map(clean).collect::<Float64Array>());
            }
        }
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    }

    /// The places of the features' columns.
    fn features(&self, batch: &RecordBatch) -> Range<usize> {
        self.holding.keys..batch.num_columns() - usize::from(self.holding.has_weights)
    }

    fn fill_chunk(&mut self, mut batch: RecordBatch) -> Result<()> {
        let features = &batch.columns()[self.features(&batch)];
        if self.holding.only_complete && features.iter().any(|column| column.null_count() > 0) {
            let is_complete = |row: usize| features.iter().all(|column| column.is_valid(row));
            let complete: BooleanArray = (0..batch.num_rows()).map(|row| Some(is_complete(row))).collect();
            let rows = batch.num_rows();
            batch = filter_record_batch(&batch, &complete)?;
            self.left_out += (rows - batch.num_rows()) as u64;
        }
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let mut columns: Vec<&Float64Array> =
            batch.columns()[self.holding.keys..].iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        if self.holding.has_weights {
            columns[columns.len() - 1].iter().for_each(|weight| self.weights.look(weight));
        }
        let numbers = tiled(&columns, rows);
        columns.truncate(self.features(&batch).len());
        self.moments.resize_with(columns.len(), ExactMoments::default);
        for (moments, column) in self.moments.iter_mut().zip(&columns) {
            match column.null_count() {
                0 => column.values().iter().for_each(|number| moments.add(*number)),
                _ => column.iter().flatten().for_each(|number| moments.add(number)),
            }
        }
        let named = &batch.columns()[..self.features(&batch).end];
        let hashes = if self.holding.is_drawn_from { row_hash::hashes(named, rows)? } else { vec![] };
        let keys = batch.project(&(0..self.holding.keys).collect::<Vec<_>>())?;
        self.keep(rows, keys, numbers, hashes)
    }

    fn keep(&mut self, rows: usize, keys: RecordBatch, numbers: Vec<[f64; LANES]>, hashes: Vec<u64>) -> Result<()> {
        let tiles = rows.div_ceil(LANES);
        // What is always in memory: a cluster's number a row, two numbers a tile.
        self.room.grow(tiles * (LANES * size_of::<u16>() + 2 * size_of::<f64>()));
        let key_bytes = |column: &ArrayRef| column.to_data().get_slice_memory_size();
        let key_bytes = keys.columns().iter().map(key_bytes).sum::<std::result::Result<usize, _>>()?;
        let number = if self.holding.is_single { size_of::<f32>() } else { size_of::<f64>() };
        // While first centres are drawn, there is a distance for each row, too.
        let bytes = numbers.as_flattened().len() * number + 2 * size_of_val(hashes.as_slice()) + key_bytes;
        let fits = self.room.size() + bytes <= self.most_bytes && self.room.try_grow(bytes).is_ok();
        let numbers = match (fits, self.holding.is_single) {
            (true, false) => TileNumbers::Here(numbers),
            (true, true) => TileNumbers::HereSingle(singles(&numbers)),
            (false, false) => TileNumbers::Spilled(self.spill(bytes_of(&numbers))?),
            (false, true) => TileNumbers::SpilledSingle(self.spill(bytes_of_singles(&singles(&numbers)))?),
        };
        let hashes = match fits {
            true => Hashes::Here(hashes),
            false => Hashes::Spilled(self.spill(hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect())?),
        };
        let (norms, settled, labels, apart) = (vec![], vec![], vec![], vec![]);
        self.chunks.push(Chunk { rows, keys: fits.then_some(keys), numbers, hashes, norms, settled, labels, apart });
        Ok(())
    }

    fn spill(&mut self, bytes: Vec<u8>) -> Result<SpilledPart> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => {
                let named = self.disk.create_tmp_file("features of a model")?;
                let path = named.path().ok_or_else(|| internal_datafusion_err!("a spill file without a path"))?;
                let file = OpenOptions::new().read(true).write(true).open(path)?;
                none.insert(SpilledRows { _named: named, file: Arc::new(file), end: 0 })
            }
        };
        let at = spill.end;
        spill.file.write_all_at(&bytes, at)?;
        spill.end += bytes.len() as u64;
        Ok(SpilledPart { file: spill.file.clone(), at, bytes: bytes.len() })
    }
}

/// In tiles, NaN where a value is missing, filled up with the last row.
fn tiled(features: &[&Float64Array], rows: usize) -> Vec<[f64; LANES]> {
    let mut numbers = vec![[0.0; LANES]; rows.div_ceil(LANES) * features.len()];
    for (feature, column) in features.iter().enumerate() {
        let tiles = numbers[feature..].iter_mut().step_by(features.len());
        for (tile, values) in tiles.zip(column.values().chunks(LANES)) {
            match <&[f64; LANES]>::try_from(values) {
                Ok(values) => *tile = *values,
                Err(_) => {
                    tile[..values.len()].copy_from_slice(values);
                    tile[values.len()..].fill(values[values.len() - 1]);
                }
            }
        }
        if column.null_count() > 0 {
            for row in (0..rows).filter(|row| column.is_null(*row)) {
                let tile = &mut numbers[row / LANES * features.len() + feature];
                tile[row % LANES] = f64::NAN;
                if row + 1 == rows {
                    tile[row % LANES..].fill(f64::NAN);
                }
            }
        }
    }
    numbers
}
