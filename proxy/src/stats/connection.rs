//! Names what is counted of listeners, connection managers, filters and codecs.

use super::cell::{Counter, Gauge, PerWorker};
use super::group::group;
use super::histogram::Histogram;

group! {
    /// What every listener counts; its scope is [`super::Registry::listener`].
    ListenerStats {
        connections_accepted_per_socket_event: Histogram = "connections_accepted_per_socket_event",
        downstream_cx_active: PerWorker<Gauge> = "downstream_cx_active",
        downstream_cx_destroy: Counter = "downstream_cx_destroy",
        downstream_cx_length_ms: Histogram = "downstream_cx_length_ms",
        downstream_cx_overflow: Counter = "downstream_cx_overflow",
        downstream_cx_overload_reject: Counter = "downstream_cx_overload_reject",
        downstream_cx_total: PerWorker<Counter> = "downstream_cx_total",
        downstream_cx_transport_socket_connect_timeout: Counter = "downstream_cx_transport_socket_connect_timeout",
        downstream_global_cx_overflow: Counter = "downstream_global_cx_overflow",
        downstream_listener_filter_error: Counter = "downstream_listener_filter_error",
        downstream_listener_filter_remote_close: Counter = "downstream_listener_filter_remote_close",
        downstream_pre_cx_active: Gauge = "downstream_pre_cx_active",
        downstream_pre_cx_timeout: Counter = "downstream_pre_cx_timeout",
        no_filter_chain_match: Counter = "no_filter_chain_match",
    }
}

group! {
    /// What every listener but the admin's counts of its filters' configuration, in the same scope.
    ListenerExtensionStats {
        extension_config_missing: Counter = "extension_config_missing",
        network_extension_config_missing: Counter = "network_extension_config_missing",
    }
}

group! {
    /// A connection manager's responses by listener; the scope is the listener's child `http.PREFIX`.
    ListenerHttpStats {
        downstream_rq_1xx: Counter = "downstream_rq_1xx",
        downstream_rq_2xx: Counter = "downstream_rq_2xx",
        downstream_rq_3xx: Counter = "downstream_rq_3xx",
        downstream_rq_4xx: Counter = "downstream_rq_4xx",
        downstream_rq_5xx: Counter = "downstream_rq_5xx",
        downstream_rq_completed: Counter = "downstream_rq_completed",
    }
}

group! {
    /// What every HTTP connection manager counts; its scope is [`super::Registry::http`].
    HttpStats {
        downstream_cx_active: Gauge = "downstream_cx_active",
        downstream_cx_delayed_close_timeout: Counter = "downstream_cx_delayed_close_timeout",
        downstream_cx_destroy: Counter = "downstream_cx_destroy",
        downstream_cx_destroy_active_rq: Counter = "downstream_cx_destroy_active_rq",
        downstream_cx_destroy_local: Counter = "downstream_cx_destroy_local",
        downstream_cx_destroy_local_active_rq: Counter = "downstream_cx_destroy_local_active_rq",
        downstream_cx_destroy_remote: Counter = "downstream_cx_destroy_remote",
        downstream_cx_destroy_remote_active_rq: Counter = "downstream_cx_destroy_remote_active_rq",
        downstream_cx_drain_close: Counter = "downstream_cx_drain_close",
        downstream_cx_http1_active: Gauge = "downstream_cx_http1_active",
        downstream_cx_http1_soft_drain: Gauge = "downstream_cx_http1_soft_drain",
        downstream_cx_http1_total: Counter = "downstream_cx_http1_total",
        downstream_cx_http2_active: Gauge = "downstream_cx_http2_active",
        downstream_cx_http2_total: Counter = "downstream_cx_http2_total",
        downstream_cx_http3_active: Gauge = "downstream_cx_http3_active",
        downstream_cx_http3_total: Counter = "downstream_cx_http3_total",
        downstream_cx_idle_timeout: Counter = "downstream_cx_idle_timeout",
        downstream_cx_length_ms: Histogram = "downstream_cx_length_ms",
        downstream_cx_max_duration_reached: Counter = "downstream_cx_max_duration_reached",
        downstream_cx_max_requests_reached: Counter = "downstream_cx_max_requests_reached",
        downstream_cx_overload_disable_keepalive: Counter = "downstream_cx_overload_disable_keepalive",
        downstream_cx_protocol_error: Counter = "downstream_cx_protocol_error",
        downstream_cx_rx_bytes_buffered: Gauge = "downstream_cx_rx_bytes_buffered",
        downstream_cx_rx_bytes_total: Counter = "downstream_cx_rx_bytes_total",
        downstream_cx_ssl_active: Gauge = "downstream_cx_ssl_active",
        downstream_cx_ssl_total: Counter = "downstream_cx_ssl_total",
        downstream_cx_total: Counter = "downstream_cx_total",
        downstream_cx_tx_bytes_buffered: Gauge = "downstream_cx_tx_bytes_buffered",
        downstream_cx_tx_bytes_total: Counter = "downstream_cx_tx_bytes_total",
        downstream_cx_upgrades_active: Gauge = "downstream_cx_upgrades_active",
        downstream_cx_upgrades_total: Counter = "downstream_cx_upgrades_total",
        downstream_flow_control_paused_reading_total: Counter = "downstream_flow_control_paused_reading_total",
        downstream_flow_control_resumed_reading_total: Counter = "downstream_flow_control_resumed_reading_total",
        downstream_rq_1xx: Counter = "downstream_rq_1xx",
        downstream_rq_2xx: Counter = "downstream_rq_2xx",
        downstream_rq_3xx: Counter = "downstream_rq_3xx",
        downstream_rq_4xx: Counter = "downstream_rq_4xx",
        downstream_rq_5xx: Counter = "downstream_rq_5xx",
        downstream_rq_active: Gauge = "downstream_rq_active",
        downstream_rq_completed: Counter = "downstream_rq_completed",
        downstream_rq_failed_path_normalization: Counter = "downstream_rq_failed_path_normalization",
        downstream_rq_header_timeout: Counter = "downstream_rq_header_timeout",
        downstream_rq_http1_total: Counter = "downstream_rq_http1_total",
        downstream_rq_http2_total: Counter = "downstream_rq_http2_total",
        downstream_rq_http3_total: Counter = "downstream_rq_http3_total",
        downstream_rq_idle_timeout: Counter = "downstream_rq_idle_timeout",
        downstream_rq_max_duration_reached: Counter = "downstream_rq_max_duration_reached",
        downstream_rq_non_relative_path: Counter = "downstream_rq_non_relative_path",
        downstream_rq_overload_close: Counter = "downstream_rq_overload_close",
        downstream_rq_redirected_with_normalized_path: Counter = "downstream_rq_redirected_with_normalized_path",
        downstream_rq_rejected_via_ip_detection: Counter = "downstream_rq_rejected_via_ip_detection",
        downstream_rq_response_before_rq_complete: Counter = "downstream_rq_response_before_rq_complete",
        downstream_rq_rx_reset: Counter = "downstream_rq_rx_reset",
        downstream_rq_time: Histogram = "downstream_rq_time",
        downstream_rq_timeout: Counter = "downstream_rq_timeout",
        downstream_rq_too_large: Counter = "downstream_rq_too_large",
        downstream_rq_too_many_premature_resets: Counter = "downstream_rq_too_many_premature_resets",
        downstream_rq_total: Counter = "downstream_rq_total",
        downstream_rq_tx_reset: Counter = "downstream_rq_tx_reset",
        downstream_rq_ws_on_non_ws_route: Counter = "downstream_rq_ws_on_non_ws_route",
        rs_too_large: Counter = "rs_too_large",
    }
}

