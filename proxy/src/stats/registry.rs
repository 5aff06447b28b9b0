//! Keeps the scopes that are in use, and reads them.

use std::any::TypeId;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::cell::{Counter, Gauge, Wide, Writer};
use super::group::{Group, Sum, Sums, Visit, Visitor};
use super::histogram::{Distribution, Histogram};
use super::snapshot::{Metric, Snapshot, Value};

/// All statistics of a proxy. Clones are the same registry.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    scopes: Arc<Mutex<BTreeMap<Arc<str>, Weak<Inner>>>>,
}

impl Registry {
    /// The scope of that name, which its statistics are below; opened if nobody has it open.
    ///
    /// An empty name is the root. Names are taken as they are: see [`Registry::cluster`] and its
    /// like for those that Envoy changes.
    pub fn scope(&self, name: &str) -> Scope {
        let mut scopes = lock(&self.scopes);
        if let Some(inner) = scopes.get(name).and_then(Weak::upgrade) {
            return Scope(inner);
        }
        scopes.retain(|_, scope| scope.strong_count() > 0);
        let inner = Arc::new(Inner {
            name: name.into(),
            registry: self.clone(),
            cells: Mutex::default(),
            shown: Mutex::default(),
        });
        scopes.insert(Arc::clone(&inner.name), Arc::downgrade(&inner));
        Scope(inner)
    }

    /// `cluster.NAME`; its group is [`super::ClusterStats`]. Give `alt_stat_name` where it is set.
    pub fn cluster(&self, name: &str) -> Scope {
        self.scope(&format!("cluster.{}", sanitized(name)))
    }

    /// `listener.ADDRESS`; its group is [`super::ListenerStats`]. Give `stat_prefix` where it is set.
    pub fn listener(&self, address: &str) -> Scope {
        self.scope(&format!("listener.{}", sanitized(address)))
    }

    /// `http.PREFIX`; its groups are [`super::HttpStats`] and [`super::RouterStats`].
    pub fn http(&self, prefix: &str) -> Scope {
        self.scope(&format!("http.{}", sanitized(prefix)))
    }

    /// `tcp.PREFIX`; its group is [`super::TcpStats`].
    pub fn tcp(&self, prefix: &str) -> Scope {
        self.scope(&format!("tcp.{}", sanitized(prefix)))
    }

    /// What every statistic has come to, in the order of their names.
    pub fn snapshot(&self) -> Snapshot {
        let mut metrics = Vec::new();
        for scope in self.open() {
            scope.read(&mut metrics);
        }
        metrics.sort_by(|a, b| a.name.cmp(&b.name));
        Snapshot { metrics }
    }

    /// The value of a counter or gauge by its full name; for tests.
    pub fn counter_value(&self, name: &str) -> Option<u64> {
        let snapshot = self.snapshot();
        let metric = snapshot.metrics.iter().find(|metric| metric.name == name)?;
        match metric.value {
            Value::Counter(value) | Value::Gauge(value) => Some(value),
            Value::Histogram(_) | Value::Text(_) => None,
        }
    }

    /// Takes what histograms have recorded since the last time as the new interval. Until then it is
    /// not shown; Envoy does so every `stats_flush_interval`.
    pub fn flush(&self) {
        self.open().iter().for_each(|scope| scope.flush());
    }

    /// Lets all counters begin at zero again.
    pub fn reset_counters(&self) {
        self.open().iter().for_each(|scope| scope.reset_counters());
    }

