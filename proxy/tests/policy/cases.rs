//! Holds the cases: connection managers with the requests that are sent to them.

#[path = "traffic.rs"]
mod traffic;

use serde_json::{Value, json};

use traffic::{forwarded_requests, normalizations, options, path_requests};

/// A name, a connection manager and its requests.
pub(crate) type Family = (&'static str, Value, Vec<String>);

pub(crate) fn families() -> Vec<Family> {
    let mut families = vec![
        (
            "domains",
            manager(&domains(), &json!({})),
            domain_requests(),
        ),
        (
            "ports ignored",
            manager(&ports(), &json!({})),
            host_requests(),
        ),
        (
            "matching",
            manager(&matching(), &json!({})),
            matching_requests(),
        ),
        (
            "rewrites",
            manager(&rewrites(), &json!({})),
            rewrite_requests(),
        ),
        (
            "redirects",
            manager(&redirects(), &json!({})),
            redirect_requests(),
        ),
        (
            "changes",
            manager(&changes(false), &json!({})),
            change_requests(),
        ),
        (
            "specific changes",
            manager(&changes(true), &json!({})),
            change_requests(),
        ),
        (
            "local replies",
            manager(&replies(), &json!({})),
            reply_requests(),
        ),
    ];
    for (name, options) in options() {
        families.push((name, manager(&everything(), &options), forwarded_requests()));
    }
    for (name, options) in normalizations() {
        families.push((name, manager(&everything(), &options), path_requests()));
    }
    families
}

/// One route for all.
pub(crate) fn everything() -> Value {
    routes(&json!([{ "match": { "prefix": "/" }, "route": { "cluster": "up" } }]))
}

fn manager(routes: &Value, options: &Value) -> Value {
    let mut manager = options.clone();
    manager["route_config"] = routes.clone();
    manager
}

fn routes(routes: &Value) -> Value {
    json!({ "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] })
}

fn request(path: &str, headers: &[&str]) -> String {
    to("example", path, headers)
}

fn to(host: &str, path: &str, headers: &[&str]) -> String {
    let mut text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text + "\r\n"
}

fn hosts(domains: &[&str]) -> Vec<Value> {
    let host = |domain: &&str| {
        let direct = json!({ "status": 200, "body": { "inline_string": domain } });
        let route = json!({ "match": { "prefix": "/" }, "direct_response": direct });
        json!({ "name": domain, "domains": [domain], "routes": [route] })
    };
    domains.iter().map(host).collect()
}

fn domains() -> Value {
    let domains = [
        "a.example",
        "*.example",
        "*b.example",
        "www.*",
        "www.a*",
        "*",
        "*.b.example:81",
        "c:80",
    ];
    json!({ "virtual_hosts": hosts(&domains) })
}

fn domain_requests() -> Vec<String> {
    let hosts = "
        a.example A.Example a.example:80 x.example .example xb.example b.example www. www.x
        www.ax www.a www.example other x.b.example:81 c:80 c
    ";
    hosts
        .split_whitespace()
        .map(|host| to(host, "/", &[]))
        .collect()
}

fn ports() -> Value {
    let hosts = hosts(&["a.example", "*.b", "[::1]"]);
    json!({ "ignore_port_in_host_matching": true, "virtual_hosts": hosts })
}

fn host_requests() -> Vec<String> {
    let hosts = [
        "a.example:99",
        "a.example",
        "x.b:1",
        "[::1]:5",
        "[::1]",
        "a.example:",
    ];
    hosts.iter().map(|host| to(host, "/", &[])).collect()
}

fn matching() -> Value {
    let route = |name: &str, matcher: Value| {
        let direct = json!({ "status": 200, "body": { "inline_string": name } });
        json!({ "name": name, "match": matcher, "direct_response": direct })
    };
    let header = |header: Value| json!({ "prefix": "/header", "headers": [header] });
    let query = |query: Value| json!({ "prefix": "/query", "query_parameters": [query] });
    let text = |matcher: Value| json!({ "name": "x-a", "string_match": matcher });
    routes(&json!([
        route("exact", json!({ "path": "/exact" })),
        route(
            "any case",
            json!({ "path": "/ANY", "case_sensitive": false })
        ),
        route("separated", json!({ "path_separated_prefix": "/sep" })),
        route("regex", json!({ "safe_regex": { "regex": "/r[0-9]+" } })),
        route("calls", json!({ "prefix": "/grpc", "grpc": {} })),
        route(
            "present",
            header(json!({ "name": "x-p", "present_match": true }))
        ),
        route("exact header", header(text(json!({ "exact": "1,2" })))),
        route(
            "prefix header",
            header(text(json!({ "prefix": "PRE", "ignore_case": true })))
        ),
        route(
            "regex header",
            header(text(json!({ "safe_regex": { "regex": "q+" } })))
        ),
        route(
            "range",
            header(json!({ "name": "x-n", "range_match": { "start": 5, "end": 10 } }))
        ),
        route(
            "inverse",
            header(json!({
                "name": "x-i", "string_match": { "exact": "no" }, "invert_match": true,
                "treat_missing_header_as_empty": true,
            }))
        ),
        route(
            "value",
            query(json!({ "name": "q", "string_match": { "exact": "1" } }))
        ),
        route(
            "there",
            query(json!({ "name": "p", "present_match": true }))
        ),
        route("other", json!({ "prefix": "/" })),
    ]))
}

fn matching_requests() -> Vec<String> {
    let mut requests = Vec::new();
    let paths = "
        /exact /exact?q /exactly /Exact /any /aNy?x /sep /sep/ /sep/a /separate /sep?x /r12
        /r12/x /r1?x=/ /query?q=1 /query?q=2&q=1 /query?a&q=1 /query?p /query?p= /query?xp=1
        /query
    ";
    for path in paths.split_whitespace() {
        requests.push(request(path, &[]));
    }
    requests.push(request("/grpc", &["content-type: application/grpc+proto"]));
    requests.push(request("/grpc", &["content-type: application/grpc-web"]));
    for headers in [
        &["x-p: 1", "x-i: no"][..],
        &["x-a: 1", "x-a: 2", "x-i: no"],
        &["x-a: prefix", "x-i: no"],
        &["x-a: qqq", "x-i: no"],
        &["x-n: 5", "x-i: no"],
        &["x-n: 10", "x-i: no"],
        &["x-n: 5x", "x-i: no"],
        &["x-i: no"],
        &["x-i: yes"],
        &[],
    ] {
        requests.push(request("/header", headers));
    }
    requests
}

fn rewrites() -> Value {
    let route = |path: Value, action: Value| {
        let mut action = action;
        action["cluster"] = "up".into();
        json!({ "match": path, "route": action })
    };
    let regex = json!({ "pattern": { "regex": "/([a-z]+)" }, "substitution": "/\\1-x" });
    let host = json!({ "pattern": { "regex": "^/.*/(.+)$" }, "substitution": "\\1" });
    routes(&json!([
        route(json!({ "prefix": "/a" }), json!({ "prefix_rewrite": "/b" })),
        route(
            json!({ "path": "/exact" }),
            json!({ "prefix_rewrite": "/new" })
        ),
        route(
            json!({ "safe_regex": { "regex": "/r.*" } }),
            json!({ "prefix_rewrite": "/new" })
        ),
        route(
            json!({ "path_separated_prefix": "/s" }),
            json!({ "prefix_rewrite": "" })
        ),
        route(json!({ "prefix": "/x" }), json!({ "regex_rewrite": regex })),
        route(
            json!({ "prefix": "/host" }),
            json!({
                "host_rewrite_literal": "new", "append_x_forwarded_host": true,
            })
        ),
        route(
            json!({ "prefix": "/header" }),
            json!({ "host_rewrite_header": "x-host" })
        ),
        route(
            json!({ "prefix": "/path" }),
            json!({ "host_rewrite_path_regex": host })
        ),
    ]))
}

fn rewrite_requests() -> Vec<String> {
    let paths = [
        "/a",
        "/a/c?x=/a",
        "/ab",
        "/exact?q",
        "/r12?q",
        "/s/t",
        "/x/y?x/y",
        "/path/q/new?z",
    ];
    let mut requests: Vec<_> = paths.iter().map(|path| request(path, &[])).collect();
    requests.push(request("/host", &[]));
    requests.push(request("/host", &["x-forwarded-host: a, example"]));
    requests.push(request("/host", &["x-forwarded-host: a"]));
    requests.push(request("/header", &["x-host: h1", "x-host: h2"]));
    requests.push(request("/header", &[]));
    requests
}

fn redirects() -> Value {
    let route =
        |path: &str, redirect: Value| json!({ "match": { "prefix": path }, "redirect": redirect });
    let regex = json!({ "pattern": { "regex": "^/g/(.*)$" }, "substitution": "/\\1/g" });
    let mut all = routes(&json!([
        route("/a", json!({ "https_redirect": true })),
        route(
            "/b",
            json!({ "host_redirect": "new", "response_code": "FOUND" })
        ),
        route(
            "/c",
            json!({ "port_redirect": 8443, "response_code": "SEE_OTHER" })
        ),
        route(
            "/d",
            json!({ "path_redirect": "/new", "response_code": "TEMPORARY_REDIRECT" })
        ),
        route(
            "/e",
            json!({ "path_redirect": "/new?own", "strip_query": true })
        ),
        route(
            "/f",
            json!({ "prefix_rewrite": "/new", "strip_query": true })
        ),
        route(
            "/g",
            json!({ "regex_rewrite": regex, "response_code": "PERMANENT_REDIRECT" })
        ),
        route(
            "/h",
            json!({ "scheme_redirect": "https", "port_redirect": 443 })
        ),
    ]));
    let tls = json!({ "match": { "prefix": "/" }, "route": { "cluster": "up" } });
    let host = |name: &str, require: &str| json!({ "name": name, "domains": [name], "require_tls": require, "routes": [tls] });
    let hosts = all["virtual_hosts"].as_array_mut().unwrap();
    hosts.extend([host("tls", "ALL"), host("external", "EXTERNAL_ONLY")]);
    all
}

fn redirect_requests() -> Vec<String> {
    let mut requests = Vec::new();
    for host in ["example", "example:80", "example:81", "[::1]:80", "[::1]"] {
        for path in ["/a?q", "/b", "/c", "/h/x"] {
            requests.push(to(host, path, &[]));
        }
    }
    for path in ["/d?q=1", "/e?q=1", "/f/x?q=1", "/g/x/y?q=1"] {
        requests.push(request(path, &[]));
    }
    for proto in ["http", "https"] {
        let header = format!("x-forwarded-proto: {proto}");
        for (host, path) in [
            ("tls", "/x?y"),
            ("external", "/x"),
            ("example:443", "/b"),
            ("example:80", "/a"),
        ] {
            requests.push(to(host, path, &[&header]));
        }
    }
    requests
}

fn addition(key: &str, value: &str, action: &str) -> Value {
    json!({ "header": { "key": key, "value": value }, "append_action": action })
}

fn level(name: &str) -> Value {
    let add = json!([
        addition("x-list", name, "APPEND_IF_EXISTS_OR_ADD"),
        addition("x-last", name, "OVERWRITE_IF_EXISTS_OR_ADD"),
        addition("X-First", name, "ADD_IF_ABSENT"),
        addition("x-there", name, "OVERWRITE_IF_EXISTS"),
        addition("via", name, "APPEND_IF_EXISTS_OR_ADD"),
    ]);
    json!({
        "request_headers_to_add": add, "response_headers_to_add": add,
        "request_headers_to_remove": [format!("x-not-{name}")],
        "response_headers_to_remove": ["x-up"],
    })
}

fn merge(mut into: Value, from: &Value) -> Value {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
    into
}

fn changes(most_specific_wins: bool) -> Value {
    let weighted = merge(json!({ "name": "up", "weight": 1 }), &level("cluster"));
    let mut route = merge(
        json!({
            "match": { "prefix": "/" },
            "route": { "weighted_clusters": { "clusters": [weighted] } },
        }),
        &level("route"),
    );
    let added = [
        (
            "x-values",
            "%REQ(x-in)%|%PROTOCOL%|%RESPONSE_CODE%|%REQ(nope)%|%ROUTE_NAME%",
        ),
        ("x-empty", "%REQ(nope)%"),
        ("user-agent", "more"),
        ("accept", "more"),
        ("accept-encoding", "more"),
        ("authorization", "more"),
        ("cache-control", "more"),
        ("origin", "more"),
        ("referer", "more"),
        ("accept-language", "more"),
        ("content-type", "more"),
        ("cookie", "more=1"),
        ("x-forwarded-for", "9.9.9.9"),
        ("x-request-id", "more"),
    ];
    let list = route["request_headers_to_add"].as_array_mut().unwrap();
    list.extend(added.map(|(key, value)| addition(key, value, "APPEND_IF_EXISTS_OR_ADD")));
    let host = json!({ "name": "all", "domains": ["*"], "routes": [route] });
    let host = merge(host, &level("host"));
    let config = json!({
        "virtual_hosts": [host],
        "most_specific_header_mutations_wins": most_specific_wins,
    });
    merge(config, &level("config"))
}

fn change_requests() -> Vec<String> {
    let id = "x-request-id: 01234567-89ab-4def-bfff-ffffffffffff";
    vec![
        request("/", &[id]),
        request(
            "/",
            &[
                id,
                "x-there: 1",
                "x-there: 2",
                "x-list: own",
                "x-not-route: 1",
                "x-not-host: 1",
                "x-first: own",
                "x-in: i",
                "user-agent: u",
                "accept: a",
                "accept: b",
                "accept-encoding: e",
                "authorization: z",
                "cache-control: c",
                "origin: o",
                "referer: r",
                "accept-language: l",
                "content-type: t",
                "cookie: a=1",
                "x-forwarded-for: 1.1.1.1",
                "x-forwarded-for: 2.2.2.2",
                "via: v",
            ],
        ),
    ]
}

fn replies() -> Value {
    let retry = json!({ "retry_on": "connect-failure", "num_retries": 2 });
    let direct =
        |status: u16, body: &str| json!({ "status": status, "body": { "inline_string": body } });
    let mut all = routes(&json!([
        { "match": { "prefix": "/dead" }, "route": { "cluster": "dead" } },
        { "match": { "prefix": "/again" }, "route": { "cluster": "dead", "retry_policy": retry } },
        { "match": { "prefix": "/empty" }, "route": { "cluster": "empty" } },
        { "match": { "prefix": "/none" }, "route": { "cluster": "none" } },
        { "match": { "prefix": "/by" }, "route": { "cluster_header": "x-cluster" } },
        { "match": { "prefix": "/direct" }, "direct_response": direct(418, "tea%\n") },
        { "match": { "prefix": "/bare" }, "direct_response": { "status": 204 } },
        {
            "match": { "prefix": "/typed" }, "direct_response": direct(200, "{}"),
            "response_headers_to_add": [addition("content-type", "a/b", "OVERWRITE_IF_EXISTS_OR_ADD")],
        },
    ]));
    let host = &mut all["virtual_hosts"][0];
    host["include_attempt_count_in_response"] = true.into();
    host["include_request_attempt_count"] = true.into();
    let added = addition("x-added", "%RESPONSE_CODE%", "APPEND_IF_EXISTS_OR_ADD");
    host["response_headers_to_add"] = json!([added]);
    all
}

fn reply_requests() -> Vec<String> {
    let mut requests = Vec::new();
    for path in [
        "/dead", "/again", "/empty", "/none", "/by", "/direct", "/bare", "/typed", "/nothing",
    ] {
        requests.push(request(path, &[]));
        requests.push(request(path, &["content-type: application/grpc"]));
        requests.push(request(path, &[]).replacen("GET", "HEAD", 1));
    }
    requests.push(request("/by", &["x-cluster: up"]));
    requests.push(request("/by", &["x-cluster: no"]));
    requests.push(request("/direct", &["connection: x-forwarded-for"]));
    requests
}
