//! The `trapiche` program. All of it is in the library, so that what it makes of its dependencies' generic functions
//! is made once.

use std::process::ExitCode;

use trapiche::{cli, config, machine};

/// Arrow allocates and frees large buffers from many threads; mimalloc gives them back sooner than glibc does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Below this budget what was freed must not lie about until it is used again: the next table would begin at the height where the
/// one before it ended. What that costs is in `benches/README.md`.
const SMALL_MEMORY: u64 = 1 << 30;

fn main() -> ExitCode {
    let arguments = cli::Arguments::read();
    if config::limits(arguments.global.memory, None).memory_bytes < SMALL_MEMORY {
        machine::hold_little_memory();
    }
    // One TLS implementation for sources and S3 alike. It fails only when one is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    cli::run(arguments)
}
