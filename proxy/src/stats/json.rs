//! Writes statistics as Envoy's JSON.

use std::fmt::Write;

use super::histogram::{BUCKETS, Bins, Distribution, QUANTILES};
use super::number::shortest;
use super::snapshot::{BucketMode, Filter, Snapshot, Value};

/// `/stats?format=json`.
pub fn json(snapshot: &Snapshot, filter: &Filter, mode: BucketMode) -> String {
    let [mut texts, mut numbers, mut histograms] = [const { Vec::<String>::new() }; 3];
    for metric in snapshot.chosen(filter) {
        let name = quoted(&metric.name);
        match &metric.value {
            Value::Text(value) => {
                texts.push(format!("{{\"name\":{name},\"value\":{}}}", quoted(value)));
            }
            Value::Counter(value) | Value::Gauge(value) => {
                numbers.push(format!("{{\"name\":{name},\"value\":{value}}}"));
            }
            Value::Histogram(value) => histograms.push(histogram(&name, value, mode)),
        }
    }
    let mut all = texts;
    all.append(&mut numbers);
    if !histograms.is_empty() {
        all.push(wrapped(&histograms.join(","), mode));
    }
    format!("{{\"stats\":[{}]}}", all.join(","))
}

fn histogram(name: &str, distribution: &Distribution, mode: BucketMode) -> String {
    let (interval, cumulative) = (&distribution.interval, &distribution.cumulative);
    match mode {
        BucketMode::Summary => {
            format!("{{\"name\":{name},\"values\":{}}}", quantiles(distribution))
        }
        BucketMode::Cumulative => {
            let buckets = buckets(
                interval.cumulative_buckets(),
                cumulative.cumulative_buckets(),
            );
            format!("{{\"name\":{name},\"buckets\":{buckets}}}")
        }
        BucketMode::Disjoint => {
            let buckets = buckets(interval.disjoint_buckets(), cumulative.disjoint_buckets());
            format!("{{\"name\":{name},\"buckets\":{buckets}}}")
        }
        BucketMode::Detailed => format!(
            "{{\"name\":{name},\"totals\":{},\"intervals\":{},\"percentiles\":{}}}",
            bins(cumulative),
            bins(interval),
            quantiles(distribution)
        ),
    }
}

fn wrapped(histograms: &str, mode: BucketMode) -> String {
    let percentiles = QUANTILES.map(|quantile| shortest(quantile * 100.0));
    let percentiles = percentiles.join(",");
    match mode {
        BucketMode::Summary => format!(
            "{{\"histograms\":{{\"supported_quantiles\":[{percentiles}],\"computed_quantiles\":[{histograms}]}}}}"
        ),
        BucketMode::Detailed => format!(
            "{{\"histograms\":{{\"supported_percentiles\":[{percentiles}],\"details\":[{histograms}]}}}}"
        ),
        BucketMode::Cumulative | BucketMode::Disjoint => {
            format!("{{\"histograms\":[{histograms}]}}")
        }
    }
}

fn quantiles(distribution: &Distribution) -> String {
    let number = |value: f64| match value {
        value if value.is_nan() => "null".to_owned(),
        value => shortest(value),
    };
    let both = distribution.cumulative.quantiles();
    let both = both.iter().zip(distribution.interval.quantiles());
    array(both.map(|(cumulative, interval)| {
        let (cumulative, interval) = (number(*cumulative), number(interval));
        format!("{{\"cumulative\":{cumulative},\"interval\":{interval}}}")
    }))
}

fn buckets(interval: [u64; BUCKETS.len()], cumulative: [u64; BUCKETS.len()]) -> String {
    let all = BUCKETS.iter().zip(interval.iter().zip(cumulative));
    array(all.map(|(bound, (interval, cumulative))| {
        let bound = shortest(*bound);
        format!("{{\"upper_bound\":{bound},\"interval\":{interval},\"cumulative\":{cumulative}}}")
    }))
}

fn bins(bins: &Bins) -> String {
    array(bins.iter().map(|(lower, width, count)| {
        let (lower, width) = (shortest(lower), shortest(width));
        format!("{{\"lower_bound\":{lower},\"width\":{width},\"count\":{count}}}")
    }))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
