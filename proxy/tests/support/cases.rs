//! Configurations, good and bad, with what the real Envoy makes of them.

#[path = "cases/clusters.rs"]
mod clusters;
#[path = "cases/listeners.rs"]
mod listeners;
#[path = "cases/routes.rs"]
mod routes;
#[path = "cases/texts.rs"]
mod texts;

pub(crate) use clusters::bad_clusters;
pub(crate) use listeners::bad_listeners;
pub(crate) use routes::bad_routes;
pub(crate) use texts::bad_texts;

/// What Envoy makes of a configuration that mesh-proxy refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envoy {
    /// It refuses it too.
    Refuses,
    /// It takes it: docs/envoy-subset.md says why we do not.
    Takes,
    /// It ends by a signal.
    Crashes,
}
/// A configuration that both take.
pub(crate) type Good = (&'static str, String);
/// A configuration that mesh-proxy refuses, and what Envoy makes of it.
pub(crate) type Bad = (&'static str, String, Envoy);
/// A configuration that Envoy takes, and the path of what mesh-proxy does not honour in it.
pub(crate) type Unhonoured = (&'static str, String, &'static str);

/// A static listener with more fields.
pub(crate) fn listener(fields: &str) -> String {
    format!(
        "static_resources:\n  clusters: [{{name: c}}]\n  listeners:\n  - name: l\n    address: \
         {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}\n    {fields}\n"
    )
}

/// A listener with one network filter of this type.
pub(crate) fn filter(url: &str, fields: &str) -> String {
    listener(&format!(
        "filter_chains: [{{filters: [{{name: f, typed_config: {{\"@type\": \
         type.googleapis.com/{url}, {fields}}}}}]}}]"
    ))
}

/// A listener with a TCP proxy.
pub(crate) fn tcp(fields: &str) -> String {
    filter(
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        fields,
    )
}

/// A listener with a connection manager.
pub(crate) fn http(fields: &str) -> String {
    let url = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    filter(url, &format!("stat_prefix: h, {fields}"))
}

/// The router among the filters.
pub(crate) const ROUTER: &str = "http_filters: [{name: router, typed_config: {\"@type\": \
    type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]";

/// A connection manager with these virtual hosts.
pub(crate) fn hosts(hosts: &str) -> String {
    http(&format!(
        "{ROUTER}, route_config: {{virtual_hosts: [{hosts}]}}"
    ))
}

/// A connection manager with one route.
pub(crate) fn route(route: &str) -> String {
    hosts(&format!("{{name: v, domains: ['*'], routes: [{route}]}}"))
}

/// A route to a cluster with more fields of the action.
pub(crate) fn action(fields: &str) -> String {
    route(&format!("{{match: {{prefix: /}}, route: {{{fields}}}}}"))
}

/// A route with more fields beside its action.
pub(crate) fn beside(fields: &str) -> String {
    route(&format!(
        "{{match: {{prefix: /}}, route: {{cluster: c}}, {fields}}}"
    ))
}

/// A header that is added to requests.
pub(crate) fn header(key: &str, value: &str) -> String {
    beside(&format!(
        "request_headers_to_add: [{{header: {{key: '{key}', value: '{value}'}}}}]"
    ))
}

/// A static cluster with more fields.
pub(crate) fn cluster(fields: &str) -> String {
    format!("static_resources: {{clusters: [{{name: c, {fields}}}]}}")
}

/// A cluster with TLS.
pub(crate) fn upstream_tls(fields: &str) -> String {
    cluster(&format!(
        "transport_socket: {{name: tls, typed_config: {{\"@type\": type.googleapis.com/\
         envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, {fields}}}}}"
    ))
}

/// A cluster with a health check.
fn health(fields: &str) -> String {
    cluster(&format!(
        "health_checks: [{{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, \
         {fields}}}]"
    ))
}

/// The admin's port.
fn port(value: &str) -> String {
    format!("admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {value}}}}}}}")
}

/// What Envoy honours and mesh-proxy does not.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn unhonoured() -> Vec<Unhonoured> {
    vec![
        (
            "listener",
            listener("drain_type: MODIFY_ONLY\n    filter_chains: [{}]"),
            "static_resources.listeners[0].drain_type",
        ),
        (
            "socket options",
            listener(
                "socket_options: [{level: 1, name: 2, int_value: 3}]\n    filter_chains: [{}]",
            ),
            "static_resources.listeners[0].socket_options",
        ),
        (
            "watchdogs",
            "watchdogs: {main_thread_watchdog: {miss_timeout: 1s}}".to_owned(),
            "watchdogs",
        ),
        (
            "in camel case",
            "clusterManager: {localClusterName: c}\nstatic_resources: {clusters: [{name: c}]}"
                .to_owned(),
            "clusterManager",
        ),
        (
            "LOGICAL_DNS",
            cluster(
                "type: LOGICAL_DNS, load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: a.example, port_value: 1}}}}]}]}",
            ),
            "static_resources.clusters[0].type",
        ),
        (
            "Maglev",
            cluster("lb_policy: MAGLEV"),
            "static_resources.clusters[0].lb_policy",
        ),
        (
            "subsets",
            cluster("lb_subset_config: {fallback_policy: ANY_ENDPOINT}"),
            "static_resources.clusters[0].lb_subset_config",
        ),
        (
            "HTTP/2 the old way",
            cluster("http2_protocol_options: {}"),
            "static_resources.clusters[0].http2_protocol_options",
        ),
        (
            "tracing",
            http(&format!("{ROUTER}, route_config: {{}}, tracing: {{}}")),
            "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.tracing",
        ),
        (
            "mirrors",
            action("cluster: c, request_mirror_policies: [{cluster: c}]"),
            "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].route.request_mirror_policies",
        ),
        (
            "another filter",
            http(
                "route_config: {}, http_filters: [{name: b, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, max_request_bytes: 5}}, {name: router, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]",
            ),
            "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0].typed_config.@type",
        ),
        (
            "TLS 1.0",
            upstream_tls(
                "common_tls_context: {tls_params: {tls_minimum_protocol_version: TLSv1_0}}",
            ),
            "static_resources.clusters[0].transport_socket.typed_config.common_tls_context.tls_params.tls_minimum_protocol_version",
        ),
    ]
}

/// Defaults of what is not honoured, and other things that both take.
pub(crate) fn good() -> Vec<Good> {
    let text = |text: &str| text.to_owned();
    vec![
        ("nothing", text("{}")),
        ("defaults", listener("drain_type: DEFAULT\n    reuse_port: false\n    socket_options: []\n    enable_mptcp: false\n    freebind: null\n    api_listener: null\n    filter_chains: [{}]")),
        ("camel case", text("staticResources: {clusters: [{name: c, connectTimeout: 1s}]}")),
        ("names in lower case", listener("traffic_direction: inbound\n    filter_chains: [{}]")),
        ("names by number", listener("traffic_direction: 1\n    filter_chains: [{}]")),
        ("numbers in quotes", port("'0'")),
        ("hexadecimal", port("0x1F90")),
        ("octal", port("010")),
        ("exponents", port("1e1")),
        ("one for a list", text("static_resources: {clusters: {name: c}}")),
        ("a wrapper written out", listener("bind_to_port: {value: false}\n    filter_chains: [{}]")),
        ("a time written out", text("stats_flush_interval: {seconds: 5, nanos: 1000000}")),
        ("aliases", text("!ignore x: &n {id: a}\nnode: *n")),
        ("null", text("node: {id: ~, cluster: , locality: null}")),
        ("a fraction in metadata", text("node: {metadata: {a: 1.5, b: [yes, 'no'], c: {d: null}}}")),
        ("another host of a type", filter("", "").replace("type.googleapis.com/,", "example.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: a, cluster: nowhere,").replace(", }", "}")),
        ("a default chain alone", listener("default_filter_chain: {}")),
        ("chains of one name", listener("filter_chains: [{name: a, filter_chain_match: {destination_port: 1}}, {name: a}]")),
        ("virtual hosts of one name", hosts("{name: v, domains: [a]}, {name: v, domains: [b]}")),
        ("a share of more than all", route("{match: {prefix: /, runtime_fraction: {default_value: {numerator: 101}}}, route: {cluster: c}}")),
        ("a cluster that may come", http(&format!("{ROUTER}, route_config: {{validate_clusters: false, virtual_hosts: [{{name: v, domains: ['*'], routes: [{{match: {{prefix: /}}, route: {{cluster: nope}}}}]}}]}}"))),
        ("TLS without validation", upstream_tls("sni: example.com")),
        ("a priority with a gap", cluster("load_assignment: {cluster_name: c, endpoints: [{priority: 2}]}")),
    ]
}
