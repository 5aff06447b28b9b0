//! Answers `/clusters`.

use std::fmt::Write;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::listeners::socket_address;
use super::query::Query;
use super::reply::Reply;
use super::source::{Cluster, Health, Host, HostCounts, Limits, Outliers};

pub(super) fn answer(clusters: &[Cluster], query: &Query) -> Reply {
    let pattern = query.get("filter").filter(|pattern| !pattern.is_empty());
    let Ok(pattern) = pattern.map(Regex::new).transpose() else {
        return Reply::bad_request("Invalid re2 regex");
    };
    let found = |cluster: &&Cluster| {
        let pattern = pattern.as_ref();
        pattern.is_none_or(|pattern| pattern.is_match(&cluster.name))
    };
    let chosen = clusters.iter().filter(found);
    if query.get("format") == Some("json") {
        let statuses: Vec<Value> = chosen.map(as_json).collect();
        if statuses.is_empty() {
            return Reply::json(&json!({}));
        }
        return Reply::json(&json!({ "cluster_statuses": statuses }));
    }
    let mut text = String::new();
    for cluster in chosen {
        // Writing to a string does not fail.
        let _ = write_text(&mut text, cluster);
    }
    Reply::text(text)
}

fn write_text(out: &mut String, cluster: &Cluster) -> std::fmt::Result {
    let name = &cluster.name;
    let mut line =
        |key: &str, value: &dyn std::fmt::Display| writeln!(out, "{name}::{key}::{value}");
    line("observability_name", &cluster.observability_name)?;
    if let Some(outliers) = &cluster.outliers {
        let Outliers {
            average,
            threshold,
            local_origin_average,
            local_origin_threshold,
        } = outliers;
        line("outlier::success_rate_average", &rate(*average))?;
        line(
            "outlier::success_rate_ejection_threshold",
            &rate(*threshold),
        )?;
        line(
            "outlier::local_origin_success_rate_average",
            &rate(*local_origin_average),
        )?;
        line(
            "outlier::local_origin_success_rate_ejection_threshold",
            &rate(*local_origin_threshold),
        )?;
    }
    let priorities = [
        ("default", cluster.default_limits),
        ("high", cluster.high_limits),
    ];
    for (priority, limits) in priorities {
        for (limit, value) in limits_of(limits) {
            line(&format!("{priority}_priority::{limit}"), &value)?;
        }
    }
    line("added_via_api", &cluster.added_via_api)?;
    if let Some(service) = &cluster.eds_service_name {
        line("eds_service_name", service)?;
    }
    for host in &cluster.hosts {
        write_host(out, name, host)?;
    }
    Ok(())
}

fn write_host(out: &mut String, cluster: &str, host: &Host) -> std::fmt::Result {
    let address = host.address;
    let mut line = |key: &str, value: &dyn std::fmt::Display| {
        writeln!(out, "{cluster}::{address}::{key}::{value}")
    };
    let mut counts = counts_of(&host.counts);
    counts.sort_by_key(|(name, ..)| *name);
    for (name, value, _) in counts {
        line(name, &value)?;
    }
    line("hostname", &host.hostname)?;
    line("health_flags", &health_text(host.health))?;
    line("weight", &host.weight)?;
    line("region", &host.locality.region)?;
    line("zone", &host.locality.zone)?;
    line("sub_zone", &host.locality.sub_zone)?;
    line("canary", &host.canary)?;
    line("priority", &host.priority)?;
    line("success_rate", &rate(host.success_rate))?;
    line(
        "local_origin_success_rate",
        &rate(host.local_origin_success_rate),
    )
}

/// A rate that was not worked out is -1.
fn rate(rate: Option<f64>) -> f64 {
    rate.unwrap_or(-1.0)
}