    /// Holds the lock only to copy the pointers, so that a worker that drops or opens a scope never
    /// waits for a reader.
    fn open(&self) -> Vec<Arc<Inner>> {
        lock(&self.scopes)
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

/// A name that statistics are below. Clones are the same scope; it ends with the last of them and
/// of its handles.
#[derive(Debug, Clone)]
pub struct Scope(Arc<Inner>);

impl Scope {
    /// The scope's name: `cluster.web`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The scope `NAME` below this one: `ssl`, `circuit_breakers.default`.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let name = self.0.full(name);
        self.0.registry.scope(&name)
    }

    /// The cells of `writer` in the group `G`; the same ones whenever asked.
    ///
    /// It takes a lock, so this is for when configuration is applied.
    pub fn handle<G: Group>(&self, writer: Writer) -> Handle<G> {
        Handle {
            cells: self.cells(writer, ""),
            scope: self.clone(),
            not_shared: PhantomData,
        }
    }

    /// The same cells for what several threads hold: it is written under a lock, or by one task alone.
    pub fn shared<G: Group>(&self, writer: Writer) -> Shared<G> {
        Shared {
            cells: self.cells(writer, ""),
            scope: self.clone(),
        }
    }

    /// A counter below this scope for what several threads hold.
    pub fn shared_counter(&self, writer: Writer, name: &str) -> Shared<Single<Counter>> {
        Shared {
            cells: self.cells(writer, name),
            scope: self.clone(),
        }
    }

    /// The sum of a number over the cells of all writers. It takes a lock.
    pub fn total<G: Group>(&self, number: impl Fn(&G) -> u64) -> u64 {
        let cells = lock(&self.0.cells);
        let all = cells.iter().filter(|it| it.key.0 == TypeId::of::<G>());
        all.filter_map(|it| it.any.downcast_ref::<G>())
            .map(number)
            .sum()
    }

    /// A counter of any name below this scope, for what no group has.
    pub fn counter(&self, writer: Writer, name: &str) -> Handle<Single<Counter>> {
        self.single(writer, name)
    }

    /// A gauge of any name below this scope, for what no group has.
    pub fn gauge(&self, writer: Writer, name: &str) -> Handle<Single<Gauge>> {
        self.single(writer, name)
    }

    /// A gauge of 64 bits of any name below this scope, for what no group has.
    pub fn wide(&self, writer: Writer, name: &str) -> Handle<Single<Wide>> {
        self.single(writer, name)
    }

    /// A histogram of any name below this scope, for what no group has.
    pub fn histogram(&self, writer: Writer, name: &str) -> Handle<Single<Histogram>> {
        self.single(writer, name)
    }

    /// A text below this scope, such as `control_plane.identifier`.
    pub fn text(&self, name: &str) -> Handle<Single<Text>> {
        self.single(Writer::Main, name)
    }

    fn single<C>(&self, writer: Writer, name: &str) -> Handle<Single<C>>
    where
        Single<C>: Group,
    {
        Handle {
            cells: self.cells(writer, name),
            scope: self.clone(),
            not_shared: PhantomData,
        }
    }

    fn cells<G: Group>(&self, writer: Writer, name: &str) -> Arc<G> {
        let mut cells = lock(&self.0.cells);
        let key = (TypeId::of::<G>(), writer);
        let known = cells
            .iter()
            .filter(|entry| entry.key == key && *entry.name == *name)
            .find_map(|entry| Arc::clone(&entry.any).downcast::<G>().ok());
        known.unwrap_or_else(|| {
            let new = Arc::new(G::default());
            cells.push(Entry {
                key,
                name: name.into(),
                any: Arc::<G>::clone(&new),
                cells: Arc::<G>::clone(&new),
            });
            new
        })
    }
}

/// One writer's cells in one scope. Reaches the group's fields by dereferencing.
pub struct Handle<G> {
    cells: Arc<G>,
    scope: Scope,
    /// Send but not Sync: a handle has one writer.
    not_shared: PhantomData<Cell<()>>,
}

impl<G> Handle<G> {
    /// The scope that it counts in.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl<G> Clone for Handle<G> {
    fn clone(&self) -> Self {
        Self {
            cells: Arc::clone(&self.cells),
            scope: self.scope.clone(),
            not_shared: PhantomData,
        }
    }
}

impl<G> Deref for Handle<G> {
    type Target = G;

    #[inline]
    fn deref(&self) -> &G {
        &self.cells
    }
}

impl<G> fmt::Debug for Handle<G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Handle({})", self.scope.name())
    }
}

/// One writer's cells in one scope, which whoever has the right to write holds. Clones are the same cells.
pub struct Shared<G> {
    cells: Arc<G>,
    scope: Scope,
}

impl<G> Shared<G> {
    /// The scope that it counts in.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl<G> Clone for Shared<G> {
    fn clone(&self) -> Self {
        Self {
            cells: Arc::clone(&self.cells),
            scope: self.scope.clone(),
        }
    }
}

impl<G> Deref for Shared<G> {
    type Target = G;

    #[inline]
    fn deref(&self) -> &G {
        &self.cells
    }
}

impl<G> fmt::Debug for Shared<G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Shared({})", self.scope.name())
    }
}

/// A statistic on its own, with a name that is known only at run time.
#[derive(Debug, Default)]
pub struct Single<C>(C);

impl<C> Deref for Single<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C> Group for Single<C>
where
    C: Visit + Default + Send + Sync + 'static,
{
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.0.visit("", visitor);
    }
}

/// A text that is shown among the statistics.
#[derive(Debug, Default)]
pub struct Text(Mutex<String>);

impl Text {
    /// Sets it.
    pub fn set(&self, value: impl Into<String>) {
        *lock(&self.0) = value.into();
    }
}

impl Visit for Text {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        let value = lock(&self.0).clone();
        visitor.text(name, value);
    }
}

struct Inner {
    name: Arc<str>,
    registry: Registry,
    /// Locked when handles are resolved and, to copy the pointers, when they are read.
    cells: Mutex<Vec<Entry>>,
    /// Locked by readers only.
    shown: Mutex<Shown>,
}

