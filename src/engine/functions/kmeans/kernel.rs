//! Which centre each row is nearest to, sixteen rows at a time.
//!
//! The definition: a row x belongs to the centre c of least Σ (xᵢ − cᵢ)², summed in the order of the features and rounded
//! after each operation; of two that are equally near it is the first. So it is the same on every machine.
//!
//! It is found through ‖c‖² − 2·x·c, one fused operation where the definition takes three, and of numbers of 32 bits, of which a
//! register has twice as many. That is less exact, and where the two best ones lie within its error, the same is computed of doubles,
//! and where they lie within the error of that, the definition: whatever instructions there are, the answer is the same.
//!
//! The hot loops compute with the processor's [registers](super::registers), and are plain ones over indices: what closures and
//! iterators are made of is compiled by itself, without the instructions that are chosen here, wherever the compiler does not inline it.
//!
//! What is far from being doubtful need not be looked at again: by the triangle inequality (Hamerly, 2010) the rows keep
//! their centres until these have moved as far as the second centre is further away than the first.

#![allow(
    clippy::needless_range_loop,
    reason = "the compiler makes vectors of loops over lanes, and of chains of iterators less surely"
)]

use super::instructions::Instructions;
#[cfg(target_arch = "x86_64")]
use super::registers::{Avx2, Avx2Single, Avx512, Avx512Single};
use super::registers::{LANES, LaneNumber, Portable, Registers};

/// Centres that are measured at the same time, so that each number is loaded once for all of them.
const AT_ONCE: usize = 4;

/// With fewer centres it is dearer to make numbers of 32 bits of a row's than to compute with doubles.
const SINGLE_FROM: usize = 5;

/// Centres as the processor likes them.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    features: usize,
    /// From a tile's first number to that of the next: behind the features there may be more.
    numbers: usize,
    doubles: Factors<f64>,
    singles: Option<Factors<f32>>,
    /// As they are, one after the other.
    centres: Vec<f64>,
    /// What is taken from each feature first, so that no digits are lost far from 0.
    middle: Vec<f64>,
}

/// What rows are multiplied with.
#[derive(Debug, Clone)]
struct Factors<N> {
    /// For each group of centres and each feature: −2·(c − middle).
    factors: Vec<[N; AT_ONCE]>,
    /// For each group: ‖c − middle‖², made smaller by twice its share of the error.
    starts: Vec<[N; AT_ONCE]>,
    /// |computed − defined| ≤ error · (‖x − middle‖² + ‖c − middle‖²): 4·(d + 8) roundings, of which 4·d + 20 may happen.
    error: f64,
}

impl<N: LaneNumber> Factors<N> {
    /// None where a square would be too large.
    fn new(centres: &[Vec<f64>], middle: &[f64]) -> Option<Factors<N>> {
        let error = 4.0 * (middle.len() as f64 + 8.0) * N::ROUNDING;
        let (mut factors, mut starts) = (vec![], vec![]);
        for group in centres.chunks(AT_ONCE) {
            // Where there is no centre, nothing is near to it.
            let mut start = [N::near(f64::INFINITY); AT_ONCE];
            for (start, centre) in start.iter_mut().zip(group) {
                let norm: f64 = centre.iter().zip(middle).map(|(c, m)| (c - m) * (c - m)).sum();
                if norm > N::LARGEST_SQUARE {
                    return None;
                }
                *start = N::near(norm * (1.0 - 2.0 * error));
            }
            starts.push(start);
            for (feature, middle) in middle.iter().enumerate() {
                let mut factor = [N::near(0.0); AT_ONCE];
                factor.iter_mut().zip(group).for_each(|(factor, c)| *factor = N::near(-2.0 * (c[feature] - middle)));
                factors.push(factor);
            }
        }
        Some(Factors { factors, starts, error })
    }
}

