//! Registers of processors with AVX2 and FMA.

use std::arch::x86_64::*;

use super::{LANES, Registers};

/// What an instruction makes of two registers, for both of a pair.
macro_rules! in_pairs {
    ($($name:ident: $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            let (Self([a, b]), Self([c, d])) = (self, other);
            unsafe { Self([$instruction(a, c), $instruction(b, d)]) }
        }
    )*};
}
pub(super) use in_pairs;

/// Two registers of four doubles each: a row has four centres at a time, and there are sixteen registers.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx2([__m256d; 2]);

// SAFETY (of all of it): there is such a value only where the processor was found to have AVX2 and FMA, and what is read and
// written lies in arrays of at least so many numbers, which need not be aligned.
impl Registers for Avx2 {
    type Number = f64;
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
    unsafe fn around(numbers: &[f64; LANES], middle: f64, to: &mut [f64; LANES]) {
        for first in (0..LANES).step_by(4) {
            unsafe {
                let number = _mm256_loadu_pd(numbers.as_ptr().add(first));
                _mm256_storeu_pd(to.as_mut_ptr().add(first), _mm256_sub_pd(number, _mm256_set1_pd(middle)));
            }
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

/// Two registers of eight numbers of 32 bits each.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx2Single([__m256; 2]);

// SAFETY: as of the doubles.
impl Registers for Avx2Single {
    type Number = f32;
    const ROWS: usize = 16;

    in_pairs!(minus: _mm256_sub_ps, times: _mm256_mul_ps, lesser: _mm256_min_ps, greater: _mm256_max_ps);

    #[inline(always)]
    unsafe fn all(number: f32) -> Self {
        unsafe { Avx2Single([_mm256_set1_ps(number); 2]) }
    }

    #[inline(always)]
    unsafe fn load(numbers: &[f32; LANES], first: usize) -> Self {
        debug_assert!(first + Self::ROWS <= LANES);
        unsafe {
            let from = numbers.as_ptr().add(first);
            Avx2Single([_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))])
        }
    }

    #[inline(always)]
    unsafe fn around(numbers: &[f64; LANES], middle: f64, to: &mut [f32; LANES]) {
        for first in (0..LANES).step_by(4) {
            unsafe {
                let number = _mm256_sub_pd(_mm256_loadu_pd(numbers.as_ptr().add(first)), _mm256_set1_pd(middle));
                _mm_storeu_ps(to.as_mut_ptr().add(first), _mm256_cvtpd_ps(number));
            }
        }
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, sum: Self) -> Self {
        let (Avx2Single([a, b]), Avx2Single([c, d]), Avx2Single([e, f])) = (self, factor, sum);
        unsafe { Avx2Single([_mm256_fmadd_ps(a, c, e), _mm256_fmadd_ps(b, d, f)]) }
    }

    #[inline(always)]
    fn if_less(self, other: Self, first: Self, second: Self) -> Self {
        let (Avx2Single([a, b]), Avx2Single([c, d])) = (self, other);
        let (Avx2Single([e, f]), Avx2Single([g, h])) = (first, second);
        unsafe {
            let less = [_mm256_cmp_ps::<_CMP_LT_OQ>(a, c), _mm256_cmp_ps::<_CMP_LT_OQ>(b, d)];
            Avx2Single([_mm256_blendv_ps(g, e, less[0]), _mm256_blendv_ps(h, f, less[1])])
        }
    }

    #[inline(always)]
    fn are_positive(self) -> bool {
        let Avx2Single([a, b]) = self;
        unsafe {
            let zero = _mm256_setzero_ps();
            let (a, b) = (_mm256_cmp_ps::<_CMP_GT_OQ>(a, zero), _mm256_cmp_ps::<_CMP_GT_OQ>(b, zero));
            _mm256_movemask_ps(_mm256_and_ps(a, b)) == 0b1111_1111
        }
    }

    #[inline(always)]
    fn least(self) -> f64 {
        let Avx2Single([a, b]) = self;
        unsafe {
            let eight = _mm256_min_ps(a, b);
            let four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_min_ps(four, _mm_movehl_ps(four, four));
            f64::from(_mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps::<1>(two, two))))
        }
    }

    #[inline(always)]
    fn greatest(self) -> f64 {
        let Avx2Single([a, b]) = self;
        unsafe {
            let eight = _mm256_max_ps(a, b);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            f64::from(_mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps::<1>(two, two))))
        }
    }

    #[inline(always)]
    fn store(self, places: &mut [u32]) {
        let Avx2Single([a, b]) = self;
        let to: &mut [u32; Self::ROWS] = (&mut places[..Self::ROWS]).try_into().expect("so many");
        unsafe {
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_cvtps_epi32(a));
            _mm256_storeu_si256(to.as_mut_ptr().add(8).cast(), _mm256_cvtps_epi32(b));
        }
    }
}
