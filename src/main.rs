//! The `trapiche` program: arguments → one library call → print → exit code.

mod cli;

use std::process::ExitCode;

/// Arrow allocates and frees large buffers from many threads; mimalloc gives them back sooner than glibc does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::read();
    // One TLS implementation for sources and S3 alike. It fails only when one is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    cli::run(arguments)
}