/// Some tiles, and what is known of them.
pub(super) struct Tiles<'a> {
    pub numbers: &'a [[f64; LANES]],
    /// Of each tile, not less than any row's ‖x − middle‖².
    pub norms: &'a [f64],
    /// How far the centres have moved until now, twice.
    pub moved: f64,
    /// Of each tile: as long as not more is moved, all rows keep their centres.
    pub settled: &'a mut [f64],
    /// The centre of each row, in the tiles that were looked at.
    pub places: &'a mut [[u32; LANES]],
    pub looked_at: &'a mut Vec<u32>,
}

impl Kernel {
    /// `middle` is what the rows lie around.
    pub(super) fn new(centres: &[Vec<f64>], middle: &[f64]) -> Kernel {
        let doubles = Factors::new(centres, middle).expect("every double may be there");
        let singles = if centres.len() >= SINGLE_FROM { Factors::new(centres, middle) } else { None };
        let (features, centres, middle) = (middle.len(), centres.concat(), middle.to_vec());
        Kernel { features, numbers: features, doubles, singles, centres, middle }
    }

    /// For tiles of so many numbers, of which the features are the first.
    pub(super) fn among(self, numbers: usize) -> Kernel {
        Kernel { numbers, ..self }
    }

    pub(super) fn nearest(&self, tiles: &mut Tiles) {
        self.nearest_by(Instructions::best(), tiles);
    }

    #[allow(unsafe_code)]
    pub(super) fn nearest_by(&self, instructions: Instructions, tiles: &mut Tiles) {
        match instructions {
            // SAFETY: every processor has these.
            Instructions::Portable => unsafe { self.look::<Portable<f64>, Portable<f32>>(tiles) },
            // SAFETY: there is such a value only where the processor was found to have these instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { self.look_avx2(tiles) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { self.look_avx512(tiles) },
        }
    }

    #[allow(unsafe_code)]
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn look_avx2(&self, tiles: &mut Tiles) {
        // SAFETY: whoever called this has seen to it.
        unsafe { self.look::<Avx2, Avx2Single>(tiles) }
    }

    #[allow(unsafe_code)]
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn look_avx512(&self, tiles: &mut Tiles) {
        // SAFETY: as above.
        unsafe { self.look::<Avx512, Avx512Single>(tiles) }
    }

    /// # Safety
    /// The processor has the instructions.
    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn look<D: Registers<Number = f64>, S: Registers<Number = f32>>(&self, tiles: &mut Tiles) {
        let mut around_0 = vec![[0.0; LANES]; self.features];
        let mut rounded = vec![[0.0; LANES]; self.features];
        let (mut tried, mut in_doubt) = (0, 0);
        let mut margins: Vec<Margin> = Vec::with_capacity(tiles.norms.len());
        tiles.looked_at.clear();
        for index in 0..tiles.norms.len() {
            if tiles.settled[index] > tiles.moved {
                continue;
            }
            tiles.looked_at.push(index as u32);
            let tile = &tiles.numbers[index * self.numbers..][..self.features];
            let (norm, places) = (tiles.norms[index], &mut tiles.places[index]);
            let mut margin = None;
            // Where rows are too near to two centres again and again, it is not tried any longer.
            if let Some(factors) = &self.singles
                && norm < f32::LARGEST_SQUARE
                && in_doubt * 8 < tried + 64
            {
                for feature in 0..tile.len() {
                    // SAFETY: asked of the caller.
                    unsafe { S::around(&tile[feature], self.middle[feature], &mut rounded[feature]) };
                }
                // SAFETY: as above.
                margin = unsafe { expanded::<S>(factors, &rounded, norm, places) };
                tried += 1;
                in_doubt += usize::from(margin.is_none());
            }
            if margin.is_none() {
                for feature in 0..tile.len() {
                    // SAFETY: as above.
                    unsafe { D::around(&tile[feature], self.middle[feature], &mut around_0[feature]) };
                }
                // SAFETY: as above.
                margin = unsafe { expanded::<D>(&self.doubles, &around_0, norm, places) };
            }
            margins.push(margin.unwrap_or(Margin::NONE));
            if margin.is_none() {
                self.by_definition(tile, places);
            }
        }
        // Behind the others: roots and quotients take long, and less so side by side.
        let least = 1e-12 * (self.features as f64 + 8.0);
        let mut rooms = vec![0.0; margins.len()];
        for at in 0..margins.len() {
            rooms[at] = margins[at].room(least);
        }
        for (index, room) in tiles.looked_at.iter().zip(rooms) {
            tiles.settled[*index as usize] = tiles.moved + room;
        }
    }

