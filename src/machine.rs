//! What this machine tells of itself and of its processes, most of it through `/proc`.

use nix::errno::Errno;
use nix::sys::signal;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// The smaller of the machine's memory and the container's limit, in bytes.
pub fn memory() -> u64 {
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

/// Memory that the process holds now, in bytes; 0 where the system does not tell.
pub fn resident_memory() -> u64 {
    memory_field("VmRSS:")
}

/// The most memory that the process has ever held, in bytes.
pub fn peak_memory() -> u64 {
    memory_field("VmHWM:")
}

/// What mimalloc calls `mi_option_purge_delay`, for which its crate has no name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Lets the process hold little memory beside what it uses: what was free for 10 ms goes back to the system, and no pages of two
/// megabytes are held of which it uses a part. To be called before there are other threads.
pub fn hold_little_memory() {
    give_back_freed_memory_after(10);
    // Where it cannot be had, more is held.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_thp_disable(true).ok();
}

/// By itself the allocator waits a second (1,000 milliseconds).
#[expect(unsafe_code, reason = "no crate has a safe function for it")]
fn give_back_freed_memory_after(milliseconds: i32) {
    // SAFETY: it writes one number of the allocator's table of options, which nobody else writes.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, milliseconds.into()) }
}

/// What a user may still write to the disk that a folder lies on, in bytes.
pub fn free_disk(folder: &std::path::Path) -> std::io::Result<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).map_err(std::io::Error::from)?;
    Ok(disk.blocks_available() as u64 * disk.fragment_size() as u64)
}

/// What the process has computed so far, in seconds of one core; 0 where the system does not tell.
pub fn cpu_seconds() -> f64 {
    /// Of the kernel's clock, as every Linux tells user programs.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold anything; behind it user and system time are the 12th and 13th field.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

fn memory_field(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// A process, as precisely as its machine can tell; without `/proc` nothing is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// For words.
    pub host: String,
    /// The machine's boot and the process namespace (a container has its own): where these are the same, `pid` is too.
    pub machine: Option<String>,
    pub pid: u32,
    /// Process ids are used again; this and the id together are not. In clock ticks since the boot.
    pub started: Option<u64>,
}

impl Process {
    pub fn this() -> Process {
        let read = |file: &str| std::fs::read_to_string(file).ok().map(|text| text.trim().to_string());
        let boot = read("/proc/sys/kernel/random/boot_id");
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok();
        let pid = std::process::id();
        Process {
            host: read("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_string()),
            machine: boot.zip(namespace).map(|(boot, namespace)| format!("{boot} {}", namespace.display())),
            pid,
            started: match state(pid) {
                Life::Since(ticks) => Some(ticks),
                Life::Dead | Life::Unknown => None,
            },
        }
    }

    /// `None` where it cannot be known: on another machine, in another container, without `/proc`, or where it shows
    /// only a user's own processes (`hidepid`).
    pub fn is_running(&self) -> Option<bool> {
        let is_here = self.machine.is_some() && self.machine == Process::this().machine;
        let started = self.started.filter(|_| is_here)?;
        match state(self.pid) {
            Life::Since(ticks) => Some(ticks == started),
            Life::Dead => Some(false),
            Life::Unknown => None,
        }
    }
}

/// What this machine tells of a process id.
enum Life {
    /// There is one, since so many clock ticks after the boot.
    Since(u64),
    Dead,
    Unknown,
}

fn state(pid: u32) -> Life {
    let Ok(raw) = i32::try_from(pid) else { return Life::Unknown };
    // Asks for no signal at all, only whether there is somebody to have it.
    if raw > 0 && signal::kill(Pid::from_raw(raw), None) == Err(Errno::ESRCH) {
        return Life::Dead;
    }
    // The 22nd field of `/proc/<pid>/stat`, see proc_pid_stat(5); the 2nd, the name in brackets, may hold anything.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let mut fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    match fields.next() {
        // It is dead, and its parent has not collected it yet.
        Some("Z" | "X") => Life::Dead,
        Some(_) => fields.nth(18).and_then(|ticks| ticks.parse().ok()).map_or(Life::Unknown, Life::Since),
        None => Life::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "as where it is set")]
    fn the_allocator_waits_as_long_as_it_is_told() {
        // SAFETY: it reads one number.
        let waits = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        // By this it is known that the option is the one that is meant.
        assert_eq!(waits(), 1000);
        give_back_freed_memory_after(10);
        assert_eq!(waits(), 10);
        give_back_freed_memory_after(1000);
    }

    #[test]
    fn only_what_is_known_of_a_process_is_proof() {
        let this = Process::this();
        assert_eq!(Process { machine: Some("elsewhere".into()), ..this.clone() }.is_running(), None);
        if this.machine.is_some() {
            assert_eq!(this.is_running(), Some(true));
            // Another process had this id before.
            let earlier = Process { started: this.started.map(|ticks| ticks - 1), ..this.clone() };
            assert_eq!(earlier.is_running(), Some(false));
            let nobody = Process { pid: i32::MAX as u32, ..this.clone() };
            assert_eq!(nobody.is_running(), Some(false));
            // Where `/proc` does not show it, as with `hidepid`, there is no start to compare.
            assert_eq!(Process { started: None, ..this }.is_running(), None);
        }
    }
}
