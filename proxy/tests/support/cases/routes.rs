//! Connection managers and routes that are refused.

use super::Envoy::{Refuses, Takes};
use super::{Bad, ROUTER, action, beside, header, hosts, http, route};

/// Connection managers and routes.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn bad_routes() -> Vec<Bad> {
    let to = |fields: &str| action(&format!("cluster: c, {fields}"));
    let matching = |fields: &str| route(&format!("{{match: {{{fields}}}, route: {{cluster: c}}}}"));
    let stats = "{name: g, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig}}";
    let router = "{name: r, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}";
    let long = "a".repeat(5000);
    vec![
        ("no filters", http("route_config: {}"), Takes),
        (
            "the router first",
            http(&format!(
                "route_config: {{}}, http_filters: [{router}, {stats}]"
            )),
            Refuses,
        ),
        (
            "no router",
            http(&format!("route_config: {{}}, http_filters: [{stats}]")),
            Refuses,
        ),
        (
            "the router left out",
            http(&format!(
                "route_config: {{}}, http_filters: [{}]",
                router.replace("name: r", "name: r, disabled: true")
            )),
            Refuses,
        ),
        (
            "one header larger than all",
            http(&format!(
                "{ROUTER}, route_config: {{}}, http2_protocol_options: {{max_header_field_size_kb: 64}}"
            )),
            Refuses,
        ),
        ("no routes", http(ROUTER), Refuses),
        (
            "routes that are discovered nowhere",
            http(&format!("{ROUTER}, rds: {{route_config_name: a}}")),
            Refuses,
        ),
        (
            "two ways to strip ports",
            http(&format!(
                "{ROUTER}, route_config: {{}}, strip_matching_host_port: true, strip_any_host_port: true"
            )),
            Refuses,
        ),
        (
            "an upgrade twice",
            http(&format!(
                "{ROUTER}, route_config: {{}}, upgrade_configs: [{{upgrade_type: a}}, {{upgrade_type: A}}]"
            )),
            Refuses,
        ),
        (
            "an upgrade of nothing",
            http(&format!(
                "{ROUTER}, route_config: {{}}, upgrade_configs: [{{}}]"
            )),
            Takes,
        ),
        ("no cluster of this name", action("cluster: nope"), Refuses),
        ("no action", route("{match: {prefix: /}}"), Refuses),
        ("no match", route("{route: {cluster: c}}"), Refuses),
        ("no path", matching("headers: [{name: a}]"), Refuses),
        (
            "a regular expression that is not closed",
            matching("safe_regex: {regex: 'a('}"),
            Refuses,
        ),
        (
            "look-ahead",
            matching("safe_regex: {regex: '(?=a)'}"),
            Refuses,
        ),
        (
            "case of a regular expression",
            matching(
                "prefix: /, headers: [{name: a, string_match: {ignore_case: true, safe_regex: {regex: a}}}]",
            ),
            Refuses,
        ),
        (
            "a prefix that ends with a slash",
            matching("path_separated_prefix: /a/"),
            Refuses,
        ),
        (
            "a domain twice",
            hosts("{name: v, domains: [a]}, {name: w, domains: [A]}"),
            Refuses,
        ),
        (
            "a wildcard within a domain",
            hosts("{name: v, domains: ['a*b']}"),
            Takes,
        ),
        ("no domain", hosts("{name: v}"), Refuses),
        (
            "weights of 0",
            action("weighted_clusters: {clusters: [{name: c, weight: 0}]}"),
            Refuses,
        ),
        (
            "a weighted cluster without name",
            action("weighted_clusters: {clusters: [{weight: 1}]}"),
            Refuses,
        ),
        (
            "two rewrites",
            to("prefix_rewrite: /a, regex_rewrite: {pattern: {regex: x}, substitution: z}"),
            Refuses,
        ),
        (
            "a group that is not there",
            to("regex_rewrite: {pattern: {regex: x}, substitution: '\\2'}"),
            Takes,
        ),
        (
            "a back-off that falls",
            to("retry_policy: {retry_back_off: {base_interval: 2s, max_interval: 1s}}"),
            Refuses,
        ),
        (
            "CONNECT of a websocket",
            to("upgrade_configs: [{upgrade_type: websocket, connect_config: {}}]"),
            Refuses,
        ),
        (
            "a port of a redirect",
            route("{match: {prefix: /}, redirect: {port_redirect: 70000}}"),
            Takes,
        ),
        (
            "a status that is none",
            route("{match: {prefix: /}, direct_response: {status: 600}}"),
            Refuses,
        ),
        (
            "a body too long",
            route(&format!(
                "{{match: {{prefix: /}}, direct_response: {{status: 200, body: {{inline_string: {long}}}}}}}"
            )),
            Refuses,
        ),
        (
            "a body that is not there",
            route(
                "{match: {prefix: /}, direct_response: {status: 200, body: {filename: /nowhere}}}",
            ),
            Refuses,
        ),
        ("a header that is fixed", header("Host", "a"), Refuses),
        ("a pseudo-header", header(":path", "a"), Refuses),
        (
            "a header removed that is fixed",
            beside("request_headers_to_remove: [Host]"),
            Refuses,
        ),
        (
            "a header name with a line break",
            beside("request_headers_to_remove: [\"a\\nb\"]"),
            Refuses,
        ),
        (
            "an operator that does not exist",
            header("a", "%FOO%"),
            Refuses,
        ),
        ("an operator without end", header("a", "100%"), Refuses),
        (
            "an operator with an argument",
            header("a", "%PROTOCOL(x)%"),
            Refuses,
        ),
        (
            "an operator without argument",
            header("a", "%REQ%"),
            Refuses,
        ),
        (
            "two ways to append",
            beside(
                "request_headers_to_add: [{header: {key: a, value: b}, append: true, append_action: OVERWRITE_IF_EXISTS}]",
            ),
            Refuses,
        ),
    ]
}