    #[inline(always)]
    fn by_definition(&self, tile: &[[f64; LANES]], places: &mut [u32; LANES]) {
        let mut best = [f64::INFINITY; LANES];
        *places = [0; LANES];
        for place in 0..self.centres.len() / self.features {
            let centre = &self.centres[place * self.features..][..self.features];
            let mut squared = [0.0; LANES];
            for feature in 0..tile.len() {
                for lane in 0..LANES {
                    let apart = tile[feature][lane] - centre[feature];
                    squared[lane] += apart * apart;
                }
            }
            for lane in 0..LANES {
                if squared[lane] < best[lane] {
                    (best[lane], places[lane]) = (squared[lane], place as u32);
                }
            }
        }
    }

    /// The squared distances of a tile's rows from the centres at their places, by the definition.
    pub(super) fn squared(&self, tile: &[[f64; LANES]], places: &[u32; LANES]) -> [f64; LANES] {
        let mut squared = [0.0; LANES];
        for lane in 0..LANES {
            let centre = &self.centres[places[lane] as usize * self.features..][..self.features];
            for feature in 0..self.features {
                let apart = tile[feature][lane] - centre[feature];
                squared[lane] += apart * apart;
            }
        }
        squared
    }
}

/// How sure it is that a tile's rows belong to their centres.
#[derive(Debug, Clone, Copy)]
struct Margin {
    /// No row's second centre is nearer than this, beyond the first: of the squared distances.
    gap: f64,
    /// No row's second centre is further away, squared.
    furthest: f64,
}

impl Margin {
    /// A row is as near to another centre.
    const NONE: Margin = Margin { gap: -1.0, furthest: 0.0 };

    /// How much all centres may move, added up, until a row may change its own; less than 0 where one has to be looked at whatever moves.
    #[inline(always)]
    fn room(self, least: f64) -> f64 {
        // d₂ − d₁ = (d₂² − d₁²) / (d₂ + d₁), and no d₂ of the tile is greater than this one.
        let furthest = self.furthest.sqrt();
        let room = 0.999 * self.gap / (2.0 * furthest);
        // Less would be within the definition's own rounding.
        let room = if room > least * furthest { room } else { 0.0 };
        match self.gap {
            f64::INFINITY => self.gap,
            gap if gap < 0.0 => -1.0,
            _ => room,
        }
    }
}

/// The places of the two nearest centres and how sure they are; `None` where a row's own is in doubt.
///
/// # Safety
/// The processor has the instructions.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn expanded<R: Registers>(
    factors: &Factors<R::Number>,
    tile: &[[R::Number; LANES]],
    norm: f64,
    places: &mut [u32; LANES],
) -> Option<Margin> {
    let error = factors.error;
    // Of the error's two parts that of the centres is in the starts: the best one's is bounded through how near it is.
    let doubt = 40.0 * error * norm + R::Number::SMALLEST;
    let (mut gap, mut furthest) = (f64::INFINITY, f64::NEG_INFINITY);
    for first in (0..LANES).step_by(R::ROWS) {
        // SAFETY: asked of the caller; a tile is a multiple of so many rows.
        let (found, doubt, share, zero) = unsafe {
            (
                two_nearest::<R>(factors, tile, first),
                R::all(R::Number::near(doubt)),
                R::all(R::Number::near(16.0 * error)),
                R::all(R::Number::near(0.0)),
            )
        };
        let TwoNearest { best, second, place } = found;
        let size = best.greater(zero.minus(best));
        let gaps = second.minus(best).minus(doubt).minus(size.times(share));
        // Whatever is no number is in doubt, too.
        if !gaps.are_positive() {
            return None;
        }
        gap = gap.min(gaps.least());
        furthest = furthest.max(second.greatest());
        place.store(&mut places[first..]);
    }
    Some(Margin { gap, furthest: (furthest + norm).max(0.0) * (1.0 + 1e-9 + 16.0 * error) + doubt })
}

