//! Domains, paths, headers and query parameters.

use serde_json::{Value, json};

use super::{host, named};
use crate::harness::case::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = domains();
    cases.extend(PATHS.iter().map(of_path));
    cases.extend(headers());
    cases.extend(queries());
    cases
}

/// Name, host that is asked for, and the virtual host that answers.
type Domain = (&'static str, &'static str, &'static str);

const DOMAINS: &[Domain] = &[
    (
        "an exact domain wins over wildcards",
        "a.shop.test",
        "exact",
    ),
    ("the longest suffix wins", "b.shop.test", "long suffix"),
    (
        "a shorter suffix is taken when no longer one is there",
        "b.test",
        "short suffix",
    ),
    ("a suffix wins over a prefix", "shop.test", "short suffix"),
    (
        "a prefix is taken when no suffix is there",
        "shop.example",
        "long prefix",
    ),
    ("a shorter prefix", "sho.example", "short prefix"),
    ("everything else takes the star", "other", "star"),
    (
        "a wildcard needs at least one character",
        ".shop.test",
        "short suffix",
    ),
    ("domains are compared without case", "A.SHOP.TEST", "exact"),
    (
        "a port in Host belongs to the domain",
        "port.example:8080",
        "with port",
    ),
    (
        "a domain without port does not take a host with one",
        "a.shop.test:8080",
        "star",
    ),
    (
        "an exact domain may have many dots",
        "a.b.shop.test",
        "long suffix",
    ),
];

fn domains() -> Vec<Case> {
    let hosts = || {
        json!([
            host("star", &["*"]),
            host("short prefix", &["sho*"]),
            host("long prefix", &["shop.*"]),
            host("short suffix", &["*.test"]),
            host("long suffix", &["*.shop.test"]),
            host("exact", &["a.shop.test", "d.shop.test"]),
            host("with port", &["port.example:8080"]),
        ])
    };
    let mut cases: Vec<_> = DOMAINS
        .iter()
        .map(|(name, asked, answer)| {
            let request = format!("GET / HTTP/1.1\r\nHost: {asked}\r\n\r\n");
            case(name).hosts(hosts()).send(request).expect(answer)
        })
        .collect();
    cases.push(
        case("no virtual host takes the request")
            .details()
            .hosts(json!([host("only", &["only.test"])]))
            .get("/", "")
            .expect("route_not_found"),
    );
    cases.push(
        case("ports in hosts can be ignored")
            .hosts(json!([host("star", &["*"]), host("only", &["only.test"])]))
            .configuration(json!({ "ignore_port_in_host_matching": true }))
            .send("GET / HTTP/1.1\r\nHost: only.test:8080\r\n\r\n")
            .expect("only"),
    );
    cases
}

/// Name, kind of matcher, its value, path, and whether it matches.
type Path = (&'static str, &'static str, &'static str, &'static str, bool);

const PATHS: &[Path] = &[
    ("an exact path", "path", "/a/b", "/a/b", true),
    (
        "an exact path is all of the path",
        "path",
        "/a/b",
        "/a/b/",
        false,
    ),
    (
        "an exact path does not see the query",
        "path",
        "/a/b",
        "/a/b?c=d",
        true,
    ),
    ("a path with another case", "path", "/a/b", "/A/b", false),
    ("a prefix", "prefix", "/a", "/ab", true),
    (
        "a prefix that is longer than the path",
        "prefix",
        "/ab",
        "/a",
        false,
    ),
    (
        "a prefix reaches into the query",
        "prefix",
        "/a?b",
        "/a?b",
        false,
    ),
    (
        "a prefix of separated segments",
        "path_separated_prefix",
        "/a/b",
        "/a/b/c",
        true,
    ),
    (
        "a prefix of separated segments is a whole path too",
        "path_separated_prefix",
        "/a/b",
        "/a/b",
        true,
    ),
    (
        "a prefix of separated segments ends at a segment",
        "path_separated_prefix",
        "/a/b",
        "/a/bc",
        false,
    ),
    (
        "a prefix of separated segments before a query",
        "path_separated_prefix",
        "/a/b",
        "/a/b?c",
        true,
    ),
    (
        "a regular expression",
        "safe_regex",
        "/[a-c]+",
        "/abc",
        true,
    ),
    (
        "a regular expression takes the whole path",
        "safe_regex",
        "/[a-c]+",
        "/abcd",
        false,
    ),
    (
        "a regular expression does not see the query",
        "safe_regex",
        "/[a-c]+",
        "/abc?d",
        true,
    ),
    (
        "an escaped path is matched as it is written",
        "path",
        "/a b",
        "/a%20b",
        false,
    ),
];

fn of_path((name, kind, value, path, matches): &Path) -> Case {
    let value = if *kind == "safe_regex" {
        json!({ "regex": value })
    } else {
        json!(value)
    };
    let routes = json!([
        named(json!({ *kind: value }), "matched"),
        named(json!({ "prefix": "/" }), "passed by"),
    ]);
    let case = case(name).routes(routes).get(path, "");
    case.expect(if *matches {
        "client: matched"
    } else {
        "client: passed by"
    })
}

/// Name, matcher of the header `x`, lines of headers, and whether it matches.
type Header = (&'static str, Value, &'static str, bool);

fn header_rows() -> Vec<Header> {
    let text = |kind: &str, value: &str| json!({ "string_match": { kind: value } });
    vec![
        ("a header is exact", text("exact", "a"), "x: a\r\n", true),
        (
            "a header is not exact",
            text("exact", "a"),
            "x: A\r\n",
            false,
        ),
        (
            "a header is exact without case",
            json!({ "string_match": { "exact": "a", "ignore_case": true } }),
            "x: A\r\n",
            true,
        ),
        (
            "a header has a prefix",
            text("prefix", "ab"),
            "x: abc\r\n",
            true,
        ),
        (
            "a header has a suffix",
            text("suffix", "bc"),
            "x: abc\r\n",
            true,
        ),
        (
            "a header contains",
            text("contains", "b"),
            "x: abc\r\n",
            true,
        ),
        (
            "a header matches a regular expression",
            json!({ "string_match": { "safe_regex": { "regex": "a.c" } } }),
            "x: abc\r\n",
            true,
        ),
        (
            "a header matches a regular expression only in part",
            json!({ "string_match": { "safe_regex": { "regex": "b" } } }),
            "x: abc\r\n",
            false,
        ),
        (
            "a header is in a range",
            json!({ "range_match": { "start": 1, "end": 10 } }),
            "x: 9\r\n",
            true,
        ),
        (
            "a range does not hold its end",
            json!({ "range_match": { "start": 1, "end": 10 } }),
            "x: 10\r\n",
            false,
        ),
        (
            "a range takes numbers only",
            json!({ "range_match": { "start": 1, "end": 10 } }),
            "x: 9a\r\n",
            false,
        ),
        (
            "a header is present",
            json!({ "present_match": true }),
            "x:\r\n",
            true,
        ),
        (
            "a header is absent",
            json!({ "present_match": false }),
            "",
            true,
        ),
        (
            "a header should be absent",
            json!({ "present_match": false }),
            "x: a\r\n",
            false,
        ),
        (
            "a match is inverted",
            json!({ "string_match": { "exact": "a" }, "invert_match": true }),
            "x: b\r\n",
            true,
        ),
        (
            "an inverted match does not take a missing header",
            json!({ "string_match": { "exact": "a" }, "invert_match": true }),
            "",
            false,
        ),
        (
            "a missing header may count as empty",
            json!({ "string_match": { "exact": "" }, "treat_missing_header_as_empty": true }),
            "",
            true,
        ),
        (
            "a header that comes twice matches by its first value",
            text("exact", "a"),
            "x: a\r\nx: b\r\n",
            true,
        ),
        (
            "a header that comes twice matches by its second value",
            text("exact", "b"),
            "x: a\r\nx: b\r\n",
            true,
        ),
        (
            "a header that comes twice is not joined",
            text("exact", "a,b"),
            "x: a\r\nx: b\r\n",
            false,
        ),
        (
            "an inverted match of a header that comes twice",
            json!({ "string_match": { "exact": "a" }, "invert_match": true }),
            "x: a\r\nx: b\r\n",
            false,
        ),
    ]
}

fn headers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, mut matcher, lines, matches) in header_rows() {
        matcher["name"] = "x".into();
        let routes = json!([
            named(json!({ "prefix": "/", "headers": [matcher] }), "matched"),
            named(json!({ "prefix": "/" }), "passed by"),
        ]);
        let case = case(name).routes(routes).get("/", lines);
        cases.push(case.expect(if matches {
            "client: matched"
        } else {
            "client: passed by"
        }));
    }
    let both = json!([
        { "name": ":method", "string_match": { "exact": "POST" } },
        { "name": "x", "string_match": { "exact": "a" } },
    ]);
    let routes = json!([
        named(json!({ "prefix": "/", "headers": both }), "matched"),
        named(json!({ "prefix": "/" }), "passed by"),
    ]);
    cases.push(
        case("all header matchers must match, pseudo headers too")
            .routes(routes)
            .send("POST / HTTP/1.1\r\nHost: h\r\nx: a\r\nContent-Length: 0\r\n\r\n")
            .get("/", "x: a\r\n")
            .expect("client: matched")
            .expect("client: passed by"),
    );
    cases
}