group! {
    /// What the router of a connection manager counts, in the same scope.
    RouterStats {
        no_cluster: Counter = "no_cluster",
        no_route: Counter = "no_route",
        passthrough_internal_redirect_bad_location: Counter = "passthrough_internal_redirect_bad_location",
        passthrough_internal_redirect_no_route: Counter = "passthrough_internal_redirect_no_route",
        passthrough_internal_redirect_predicate: Counter = "passthrough_internal_redirect_predicate",
        passthrough_internal_redirect_too_many_redirects: Counter = "passthrough_internal_redirect_too_many_redirects",
        passthrough_internal_redirect_unsafe_scheme: Counter = "passthrough_internal_redirect_unsafe_scheme",
        rq_direct_response: Counter = "rq_direct_response",
        rq_overload_local_reply: Counter = "rq_overload_local_reply",
        rq_redirect: Counter = "rq_redirect",
        rq_reset_after_downstream_response_started: Counter = "rq_reset_after_downstream_response_started",
        rq_total: Counter = "rq_total",
    }
}

group! {
    /// Why requests are traced or not; the scope is the connection manager's child `tracing`.
    HttpTracingStats {
        client_enabled: Counter = "client_enabled",
        health_check: Counter = "health_check",
        not_traceable: Counter = "not_traceable",
        random_sampling: Counter = "random_sampling",
        service_forced: Counter = "service_forced",
    }
}

group! {
    /// What every TCP proxy counts; its scope is [`super::Registry::tcp`].
    TcpStats {
        downstream_cx_drain_close: Counter = "downstream_cx_drain_close",
        downstream_cx_no_route: Counter = "downstream_cx_no_route",
        downstream_cx_overload_close: Counter = "downstream_cx_overload_close",
        downstream_cx_rx_bytes_buffered: Gauge = "downstream_cx_rx_bytes_buffered",
        downstream_cx_rx_bytes_total: Counter = "downstream_cx_rx_bytes_total",
        downstream_cx_total: Counter = "downstream_cx_total",
        downstream_cx_tx_bytes_buffered: Gauge = "downstream_cx_tx_bytes_buffered",
        downstream_cx_tx_bytes_total: Counter = "downstream_cx_tx_bytes_total",
        downstream_flow_control_paused_reading_total: Counter = "downstream_flow_control_paused_reading_total",
        downstream_flow_control_resumed_reading_total: Counter = "downstream_flow_control_resumed_reading_total",
        early_data_received_count_total: Counter = "early_data_received_count_total",
        idle_timeout: Counter = "idle_timeout",
        max_downstream_connection_duration: Counter = "max_downstream_connection_duration",
        route_delayed_total: Counter = "route_delayed_total",
        upstream_flush_active: Gauge = "upstream_flush_active",
        upstream_flush_total: Counter = "upstream_flush_total",
    }
}

