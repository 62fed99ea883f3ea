//! Registers of processors with AVX-512F.

use std::arch::x86_64::*;

use super::avx2::in_pairs;
use super::{LANES, Registers};

/// Two registers of eight doubles each: a whole tile's rows, of which four centres are eight sums that do not wait for each other.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx512([__m512d; 2]);

// SAFETY: as of AVX2, with AVX-512F.
impl Registers for Avx512 {
    type Number = f64;
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
    unsafe fn around(numbers: &[f64; LANES], middle: f64, to: &mut [f64; LANES]) {
        for first in (0..LANES).step_by(8) {
            unsafe {
                let number = _mm512_loadu_pd(numbers.as_ptr().add(first));
                _mm512_storeu_pd(to.as_mut_ptr().add(first), _mm512_sub_pd(number, _mm512_set1_pd(middle)));
            }
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

/// A register of sixteen numbers of 32 bits: a whole tile's rows.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx512Single(__m512);

macro_rules! alone {
    ($($name:ident: $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            unsafe { Self($instruction(self.0, other.0)) }
        }
    )*};
}

// SAFETY: as of the doubles.
impl Registers for Avx512Single {
    type Number = f32;
    const ROWS: usize = 16;

    alone!(minus: _mm512_sub_ps, times: _mm512_mul_ps, lesser: _mm512_min_ps, greater: _mm512_max_ps);

    #[inline(always)]
    unsafe fn all(number: f32) -> Self {
        unsafe { Avx512Single(_mm512_set1_ps(number)) }
    }

    #[inline(always)]
    unsafe fn load(numbers: &[f32; LANES], first: usize) -> Self {
        debug_assert!(first + Self::ROWS <= LANES);
        unsafe { Avx512Single(_mm512_loadu_ps(numbers.as_ptr().add(first))) }
    }

    #[inline(always)]
    unsafe fn around(numbers: &[f64; LANES], middle: f64, to: &mut [f32; LANES]) {
        for first in (0..LANES).step_by(8) {
            unsafe {
                let number = _mm512_sub_pd(_mm512_loadu_pd(numbers.as_ptr().add(first)), _mm512_set1_pd(middle));
                _mm256_storeu_ps(to.as_mut_ptr().add(first), _mm512_cvtpd_ps(number));
            }
        }
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, sum: Self) -> Self {
        unsafe { Avx512Single(_mm512_fmadd_ps(self.0, factor.0, sum.0)) }
    }

    #[inline(always)]
    fn if_less(self, other: Self, first: Self, second: Self) -> Self {
        unsafe {
            let less = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0);
            Avx512Single(_mm512_mask_blend_ps(less, second.0, first.0))
        }
    }

    #[inline(always)]
    fn are_positive(self) -> bool {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps()) == 0xffff }
    }

    #[inline(always)]
    fn least(self) -> f64 {
        unsafe { f64::from(_mm512_reduce_min_ps(self.0)) }
    }

    #[inline(always)]
    fn greatest(self) -> f64 {
        unsafe { f64::from(_mm512_reduce_max_ps(self.0)) }
    }

    #[inline(always)]
    fn store(self, places: &mut [u32]) {
        let to: &mut [u32; Self::ROWS] = (&mut places[..Self::ROWS]).try_into().expect("so many");
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_cvtps_epi32(self.0)) }
    }
}
