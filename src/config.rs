//! The environment, and what this machine allows.
//!
//! Nothing else of ours reads either, so that it is known what a run depends on. The object store's client looks for
//! the credentials of S3 itself, in the `AWS_…` variables.

/// What a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the whole process, not only the query engine's pool.
    pub memory_bytes: u64,
    pub threads: usize,
}

/// An environment variable; `None` when it is not set or not text.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What the user asked for, or else three quarters of this machine's (or container's) memory and all its cores.
pub fn limits(memory_bytes: Option<u64>, threads: Option<usize>) -> Limits {
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
    Limits {
        memory_bytes: memory_bytes.unwrap_or_else(|| machine_memory() / 4 * 3),
        threads: threads.unwrap_or_else(cores).max(1),
    }
}

/// The smaller of the machine's memory and the container's limit, in bytes.
fn machine_memory() -> u64 {
    const FALLBACK: u64 = 4 << 30;
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    });
    let cgroup = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    total.unwrap_or(FALLBACK).min(cgroup.unwrap_or(u64::MAX))
}
