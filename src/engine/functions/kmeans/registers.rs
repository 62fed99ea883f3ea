//! Some rows' numbers side by side in the processor's registers: what the kernel computes with, and the one place of the crate that
//! names a processor's instructions.
//!
//! The compiler makes vectors of loops by itself, but not of these: it takes rows apart first, and then finds no way back for what
//! chooses between them.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Rows of a tile. A tile holds 16 numbers of the first feature, then 16 of the second, …
pub(super) const LANES: usize = 16;

/// Rows of a tile from a first one on.
pub(super) trait Registers: Copy {
    /// How many rows there are: a part of a tile's.
    const ROWS: usize;

    /// # Safety
    /// The processor has the instructions. There being such a value says so from then on.
    unsafe fn all(number: f64) -> Self;

    /// # Safety
    /// As [`all`](Registers::all), and there are so many rows from the first one on.
    unsafe fn load(numbers: &[f64; LANES], first: usize) -> Self;

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

    /// Whole numbers below 2³¹ are written to so many rows.
    fn store(self, places: &mut [u32]);
}

/// For any processor. Two registers of the smallest ones that compute with doubles.
#[derive(Clone, Copy)]
pub(super) struct Portable([f64; 4]);

impl Portable {
    #[inline(always)]
    fn with(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        Portable(std::array::from_fn(|row| of(self.0[row], other.0[row])))
    }
}

impl Registers for Portable {
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn all(number: f64) -> Self {
        Portable([number; 4])
    }

    #[inline(always)]
    unsafe fn load(numbers: &[f64; LANES], first: usize) -> Self {
        Portable(std::array::from_fn(|row| numbers[first + row]))
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
        self.0.iter().all(|number| *number > 0.0)
    }

    #[inline(always)]
    fn least(self) -> f64 {
        self.0.into_iter().fold(f64::INFINITY, f64::min)
    }

    #[inline(always)]
    fn greatest(self) -> f64 {
        self.0.into_iter().fold(f64::NEG_INFINITY, f64::max)
    }

    #[inline(always)]
    fn store(self, places: &mut [u32]) {
        places.iter_mut().zip(self.0).for_each(|(place, number)| *place = number as u32);
    }
}

/// What an instruction makes of two registers, for both of a pair.
#[cfg(target_arch = "x86_64")]
macro_rules! in_pairs {
    ($($name:ident: $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            let (Self([a, b]), Self([c, d])) = (self, other);
            unsafe { Self([$instruction(a, c), $instruction(b, d)]) }
        }
    )*};
}

/// Two registers of four doubles each: a row has four centres at a time, and there are sixteen registers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx2([__m256d; 2]);

// SAFETY (of all of it): there is such a value only where the processor was found to have AVX2 and FMA, and what is read and
// written lies in arrays of at least so many numbers, which need not be aligned.
#[cfg(target_arch = "x86_64")]
impl Registers for Avx2 {
    const ROWS: usize = 8;

    in_pairs!(minus: _mm256_sub_pd, times: _mm256_mul_pd, lesser: _mm256_min_pd, greater: _mm256_max_pd);

    #[inline(always)]
    unsafe fn all(number: f64) -> Self {
        unsafe { Avx2([_mm256_set1_pd(number); 2]) }
    }

