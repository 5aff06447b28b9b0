//! Redirects, direct responses, rewrites and weighted clusters.

use serde_json::{Value, json};

use super::named;
use crate::harness::case::{Case, Upstream, case};
use crate::harness::script::ok;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = redirects();
    cases.extend(direct());
    cases.extend(rewrites());
    cases.extend(clusters());
    cases.extend(options());
    cases
}

/// Name, action, path that is asked for, and what must be seen.
type Row = (&'static str, Value, &'static str, &'static str);

fn redirects() -> Vec<Case> {
    let rows: Vec<Row> = vec![
        (
            "a redirect to https",
            json!({ "https_redirect": true }),
            "/a?b",
            "location: https://host/a?b",
        ),
        (
            "a redirect to another scheme",
            json!({ "scheme_redirect": "ftp" }),
            "/a",
            "location: ftp://host/a",
        ),
        (
            "a redirect to another host",
            json!({ "host_redirect": "other" }),
            "/a",
            "location: http://other/a",
        ),
        (
            "a redirect to another port",
            json!({ "port_redirect": 8443 }),
            "/a",
            "location: http://host:8443/a",
        ),
        (
            "a redirect to another path keeps the query",
            json!({ "path_redirect": "/b" }),
            "/a?q",
            "location: http://host/b?q",
        ),
        (
            "a redirect to a path with a query",
            json!({ "path_redirect": "/b?r" }),
            "/a?q",
            "location: http://host/b?r",
        ),
        (
            "a redirect that rewrites a prefix",
            json!({ "prefix_rewrite": "/new" }),
            "/a?q",
            "location: http://host/newa?q",
        ),
        (
            "a redirect that rewrites by a regular expression",
            json!({ "regex_rewrite": { "pattern": { "regex": "/(.*)" }, "substitution": "/x/\\1" } }),
            "/a?q",
            "location: http://host/x/a?q",
        ),
        (
            "a redirect that strips the query",
            json!({ "strip_query": true, "host_redirect": "other" }),
            "/a?q",
            "location: http://other/a\\r",
        ),
        (
            "a redirect with 302",
            json!({ "response_code": "FOUND", "host_redirect": "o" }),
            "/",
            "302 Found",
        ),
        (
            "a redirect with 303",
            json!({ "response_code": "SEE_OTHER", "host_redirect": "o" }),
            "/",
            "303 See Other",
        ),
        (
            "a redirect with 307",
            json!({ "response_code": "TEMPORARY_REDIRECT", "host_redirect": "o" }),
            "/",
            "307 Temporary Redirect",
        ),
        (
            "a redirect with 308",
            json!({ "response_code": "PERMANENT_REDIRECT", "host_redirect": "o" }),
            "/",
            "308 Permanent Redirect",
        ),
        (
            "a redirect of nothing",
            json!({}),
            "/a",
            "location: http://host/a",
        ),
    ];
    let of_row = |(name, action, path, seen): Row| {
        let routes = json!([{ "match": { "prefix": "/" }, "redirect": action }]);
        case(name)
            .details()
            .routes(routes)
            .get(path, "")
            .expect(seen)
    };
    let mut cases: Vec<_> = rows.into_iter().map(of_row).collect();
    cases.push(
        case("a redirect to https drops the port 80")
            .routes(json!([{ "match": { "prefix": "/" }, "redirect": { "https_redirect": true } }]))
            .send("GET / HTTP/1.1\r\nHost: host:80\r\n\r\n")
            .send("GET / HTTP/1.1\r\nHost: host:8080\r\n\r\n")
            .expect("location: https://host/"),
    );
    let hosts = json!([{ "name": "all", "domains": ["*"], "require_tls": "ALL", "routes": [named(json!({ "prefix": "/" }), "never")] }]);
    cases.push(
        case("a virtual host that wants TLS")
            .details()
            .hosts(hosts)
            .get("/a", "")
            .expect("location: https://host/a"),
    );
    cases
}

fn direct() -> Vec<Case> {
    let answer =
        |response: Value| json!([{ "match": { "prefix": "/" }, "direct_response": response }]);
    vec![
        case("a direct response with a body")
            .details()
            .routes(answer(
                json!({ "status": 418, "body": { "inline_string": "short and stout" } }),
            ))
            .get("/", "")
            .expect("short and stout"),
        case("a direct response without a body")
            .routes(answer(json!({ "status": 204 })))
            .get("/", "")
            .expect("HTTP/1.1 204 No Content"),
        case("a direct response to a request with a body")
            .routes(answer(
                json!({ "status": 200, "body": { "inline_string": "taken" } }),
            ))
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
            .expect("taken"),
        case("a direct response of 503 counts like any other")
            .routes(answer(json!({ "status": 503 })))
            .get("/", "")
            .expect("http.@.downstream_rq_5xx: 1"),
        case("no route takes the request")
            .details()
            .routes(json!([named(json!({ "path": "/only" }), "only")]))
            .get("/", "")
            .expect("http.@.no_route: 1"),
        case("the first route that matches is taken")
            .routes(json!([
                named(json!({ "prefix": "/a" }), "first"),
                named(json!({ "path": "/a/b" }), "second"),
            ]))
            .get("/a/b", "")
            .expect("client: first"),
        case("a route to a cluster that does not exist")
            .details()
            .configuration(json!({ "validate_clusters": false }))
            .action(json!({ "cluster": "nowhere" }))
            .get("/", "")
            .expect("503 Service Unavailable"),
        case("the status for a missing cluster can be chosen")
            .configuration(json!({ "validate_clusters": false }))
            .action(json!({ "cluster": "nowhere", "cluster_not_found_response_code": "NOT_FOUND" }))
            .get("/", "")
            .expect("404 Not Found"),
    ]
}

fn rewrites() -> Vec<Case> {
    let rows: Vec<Row> = vec![
        (
            "a rewritten prefix",
            json!({ "prefix_rewrite": "/new" }),
            "/old/a?q",
            "GET /new/old/a?q",
        ),
        (
            "a rewritten prefix that ends in a slash",
            json!({ "prefix_rewrite": "/new/" }),
            "/old/a?q",
            "GET /new/old/a?q",
        ),
        (
            "a path rewritten by a regular expression",
            json!({ "regex_rewrite": { "pattern": { "regex": "/(\\w+)/(\\w+)" }, "substitution": "/\\2/\\1" } }),
            "/a/b?q",
            "GET /b/a?q",
        ),
        (
            "a regular expression that rewrites every place",
            json!({ "regex_rewrite": { "pattern": { "regex": "a" }, "substitution": "b" } }),
            "/aa/a?a",
            "GET /bb/b?a",
        ),
        (
            "a rewritten host",
            json!({ "host_rewrite_literal": "other" }),
            "/",
            "host: other",
        ),
        (
            "a host rewritten from a header",
            json!({ "host_rewrite_header": "x" }),
            "/",
            "host: from-header",
        ),
        (
            "a host rewritten from the path",
            json!({ "host_rewrite_path_regex": { "pattern": { "regex": "/(.+)/.*" }, "substitution": "\\1.test" } }),
            "/a/b?q",
            "host: a.test",
        ),
        (
            "a host rewritten with what it was",
            json!({ "host_rewrite_literal": "other", "append_x_forwarded_host": true }),
            "/",
            "x-forwarded-host: host",
        ),
        (
            "a path rewritten by a regular expression that does not match",
            json!({ "regex_rewrite": { "pattern": { "regex": "z" }, "substitution": "b" } }),
            "/aa",
            "GET /aa",
        ),
    ];
    let of_row = |(name, action, path, seen): Row| {
        case(name)
            .action(action)
            .get(path, "x: from-header\r\n")
            .expect(seen)
    };
    let mut cases: Vec<_> = rows.into_iter().map(of_row).collect();
    cases[0] = case("a rewritten prefix")
        .route(json!({ "match": { "prefix": "/old" }, "route": { "prefix_rewrite": "/new" } }))
        .get("/old/a?q", "")
        .expect("GET /new/a?q");
    cases.push(
        case("a rewritten exact path")
            .routes(json!([{ "match": { "path": "/old" }, "route": { "cluster": "@a", "prefix_rewrite": "/new" } }]))
            .get("/old?q", "")
            .expect("GET /new?q")
            .expect("x-envoy-original-path: /old?q"),
    );
    cases
}

fn clusters() -> Vec<Case> {
    let weighted = |first: u32, second: u32| {
        json!({
            "cluster": null,
            "weighted_clusters": { "clusters": [
                { "name": "@a", "weight": first },
                { "name": "@b", "weight": second },
            ] },
        })
    };
    let both = |case: Case| {
        case.upstream(Upstream::new("a", [ok("from a")]))
            .upstream(Upstream::new("b", [ok("from b")]))
    };
    vec![
        both(case("all weight on the first cluster"))
            .action(weighted(1, 0))
            .get("/", "")
            .get("/", "")
            .lack("from b"),
        both(case("all weight on the second cluster"))
            .action(weighted(0, 7))
            .get("/", "")
            .get("/", "")
            .lack("from a"),
        both(case("a cluster named by a header"))
            .action(json!({ "cluster": null, "cluster_header": "x-cluster" }))
            .get("/", "x-cluster: unknown\r\n")
            .get("/", "")
            .expect("503 Service Unavailable"),
    ]
}

fn options() -> Vec<Case> {
    let any_case = |kind: &str, value: &str| {
        json!([
            named(json!({ kind: value, "case_sensitive": false }), "matched"),
            named(json!({ "prefix": "/" }), "passed by"),
        ])
    };
    vec![
        case("a path without case")
            .routes(any_case("path", "/A/b"))
            .get("/a/B", "")
            .expect("client: matched"),
        case("a prefix without case")
            .routes(any_case("prefix", "/A/b"))
            .get("/a/Bc", "")
            .expect("client: matched"),
        case("a prefix of separated segments without case")
            .routes(any_case("path_separated_prefix", "/A/b"))
            .get("/a/B/c", "")
            .expect("client: matched"),
        case("every virtual host has its routes")
            .hosts(json!([
                { "name": "one", "domains": ["one"], "routes": [named(json!({ "path": "/a" }), "one")] },
                { "name": "two", "domains": ["*"], "routes": [named(json!({ "prefix": "/" }), "two")] },
            ]))
            .send("GET /b HTTP/1.1\r\nHost: one\r\n\r\n")
            .expect("404 Not Found"),
    ]
}
