//! Some rows' numbers side by side in the processor's registers: what the kernel computes with, and the one place of the crate that
//! names a processor's instructions.
//!
//! The compiler makes vectors of loops by itself, but not of these: it takes rows apart first, and then finds no way back for what
//! chooses between them.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::{Avx2, Avx2Single};
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::{Avx512, Avx512Single};
pub(super) use portable::Portable;

/// Rows of a tile. A tile holds 16 numbers of the first feature, then 16 of the second, …
pub(super) const LANES: usize = 16;

/// What a register is made of: a double, or a number of 32 bits.
pub(super) trait LaneNumber: Copy {
    /// The nearest one.
    fn near(number: f64) -> Self;

    /// How much rounding makes of 1, at most.
    const ROUNDING: f64;

    /// No sum of products of a few thousand pairs of numbers whose squares are so large is too large.
    const LARGEST_SQUARE: f64;

    /// What is lost of a number that is too small for all its digits is less than a thousandth of this.
    const SMALLEST: f64;
}

impl LaneNumber for f64 {
    const ROUNDING: f64 = f64::EPSILON / 2.0;
    const LARGEST_SQUARE: f64 = f64::INFINITY;
    const SMALLEST: f64 = f64::MIN_POSITIVE;

    #[inline(always)]
    fn near(number: f64) -> f64 {
        number
    }
}

impl LaneNumber for f32 {
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;
    const LARGEST_SQUARE: f64 = 1e30;
    const SMALLEST: f64 = 1e-36;

    #[inline(always)]
    fn near(number: f64) -> f32 {
        number as f32
    }
}

/// Rows of a tile from a first one on.
pub(super) trait Registers: Copy {
    type Number: LaneNumber;

    /// How many rows there are: a part of a tile's.
    const ROWS: usize;

    /// # Safety
    /// The processor has the instructions. There being such a value says so from then on.
    unsafe fn all(number: Self::Number) -> Self;

    /// # Safety
    /// As [`all`](Registers::all), and there are so many rows from the first one on.
    unsafe fn load(numbers: &[Self::Number; LANES], first: usize) -> Self;

    /// Writes how far numbers are from a middle.
    ///
    /// # Safety
    /// As [`all`](Registers::all).
    unsafe fn around(numbers: &[f64; LANES], middle: f64, to: &mut [Self::Number; LANES]);

    fn minus(self, other: Self) -> Self;

    fn times(self, other: Self) -> Self;

    /// self · factor + sum, rounded once if there is an instruction for it.
    fn times_plus(self, factor: Self, sum: Self) -> Self;

    /// Where self is less than the other: self, else the other (also where one is no number).
    fn lesser(self, other: Self) -> Self;

    /// Where self is greater than the other: self, else the other (also where one is no number).
    fn greater(self, other: Self) -> Self;

    /// Where self is less than the other: the first, else the second.
    fn if_less(self, other: Self, first: Self, second: Self) -> Self;

    fn are_positive(self) -> bool;

    /// Of numbers.
    fn least(self) -> f64;

    /// Of numbers.
    fn greatest(self) -> f64;

    /// Whole numbers below 2²⁴ are written to so many rows.
    fn store(self, places: &mut [u32]);
}