    #[inline(always)]
    unsafe fn load(numbers: &[f64; LANES], first: usize) -> Self {
        debug_assert!(first + Self::ROWS <= LANES);
        unsafe {
            let from = numbers.as_ptr().add(first);
            Avx2([_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(4))])
        }
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, sum: Self) -> Self {
        let (Avx2([a, b]), Avx2([c, d]), Avx2([e, f])) = (self, factor, sum);
        unsafe { Avx2([_mm256_fmadd_pd(a, c, e), _mm256_fmadd_pd(b, d, f)]) }
    }

    #[inline(always)]
    fn if_less(self, other: Self, first: Self, second: Self) -> Self {
        let (Avx2([a, b]), Avx2([c, d]), Avx2([e, f]), Avx2([g, h])) = (self, other, first, second);
        unsafe {
            let less = [_mm256_cmp_pd::<_CMP_LT_OQ>(a, c), _mm256_cmp_pd::<_CMP_LT_OQ>(b, d)];
            Avx2([_mm256_blendv_pd(g, e, less[0]), _mm256_blendv_pd(h, f, less[1])])
        }
    }

    #[inline(always)]
    fn are_positive(self) -> bool {
        let Avx2([a, b]) = self;
        unsafe {
            let zero = _mm256_setzero_pd();
            let (a, b) = (_mm256_cmp_pd::<_CMP_GT_OQ>(a, zero), _mm256_cmp_pd::<_CMP_GT_OQ>(b, zero));
            _mm256_movemask_pd(_mm256_and_pd(a, b)) == 0b1111
        }
    }

    #[inline(always)]
    fn least(self) -> f64 {
        let Avx2([a, b]) = self;
        unsafe {
            let four = _mm256_min_pd(a, b);
            let two = _mm_min_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
            _mm_cvtsd_f64(_mm_min_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }

    #[inline(always)]
    fn greatest(self) -> f64 {
        let Avx2([a, b]) = self;
        unsafe {
            let four = _mm256_max_pd(a, b);
            let two = _mm_max_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
            _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }

    #[inline(always)]
    fn store(self, places: &mut [u32]) {
        let Avx2([a, b]) = self;
        let to: &mut [u32; Self::ROWS] = (&mut places[..Self::ROWS]).try_into().expect("so many");
        unsafe {
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm256_cvtpd_epi32(a));
            _mm_storeu_si128(to.as_mut_ptr().add(4).cast(), _mm256_cvtpd_epi32(b));
        }
    }
}

/// Two registers of eight doubles each: a whole tile's rows, of which four centres are eight sums that do not wait for each other.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx512([__m512d; 2]);

// SAFETY: as of AVX2, with AVX-512F.
#[cfg(target_arch = "x86_64")]
impl Registers for Avx512 {
    const ROWS: usize = 16;

    in_pairs!(minus: _mm512_sub_pd, times: _mm512_mul_pd, lesser: _mm512_min_pd, greater: _mm512_max_pd);

    #[inline(always)]
    unsafe fn all(number: f64) -> Self {
        unsafe { Avx512([_mm512_set1_pd(number); 2]) }
    }

    #[inline(always)]
    unsafe fn load(numbers: &[f64; LANES], first: usize) -> Self {
        debug_assert!(first + Self::ROWS <= LANES);
        unsafe {
            let from = numbers.as_ptr().add(first);
            Avx512([_mm512_loadu_pd(from), _mm512_loadu_pd(from.add(8))])
        }
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, sum: Self) -> Self {
        let (Avx512([a, b]), Avx512([c, d]), Avx512([e, f])) = (self, factor, sum);
        unsafe { Avx512([_mm512_fmadd_pd(a, c, e), _mm512_fmadd_pd(b, d, f)]) }
    }

    #[inline(always)]
    fn if_less(self, other: Self, first: Self, second: Self) -> Self {
        let (Avx512([a, b]), Avx512([c, d]), Avx512([e, f]), Avx512([g, h])) = (self, other, first, second);
        unsafe {
            let less = [_mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, c), _mm512_cmp_pd_mask::<_CMP_LT_OQ>(b, d)];
            Avx512([_mm512_mask_blend_pd(less[0], g, e), _mm512_mask_blend_pd(less[1], h, f)])
        }
    }

    #[inline(always)]
    fn are_positive(self) -> bool {
        let Avx512([a, b]) = self;
        unsafe {
            let zero = _mm512_setzero_pd();
            let (a, b) = (_mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, zero), _mm512_cmp_pd_mask::<_CMP_GT_OQ>(b, zero));
            a & b == 0b1111_1111
        }
    }

    #[inline(always)]
    fn least(self) -> f64 {
        let Avx512([a, b]) = self;
        unsafe { _mm512_reduce_min_pd(_mm512_min_pd(a, b)) }
    }

    #[inline(always)]
    fn greatest(self) -> f64 {
        let Avx512([a, b]) = self;
        unsafe { _mm512_reduce_max_pd(_mm512_max_pd(a, b)) }
    }

    #[inline(always)]
    fn store(self, places: &mut [u32]) {
        let Avx512([a, b]) = self;
        let to: &mut [u32; Self::ROWS] = (&mut places[..Self::ROWS]).try_into().expect("so many");
        unsafe {
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtpd_epi32(a));
            _mm256_storeu_si256(to.as_mut_ptr().add(8).cast(), _mm512_cvtpd_epi32(b));
        }
    }
}