/// # Safety
/// The processor has the instructions, and so many rows of the tile are left from the first one on.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn two_nearest<R: Registers>(
    factors: &Factors<R::Number>,
    tile: &[[R::Number; LANES]],
    first: usize,
) -> TwoNearest<R> {
    // SAFETY: asked of the caller.
    unsafe {
        let nowhere = R::all(R::Number::near(f64::INFINITY));
        let mut found = TwoNearest { best: nowhere, second: nowhere, place: R::all(R::Number::near(0.0)) };
        for group in 0..factors.starts.len() {
            let (start, factors) = (&factors.starts[group], &factors.factors[group * tile.len()..][..tile.len()]);
            let mut far = [R::all(start[0]), R::all(start[1]), R::all(start[2]), R::all(start[3])];
            for feature in 0..tile.len() {
                let (x, factor) = (R::load(&tile[feature], first), &factors[feature]);
                for one in 0..AT_ONCE {
                    far[one] = x.times_plus(R::all(factor[one]), far[one]);
                }
            }
            for one in 0..AT_ONCE {
                found.look(far[one], R::all(R::Number::near((group * AT_ONCE + one) as f64)));
            }
        }
        found
    }
}

/// Of some rows: how far the two nearest centres are, and which one the nearest is.
struct TwoNearest<R> {
    best: R,
    second: R,
    /// A number of a centre, as a double: of the width of what it is chosen by.
    place: R,
}

impl<R: Registers> TwoNearest<R> {
    #[inline(always)]
    fn look(&mut self, far: R, number: R) {
        let TwoNearest { best, second, place } = *self;
        self.second = best.greater(far).lesser(second);
        self.place = far.if_less(best, number, place);
        self.best = far.lesser(best);
    }
}

