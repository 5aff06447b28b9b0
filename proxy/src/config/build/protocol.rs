//! Reads options of HTTP/1 and HTTP/2.

use std::time::Duration;

use super::{common, seconds};
use crate::config::cursor::Cursor;
use crate::config::model::protocol::{
    CommonOptions, HeaderCase, Http1Options, Http2Keepalive, Http2Options, Underscores,
};

/// Options of HTTP/1, Envoy's defaults where nothing is said.
pub(super) fn http1(cursor: Option<&Cursor<'_>>) -> Http1Options {
    let flag = |name: &str| cursor.is_some_and(|it| it.flag(name));
    Http1Options {
        allow_absolute_url: cursor.is_none_or(|it| it.flag_or("allow_absolute_url", true)),
        accept_http_10: flag("accept_http_10"),
        default_host_for_http_10: cursor
            .map(|it| it.string("default_host_for_http_10"))
            .unwrap_or_default(),
        header_case: cursor
            .and_then(|it| it.message("header_key_format"))
            .map_or(HeaderCase::Lower, |it| header_case(&it)),
        enable_trailers: flag("enable_trailers"),
        allow_chunked_length: flag("allow_chunked_length"),
        keep_connection_on_malformed: keep_connection(cursor),
        send_fully_qualified_url: flag("send_fully_qualified_url"),
        allow_custom_methods: flag("allow_custom_methods"),
    }
}

fn keep_connection(cursor: Option<&Cursor<'_>>) -> Option<bool> {
    let name = "override_stream_error_on_invalid_http_message";
    cursor.filter(|it| it.has(name)).map(|it| it.flag(name))
}

fn header_case(cursor: &Cursor<'_>) -> HeaderCase {
    let formatter = cursor.message("stateful_formatter");
    let config = formatter.and_then(|formatter| formatter.message("typed_config"));
    match config {
        None if cursor.has("proper_case_words") => HeaderCase::ProperCaseWords,
        None => HeaderCase::Lower,
        Some(config) => HeaderCase::Preserve {
            reason_phrase: config.flag("forward_reason_phrase"),
            proper_case_for_ours: config.choice("formatter_type_on_envoy_headers") == 1,
        },
    }
}

/// Options of HTTP/2, Envoy's defaults where nothing is said.
pub(super) fn http2(cursor: Option<&Cursor<'_>>) -> Http2Options {
    let number =
        |name: &str, default: u32| cursor.and_then(|it| it.number(name)).unwrap_or(default);
    Http2Options {
        hpack_table_size: number("hpack_table_size", 4096),
        max_concurrent_streams: number("max_concurrent_streams", 1024),
        initial_stream_window_size: number("initial_stream_window_size", 16 << 20),
        initial_connection_window_size: number("initial_connection_window_size", 24 << 20),
        allow_connect: cursor.is_some_and(|it| it.flag("allow_connect")),
        max_outbound_frames: number("max_outbound_frames", 10_000),
        max_outbound_control_frames: number("max_outbound_control_frames", 1000),
        max_consecutive_inbound_frames_with_empty_payload: number(
            "max_consecutive_inbound_frames_with_empty_payload",
            1,
        ),
        max_inbound_priority_frames_per_stream: number(
            "max_inbound_priority_frames_per_stream",
            100,
        ),
        max_inbound_window_update_frames_per_data_frame_sent: number(
            "max_inbound_window_update_frames_per_data_frame_sent",
            10,
        ),
        keep_connection_on_malformed: keep_connection(cursor),
        keepalive: cursor.and_then(|it| keepalive(&it.message("connection_keepalive")?)),
        max_header_field_size_kb: cursor.and_then(|it| it.number("max_header_field_size_kb")),
    }
}

fn keepalive(cursor: &Cursor<'_>) -> Option<Http2Keepalive> {
    let interval = cursor.duration("interval");
    let idle_interval = cursor.duration("connection_idle_interval");
    let timeout = cursor.duration("timeout")?;
    Some(Http2Keepalive {
        interval,
        timeout,
        jitter_percent: common::percent(cursor, "interval_jitter").unwrap_or(15.0),
        idle_interval,
    })
}

/// Options of both, Envoy's defaults where nothing is said.
pub(super) fn common(cursor: Option<&Cursor<'_>>) -> CommonOptions {
    let time = |name: &str| cursor.and_then(|it| it.timeout(name, None));
    CommonOptions {
        idle_timeout: match cursor {
            Some(it) => it.timeout("idle_timeout", Some(IDLE)),
            None => Some(IDLE),
        },
        max_connection_duration: time("max_connection_duration"),
        max_headers_count: cursor
            .and_then(|it| it.number("max_headers_count"))
            .unwrap_or(100),
        max_response_headers_kb: cursor.and_then(|it| it.number("max_response_headers_kb")),
        max_stream_duration: time("max_stream_duration"),
        underscores: match cursor.map_or(0, |it| it.choice("headers_with_underscores_action")) {
            0 => Underscores::Allow,
            1 => Underscores::RejectRequest,
            _ => Underscores::DropHeader,
        },
        max_requests_per_connection: cursor
            .and_then(|it| it.number("max_requests_per_connection"))
            .filter(|most| *most > 0),
    }
}

const IDLE: Duration = seconds(3600);
