//! Paths and hosts that are put in order before they are routed.

use serde_json::{Value, json};

use crate::harness::case::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = paths();
    cases.extend(hosts());
    cases
}

/// Name, fields of the manager, path or host, and what must be seen.
type Row = (&'static str, Value, &'static str, &'static str);

fn paths() -> Vec<Case> {
    let normal = || json!({ "normalize_path": true });
    let merged = || json!({ "merge_slashes": true });
    let escaped = |action: &str| json!({ "path_with_escaped_slashes_action": action });
    let rows: Vec<Row> = vec![
        (
            "dots in a path stay",
            json!({}),
            "/a/../b/./c",
            "GET /a/../b/./c",
        ),
        (
            "dots in a path are resolved",
            normal(),
            "/a/../b/./c",
            "GET /b/c",
        ),
        ("dots beyond the root", normal(), "/../../a", "GET /a"),
        ("dots that are escaped", normal(), "/a/%2e%2E/b", "GET /b"),
        (
            "dots in a query stay",
            normal(),
            "/a?b/../c",
            "GET /a?b/../c",
        ),
        (
            "escaped letters in a path",
            normal(),
            "/%61%2f%7e",
            "GET /a%2f~",
        ),
        ("a backslash in a path", normal(), "/a\\b", "GET /a/b"),
        ("a bad escape in a path", normal(), "/a%zz", "GET /a%zz"),
        (
            "an escaped NUL in a path",
            normal(),
            "/a%00b",
            "400 Bad Request",
        ),
        ("slashes stay", normal(), "//a///b", "GET //a///b"),
        (
            "slashes are merged",
            merged(),
            "//a///b/?c//d",
            "GET /a/b/?c//d",
        ),
        (
            "slashes are merged after dots are resolved",
            json!({ "normalize_path": true, "merge_slashes": true }),
            "/a//../b",
            "GET /",
        ),
        (
            "escaped slashes stay",
            escaped("KEEP_UNCHANGED"),
            "/a%2Fb%5cc",
            "GET /a%2Fb%5cc",
        ),
        (
            "escaped slashes are refused",
            escaped("REJECT_REQUEST"),
            "/a%2Fb",
            "400 Bad Request",
        ),
        (
            "escaped slashes are redirected",
            escaped("UNESCAPE_AND_REDIRECT"),
            "/a%2Fb%5cc?q",
            "307 Temporary Redirect",
        ),
        (
            "escaped slashes are unescaped",
            escaped("UNESCAPE_AND_FORWARD"),
            "/a%2Fb%5cc",
            "GET /a/b",
        ),
    ];
    rows.into_iter()
        .map(|(name, manager, path, seen)| {
            case(name)
                .details()
                .manager(manager)
                .get(path, "")
                .expect(seen)
        })
        .collect()
}

fn hosts() -> Vec<Case> {
    let any = || json!({ "strip_any_host_port": true });
    let matching = || json!({ "strip_matching_host_port": true });
    let dot = || json!({ "strip_trailing_host_dot": true });
    let rows: Vec<Row> = vec![
        (
            "the port of a host stays",
            json!({}),
            "h.test:8080",
            "host: h.test:8080",
        ),
        (
            "any port of a host is stripped",
            any(),
            "h.test:8080",
            "host: h.test\\r",
        ),
        (
            "another port than the listener's stays",
            matching(),
            "h.test:8080",
            "host: h.test:8080",
        ),
        (
            "a port of an address of version 6 is stripped",
            any(),
            "[::a]:8080",
            "host: [::a]\\r",
        ),
        (
            "an address of version 6 without port",
            any(),
            "[::a]",
            "host: [::a]\\r",
        ),
        (
            "the dot behind a host is stripped",
            dot(),
            "h.test.",
            "host: h.test\\r",
        ),
        (
            "the dot before a port is stripped",
            dot(),
            "h.test.:8080",
            "host: h.test:8080",
        ),
        (
            "the dot behind a host stays",
            json!({}),
            "h.test.",
            "host: h.test.\\r",
        ),
    ];
    rows.into_iter()
        .map(|(name, manager, host, seen)| {
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            case(name).manager(manager).send(request).expect(seen)
        })
        .collect()
}
