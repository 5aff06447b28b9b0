//! Listeners, TCP proxies and access rules that are refused.

use super::Envoy::{Crashes, Refuses, Takes};
use super::{Bad, filter, listener, tcp};

/// Listeners, TCP and access rules.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn bad_listeners() -> Vec<Bad> {
    let chain = |matcher: &str| {
        listener(&format!(
            "filter_chains: [{{filter_chain_match: {{{matcher}}}}}]"
        ))
    };
    let two = |left: &str, right: &str| {
        listener(&format!(
            "filter_chains: [{{name: a, filter_chain_match: {{{left}}}}}, {{name: b, \
             filter_chain_match: {{{right}}}}}]"
        ))
    };
    let address =
        "address: {socket_address: {address: 127.0.0.1, port_value: 8123}}, filter_chains: [{}]";
    vec![
        ("no chain", listener(""), Refuses),
        (
            "no chain in the list",
            listener("filter_chains: []"),
            Refuses,
        ),
        (
            "no address",
            "static_resources: {listeners: [{name: l, filter_chains: [{}]}]}".to_owned(),
            Refuses,
        ),
        (
            "an additional address of nothing",
            listener("additional_addresses: [{}]\n    filter_chains: [{}]"),
            Crashes,
        ),
        (
            "an address twice",
            format!(
                "static_resources: {{listeners: [{{name: l, {address}}}, {{name: m, {address}}}]}}"
            ),
            Refuses,
        ),
        (
            "a listener twice",
            format!(
                "static_resources: {{listeners: [{{name: l, {address}}}, {{name: l, {address}}}]}}"
            ),
            Takes,
        ),
        (
            "chains that match the same",
            two("destination_port: 1", "destination_port: 1"),
            Refuses,
        ),
        (
            "chains that match some of the same",
            two("server_names: [a, b]", "server_names: [B]"),
            Refuses,
        ),
        (
            "a wildcard within a name",
            chain("server_names: ['a*b']"),
            Refuses,
        ),
        ("a wildcard alone", chain("server_names: ['*']"), Refuses),
        ("an empty name", chain("server_names: ['']"), Takes),
        (
            "a protocol that is never found",
            chain("transport_protocol: quic"),
            Takes,
        ),
        (
            "no network",
            chain("prefix_ranges: [{address_prefix: x, prefix_len: 5}]"),
            Refuses,
        ),
        (
            "a destination port of 0",
            chain("destination_port: 0"),
            Refuses,
        ),
        (
            "a match of the default chain",
            listener("default_filter_chain: {filter_chain_match: {destination_port: 5}}"),
            Takes,
        ),
        (
            "one rule in a set",
            listener(
                "filter_chains: [{}]\n    listener_filters: [{name: a, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}, filter_disabled: {or_match: {rules: [{any_match: true}]}}}]",
            ),
            Refuses,
        ),
        ("a TCP proxy without prefix", tcp("cluster: c"), Refuses),
        (
            "a TCP proxy without cluster",
            tcp("stat_prefix: a"),
            Refuses,
        ),
        (
            "a TCP proxy to nothing",
            tcp("stat_prefix: a, cluster: ''"),
            Takes,
        ),
        (
            "a weight of 0",
            tcp("stat_prefix: a, weighted_clusters: {clusters: [{name: c}]}"),
            Refuses,
        ),
        (
            "a path of CONNECT",
            tcp("stat_prefix: a, cluster: c, tunneling_config: {hostname: x, post_path: /x}"),
            Refuses,
        ),
        (
            "a path without slash",
            tcp(
                "stat_prefix: a, cluster: c, tunneling_config: {hostname: x, use_post: true, post_path: x}",
            ),
            Takes,
        ),
        (
            "access rules at the end",
            filter(
                "envoy.extensions.filters.network.rbac.v3.RBAC",
                "stat_prefix: a",
            ),
            Refuses,
        ),
        (
            "headers of a connection",
            listener(
                "filter_chains: [{filters: [{name: r, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC, stat_prefix: a, rules: {policies: {p: {permissions: [{header: {name: x}}], principals: [{any: true}]}}}}}, {name: t, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: a, cluster: c}}]}]",
            ),
            Refuses,
        ),
        (
            "no directory for a log",
            listener(
                "filter_chains: [{}]\n    access_log: [{name: a, typed_config: {'@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /nowhere/at/all}}]",
            ),
            Refuses,
        ),
    ]
}
