//! The `trapiche` program. All of it is in the library, so that what it makes of its dependencies' generic functions
//! is made once.

use std::process::ExitCode;

use trapiche::cli;

/// Arrow allocates and frees large buffers from many threads; mimalloc gives them back sooner than glibc does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::read();
    // One TLS implementation for sources and S3 alike. It fails only when one is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    cli::run(arguments)
}
