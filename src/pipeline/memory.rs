//! The process's memory while each dataset is made, by looking at it every few milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinHandle;

use super::MEMORY_SAMPLES_EVERY;
use crate::machine::resident_memory;

/// Looks until dropped.
pub(super) struct PeakWatch {
    peak: Arc<AtomicU64>,
    watcher: JoinHandle<()>,
}

impl PeakWatch {
    pub(super) fn start() -> Self {
        let peak = Arc::new(AtomicU64::new(resident_memory()));
        let seen = peak.clone();
        let watcher = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(MEMORY_SAMPLES_EVERY);
            loop {
                ticks.tick().await;
                seen.fetch_max(resident_memory(), Ordering::Relaxed);
            }
        });
        PeakWatch { peak, watcher }
    }

    /// The most that was seen, in bytes.
    pub(super) fn peak_bytes(&self) -> u64 {
        self.peak.fetch_max(resident_memory(), Ordering::Relaxed).max(resident_memory())
    }
}

impl Drop for PeakWatch {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}
