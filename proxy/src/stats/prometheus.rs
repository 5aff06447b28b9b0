//! Writes statistics in Prometheus' text format, named and tagged as Envoy's.

use std::cmp::Ordering;
use std::fmt::Write;

use super::histogram::{BUCKETS, Distribution};
use super::number::{exact, plain};
use super::snapshot::{BucketMode, Filter, Metric, Snapshot, Value};
use super::tags::{Tag, Tagged, extract};

/// `/stats/prometheus`: counters, gauges, texts if asked for, histograms; each kind grouped by name.
///
/// Only [`BucketMode::Summary`] changes anything: quantiles in place of buckets.
pub fn prometheus(snapshot: &Snapshot, filter: &Filter, texts: bool, mode: BucketMode) -> String {
    let mut kinds: [Vec<(Tagged, &Metric)>; 4] = Default::default();
    for metric in snapshot.chosen(filter) {
        let kind = match metric.value {
            Value::Counter(_) => 0,
            Value::Gauge(_) => 1,
            Value::Text(_) if texts => 2,
            Value::Text(_) => continue,
            Value::Histogram(_) => 3,
        };
        kinds[kind].push((extract(&metric.name), metric));
    }
    let mut out = String::new();
    let summary = mode == BucketMode::Summary;
    let last = if summary { "summary" } else { "histogram" };
    let names = ["counter", "gauge", "gauge", last];
    for (kind, mut metrics) in names.into_iter().zip(kinds) {
        metrics.sort_by(|(a, one), (b, other)| {
            by_parts(&a.name, &b.name).then_with(|| by_parts(&one.name, &other.name))
        });
        for group in metrics.chunk_by_mut(|(a, _), (b, _)| a.name == b.name) {
            let name = format!("envoy_{}", sanitized(&group[0].0.name));
            let _ = writeln!(out, "# TYPE {name} {kind}");
            for (tagged, metric) in group {
                write_metric(&mut out, &name, metric, &mut tagged.tags, summary);
            }
        }
    }
    out
}

/// Names in the order of their parts: a dot comes before anything else.
fn by_parts(one: &str, other: &str) -> Ordering {
    one.split('.').cmp(other.split('.'))
}

fn write_metric(out: &mut String, name: &str, metric: &Metric, tags: &mut Vec<Tag>, summary: bool) {
    let _ = match &metric.value {
        Value::Counter(value) | Value::Gauge(value) => {
            writeln!(out, "{name}{{{}}} {value}", labels(tags))
        }
        Value::Text(value) => {
            tags.push(Tag {
                name: "text_value",
                value: value.clone(),
            });
            writeln!(out, "{name}{{{}}} 0", labels(tags))
        }
        Value::Histogram(value) if summary => write_summary(out, name, value, &labels(tags)),
        Value::Histogram(value) => write_histogram(out, name, value, &labels(tags)),
    };
}

fn write_histogram(
    out: &mut String,
    name: &str,
    distribution: &Distribution,
    labels: &str,
) -> std::fmt::Result {
    let comma = if labels.is_empty() { "" } else { "," };
    let bins = &distribution.cumulative;
    for (bound, count) in BUCKETS.iter().zip(bins.cumulative_buckets()) {
        let bound = exact(*bound);
        writeln!(
            out,
            "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"
        )?;
    }
    let (count, sum) = (bins.count(), exact(bins.sum()));
    writeln!(out, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}")?;
    writeln!(out, "{name}_sum{{{labels}}} {sum}")?;
    writeln!(out, "{name}_count{{{labels}}} {count}")
}

fn write_summary(
    out: &mut String,
    name: &str,
    distribution: &Distribution,
    labels: &str,
) -> std::fmt::Result {
    let comma = if labels.is_empty() { "" } else { "," };
    let bins = &distribution.interval;
    for (quantile, value) in super::QUANTILES.iter().zip(bins.quantiles()) {
        let value = plain(value);
        writeln!(
            out,
            "{name}{{{labels}{comma}quantile=\"{quantile}\"}} {value}"
        )?;
    }
    let (count, sum) = (bins.count(), exact(bins.sum()));
    writeln!(out, "{name}_sum{{{labels}}} {sum}")?;
    writeln!(out, "{name}_count{{{labels}}} {count}")
}

fn labels(tags: &[Tag]) -> String {
    let all = tags.iter().map(|tag| {
        let value = tag
            .value
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('"', "\\\"");
        format!("{}=\"{value}\"", sanitized(tag.name))
    });
    all.collect::<Vec<_>>().join(",")
}

fn sanitized(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.replace(|c| !allowed(c), "_")
}
