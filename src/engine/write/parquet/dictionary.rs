//! Values as numbers of their entries in a dictionary.

use std::hash::BuildHasher;

use datafusion::common::hash_utils::HLL_RANDOM_STATE;

/// The largest dictionary page, as the Parquet crate has it: readers hold it in memory.
pub(in crate::engine) const MOST_BYTES: usize = 1 << 20;

/// Numbers that lie so close together are looked up in a table of all of them.
const CLOSE: u64 = 1 << 16;

/// No entry of that number.
const NONE: u32 = u32::MAX;

/// The numbers of the values' entries, and what it takes to find them.
#[derive(Default)]
pub(super) struct Indices {
    pub(super) of_values: Vec<u32>,
    slots: Vec<u32>,
}

impl Indices {
    /// Numbers whole numbers between two bounds. The entries in the order of their first values; `None` if they take
    /// too much.
    pub(super) fn number_close<T: Copy>(
        &mut self,
        values: &[T],
        distance: impl Fn(T) -> u64,
        highest: u64,
    ) -> Option<Vec<T>> {
        debug_assert!(highest < CLOSE);
        self.of_values.clear();
        self.slots.clear();
        self.slots.resize(highest as usize + 1, NONE);
        let mut entries = vec![];
        self.of_values.extend(values.iter().map(|value| {
            let slot = &mut self.slots[distance(*value) as usize];
            if *slot == NONE {
                *slot = entries.len() as u32;
                entries.push(*value);
            }
            *slot
        }));
        (entries.len() * size_of::<T>() <= MOST_BYTES).then_some(entries)
    }

    /// Numbers any values, likewise.
    pub(super) fn number<T: Copy>(
        &mut self,
        values: &[T],
        hash: impl Fn(T) -> u64,
        is_same: impl Fn(T, T) -> bool,
        size_bytes: impl Fn(T) -> usize,
    ) -> Option<Vec<T>> {
        self.of_values.clear();
        self.of_values.reserve(values.len());
        self.slots.clear();
        self.slots.resize(256, NONE);
        let mut entries: Vec<T> = vec![];
        let mut bytes = 0;
        for value in values {
            if entries.len() * 2 > self.slots.len() {
                self.grow(&entries, &hash);
            }
            let mut at = self.slot(hash(*value));
            let number = loop {
                match self.slots[at] {
                    NONE => {
                        bytes += size_bytes(*value);
                        if bytes > MOST_BYTES {
                            return None;
                        }
                        self.slots[at] = entries.len() as u32;
                        entries.push(*value);
                        break self.slots[at];
                    }
                    number if is_same(entries[number as usize], *value) => break number,
                    _ => at = (at + 1) % self.slots.len(),
                }
            };
            self.of_values.push(number);
        }
        Some(entries)
    }

    /// Where to look first: the highest bits are those that a multiplication mixes best.
    fn slot(&self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.slots.len().ilog2())) as usize
    }

    fn grow<T: Copy>(&mut self, entries: &[T], hash: &impl Fn(T) -> u64) {
        let size = self.slots.len() * 4;
        self.slots.clear();
        self.slots.resize(size, NONE);
        for (number, entry) in (0..).zip(entries) {
            let mut at = self.slot(hash(*entry));
            while self.slots[at] != NONE {
                at = (at + 1) % size;
            }
            self.slots[at] = number;
        }
    }
}

/// Whether [`Indices::number_close`] is for numbers so far apart.
pub(super) fn is_close(distance: u64) -> bool {
    distance < CLOSE
}

pub(super) fn hash_number(bits: u64) -> u64 {
    let mixed = (bits ^ bits >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

pub(super) fn hash_text(text: &[u8]) -> u64 {
    HLL_RANDOM_STATE.hash_one(text)
}
