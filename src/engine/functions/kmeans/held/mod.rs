//! Rows that this machine holds: decoded once, and looked at by all its threads as often as the model wants.
//!
//! | file | noun |
//! |---|---|
//! | `filler` | from the engine's batches to chunks |
//! | `chunk` | some thousand rows in tiles, in memory or on disk |
//! | `assigned` | the rows with their clusters, as the engine's batches again |
//!
//! Each row keeps its cluster, so that a step adds and takes away what changed. The sums are exact, so it does not show.

#![allow(clippy::needless_range_loop, reason = "as in the kernel")]

mod assigned;
mod chunk;
mod filler;

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::apart::{Drawn, Lot};
use super::kernel::{Kernel, Tiles};
use super::model::Centres;
use super::registers::LANES;
use super::silhouette::{Clustering, MeasureSums, Measured};
use super::step::{ClusterTotals, Sums};
use crate::engine::functions::moments::ExactMoments;
use chunk::{Chunk, NONE, SpillBuffers, TileNumbers};
use filler::{Filler, SpilledRows};
pub use filler::{Holding, Weights};

pub struct Held {
    chunks: Vec<Chunk>,
    features: usize,
    /// Of a tile: the features, and the weights, if there are some.
    numbers: usize,
    /// Of each feature, as it came.
    pub moments: Vec<ExactMoments>,
    pub weights: Weights,
    pub rows: u64,
    pub left_out: u64,
    /// The last step, if there was one.
    last: Option<LastStep>,
    threads: ThreadPool,
    state: SessionState,
    _room: Arc<MemoryReservation>,
    _spilled: Vec<SpilledRows>,
}

#[derive(Debug)]
struct LastStep {
    /// By cluster.
    centres: Vec<Vec<f64>>,
    sums: Sums,
    /// Twice the way of the furthest centre, of all steps.
    moved: f64,
}

/// Rows with small hashes.
struct HashSample {
    /// None with a greater one is in the sample.
    limit: u64,
    found: Vec<(u64, Vec<f64>)>,
}

impl HashSample {
    /// Leaves no more of them than are wanted, in their order.
    fn prune(&mut self, wanted: usize) {
        let by_value = |a: &[f64], b: &[f64]| {
            let values = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
            values.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        };
        self.found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| by_value(&a.1, &b.1)));
        self.found.truncate(wanted);
        if let (Some(last), true) = (self.found.last(), self.found.len() == wanted) {
            self.limit = last.0;
        }
    }
}

/// What is needed to look at a chunk.
#[derive(Default)]
struct Desk {
    scratch: SpillBuffers,
    settled: Vec<f64>,
    places: Vec<[u32; LANES]>,
    looked_at: Vec<u32>,
}