/// Name, matchers, path, and whether it matches.
fn query_rows() -> Vec<(&'static str, Value, &'static str, bool)> {
    let exact = json!([{ "name": "q", "string_match": { "exact": "v" } }]);
    let present = json!([{ "name": "q", "present_match": true }]);
    vec![
        (
            "a query parameter is exact",
            exact.clone(),
            "/?p=x&q=v",
            true,
        ),
        (
            "a query parameter has another value",
            exact.clone(),
            "/?q=w",
            false,
        ),
        (
            "a query parameter is matched as it is written",
            exact.clone(),
            "/?q=%76",
            false,
        ),
        (
            "the first of two query parameters counts",
            exact,
            "/?q=v&q=w",
            true,
        ),
        ("a query parameter is present", present.clone(), "/?q", true),
        ("a query parameter is missing", present, "/?p=q", false),
        (
            "a query parameter matches a regular expression",
            json!([{ "name": "q", "string_match": { "safe_regex": { "regex": "v+" } } }]),
            "/?q=vvv",
            true,
        ),
    ]
}

fn queries() -> Vec<Case> {
    let case = |(name, matchers, path, matches): (&'static str, Value, &str, bool)| {
        let routes = json!([
            named(
                json!({ "prefix": "/", "query_parameters": matchers }),
                "matched"
            ),
            named(json!({ "prefix": "/" }), "passed by"),
        ]);
        let case = case(name).routes(routes).get(path, "");
        case.expect(if matches {
            "client: matched"
        } else {
            "client: passed by"
        })
    };
    query_rows().into_iter().map(case).collect()
}
