//! A judge that shares no code with the program: not its engine, not its Parquet writer or reader, not its JSON or its CSV.
//!
//! Without the program (`TRAPICHE`, or a built one) these tests are skipped with a word, except in CI. One binary, because each
//! would link Polars again.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are not seen to be tests by clippy")]

mod demo;
mod values;

use beside_polars::program::Program;

/// The program, or none after saying why; a failure where `CI` is `true`.
fn program() -> Option<Program> {
    match Program::find(&["debug", "release"]) {
        Ok(program) => Some(program),
        Err(message) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
            println!("skipped: {message}");
            None
        }
    }
}