impl Held {
    /// Reads all rows of a frame, whose columns after the keys are doubles: the features, and the rows' weight if they have one.
    pub async fn read(rows: DataFrame, holding: Holding) -> Result<Held> {
        let (state, plan) = rows.into_parts();
        let (pool, disk) = (&state.runtime_env().memory_pool, &state.runtime_env().disk_manager);
        // The other half is for what reads and writes.
        let most_bytes = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes / 2,
            _ => usize::MAX,
        };
        let room = Arc::new(MemoryConsumer::new("features of a model").register(pool));
        let numbers = plan.schema().fields().len() - holding.keys;
        let features = numbers - usize::from(holding.has_weights);
        let filler = || Filler {
            holding,
            room: room.clone(),
            most_bytes,
            disk: disk.clone(),
            spill: None,
            moments: vec![ExactMoments::default(); features],
            weights: Weights::default(),
            left_out: 0,
            chunks: vec![],
        };
        let streams = DataFrame::new(state.clone(), plan).execute_stream_partitioned().await?;
        let fill = |mut stream: datafusion::execution::SendableRecordBatchStream| {
            let mut filler = filler();
            SpawnedTask::spawn(async move {
                while let Some(batch) = stream.next().await {
                    filler.fill(&batch?)?;
                }
                Ok::<Filler, DataFusionError>(filler)
            })
        };
        let tasks: Vec<_> = streams.into_iter().map(fill).collect();
        let mut whole = filler();
        let mut spilled = vec![];
        for task in tasks {
            let part = task.join_unwind().await.map_err(|error| DataFusionError::External(Box::new(error)))??;
            whole.moments.iter_mut().zip(&part.moments).for_each(|(whole, part)| whole.merge(part));
            whole.weights.merge(part.weights);
            whole.left_out += part.left_out;
            whole.chunks.extend(part.chunks);
            spilled.extend(part.spill);
        }
        let threads = rayon::ThreadPoolBuilder::new().num_threads(state.config().target_partitions()).build();
        Ok(Held {
            rows: whole.chunks.iter().map(|chunk| chunk.rows as u64).sum(),
            chunks: whole.chunks,
            features,
            numbers,
            moments: whole.moments,
            weights: whole.weights,
            left_out: whole.left_out,
            last: None,
            threads: threads.map_err(|error| DataFusionError::External(Box::new(error)))?,
            state,
            _room: room,
            _spilled: spilled,
        })
    }

    /// From here on the rows are what a model with this view sees; how many rows have no direction where only that counts.
    pub fn scale(&mut self, model: &Centres) -> Result<u64> {
        let (view, middles) = (&model.view, model.middles());
        let Held { chunks, threads, .. } = self;
        let scale = |scratch: &mut SpillBuffers, chunk: &mut Chunk| chunk.scale(view, &middles, scratch);
        threads.install(|| {
            let nowhere = chunks.par_iter_mut().map_init(SpillBuffers::default, scale);
            nowhere.try_reduce(|| 0, |a, b| Ok(a + b))
        })
    }

    /// How many different rows there are that count, as far as so many.
    pub fn different(&self, most: usize) -> Result<usize> {
        let (mut seen, mut scratch, mut row) = (HashSet::new(), SpillBuffers::default(), vec![]);
        for chunk in &self.chunks {
            for (tile, numbers) in chunk.numbers.read(&mut scratch)?.chunks_exact(self.numbers).enumerate() {
                let (numbers, weights) = numbers.split_at(self.features);
                let counts = |lane: &usize| weights.first().is_none_or(|weights| weights[*lane] > 0.0);
                for lane in (0..chunk.lanes(tile)).filter(counts) {
                    row.clear();
                    row.extend(numbers.iter().map(|x| (x[lane] + 0.0).to_bits()));
                    if !seen.contains(&row) {
                        seen.insert(row.clone());
                    }
                    if seen.len() >= most {
                        return Ok(most);
                    }
                }
            }
        }
        Ok(seen.len())
    }

    /// The scaled rows with the least hashes, and their weights, the same ones in the same order however they came. None of weight 0.
    pub fn sample(&self, rows: usize) -> Result<Vec<Vec<f64>>> {
        let look = |sample: &mut HashSample, chunk: &Chunk, numbers: &[[f64; LANES]]| {
            for (row, hash) in chunk.hashes.read()?.iter().enumerate() {
                if *hash > sample.limit {
                    continue;
                }
                let tile = &numbers[row / LANES * self.numbers..][..self.numbers];
                if self.numbers > self.features && tile[self.features][row % LANES] == 0.0 {
                    continue;
                }
                sample.found.push((*hash, tile.iter().map(|x| x[row % LANES]).collect()));
                if sample.found.len() >= 2 * rows + 64 {
                    sample.prune(rows);
                }
            }
            Ok(())
        };
        let new = || HashSample { limit: u64::MAX, found: vec![] };
        let mut sample = self.each(new, look, |all, more| all.found.extend(more.found))?;
        sample.prune(rows);
        Ok(sample.found.into_iter().map(|(_, row)| row).collect())
    }

    /// The weight of the rows that are nearest to each centre. Nothing of it is kept.
    pub fn weigh(&self, model: &Centres) -> Result<Vec<f64>> {
        let (kernel, grid) = (model.kernel(), model.weight_grid());
        let look = |(weights, desk): &mut (Vec<i128>, Desk), chunk: &Chunk, numbers: &[[f64; LANES]]| {
            let Desk { settled, places, looked_at, .. } = desk;
            nearest(&kernel, numbers, &chunk.norms, settled, places, looked_at);
            for (row, place) in places.as_flattened()[..chunk.rows].iter().enumerate() {
                let tile = &numbers[row / LANES * self.numbers..][..self.numbers];
                weights[model.label(*place) as usize] += grid.whole(model.view.weight(tile, row % LANES));
            }
            Ok(())
        };
        let none = || (vec![0; model.clusters()], Desk::default());
        let add = |all: &mut (Vec<i128>, Desk), more: (Vec<i128>, Desk)| {
            all.0.iter_mut().zip(more.0).for_each(|(all, more)| *all += more);
        };
        let wholes = self.each(none, look, add)?.0;
        Ok(wholes.into_iter().map(|weight| grid.number(weight)).collect())
    }

    /// Rows that lie apart from all candidates, of which those before `first_new` were there at the draw before.
    pub fn draw_apart(
        &mut self,
        candidates: &Centres,
        new: &Centres,
        wanted: usize,
        lot: Lot,
    ) -> Result<Vec<Vec<f64>>> {
        let (all, new) = (candidates.kernel(), new.kernel());
        let (view, in_tile) = (&candidates.view, self.numbers);
        let look = |drawn: &mut Drawn, desk: &mut Desk, chunk: &mut Chunk| {
            let hashes = chunk.hashes.read()?;
            let is_here = matches!(chunk.numbers, TileNumbers::Here(_) | TileNumbers::HereSingle(_));
            let kernel = if is_here { &new } else { &all };
            let Desk { scratch, settled, places, looked_at } = desk;
            let numbers = chunk.numbers.read(scratch)?;
            nearest(kernel, numbers, &chunk.norms, settled, places, looked_at);
            if is_here && chunk.apart.is_empty() {
                chunk.apart = vec![[f64::INFINITY; LANES]; chunk.norms.len()];
            }
            for (tile, numbers) in numbers.chunks_exact(in_tile).enumerate() {
                let mut squared = kernel.squared(numbers, &places[tile]);
                if is_here {
                    let apart = chunk.apart[tile].iter_mut().zip(&mut squared);
                    apart.for_each(|(apart, squared)| {
                        *apart = apart.min(*squared);
                        *squared = *apart;
                    });
                }
                for (lane, hash) in hashes[tile * LANES..].iter().enumerate().take(LANES) {
                    let share = lot.share(squared[lane], view.weight(numbers, lane));
                    drawn.look(&numbers[..view.features.len()], lane, share, lot.chance(*hash));
                }
            }
            Ok(())
        };
        Ok(self.each_mut(|| Drawn::new(wanted), look, Drawn::merge)?.rows())
    }

    /// The rows that are furthest from the nearest centre.
    pub fn furthest(&self, model: &Centres, wanted: usize) -> Result<Vec<Vec<f64>>> {
        let kernel = model.kernel();
        let look = |(drawn, desk): &mut (Drawn, Desk), chunk: &Chunk, numbers: &[[f64; LANES]]| {
            let Desk { settled, places, looked_at, .. } = desk;
            nearest(&kernel, numbers, &chunk.norms, settled, places, looked_at);
            for (tile, numbers) in numbers.chunks_exact(self.numbers).enumerate() {
                let squared = kernel.squared(numbers, &places[tile]);
                for (lane, squared) in squared.iter().enumerate().take(chunk.lanes(tile)) {
                    let share = Lot::FURTHEST.share(*squared, model.view.weight(numbers, lane));
                    drawn.look(&numbers[..self.features], lane, share, Lot::FURTHEST.chance(0));
                }
            }
            Ok(())
        };
        let found = self.each(|| (Drawn::new(wanted), Desk::default()), look, |all, more| all.0.merge(more.0))?;
        Ok(found.0.rows())
    }

    /// One step of Lloyd's: each cluster's totals.
    pub fn step(&mut self, model: &Centres) -> Result<Vec<ClusterTotals>> {
        let centres: Vec<Vec<f64>> = model.centres().into_iter().map(<[f64]>::to_vec).collect();
        let mut last = match self.last.take() {
            Some(last) if last.centres.len() == centres.len() => {
                let way = |(a, b): (&Vec<f64>, &Vec<f64>)| {
                    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
                };
                let furthest = last.centres.iter().zip(&centres).map(way).fold(0.0, f64::max);
                LastStep { moved: last.moved + 2.0 * furthest * (1.0 + 1e-9), ..last }
            }
            _ => {
                self.chunks.iter_mut().for_each(Chunk::forget);
                LastStep { centres: vec![], sums: Sums::new(model), moved: 0.0 }
            }
        };
        let (kernel, moved, in_tile) = (model.kernel(), last.moved, self.numbers);
        let names: Vec<u16> = (0..model.clusters() as u32).map(|place| model.label(place) as u16).collect();
        let look = |sums: &mut Sums, desk: &mut Desk, chunk: &mut Chunk| {
            if chunk.settled.iter().all(|settled| *settled > moved) {
                return Ok(());
            }
            let Chunk { rows, numbers, norms, settled, labels, .. } = chunk;
            let numbers = numbers.read(&mut desk.scratch)?;
            desk.places.resize(norms.len().max(desk.places.len()), [0; LANES]);
            let (places, looked_at) = (&mut desk.places[..norms.len()], &mut desk.looked_at);
            kernel.nearest(&mut Tiles { numbers, norms, moved, settled, places, looked_at });
            for tile in desk.looked_at.iter().map(|tile| *tile as usize) {
                let (places, labels) = (&desk.places[tile], &mut labels[tile]);
                let mut found = [NONE; LANES];
                for lane in 0..LANES {
                    found[lane] = names[places[lane] as usize];
                }
                // Rows of many tiles stay where they are.
                if found == *labels {
                    continue;
                }
                let numbers = &numbers[tile * in_tile..][..in_tile];
                for lane in 0..LANES.min(*rows - tile * LANES) {
                    let (before, now) = (labels[lane], found[lane]);
                    labels[lane] = now;
                    match before {
                        _ if before == now => {}
                        NONE => sums.come(numbers, lane, now.into()),
                        _ => sums.go(numbers, lane, before.into(), now.into()),
                    }
                }
            }
            Ok(())
        };
        let none = last.sums.emptied();
        let changed = self.each_mut(|| none.clone(), look, |all, more| all.merge(&more))?;
        last.sums.merge(&changed);
        last.centres = centres;
        let totals = last.sums.totals();
        self.last = Some(last);
        Ok(totals)
    }

    /// Cluster i is from here on what the `order[i]`-th was at the last step.
    pub fn renumber(&mut self, order: &[usize]) {
        let mut names = vec![NONE; order.len()];
        (0..).zip(order).for_each(|(name, before)| names[*before] = name);
        let Held { chunks, threads, last, .. } = self;
        threads.install(|| {
            chunks.par_iter_mut().for_each(|chunk| {
                let labels = chunk.labels.as_flattened_mut().iter_mut().filter(|label| **label != NONE);
                labels.for_each(|label| *label = names[usize::from(*label)]);
            });
        });
        if let Some(last) = last {
            last.sums = last.sums.renumbered(order);
            last.centres = order.iter().map(|cluster| last.centres[*cluster].clone()).collect();
        }
    }

    /// How good the clusters are that the last step found.
    pub fn measure(&self, of: &Clustering) -> Result<Measured> {
        let (kernel, places) = (of.model.kernel(), of.model.places());
        let look = |sums: &mut MeasureSums, chunk: &Chunk, numbers: &[[f64; LANES]]| {
            for (tile, numbers) in numbers.chunks_exact(self.numbers).enumerate() {
                let (labels, places) = at_places(chunk, tile, &places);
                sums.look(of, numbers, &labels, &kernel.squared(numbers, &places), 0..chunk.lanes(tile));
            }
            Ok(())
        };
        let sums = self.each(|| MeasureSums::new(of), look, |all, more| all.merge(&more))?;
        Ok(sums.measured(of))
    }

    /// Looks at all chunks by all threads.
    fn each<T: Send>(
        &self,
        new: impl Fn() -> T + Sync + Send,
        look: impl Fn(&mut T, &Chunk, &[[f64; LANES]]) -> Result<()> + Sync + Send,
        merge: impl Fn(&mut T, T) + Sync + Send,
    ) -> Result<T> {
        let looked = |(mut found, mut scratch): (T, SpillBuffers), chunk: &Chunk| {
            look(&mut found, chunk, chunk.numbers.read(&mut scratch)?)?;
            Ok((found, scratch))
        };
        let merged = |mut all: T, more: T| {
            merge(&mut all, more);
            Ok(all)
        };
        self.threads.install(|| {
            let parts = self.chunks.par_iter().try_fold(|| (new(), SpillBuffers::default()), looked);
            parts.map(|part: Result<(T, SpillBuffers)>| part.map(|(found, _)| found)).try_reduce(&new, merged)
        })
    }

    /// The same, changing what is known of the rows.
    fn each_mut<T: Send>(
        &mut self,
        new: impl Fn() -> T + Sync + Send,
        look: impl Fn(&mut T, &mut Desk, &mut Chunk) -> Result<()> + Sync + Send,
        merge: impl Fn(&mut T, T) + Sync + Send,
    ) -> Result<T> {
        let looked = |(mut found, mut desk): (T, Desk), chunk: &mut Chunk| {
            look(&mut found, &mut desk, chunk)?;
            Ok((found, desk))
        };
        let merged = |mut all: T, more: T| {
            merge(&mut all, more);
            Ok(all)
        };
        let Held { chunks, threads, .. } = self;
        threads.install(|| {
            let parts = chunks.par_iter_mut().try_fold(|| (new(), Desk::default()), looked);
            parts.map(|part: Result<(T, Desk)>| part.map(|(found, _)| found)).try_reduce(&new, merged)
        })
    }
}

/// Finds the centres of a chunk's rows, whatever is known of them.
fn nearest(
    kernel: &Kernel,
    numbers: &[[f64; LANES]],
    norms: &[f64],
    settled: &mut Vec<f64>,
    places: &mut Vec<[u32; LANES]>,
    looked_at: &mut Vec<u32>,
) {
    settled.clear();
    settled.resize(norms.len(), -1.0);
    places.resize(norms.len(), [0; LANES]);
    kernel.nearest(&mut Tiles { numbers, norms, moved: 0.0, settled, places, looked_at });
}

/// The clusters of a tile's rows, and where their centres are. What fills up a tile has those of its first row.
fn at_places(chunk: &Chunk, tile: usize, places: &[u32]) -> ([usize; LANES], [u32; LANES]) {
    let (of_tile, mut labels, mut at) = (&chunk.labels[tile], [0; LANES], [0; LANES]);
    for lane in 0..LANES {
        labels[lane] = usize::from(if of_tile[lane] == NONE { of_tile[0] } else { of_tile[lane] });
        at[lane] = places[labels[lane]];
    }
    (labels, at)
}
