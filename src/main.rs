//! The `trapiche` program. All of it is in the library, so that what it makes of its dependencies' generic functions
//! is made once.

use std::process::ExitCode;

use trapiche::{cli, config};

/// Arrow allocates and frees large buffers from many threads; mimalloc gives them back sooner than glibc does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Below this budget what was freed must not lie about until it is used again, as it does for a second otherwise: the next
/// table would begin at the height where the one before it ended. Giving it back costs a tenth of the CPU
/// (`benches/README.md`).
const SMALL_MEMORY: u64 = 1 << 30;

/// What mimalloc calls `mi_option_purge_delay`, which its crate has no name for.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    let arguments = cli::Arguments::read();
    if config::limits(arguments.global.memory, None).memory_bytes < SMALL_MEMORY {
        give_back_within(10);
    }
    // One TLS implementation for sources and S3 alike. It fails only when one is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    cli::run(arguments)
}

/// Lets the allocator give pages back to the system when they were free for so many milliseconds.
#[expect(unsafe_code, reason = "no crate has a safe name for it")]
fn give_back_within(milliseconds: std::ffi::c_long) {
    // SAFETY: it writes one number of a table, and there is no second thread yet.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, milliseconds) }
}
