//! Makes a connection manager from the part of its JSON form that the cases use.

use std::sync::Arc;
use std::time::Duration;

use mesh_proxy::config::model::http::{
    ClientCertificate, Codec, EscapedSlashes, ForwardClientCertificate, ForwardedFor,
    HttpConnectionManager, PathNormalization, RequestId, Routes, ServerHeader, StripPort,
};
use mesh_proxy::config::model::protocol::{
    CommonOptions, HeaderCase, Http1Options, Http2Options, Underscores,
};
use serde_json::Value;

use super::model::{flag, network, route_configuration};

pub(crate) fn connection_manager(value: &Value) -> HttpConnectionManager {
    let given = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    HttpConnectionManager {
        stat_prefix: given("stat_prefix"),
        codec: Codec::Auto,
        routes: Routes::Inline(Arc::new(route_configuration(&value["route_config"]))),
        filters: Vec::new(),
        http1: http1(),
        http2: http2(),
        common: common(),
        server_name: "envoy".to_owned(),
        server_header: match &*given("server_header_transformation") {
            "APPEND_IF_ABSENT" => ServerHeader::AppendIfAbsent,
            "PASS_THROUGH" => ServerHeader::PassThrough,
            _ => ServerHeader::Overwrite,
        },
        scheme: value["scheme_header_transformation"]["scheme_to_overwrite"]
            .as_str()
            .map(ToOwned::to_owned),
        scheme_matches_upstream: false,
        max_request_headers_kb: 60,
        stream_idle_timeout: None,
        request_timeout: None,
        request_headers_timeout: None,
        drain_timeout: Duration::ZERO,
        delayed_close_timeout: None,
        access_logs: Vec::new(),
        log_flush_interval: None,
        log_on_new_request: false,
        forwarded_for: forwarded_for(value),
        via: given("via"),
        add_user_agent: flag(value, "add_user_agent"),
        request_id: RequestId {
            generate: value.get("generate_request_id").is_none_or(|it| it == true),
            preserve_external: flag(value, "preserve_external_request_id"),
            in_response: flag(value, "always_set_request_id_in_response"),
            pack_trace_reason: true,
        },
        client_certificate: ClientCertificate {
            forward: ForwardClientCertificate::Sanitize,
            subject: false,
            certificate: false,
            chain: false,
            dns: false,
            uri: false,
        },
        proxy_100_continue: false,
        upgrades: Vec::new(),
        path: path(value),
        strip_port: if flag(value, "strip_any_host_port") {
            StripPort::Any
        } else {
            StripPort::Never
        },
        strip_trailing_host_dot: flag(value, "strip_trailing_host_dot"),
        keep_connection_on_malformed: false,
        append_x_forwarded_port: flag(value, "append_x_forwarded_port"),
    }
}

fn path(value: &Value) -> PathNormalization {
    let given = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    PathNormalization {
        normalize: flag(value, "normalize_path"),
        merge_slashes: flag(value, "merge_slashes"),
        escaped_slashes: match &*given("path_with_escaped_slashes_action") {
            "REJECT_REQUEST" => EscapedSlashes::Reject,
            "UNESCAPE_AND_REDIRECT" => EscapedSlashes::Redirect,
            "UNESCAPE_AND_FORWARD" => EscapedSlashes::Forward,
            _ => EscapedSlashes::Keep,
        },
    }
}

fn forwarded_for(value: &Value) -> ForwardedFor {
    let ranges = &value["internal_address_config"]["cidr_ranges"];
    let ranges = ranges.as_array().into_iter().flatten();
    let range = |it: &Value| {
        let address = it["address_prefix"].as_str().unwrap();
        network(&format!("{address}/{}", it["prefix_len"]))
    };
    let hops = value["xff_num_trusted_hops"].as_u64().unwrap_or(0);
    ForwardedFor {
        use_remote_address: flag(value, "use_remote_address"),
        trusted_hops: u32::try_from(hops).unwrap(),
        skip_append: flag(value, "skip_xff_append"),
        ipv4_as_ipv6: flag(value, "represent_ipv4_remote_address_as_ipv4_mapped_ipv6"),
        internal: ranges.map(range).collect(),
        internal_unix_sockets: false,
    }
}

fn common() -> CommonOptions {
    CommonOptions {
        idle_timeout: None,
        max_connection_duration: None,
        max_headers_count: 100,
        max_response_headers_kb: None,
        max_stream_duration: None,
        underscores: Underscores::Allow,
        max_requests_per_connection: None,
    }
}

fn http1() -> Http1Options {
    Http1Options {
        allow_absolute_url: true,
        accept_http_10: false,
        default_host_for_http_10: String::new(),
        header_case: HeaderCase::Lower,
        enable_trailers: false,
        allow_chunked_length: false,
        keep_connection_on_malformed: None,
        send_fully_qualified_url: false,
        allow_custom_methods: false,
    }
}

fn http2() -> Http2Options {
    Http2Options {
        hpack_table_size: 4096,
        max_concurrent_streams: 1024,
        initial_stream_window_size: 1 << 24,
        initial_connection_window_size: 24 << 20,
        allow_connect: false,
        max_outbound_frames: 10_000,
        max_outbound_control_frames: 1_000,
        max_consecutive_inbound_frames_with_empty_payload: 1,
        max_inbound_priority_frames_per_stream: 100,
        max_inbound_window_update_frames_per_data_frame_sent: 10,
        keep_connection_on_malformed: None,
        keepalive: None,
        max_header_field_size_kb: None,
    }
}