group! {
    /// What is found in the first bytes of connections that may be TLS; the scope is `tls_inspector`.
    TlsInspectorStats {
        alpn_found: Counter = "alpn_found",
        alpn_not_found: Counter = "alpn_not_found",
        bytes_processed: Histogram = "bytes_processed",
        client_hello_too_large: Counter = "client_hello_too_large",
        sni_found: Counter = "sni_found",
        sni_not_found: Counter = "sni_not_found",
        tls_found: Counter = "tls_found",
        tls_not_found: Counter = "tls_not_found",
    }
}

group! {
    /// What is found in the first bytes of connections that may be HTTP; the scope is `http_inspector`.
    InspectorHttpStats {
        http10_found: Counter = "http10_found",
        http11_found: Counter = "http11_found",
        http2_found: Counter = "http2_found",
        http_not_found: Counter = "http_not_found",
        read_error: Counter = "read_error",
    }
}

group! {
    /// What is wrong with HTTP/1; the scopes are `http1` and a cluster's child `http1`.
    Http1Stats {
        dropped_headers_with_underscores: Counter = "dropped_headers_with_underscores",
        metadata_not_supported_error: Counter = "metadata_not_supported_error",
        requests_rejected_with_underscores_in_headers: Counter = "requests_rejected_with_underscores_in_headers",
        response_flood: Counter = "response_flood",
    }
}

group! {
    /// What is wrong with HTTP/2; the scopes are `http2` and a cluster's child `http2`.
    Http2Stats {
        cookie_count: Histogram = "cookie_count",
        cookie_size: Histogram = "cookie_size",
        cookies_total_bytes_too_large: Counter = "cookies_total_bytes_too_large",
        deferred_stream_close: Gauge = "deferred_stream_close",
        dropped_headers_with_underscores: Counter = "dropped_headers_with_underscores",
        goaway_sent: Counter = "goaway_sent",
        header_count: Histogram = "header_count",
        header_list_size: Histogram = "header_list_size",
        header_list_size_too_large: Counter = "header_list_size_too_large",
        header_overflow: Counter = "header_overflow",
        headers_cb_no_stream: Counter = "headers_cb_no_stream",
        inbound_empty_frames_flood: Counter = "inbound_empty_frames_flood",
        inbound_priority_frames_flood: Counter = "inbound_priority_frames_flood",
        inbound_window_update_frames_flood: Counter = "inbound_window_update_frames_flood",
        keepalive_timeout: Counter = "keepalive_timeout",
        metadata_empty_frames: Counter = "metadata_empty_frames",
        nghttp2_downstream_connections: Counter = "nghttp2_downstream_connections",
        nghttp2_upstream_connections: Counter = "nghttp2_upstream_connections",
        oghttp2_downstream_connections: Counter = "oghttp2_downstream_connections",
        oghttp2_upstream_connections: Counter = "oghttp2_upstream_connections",
        outbound_control_flood: Counter = "outbound_control_flood",
        outbound_control_frames_active: Gauge = "outbound_control_frames_active",
        outbound_flood: Counter = "outbound_flood",
        outbound_frames_active: Gauge = "outbound_frames_active",
        pending_send_bytes: Gauge = "pending_send_bytes",
        requests_rejected_with_underscores_in_headers: Counter = "requests_rejected_with_underscores_in_headers",
        rx_messaging_error: Counter = "rx_messaging_error",
        rx_reset: Counter = "rx_reset",
        stream_refused_errors: Counter = "stream_refused_errors",
        streams_active: Gauge = "streams_active",
        trailers: Counter = "trailers",
        tx_flush_timeout: Counter = "tx_flush_timeout",
        tx_reset: Counter = "tx_reset",
    }
}

group! {
    /// What the RBAC filter decides; the scope is the child `rbac` of the connection manager's scope or a child
    /// of that, or `PREFIXrbac` for connections.
    RbacStats {
        allowed: Counter = "allowed",
        denied: Counter = "denied",
    }
}

group! {
    /// What rules of the RBAC filter would decide that are only counted; the scope is the same, or the child that
    /// is named for them.
    RbacShadowStats {
        shadow_allowed: Counter = "shadow_allowed",
        shadow_denied: Counter = "shadow_denied",
    }
}

group! {
    /// What the fault filter does; the scope is the connection manager's child `fault`.
    FaultStats {
        aborts_injected: Counter = "aborts_injected",
        active_faults: Gauge = "active_faults",
        delays_injected: Counter = "delays_injected",
        faults_overflow: Counter = "faults_overflow",
        response_rl_injected: Counter = "response_rl_injected",
    }
}
