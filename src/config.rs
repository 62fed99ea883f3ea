//! The environment, and what this machine allows.
//!
//! Nothing else of ours reads either, so that it is known what a run depends on. The credentials of S3 are found by AWS's
//! own library (`aws/credentials.rs`).

use std::ffi::OsString;
use std::path::PathBuf;

use crate::machine;

/// What a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the whole process, not only the query engine's pool.
    pub memory_bytes: u64,
    pub threads: usize,
}

/// The stack of each thread. What plans and runs SQL calls itself once for each level of an expression; `spark/sql/depth.rs`
/// says how many levels there may be. Memory is taken for what is used of it only; code that is not optimised uses 31 KiB for
/// a level.
pub const STACK_BYTES: usize = if cfg!(debug_assertions) { 128 << 20 } else { 64 << 20 };

/// The variable that holds the secret which driver and nodes share.
pub const TOKEN: &str = "TRAPICHE_TOKEN";

/// The variable that names a secret which holds further variables: a JSON object, as `secretsmanager:NAME` or `ssm:NAME`.
pub const SECRET: &str = "TRAPICHE_SECRET";

/// The variable that names another instance metadata service than EC2's, as for AWS's own programs.
pub const METADATA_SERVICE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// An environment variable; `None` when it is not set or not text.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What was typed, the program's own name first.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// This program's own file, to start it again in another role.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Where what only this process needs may lie.
pub fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// What the user asked for, or else three quarters of this machine's (or container's) memory and all its cores.
pub fn limits(memory_bytes: Option<u64>, threads: Option<usize>) -> Limits {
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
    Limits {
        memory_bytes: memory_bytes.unwrap_or_else(|| machine::memory() / 4 * 3),
        threads: threads.unwrap_or_else(cores).max(1),
    }
}

/// Reads a size in bytes: `1GB` = 10⁹, `1GiB` = 2³⁰, `1.5GB`, `500MB`, or plain bytes. Case does not matter.
///
/// `1G` is refused: half of the tools mean 10⁹ by it and half 2³⁰.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024f64.powi(2),
        "gib" => 1024f64.powi(3),
        "tib" => 1024f64.powi(4),
        _ => {
            return Err(
                "write a number and one of B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024)".into()
            );
        }
    };
    match number.parse::<f64>() {
        // An exabyte is 2^60: far above any memory, far below where u64 or f64 end.
        Ok(number) if number > 0.0 && number * factor < 2f64.powi(60) => Ok((number * factor) as u64),
        Ok(_) => Err("must be more than 0 and less than an exabyte".into()),
        Err(_) => Err("does not begin with a number".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_are_read_in_both_kinds_of_unit() {
        assert_eq!(parse_size("1GB"), Ok(1_000_000_000));
        assert_eq!(parse_size("512MiB"), Ok(512 << 20));
        assert_eq!(parse_size("1.5 gib"), Ok(3 << 29));
        assert_eq!(parse_size("4096"), Ok(4096));
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for text in ["", "GB", "1G", "1 parsec", "-1GB", "0", "1..5GB", "999999999TB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
