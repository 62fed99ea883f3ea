//! Registers of any processor.

use std::ops::{Add, Mul, Sub};

use super::{LANES, LaneNumber, Registers};

/// Two of the smallest registers that compute with doubles, or one of numbers of 32 bits.
#[derive(Clone, Copy)]
pub(in super::super) struct Portable<N>([N; 4]);

impl<N: Copy> Portable<N> {
    #[inline(always)]
    fn with(self, other: Self, of: impl Fn(N, N) -> N) -> Self {
        Portable(std::array::from_fn(|row| of(self.0[row], other.0[row])))
    }
}

impl<N> Registers for Portable<N>
where
    N: LaneNumber + PartialOrd + Into<f64> + Add<Output = N> + Sub<Output = N> + Mul<Output = N>,
{
    type Number = N;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn all(number: N) -> Self {
        Portable([number; 4])
    }

    #[inline(always)]
    unsafe fn load(numbers: &[N; LANES], first: usize) -> Self {
        Portable(std::array::from_fn(|row| numbers[first + row]))
    }

    #[inline(always)]
    unsafe fn around(numbers: &[f64; LANES], middle: f64, to: &mut [N; LANES]) {
        for (to, number) in to.iter_mut().zip(numbers) {
            *to = N::near(number - middle);
        }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, sum: Self) -> Self {
        self.times(factor).with(sum, |a, b| a + b)
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        self.with(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn if_less(self, other: Self, first: Self, second: Self) -> Self {
        let choose = |row| if self.0[row] < other.0[row] { first.0[row] } else { second.0[row] };
        Portable(std::array::from_fn(choose))
    }

    #[inline(always)]
    fn are_positive(self) -> bool {
        self.0.iter().all(|number| *number > N::near(0.0))
    }

    #[inline(always)]
    fn least(self) -> f64 {
        self.0.into_iter().map(N::into).fold(f64::INFINITY, f64::min)
    }

    #[inline(always)]
    fn greatest(self) -> f64 {
        self.0.into_iter().map(N::into).fold(f64::NEG_INFINITY, f64::max)
    }

    #[inline(always)]
    fn store(self, places: &mut [u32]) {
        places.iter_mut().zip(self.0).for_each(|(place, number)| *place = number.into() as u32);
    }
}
