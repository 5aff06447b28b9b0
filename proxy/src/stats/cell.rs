//! Holds one number that one thread writes and any thread reads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::group::{Visit, Visitor};

/// The thread that a handle belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// The main thread, which applies configuration.
    Main,
    /// A worker, by its index.
    Worker(u16),
}

impl Writer {
    /// A worker, by its index.
    pub fn worker(index: usize) -> Self {
        Self::Worker(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// As Envoy names threads within statistics: `main_thread`, `worker_0`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Main => "main_thread".to_owned(),
            Self::Worker(index) => format!("worker_{index}"),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts `amount` more.
    #[inline]
    pub fn add(&self, amount: u64) {
        // One writer, so nothing is lost between the load and the store.
        let value = self.0.load(Ordering::Relaxed);
        self.0.store(value.wrapping_add(amount), Ordering::Relaxed);
    }

    /// What this writer has counted.
    #[inline]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Visit for Counter {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        visitor.counter(name, self.value(), true);
    }
}

/// A counter that is used as soon as it was added to, be it nothing.
#[derive(Debug, Default)]
pub struct Marked(Gauge);

impl Marked {
    /// Counts `amount` more.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.0.add(amount);
    }
}

impl Visit for Marked {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        let cell = self.0.0.load(Ordering::Relaxed);
        visitor.marked(name, cell >> 1, cell & 1 == 1);
    }
}

/// A number that goes up and down.
///
/// The lowest bit says whether it was ever written, the others hold the number, so that both are
/// written by one store. One writer may take what another added: only the sum has to be positive.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Whether it was ever changed.
    pub fn is_used(&self) -> bool {
        self.0.load(Ordering::Relaxed) & 1 == 1
    }

    /// Adds `amount`.
    #[inline]
    pub fn add(&self, amount: u64) {
        let cell = self.0.load(Ordering::Relaxed);
        self.0
            .store(cell.wrapping_add(amount << 1) | 1, Ordering::Relaxed);
    }

    /// Takes `amount`.
    #[inline]
    pub fn sub(&self, amount: u64) {
        let cell = self.0.load(Ordering::Relaxed);
        self.0
            .store(cell.wrapping_sub(amount << 1) | 1, Ordering::Relaxed);
    }

    /// Sets it; sums with what other writers hold.
    #[inline]
    pub fn set(&self, value: u64) {
        self.0.store((value << 1) | 1, Ordering::Relaxed);
    }

    /// What this writer holds.
    #[inline]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> 1
    }
}

impl Visit for Gauge {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        let cell = self.0.load(Ordering::Relaxed);
        visitor.gauge(name, cell >> 1, cell & 1 == 1);
    }
}

/// A gauge that is 1 while it is raised on any writer: `circuit_breakers.default.cx_open`.
#[derive(Debug, Default)]
pub struct Flag(Gauge);

impl Flag {
    /// Raises or lowers it.
    #[inline]
    pub fn set(&self, raised: bool) {
        self.0.set(u64::from(raised));
    }
}

impl Visit for Flag {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        let cell = self.0.0.load(Ordering::Relaxed);
        visitor.flag(name, cell >> 1 != 0, cell & 1 == 1);
    }
}

/// A gauge that is set and may need all 64 bits: a hash, or what remains where there is no limit.
#[derive(Debug, Default)]
pub struct Wide {
    value: AtomicU64,
    used: AtomicBool,
}

impl Wide {
    /// Sets it; sums with what other writers hold, and wraps as Envoy's does.
    #[inline]
    pub fn set(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed);
        self.used.store(true, Ordering::Relaxed);
    }
}

impl Visit for Wide {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        let used = self.used.load(Ordering::Relaxed);
        visitor.wide(name, self.value.load(Ordering::Relaxed), used);
    }
}

/// A counter that shows only once something was counted.
#[derive(Debug, Default)]
pub struct OnUse(Counter);

impl std::ops::Deref for OnUse {
    type Target = Counter;

    fn deref(&self) -> &Counter {
        &self.0
    }
}

impl Visit for OnUse {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        visitor.counter(name, self.value(), false);
    }
}

/// A number that Envoy shows both as a sum and for each worker: `worker_0.downstream_cx_total`.
#[derive(Debug, Default)]
pub struct PerWorker<T>(T);

impl<T> std::ops::Deref for PerWorker<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Visit for PerWorker<Counter> {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        self.0.visit(name, visitor);
        visitor.own_counter(name, self.value());
    }
}

impl Visit for PerWorker<Gauge> {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        self.0.visit(name, visitor);
        visitor.own_gauge(
            name,
            self.value(),
            self.0.0.load(Ordering::Relaxed) & 1 == 1,
        );
    }
}
