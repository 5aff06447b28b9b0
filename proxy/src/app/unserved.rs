//! Finds what a configuration asks for that the data plane does not do yet. It is refused before any address is bound:
//! a field that is honoured in name only would be worse than none.

use std::fmt::Write;

use crate::config::model::Bootstrap;
use crate::config::model::cluster::{Cluster, ClusterDiscovery, Transport};
use crate::config::model::health::{Check, HealthCheck};
use crate::config::model::http::{HttpConnectionManager, Routes};
use crate::config::model::listener::{FilterChain, Listener, NetworkFilter};
use crate::config::model::protocol::{HeaderCase, Http1Options};

/// Refuses a configuration that asks for more.
///
/// # Errors
/// All that is asked for in vain, as people read it.
pub(super) fn refuse(bootstrap: &Bootstrap) -> Result<(), String> {
    let mut found = Vec::new();
    let discovery = &bootstrap.discovery;
    if discovery.listeners.is_some() || discovery.clusters.is_some() || discovery.ads.is_some() {
        found.push("dynamic_resources: discovery".to_owned());
    }
    for it in &bootstrap.listeners {
        listener(it, &mut found);
    }
    for it in &bootstrap.clusters {
        cluster(it, &mut found);
    }
    if found.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    for it in found {
        let _ = writeln!(text, "error: not served yet: {it}");
    }
    text.push_str("\nhint: --mode validate takes all of docs/envoy-subset.md; this version serves a part of it\n");
    Err(text)
}

fn listener(listener: &Listener, found: &mut Vec<String>) {
    let mut ask = |what: &str| found.push(format!("listener {}: {what}", listener.name));
    for it in listener.chains.iter().chain(&listener.default_chain) {
        chain(it, &mut ask);
    }
}

fn chain(chain: &FilterChain, ask: &mut impl FnMut(&str)) {
    match &chain.filter {
        NetworkFilter::Close | NetworkFilter::TcpProxy(_) => {}
        NetworkFilter::Http(http) => manager(http, ask),
    }
}

fn manager(manager: &HttpConnectionManager, ask: &mut impl FnMut(&str)) {
    options(manager, ask);
    if !matches!(manager.routes, Routes::Inline(_)) {
        ask("routes that are discovered");
    }
}

/// Options of a connection manager that change nothing yet.
fn options(manager: &HttpConnectionManager, ask: &mut impl FnMut(&str)) {
    let asked = [
        (
            manager.log_flush_interval.is_some(),
            "access_log_flush_interval",
        ),
        (
            manager.log_on_new_request,
            "flush_access_log_on_new_request",
        ),
        (
            manager.scheme_matches_upstream,
            "scheme_header_transformation.match_upstream",
        ),
        (
            manager.keep_connection_on_malformed,
            "stream_error_on_invalid_http_message",
        ),
        (
            keeps_case(&manager.http1),
            "header_key_format.stateful_formatter",
        ),
        (
            manager.http1.keep_connection_on_malformed == Some(true),
            "override_stream_error_on_invalid_http_message",
        ),
        (!manager.http1.allow_absolute_url, "allow_absolute_url"),
        (
            manager.http2.max_header_field_size_kb.is_some(),
            "max_header_field_size_kb",
        ),
        (manager.http2.keepalive.is_some(), "connection_keepalive"),
    ];
    for (_, name) in asked.iter().filter(|(is_asked, _)| *is_asked) {
        ask(name);
    }
}

fn cluster(cluster: &Cluster, found: &mut Vec<String>) {
    let mut ask = |what: &str| found.push(format!("cluster {}: {what}", cluster.name));
    match cluster.discovery {
        ClusterDiscovery::StrictDns(_, dns) if dns.respect_ttl => ask("respect_dns_ttl"),
        ClusterDiscovery::Static(_)
        | ClusterDiscovery::StrictDns(..)
        | ClusterDiscovery::OriginalDst(_) => {}
        ClusterDiscovery::Eds { .. } => ask("EDS"),
    }
    let http1 = cluster.protocol.http1();
    if http1.is_some_and(keeps_case) {
        ask("header_key_format.stateful_formatter");
    }
    if http1.is_some_and(|it| it.send_fully_qualified_url) {
        ask("send_fully_qualified_url");
    }
    let http2 = cluster.protocol.http2();
    if http2.is_some_and(|it| it.keepalive.is_some()) {
        ask("connection_keepalive");
    }
    if cluster.balancing.close_connections_on_change {
        ask("close_connections_on_host_set_change");
    }
    let by_http = |it: &HealthCheck| matches!(&it.check, Check::Http(http) if !http.http2);
    if http1.is_some_and(|it| it.header_case != HeaderCase::Lower)
        && cluster.health_checks.iter().any(by_http)
    {
        ask("header_key_format beside health_checks");
    }
    if !cluster.health_checks.is_empty() && is_secured(cluster) {
        ask("health_checks over TLS");
    }
    if cluster.close_on_health_failure {
        ask("close_connections_on_host_health_failure");
    }
}

/// Whether names of headers are to be passed on as they were written.
fn keeps_case(http1: &Http1Options) -> bool {
    matches!(http1.header_case, HeaderCase::Preserve { .. })
}

/// Whether any connections of a cluster are secured.
fn is_secured(cluster: &Cluster) -> bool {
    let matches = cluster.transport_matches.iter().map(|it| &it.transport);
    let mut all = std::iter::once(&cluster.transport).chain(matches);
    all.any(|it| matches!(it, Transport::Tls(_)))
}