#[derive(Clone)]
struct Entry {
    key: (TypeId, Writer),
    /// Of a statistic on its own; empty for a group.
    name: Arc<str>,
    any: Arc<dyn std::any::Any + Send + Sync>,
    cells: Arc<dyn Cells>,
}

/// A group whose type is forgotten.
trait Cells: Send + Sync {
    fn visit(&self, visitor: &mut Visitor<'_>);
}

impl<G: Group> Cells for G {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        Group::visit(self, visitor);
    }
}

/// What reading has to remember of earlier reading.
#[derive(Default)]
struct Shown {
    /// What counters had come to when they were reset.
    reset: HashMap<String, u64>,
    /// Histograms as of the last flush.
    flushed: HashMap<String, Distribution>,
}

impl Inner {
    fn full(&self, name: &str) -> String {
        match (&*self.name, name) {
            ("", name) => name.to_owned(),
            (scope, "") => scope.to_owned(),
            (scope, name) => format!("{scope}.{name}"),
        }
    }

    fn sums(&self) -> Sums {
        let entries = lock(&self.cells).clone();
        let mut sums = Sums::new();
        for entry in &entries {
            entry.cells.visit(&mut Visitor {
                writer: entry.key.1,
                single: &entry.name,
                sums: &mut sums,
            });
        }
        sums
    }

    fn read(&self, metrics: &mut Vec<Metric>) {
        let sums = self.sums();
        let shown = lock(&self.shown);
        for (name, sum) in sums {
            let (used, value) = match sum {
                Sum::Counter {
                    value: 0,
                    always: false,
                    ..
                } => continue,
                Sum::Counter { value, used, .. } => {
                    let reset = shown.reset.get(&*name).copied().unwrap_or(0);
                    (used, Value::Counter(value.wrapping_sub(reset)))
                }
                Sum::Gauge { value, used } => (used, Value::Gauge(positive(value))),
                Sum::Wide { value, used } => (used, Value::Gauge(value)),
                Sum::Histogram { bins, always } if bins.is_empty() && !always => continue,
                Sum::Histogram { .. } => {
                    let distribution = shown.flushed.get(&*name).cloned().unwrap_or_default();
                    let used = !distribution.cumulative.is_empty();
                    (used, Value::Histogram(distribution))
                }
                Sum::Text(value) => (!value.is_empty(), Value::Text(value)),
            };
            metrics.push(Metric {
                name: self.full(&name),
                value,
                used,
            });
        }
    }

    fn flush(&self) {
        let sums = self.sums();
        let mut shown = lock(&self.shown);
        for (name, sum) in sums {
            let Sum::Histogram { bins, .. } = sum else {
                continue;
            };
            if bins.is_empty() {
                continue;
            }
            let flushed = shown.flushed.entry(name.into_owned()).or_default();
            *flushed = Distribution {
                interval: bins.since(&flushed.cumulative),
                cumulative: bins,
            };
        }
    }

