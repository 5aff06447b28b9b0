//! Holds what all statistics came to at one moment, and chooses among them.

use regex::Regex;

use super::histogram::Distribution;

/// Every statistic, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The statistics.
    pub metrics: Vec<Metric>,
}

impl Snapshot {
    /// Those that `filter` lets through.
    pub(super) fn chosen(&self, filter: &Filter) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().filter(|metric| filter.lets(metric))
    }
}

/// One statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its full name: `cluster.web.upstream_rq_total`.
    pub name: String,
    /// What it came to.
    pub value: Value,
    /// Whether anything was ever counted, set or recorded.
    pub used: bool,
}

/// What a statistic came to, by its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number that only grows.
    Counter(u64),
    /// A number that goes up and down.
    Gauge(u64),
    /// A distribution.
    Histogram(Distribution),
    /// A text readout.
    Text(String),
}

/// Which kinds are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kinds {
    /// All.
    #[default]
    All,
    /// Counters.
    Counters,
    /// Gauges.
    Gauges,
    /// Histograms.
    Histograms,
    /// Text readouts.
    TextReadouts,
}

/// What is asked for: `?type=`, `?usedonly`, `?filter=`, `?invert_filter`.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Their kinds.
    pub kinds: Kinds,
    /// Only what was ever written.
    pub used_only: bool,
    /// Only names in which this is found.
    pub pattern: Option<Regex>,
    /// Only names in which `pattern` is not found.
    pub invert: bool,
}

impl Filter {
    fn lets(&self, metric: &Metric) -> bool {
        let kind = match metric.value {
            Value::Counter(_) => Kinds::Counters,
            Value::Gauge(_) => Kinds::Gauges,
            Value::Histogram(_) => Kinds::Histograms,
            Value::Text(_) => Kinds::TextReadouts,
        };
        let found = |pattern: &Regex| pattern.is_match(&metric.name) != self.invert;
        (self.kinds == Kinds::All || self.kinds == kind)
            && (metric.used || !self.used_only)
            && self.pattern.as_ref().is_none_or(found)
    }
}

/// How histograms are shown: `?histogram_buckets=`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BucketMode {
    /// Their quantiles.
    #[default]
    Summary,
    /// How many values are at or below each bound.
    Cumulative,
    /// How many values are between each two bounds.
    Disjoint,
    /// Their bins.
    Detailed,
}
