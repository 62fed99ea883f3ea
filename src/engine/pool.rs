//! The memory that operators share: those that can spill have the same part of it each.
//!
//! Rows on their way from task to task are granted some of it beyond that. The engine's repartition can spill them, too, but DataFusion 55
//! then waits for ever where two of its inputs do so at the same time (<https://github.com/apache/datafusion/issues/24883>): its reader
//! looks at one of the two files only, and its inputs wait for the reader. So they are not told to spill as long as they are few, which
//! they are where tasks keep step with one another.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// Rows on their way may have the eighth part of the pool, or so many bytes.
const ON_THE_WAY: (usize, usize) = (8, 32 << 20);

#[derive(Debug)]
pub(super) struct EnginePool {
    fair: FairSpillPool,
    /// What rows on their way have, and what they may have in any case.
    on_the_way: AtomicUsize,
    granted: usize,
}

impl EnginePool {
    pub(super) fn new(bytes: usize) -> Self {
        let (part, least) = ON_THE_WAY;
        EnginePool {
            fair: FairSpillPool::new(bytes),
            on_the_way: AtomicUsize::new(0),
            granted: (bytes / part).max(least),
        }
    }
}

fn is_on_the_way(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with("RepartitionExec")
}

impl fmt::Display for EnginePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fair.fmt(f)
    }
}

impl MemoryPool for EnginePool {
    fn name(&self) -> &str {
        "engine"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.fair.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.fair.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_on_the_way(reservation.consumer()) {
            self.on_the_way.fetch_add(additional, Ordering::Relaxed);
        }
        self.fair.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_on_the_way(reservation.consumer()) {
            self.on_the_way.fetch_sub(shrink, Ordering::Relaxed);
        }
        self.fair.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if !is_on_the_way(reservation.consumer()) {
            return self.fair.try_grow(reservation, additional);
        }
        let now = self.on_the_way.fetch_add(additional, Ordering::Relaxed) + additional;
        if now <= self.granted {
            self.fair.grow(reservation, additional);
            return Ok(());
        }
        let granted = self.fair.try_grow(reservation, additional);
        if granted.is_err() {
            self.on_the_way.fetch_sub(additional, Ordering::Relaxed);
        }
        granted
    }

    fn reserved(&self) -> usize {
        self.fair.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.fair.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn rows_on_their_way_are_granted_some_memory_whatever_others_have() {
        let pool: Arc<dyn MemoryPool> = Arc::new(EnginePool::new(1000));
        let of = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (sort, rows) = (of("ExternalSorter[0]"), of("RepartitionExec[0]"));
        assert!(sort.try_grow(500).is_ok() && sort.try_grow(1).is_err());
        assert!(rows.try_grow(ON_THE_WAY.1).is_ok() && rows.try_grow(1).is_err());
        rows.shrink(100);
        assert!(rows.try_grow(100).is_ok());
        drop(rows);
        assert_eq!(pool.reserved(), 500);
    }
}