    fn reset_counters(&self) {
        let sums = self.sums();
        let mut shown = lock(&self.shown);
        for (name, sum) in sums {
            if let Sum::Counter { value, .. } = sum
                && value > 0
            {
                shown.reset.insert(name.into_owned(), value);
            }
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scope({})", self.name)
    }
}

/// The sum of gauges, which have 63 bits; one that was read between two writers may be below zero.
fn positive(sum: u64) -> u64 {
    let value = sum & (u64::MAX >> 1);
    if value >> 62 == 1 { 0 } else { value }
}

/// A name as Envoy writes it into statistics: without colons.
fn sanitized(name: &str) -> String {
    name.replace("://", "_")
        .replace(":/", "_")
        .replace([':', '\0'], "_")
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What the lock guards is whole at any time, so a panic elsewhere does not matter.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::{ClusterStats, ListenerStats};

    #[test]
    fn sums_over_writers_and_names_workers() {
        let registry = Registry::default();
        let scope = registry.listener("127.0.0.1:80");
        let workers = [0, 1].map(|index| scope.handle::<ListenerStats>(Writer::Worker(index)));
        for (amount, worker) in (1..).zip(&workers) {
            worker.downstream_cx_total.add(amount);
            worker.downstream_cx_active.add(5);
        }
        workers[0].downstream_cx_active.sub(7);
        let value = |name: &str| registry.counter_value(&format!("listener.127.0.0.1_80.{name}"));
        assert_eq!(value("downstream_cx_total"), Some(3));
        assert_eq!(value("worker_1.downstream_cx_total"), Some(2));
        assert_eq!(value("downstream_cx_active"), Some(3));
        assert_eq!(value("worker_1.downstream_cx_active"), Some(5));
    }

    #[test]
    fn an_update_goes_on_and_a_removal_frees() {
        let registry = Registry::default();
        let count = |registry: &Registry| {
            let scope = registry.cluster("web");
            let handle = scope.handle::<ClusterStats>(Writer::Worker(0));
            handle.upstream_rq_total.increment();
            handle
        };
        let old = count(&registry);
        let new = count(&registry);
        drop(old);
        let name = "cluster.web.upstream_rq_total";
        assert_eq!(registry.counter_value(name), Some(2));
        let cells = Arc::downgrade(&new.cells);
        drop(new);
        assert_eq!(cells.strong_count(), 0);
        assert_eq!(registry.snapshot(), Snapshot::default());
        let _again = count(&registry);
        assert_eq!(registry.counter_value(name), Some(1));
        assert_eq!(lock(&registry.scopes).len(), 1);
    }

    #[test]
    fn one_increment_counts_under_every_name_of_a_response() {
        let registry = Registry::default();
        let cluster = registry
            .cluster("web")
            .handle::<ClusterStats>(Writer::Worker(0));
        assert_eq!(
            registry.counter_value("cluster.web.upstream_rq_completed"),
            Some(0)
        );
        cluster.responses.external(200);
        cluster.responses.internal(204);
        cluster.responses.retry(503);
        cluster.responses.external(99);
        cluster.responses.external(600);
        let shown = registry.snapshot();
        let counted = shown.metrics.iter().filter(|metric| metric.used);
        let names = counted.map(|metric| metric.name.trim_start_matches("cluster.web."));
        let expected = [
            "external.upstream_rq_200",
            "external.upstream_rq_2xx",
            "external.upstream_rq_completed",
            "external.upstream_rq_unknown",
            "internal.upstream_rq_204",
            "internal.upstream_rq_2xx",
            "internal.upstream_rq_completed",
            "retry.upstream_rq_503",
            "retry.upstream_rq_5xx",
            "retry.upstream_rq_completed",
            "upstream_rq_200",
            "upstream_rq_204",
            "upstream_rq_2xx",
            "upstream_rq_completed",
            "upstream_rq_unknown",
        ];
        assert_eq!(names.collect::<Vec<_>>(), expected);
        let total = registry.counter_value("cluster.web.upstream_rq_completed");
        assert_eq!(total, Some(4));
    }

    #[test]
    fn resetting_leaves_names_and_gauges() {
        let registry = Registry::default();
        let cluster = registry
            .cluster("web")
            .handle::<ClusterStats>(Writer::Worker(0));
        cluster.responses.external(200);
        cluster.upstream_rq_active.add(2);
        registry.reset_counters();
        let value = |name: &str| registry.counter_value(&format!("cluster.web.{name}"));
        assert_eq!(value("upstream_rq_200"), Some(0));
        assert_eq!(value("upstream_rq_active"), Some(2));
        cluster.responses.external(200);
        assert_eq!(value("upstream_rq_200"), Some(1));
    }

    #[test]
    fn histograms_show_what_was_flushed() {
        let registry = Registry::default();
        let cluster = registry
            .cluster("web")
            .handle::<ClusterStats>(Writer::Worker(0));
        let shown = || {
            let name = "cluster.web.upstream_cx_length_ms";
            let snapshot = registry.snapshot();
            let metric = snapshot.metrics.iter().find(|metric| metric.name == name);
            match &metric.unwrap().value {
                Value::Histogram(shown) => (shown.cumulative.count(), shown.interval.count()),
                other => panic!("{other:?}"),
            }
        };
        cluster.upstream_cx_length_ms.record(7);
        assert_eq!(shown(), (0, 0));
        registry.flush();
        assert_eq!(shown(), (1, 1));
        cluster.upstream_cx_length_ms.record(7);
        registry.flush();
        assert_eq!(shown(), (2, 1));
        registry.flush();
        assert_eq!(shown(), (2, 0));
    }

    proptest! {
        #[test]
        fn several_workers_are_one_worker(
            values in proptest::collection::vec((0_u16..4, any::<u16>(), any::<u64>()), 0..200),
        ) {
            let fill = |writer: fn(u16) -> Writer| {
                let registry = Registry::default();
                let mut kept = Vec::new();
                for (worker, status, value) in &values {
                    let cluster = registry
                        .cluster("web")
                        .handle::<ClusterStats>(writer(*worker));
                    cluster.responses.external(status % 700);
                    cluster.upstream_rq_time.external(*value);
                    cluster.upstream_cx_rx_bytes_total.add(*value >> 16);
                    cluster.upstream_rq_active.add(*value >> 32);
                    kept.push(cluster);
                }
                registry.flush();
                registry.snapshot()
            };
            prop_assert_eq!(fill(Writer::Worker), fill(|_| Writer::Worker(0)));
        }
    }
}