/// Not less than ‖x − middle‖² of any row of a tile.
pub(super) fn norm(tile: &[[f64; LANES]], middle: &[f64]) -> f64 {
    let mut squared = [0.0; LANES];
    for (x, middle) in tile.iter().zip(middle) {
        for lane in 0..LANES {
            let apart = x[lane] - middle;
            squared[lane] += apart * apart;
        }
    }
    squared.into_iter().fold(0.0, f64::max) * (1.0 + 1e-9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tiled(rows: &[Vec<f64>]) -> Vec<[f64; LANES]> {
        let features = rows[0].len();
        let tile = |rows: &[Vec<f64>]| {
            let at = |feature: usize| std::array::from_fn(|lane| rows[lane.min(rows.len() - 1)][feature]);
            (0..features).map(at).collect::<Vec<_>>()
        };
        rows.chunks(LANES).flat_map(tile).collect()
    }

    fn defined(row: &[f64], centres: &[Vec<f64>]) -> u32 {
        let mut best = (f64::INFINITY, 0);
        for (place, centre) in (0..).zip(centres) {
            let mut squared = 0.0;
            for (x, c) in row.iter().zip(centre) {
                squared += (x - c) * (x - c);
            }
            if squared < best.0 {
                best = (squared, place);
            }
        }
        best.1
    }

    /// What the rows belong to while the centres move: by all instructions, and by the definition.
    fn compare(rows: &[Vec<f64>], middle: &[f64], moves: &[Vec<Vec<f64>>]) {
        let numbers = tiled(rows);
        let norms: Vec<f64> = numbers.chunks(middle.len()).map(|tile| norm(tile, middle)).collect();
        for instructions in Instructions::known() {
            let mut places = vec![[u32::MAX; LANES]; norms.len()];
            let (mut settled, mut looked_at, mut moved) = (vec![-1.0; norms.len()], vec![], 0.0);
            let mut before: Option<&Vec<Vec<f64>>> = None;
            for centres in moves {
                let far = |(a, b): (&Vec<f64>, &Vec<f64>)| {
                    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
                };
                let furthest = before.map_or(0.0, |before| before.iter().zip(centres).map(far).fold(0.0, f64::max));
                moved += 2.0 * furthest * (1.0 + 1e-9);
                before = Some(centres);
                let (settled, places, looked_at) = (&mut settled, &mut places, &mut looked_at);
                Kernel::new(centres, middle).nearest_by(
                    instructions,
                    &mut Tiles { numbers: &numbers, norms: &norms, moved, settled, places, looked_at },
                );
                for (row, place) in rows.iter().zip(places.as_flattened()) {
                    assert_eq!(*place, defined(row, centres), "{instructions:?} {row:?} {centres:?}");
                }
            }
        }
    }

    #[test]
    fn ties_go_to_the_first_and_far_numbers_lose_nothing() {
        // Every row lies between two centres, near 0 and far from it.
        for middle in [0.0, 1e9] {
            let rows: Vec<Vec<f64>> =
                (0..40).map(|i| vec![middle + f64::from(i % 10) + 0.5, middle + f64::from(i / 10)]).collect();
            let centres: Vec<Vec<f64>> = (0..11).map(|i| vec![middle + f64::from(i), middle + 1.5]).collect();
            compare(&rows, &[middle; 2], std::slice::from_ref(&centres));
            compare(&rows, &[0.0; 2], &[centres]);
        }
        // Where numbers of 32 bits have no digits, or no squares.
        for size in [1e-120, 1e-44, 1e-30, 1e-18, 1e14, 1e16, 1e30, 1e120] {
            let row = |i: i32| vec![f64::from(i * 37 % 101) * size, f64::from(i * 53 % 97) * size];
            let centre = |i: i32| vec![f64::from(i * 12) * size, f64::from(i * 29 % 90) * size];
            compare(&(0..100).map(row).collect::<Vec<_>>(), &[50.0 * size, 0.0], &[(0..9).map(centre).collect()]);
        }
        // One far away leaves the others what they are.
        let rows: Vec<Vec<f64>> = (0..33).map(|i| vec![f64::from(i) * 0.37]).chain([vec![1e12]]).collect();
        compare(&rows, &[0.0], &[vec![vec![1.0], vec![1.0], vec![5.0], vec![1e12]]]);
        compare(&rows, &[0.0], &[vec![vec![1.0]], vec![vec![7.0]]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn all_instructions_answer_as_defined_while_centres_move(
            (features, rows, centres, steps) in (1_usize..6).prop_flat_map(|features| {
                // Few different numbers, so that many rows are as near to one as to another.
                let number = || prop_oneof![(-4_i32..5).prop_map(f64::from), -4.0..4.0_f64, Just(1e-3), Just(3e7)];
                let row = move || prop::collection::vec(number(), features);
                (
                    Just(features),
                    prop::collection::vec(row(), 1..70),
                    prop::collection::vec(row(), 1..12),
                    prop::collection::vec(-0.2..0.2_f64, 1..5),
                )
            }),
            middle in prop_oneof![Just(0.0), -3.0..3.0_f64],
        ) {
            let moved = |by: &f64| centres.iter().enumerate().map(|(i, centre)| {
                centre.iter().map(|c| c + by * (i as f64 - 2.0) * 0.3).collect()
            }).collect::<Vec<Vec<f64>>>();
            let moves: Vec<_> = [0.0].iter().chain(&steps).map(moved).collect();
            compare(&rows, &vec![middle; features], &moves);
        }
    }
}
