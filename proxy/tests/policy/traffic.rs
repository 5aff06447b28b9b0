//! Holds what connection managers do before routing, with requests that show it.

use serde_json::{Value, json};

use super::{request, to};

pub(crate) fn options() -> Vec<(&'static str, Value)> {
    let internal = json!({ "cidr_ranges": [
        { "address_prefix": "127.0.0.0", "prefix_len": 8 },
        { "address_prefix": "10.0.0.0", "prefix_len": 8 },
    ]});
    vec![
        ("inside", json!({})),
        (
            "inside, one hop",
            json!({ "xff_num_trusted_hops": 1, "via": "me" }),
        ),
        (
            "inside, internal",
            json!({
                "internal_address_config": internal, "server_header_transformation": "APPEND_IF_ABSENT",
            }),
        ),
        (
            "edge",
            json!({
                "use_remote_address": true, "add_user_agent": true, "via": "me",
                "append_x_forwarded_port": true, "server_header_transformation": "PASS_THROUGH",
            }),
        ),
        (
            "edge, one hop",
            json!({
                "use_remote_address": true, "xff_num_trusted_hops": 1, "skip_xff_append": true,
                "preserve_external_request_id": true,
            }),
        ),
        (
            "edge, internal",
            json!({
                "use_remote_address": true, "internal_address_config": internal,
                "always_set_request_id_in_response": true, "generate_request_id": false,
            }),
        ),
        (
            "edge, https",
            json!({
                "use_remote_address": true, "strip_any_host_port": true, "strip_trailing_host_dot": true,
                "scheme_header_transformation": { "scheme_to_overwrite": "https" },
                "represent_ipv4_remote_address_as_ipv4_mapped_ipv6": true,
            }),
        ),
    ]
}

pub(crate) fn forwarded_requests() -> Vec<String> {
    let id = "x-request-id: 01234567-89ab-9def-bfff-ffffffffffff";
    let mut requests = vec![to("example.:81", "/", &[id])];
    let table = [
        "",
        "x-forwarded-for: 10.0.0.1; x-request-id: 01234567-89ab-9def-bfff-ffffffffffff",
        "x-forwarded-for: 10.0.0.1, 8.8.8.8; x-forwarded-proto: https",
        "x-forwarded-for: nope; x-forwarded-proto: ftp",
        "te: trailers, gzip; keep-alive: 1; proxy-connection: x; upgrade: h2c",
        "connection: keep-alive, X-Gone, te; x-gone: 1; te: gzip",
        "x-envoy-upstream-rq-timeout-ms: 40; x-envoy-upstream-rq-per-try-timeout-ms: 30",
        "x-envoy-upstream-rq-timeout-ms: x; x-envoy-upstream-rq-per-try-timeout-ms: 0",
        "x-envoy-upstream-rq-timeout-ms: 0; x-envoy-max-retries: 2",
        "x-forwarded-for: 10.0.0.1; x-envoy-upstream-rq-timeout-ms: 40",
        "x-forwarded-port: 99; user-agent: u; via: v",
    ];
    for headers in table {
        let headers: Vec<_> = headers.split("; ").filter(|it| !it.is_empty()).collect();
        requests.push(request("/", &headers));
    }
    let names = "
        attempt-count decorator-operation downstream-service-cluster downstream-service-node
        expected-rq-timeout-ms external-address force-trace hedge-on-per-try-timeout internal
        ip-tags is-timeout-retry max-retries original-host original-path original-url
        peer-metadata retriable-header-names retriable-status-codes retry-grpc-on retry-on
        upstream-alt-stat-name upstream-rq-timeout-alt-response upstream-stream-duration-ms
        whatever
    ";
    let headers: Vec<_> = names
        .split_whitespace()
        .map(|name| format!("x-envoy-{name}: 5000"))
        .collect();
    let headers: Vec<_> = headers.iter().map(String::as_str).collect();
    requests.push(request("/", &headers));
    requests
}

pub(crate) fn normalizations() -> Vec<(&'static str, Value)> {
    let with = |action: &str| {
        json!({
            "normalize_path": true, "merge_slashes": true,
            "path_with_escaped_slashes_action": action,
        })
    };
    vec![
        ("paths as they are", json!({})),
        ("paths normalized", json!({ "normalize_path": true })),
        ("slashes merged", json!({ "merge_slashes": true })),
        ("slashes kept", with("KEEP_UNCHANGED")),
        ("slashes rejected", with("REJECT_REQUEST")),
        ("slashes redirected", with("UNESCAPE_AND_REDIRECT")),
        ("slashes forwarded", with("UNESCAPE_AND_FORWARD")),
    ]
}

pub(crate) fn path_requests() -> Vec<String> {
    let paths = r#"
        / /a/./b /a/../b /a/.. /../.. /a/b/.. /a/. /a/%2e%2E/b /%41%7e%2f /a\b /a//b //a
        /a///b// /a%2Fb%5cc/%2F.. /% /%4 /%zz /%00 /a?b/../c /a?b//c%2F /a%20b|c^d`e{f}"<>
        /a[b]@!$&'()*+,;=:x /a;b/..;/c /a/%2E/b /%c3%a9 /%25 /... /.a /a/b%2F.. /a%5C..%5Cb
        /a/.%2e /%2 /a% /%7F%1f /~ /%61%62 /a/b/../../..//c /a#b /a?b#c /%2e /a/..b /a/.b/..
        /a//.. /a//../b /%2F%2f /a?%2F /./ /. /.. /a/%2e/
    "#;
    paths
        .split_whitespace()
        .map(|path| request(path, &[]))
        .collect()
}
