//! Chance as a pure function: the same (seed, table, id) draws the same values, on any machine, in any order.
//!
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). Only
//! integers are drawn, so no platform's floating point can change a row.

/// The draws of one row.
pub struct Random(u64);

impl Random {
    /// A row's own generator. `table` keeps rows of different tables apart that share an id.
    pub fn new(seed: u64, table: u64, id: u64) -> Self {
        Random(mix(mix(mix(seed) ^ table) ^ id))
    }

    pub fn next_u64(&mut self) -> u64 {
        let drawn = mix(self.0);
        self.0 = self.0.wrapping_add(GAMMA);
        drawn
    }

    /// Uniform in `0..bound`, by the high half of a product (Lemire), without a division. `bound` > 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `per_mille` of 1,000 draws.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// One step of SplitMix64: a bijection of 64 bits in which every input bit moves about half of the output's.
pub fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(GAMMA);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_as_published() {
        // The first outputs of the reference implementation for the seed 0.
        let mut random = Random(0);
        assert_eq!([random.next_u64(), random.next_u64()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }

    #[test]
    fn draws_stay_in_bounds_and_spread() {
        let mut random = Random::new(42, 1, 7);
        let mut seen = [0_u32; 10];
        (0..10_000).for_each(|_| seen[random.below(10) as usize] += 1);
        assert!(seen.iter().all(|count| (850..1_150).contains(count)), "{seen:?}");
        assert!((0..1_000).all(|_| (3..=5).contains(&random.between(3, 5))));
    }
}
