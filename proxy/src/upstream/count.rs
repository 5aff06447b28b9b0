//! Counts what one thread does so that any other can read it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A counter that a single thread writes and all may read: adding is a load and a store, without a
/// locked instruction.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds so many.
    pub fn add(&self, more: u64) {
        self.0
            .store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that rises and falls, written by a single thread and read by all.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more.
    pub fn raise(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// One less; stays at zero.
    pub fn lower(&self) {
        self.0
            .store(self.0.load(Relaxed).saturating_sub(1), Relaxed);
    }

    /// Sets it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// How much.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number of its own for each worker, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Apart<T>(pub T);

/// One `T` for each of so many workers; at least one.
pub(crate) fn for_workers<T: Default>(workers: usize) -> Box<[Apart<T>]> {
    (0..workers.max(1)).map(|_| Apart::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_stay_at_zero() {
        let gauge = Gauge::default();
        gauge.lower();
        gauge.raise();
        gauge.raise();
        gauge.lower();
        assert_eq!(gauge.get(), 1);
    }

    #[test]
    fn workers_write_to_lines_of_their_own() {
        let all = for_workers::<Counter>(2);
        let distance = std::ptr::from_ref(&all[1]).addr() - std::ptr::from_ref(&all[0]).addr();
        assert!(distance >= 64);
    }
}
