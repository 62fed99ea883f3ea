//! Which instructions there are, and work that is done by the best of them.

/// The instructions to use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// Those that this machine has, the best last.
    pub(super) fn known() -> impl Iterator<Item = Instructions> {
        let portable = [(true, Instructions::Portable)];
        #[cfg(target_arch = "x86_64")]
        let more = {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            [(avx2, Instructions::Avx2), (is_x86_feature_detected!("avx512f"), Instructions::Avx512)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let more = [];
        portable.into_iter().chain(more).filter_map(|(is_here, instructions)| is_here.then_some(instructions))
    }

    pub(super) fn best() -> Instructions {
        Instructions::known().last().unwrap_or(Instructions::Portable)
    }
}

/// What may be done by any instructions. No multiplication is fused with a sum, so that the numbers are the same whatever these are.
pub(super) trait Work {
    type Done;

    /// To be inlined always, with its loops: that is how it comes to the instructions.
    fn done(self) -> Self::Done;
}

/// Does work by the instructions that there are.
#[allow(unsafe_code)]
#[inline(always)]
pub(super) fn by_best<W: Work>(work: W) -> W::Done {
    match Instructions::best() {
        Instructions::Portable => work.done(),
        // SAFETY: there is such a value only where the processor was found to have these instructions.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { by_avx2(work) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { by_avx512(work) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn by_avx2<W: Work>(work: W) -> W::Done {
    work.done()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn by_avx512<W: Work>(work: W) -> W::Done {
    work.done()
}