fn limits_of(limits: Limits) -> [(&'static str, u32); 4] {
    [
        ("max_connections", limits.connections),
        ("max_pending_requests", limits.pending_requests),
        ("max_requests", limits.requests),
        ("max_retries", limits.retries),
    ]
}

/// The names of what is counted of a host, how much it is, and whether it is a gauge.
fn counts_of(counts: &HostCounts) -> [(&'static str, u64, bool); 9] {
    [
        ("cx_connect_fail", counts.cx_connect_fail, false),
        ("cx_total", counts.cx_total, false),
        ("rq_error", counts.rq_error, false),
        ("rq_success", counts.rq_success, false),
        ("rq_timeout", counts.rq_timeout, false),
        ("rq_total", counts.rq_total, false),
        ("cx_active", counts.cx_active, true),
        ("rq_active", counts.rq_active, true),
        ("rq_pending_active", counts.rq_pending_active, true),
    ]
}

/// What speaks against a host, by the names of text and of JSON.
fn flags(health: Health) -> [(bool, &'static str, &'static str); 10] {
    [
        (
            health.failed_active_health_check,
            "failed_active_hc",
            "failed_active_health_check",
        ),
        (
            health.failed_outlier_check,
            "failed_outlier_check",
            "failed_outlier_check",
        ),
        (health.failed_eds, "failed_eds_health", ""),
        (
            health.degraded_active_health_check,
            "degraded_active_hc",
            "failed_active_degraded_check",
        ),
        (health.degraded_eds, "degraded_eds_health", ""),
        (
            health.pending_dynamic_removal,
            "pending_dynamic_removal",
            "pending_dynamic_removal",
        ),
        (
            health.pending_active_health_check,
            "pending_active_hc",
            "pending_active_hc",
        ),
        (
            health.excluded_immediately,
            "excluded_via_immediate_hc_fail",
            "excluded_via_immediate_hc_fail",
        ),
        (
            health.active_health_check_timeout,
            "active_hc_timeout",
            "active_hc_timeout",
        ),
        (health.draining_eds, "eds_status_draining", ""),
    ]
}

fn health_text(health: Health) -> String {
    let mut text = String::new();
    for (raised, name, _) in flags(health) {
        if raised {
            text.push('/');
            text.push_str(name);
        }
    }
    if text.is_empty() {
        return "healthy".to_owned();
    }
    text
}

fn health_json(health: Health) -> Value {
    let mut fields = Map::new();
    let eds = match health {
        Health {
            failed_eds: true, ..
        } => "UNHEALTHY",
        Health {
            degraded_eds: true, ..
        } => "DEGRADED",
        Health {
            draining_eds: true, ..
        } => "DRAINING",
        _ => "HEALTHY",
    };
    for (index, (raised, _, name)) in flags(health).into_iter().enumerate() {
        // In the order of the message's fields, where discovery's word is the third.
        if index == 2 {
            fields.insert("eds_health_status".into(), eds.into());
        } else if raised && !name.is_empty() {
            fields.insert(name.into(), true.into());
        }
    }
    Value::Object(fields)
}

fn as_json(cluster: &Cluster) -> Value {
    let mut fields = Map::new();
    let mut insert = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.into(), value);
        }
    };
    let outliers = cluster.outliers.unwrap_or_default();
    let hosts: Vec<Value> = cluster.hosts.iter().map(host_json).collect();
    insert("name", Some(cluster.name.clone().into()));
    insert("added_via_api", cluster.added_via_api.then(|| true.into()));
    insert(
        "success_rate_ejection_threshold",
        outliers.threshold.map(percent),
    );
    insert("host_statuses", (!hosts.is_empty()).then(|| hosts.into()));
    insert(
        "local_origin_success_rate_ejection_threshold",
        outliers.local_origin_threshold.map(percent),
    );
    let thresholds = [
        limits_json(cluster.default_limits, None),
        limits_json(cluster.high_limits, Some("HIGH")),
    ];
    insert(
        "circuit_breakers",
        Some(json!({ "thresholds": thresholds })),
    );
    insert(
        "observability_name",
        Some(cluster.observability_name.clone().into()),
    );
    insert(
        "eds_service_name",
        cluster.eds_service_name.clone().map(Value::from),
    );
    Value::Object(fields)
}

fn percent(value: f64) -> Value {
    // A message whose only field is zero has none.
    if value == 0.0 {
        return json!({});
    }
    json!({ "value": value })
}

fn limits_json(limits: Limits, priority: Option<&str>) -> Value {
    let mut fields = Map::new();
    if let Some(priority) = priority {
        fields.insert("priority".into(), priority.into());
    }
    for (name, value) in limits_of(limits) {
        fields.insert(name.into(), value.into());
    }
    Value::Object(fields)
}

fn host_json(host: &Host) -> Value {
    let stats = counts_of(&host.counts).map(|(name, value, gauge)| {
        let mut fields = Map::new();
        if gauge {
            fields.insert("type".into(), "GAUGE".into());
        }
        if value != 0 {
            fields.insert("value".into(), value.to_string().into());
        }
        fields.insert("name".into(), name.into());
        Value::Object(fields)
    });
    let locality = [
        ("region", &host.locality.region),
        ("zone", &host.locality.zone),
        ("sub_zone", &host.locality.sub_zone),
    ];
    let locality = locality.into_iter().filter(|(_, value)| !value.is_empty());
    let locality: Map<String, Value> = locality
        .map(|(name, value)| (name.to_owned(), value.clone().into()))
        .collect();
    let mut fields = Map::new();
    let mut insert = |name: &str, value: Value| fields.insert(name.into(), value);
    insert("address", socket_address(host.address));
    insert("stats", stats.to_vec().into());
    insert("health_status", health_json(host.health));
    if let Some(rate) = host.success_rate {
        insert("success_rate", percent(rate));
    }
    insert("weight", host.weight.into());
    if !host.hostname.is_empty() {
        insert("hostname", host.hostname.clone().into());
    }
    if host.priority != 0 {
        insert("priority", host.priority.into());
    }
    if let Some(rate) = host.local_origin_success_rate {
        insert("local_origin_success_rate", percent(rate));
    }
    insert("locality", locality.into());
    Value::Object(fields)
}
