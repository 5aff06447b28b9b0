//! Reads active health checks.

use std::ops::Range;

use super::{header, matcher, seconds};
use crate::config::cursor::Cursor;
use crate::config::model::health::{Check, HealthCheck, HttpCheck};

/// The health checks of a cluster.
pub(super) fn checks(cursor: &Cursor<'_>) -> Vec<HealthCheck> {
    let items = cursor.messages("health_checks");
    let mut names: Vec<String> = Vec::new();
    for item in items.iter().filter(|_| items.len() > 1) {
        let name = item.string("name");
        if name.is_empty() {
            item.refuse(
                "name",
                "`name` is missing",
                "a cluster with several checks needs it",
            );
        } else if names.contains(&name) {
            let message = format!("there is another check `{name}`");
            item.refuse("name", message, "give it another name");
        }
        names.push(name);
    }
    items.iter().filter_map(health_check).collect()
}

fn health_check(cursor: &Cursor<'_>) -> Option<HealthCheck> {
    let check = check(cursor);
    let interval = cursor.duration("interval");
    let time = |name: &str| cursor.duration(name);
    let no_traffic = time("no_traffic_interval").unwrap_or(seconds(60));
    let unhealthy = time("unhealthy_interval").or(interval)?;
    let port: Option<u32> = cursor.number("alt_port");
    if let Some(port) = port.filter(|port| *port > 65535) {
        cursor.refuse("alt_port", format!("{port} is no port"), "from 0 to 65535");
    }
    Some(HealthCheck {
        name: cursor.string("name"),
        check: check?,
        timeout: time("timeout")?,
        interval: interval?,
        no_traffic_interval: no_traffic,
        no_traffic_healthy_interval: time("no_traffic_healthy_interval").unwrap_or(no_traffic),
        unhealthy_interval: unhealthy,
        unhealthy_edge_interval: time("unhealthy_edge_interval").unwrap_or(unhealthy),
        healthy_edge_interval: time("healthy_edge_interval").or(interval)?,
        initial_jitter: time("initial_jitter").unwrap_or_default(),
        jitter: time("interval_jitter").unwrap_or_default(),
        jitter_percent: cursor.number("interval_jitter_percent").unwrap_or(0),
        unhealthy_threshold: cursor.number("unhealthy_threshold")?,
        healthy_threshold: cursor.number("healthy_threshold")?,
        port: port.and_then(|port| u16::try_from(port).ok()),
        reuse_connection: cursor.flag_or("reuse_connection", true),
        log_failures: cursor.flag("always_log_health_check_failures"),
        log_successes: cursor.flag("always_log_health_check_success"),
        transport_criteria: cursor.object("transport_socket_match_criteria").cloned(),
    })
}

fn check(cursor: &Cursor<'_>) -> Option<Check> {
    let kind = cursor.member("health_checker")?;
    let inner = cursor.message(kind)?;
    Some(match kind {
        "http_health_check" => Check::Http(Box::new(http(&inner)?)),
        "tcp_health_check" => Check::Tcp {
            send: payload(inner.message("send").as_ref()),
            receive: payloads(&inner, "receive"),
        },
        _ => Check::Grpc {
            service: inner.string("service_name"),
            authority: inner.string("authority"),
            headers: crate::config::model::header::HeaderChanges {
                remove: Vec::new(),
                add: header::additions(&inner, "initial_metadata"),
            },
        },
    })
}

fn http(cursor: &Cursor<'_>) -> Option<HttpCheck> {
    let method = METHODS[usize::try_from(cursor.choice("method")).unwrap_or(0)];
    let send = payload(cursor.message("send").as_ref());
    if !send.is_empty() && !["POST", "PUT", "PATCH", "OPTIONS"].contains(&method) {
        let message = format!("a request of method {method} has no body");
        cursor.refuse("send", message, "use POST, PUT, PATCH or OPTIONS");
    }
    let expected = statuses(cursor, "expected_statuses");
    Some(HttpCheck {
        method,
        host: cursor.string("host"),
        path: cursor.text("path")?.to_owned(),
        send,
        receive: payloads(cursor, "receive"),
        response_buffer_size: cursor.number("response_buffer_size").unwrap_or(1024),
        headers: header::changes(
            cursor,
            "request_headers_to_add",
            "request_headers_to_remove",
        ),
        expected: if expected.is_empty() {
            one(200..201)
        } else {
            expected
        },
        retriable: statuses(cursor, "retriable_statuses"),
        http2: cursor.choice("codec_client_type") == 1,
        service_name: matcher::string_in(cursor, "service_name_matcher"),
    })
}

fn one(range: Range<i64>) -> Vec<Range<i64>> {
    std::iter::once(range).collect()
}

/// By their numbers in `envoy.config.core.v3.RequestMethod`.
const METHODS: [&str; 10] = [
    "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

fn statuses(cursor: &Cursor<'_>, field: &str) -> Vec<Range<i64>> {
    let each = |item: &Cursor<'_>| {
        let range = matcher::range(item)?;
        if range.start < 100 || range.end > 600 {
            let message = format!(
                "{} to less than {} are no status codes",
                range.start, range.end
            );
            item.refuse("", message, "from 100 to less than 600");
        }
        Some(range)
    };
    cursor.messages(field).iter().filter_map(each).collect()
}

fn payloads(cursor: &Cursor<'_>, field: &str) -> Vec<Vec<u8>> {
    cursor
        .messages(field)
        .iter()
        .map(|it| payload(Some(it)))
        .collect()
}

fn payload(cursor: Option<&Cursor<'_>>) -> Vec<u8> {
    let Some(cursor) = cursor else {
        return Vec::new();
    };
    if let Some(bytes) = cursor.bytes("binary") {
        return bytes.to_owned();
    }
    let Some(text) = cursor.item("text") else {
        return Vec::new();
    };
    let pairs = text.value.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
        digits
            .bytes()
            .all(|it| it.is_ascii_hexdigit())
            .then_some(())?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    if bytes.is_none() {
        text.refuse(
            format!("`{}` is not hexadecimal", text.value),
            "two digits for each byte",
        );
    }
    bytes.unwrap_or_default()
}
