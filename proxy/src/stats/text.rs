//! Writes statistics as lines of `name: value`.

use std::fmt::Write;

use super::histogram::{BUCKETS, Bins, Distribution, QUANTILES};
use super::number::{plain, six};
use super::snapshot::{BucketMode, Filter, Snapshot, Value};

/// `/stats`: texts, then counters and gauges, then histograms, each in the order of their names.
pub fn text(snapshot: &Snapshot, filter: &Filter, mode: BucketMode) -> String {
    let [mut texts, mut numbers, mut histograms] = [String::new(), String::new(), String::new()];
    for metric in snapshot.chosen(filter) {
        let name = &metric.name;
        let _ = match &metric.value {
            Value::Text(value) => writeln!(texts, "{name}: \"{value}\""),
            Value::Counter(value) | Value::Gauge(value) => writeln!(numbers, "{name}: {value}"),
            Value::Histogram(_) if !metric.used => {
                writeln!(histograms, "{name}: No recorded values")
            }
            Value::Histogram(value) if mode == BucketMode::Detailed => {
                writeln!(histograms, "{name}:\n{}", detailed(value))
            }
            Value::Histogram(value) => writeln!(histograms, "{name}: {}", line(value, mode)),
        };
    }
    texts + &numbers + &histograms
}

fn line(distribution: &Distribution, mode: BucketMode) -> String {
    let (interval, cumulative) = (&distribution.interval, &distribution.cumulative);
    match mode {
        BucketMode::Summary | BucketMode::Detailed => summary(distribution),
        BucketMode::Cumulative => buckets(
            interval.cumulative_buckets(),
            cumulative.cumulative_buckets(),
        ),
        BucketMode::Disjoint => buckets(interval.disjoint_buckets(), cumulative.disjoint_buckets()),
    }
}

fn summary(distribution: &Distribution) -> String {
    let interval = distribution.interval.quantiles();
    let cumulative = distribution.cumulative.quantiles();
    let all = QUANTILES.iter().zip(interval.iter().zip(cumulative));
    let parts = all.map(|(quantile, (interval, cumulative))| {
        let (interval, cumulative) = (plain(*interval), plain(cumulative));
        format!("P{}({interval},{cumulative})", quantile * 100.0)
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn buckets(interval: [u64; BUCKETS.len()], cumulative: [u64; BUCKETS.len()]) -> String {
    let all = BUCKETS.iter().zip(interval.iter().zip(cumulative));
    let parts = all.map(|(bound, (interval, cumulative))| {
        format!("B{}({interval},{cumulative})", six(*bound))
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn detailed(distribution: &Distribution) -> String {
    let bins = |bins: &Bins| {
        let parts = bins
            .iter()
            .map(|(lower, width, count)| format!("{},{}:{count}", six(lower), six(width)));
        parts.collect::<Vec<_>>().join(", ")
    };
    format!(
        "  totals={}\n  intervals={}\n  summary={}",
        bins(&distribution.cumulative),
        bins(&distribution.interval),
        summary(distribution)
    )
}
