//! Lists what of the HTTP connection manager is honoured.

use super::Form::HeaderValue;
use super::Kind::{Any, Bool, Enum, List, Message, Text, U32, Word, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several, Zero};
use super::access_log::ACCESS_LOG;
use super::core::{
    CIDR_RANGE, COMMON_HTTP_OPTIONS, CONFIG_SOURCE, HTTP1_PROTOCOL_OPTIONS, HTTP2_PROTOCOL_OPTIONS,
};
use super::filters::{GRPC_STATS, HTTP_FAULT, HTTP_RBAC, ROUTER};
use super::macros::{enumerations, messages};
use super::route::ROUTE_CONFIGURATION;
use super::{DURATION, MANY, MILLISECOND, NOT_EMPTY, STRING, UINT32};

messages! {
    message HTTP_CONNECTION_MANAGER "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager" {
        1 codec_type: Enum(&CODEC_TYPE) => "HTTP3 is not honoured";
        2 stat_prefix: NOT_EMPTY => "";
        3 rds: Message(&RDS), in "route_specifier" => "";
        4 route_config: Message(&ROUTE_CONFIGURATION), in "route_specifier" => "";
        5 http_filters: List(&Message(&HTTP_FILTER), 0, MANY) => "the router last";
        6 add_user_agent: Wrapped(&Bool) => "";
        35 common_http_protocol_options: Message(&COMMON_HTTP_OPTIONS) => "";
        8 http_protocol_options: Message(&HTTP1_PROTOCOL_OPTIONS) => "";
        9 http2_protocol_options: Message(&HTTP2_PROTOCOL_OPTIONS) => "";
        10 server_name: Text(HeaderValue, 0, MANY) => "`envoy` when absent, so that a client cannot tell";
        34 server_header_transformation: Enum(&SERVER_HEADER_TRANSFORMATION) => "";
        48 scheme_header_transformation: Message(&SCHEME_HEADER_TRANSFORMATION) => "";
        29 max_request_headers_kb: Wrapped(&U32(1, 8_192)) => "60 when absent";
        24 stream_idle_timeout: DURATION => "5m when absent, 0s for none";
        28 request_timeout: DURATION => "";
        41 request_headers_timeout: DURATION => "";
        12 drain_timeout: DURATION => "5s when absent";
        26 delayed_close_timeout: DURATION => "1s when absent";
        13 access_log: List(&Message(&ACCESS_LOG), 0, MANY) => "";
        56 access_log_options: Message(&HCM_ACCESS_LOG_OPTIONS) => "";
        14 use_remote_address: Wrapped(&Bool) => "";
        19 xff_num_trusted_hops: UINT32 => "";
        25 internal_address_config: Message(&INTERNAL_ADDRESS_CONFIG) => "";
        21 skip_xff_append: Bool => "";
        22 via: Text(HeaderValue, 0, MANY) => "";
        15 generate_request_id: Wrapped(&Bool) => "true when absent";
        32 preserve_external_request_id: Bool => "";
        37 always_set_request_id_in_response: Bool => "";
        16 forward_client_cert_details: Enum(&FORWARD_CLIENT_CERT_DETAILS) => "";
        17 set_current_client_cert_details: Message(&SET_CURRENT_CLIENT_CERT_DETAILS) => "";
        18 proxy_100_continue: Bool => "";
        20 represent_ipv4_remote_address_as_ipv4_mapped_ipv6: Bool => "";
        23 upgrade_configs: List(&Message(&UPGRADE_CONFIG), 0, MANY) => "";
        30 normalize_path: Wrapped(&Bool) => "";
        33 merge_slashes: Bool => "";
        45 path_with_escaped_slashes_action: Enum(&PATH_WITH_ESCAPED_SLASHES_ACTION) => "";
        36 request_id_extension: Message(&REQUEST_ID_EXTENSION) => "";
        39 strip_matching_host_port: Bool => "";
        42 strip_any_host_port: Bool => "";
        40 stream_error_on_invalid_http_message: Wrapped(&Bool) => "";
        47 strip_trailing_host_dot: Bool => "";
        51 append_x_forwarded_port: Bool => "";
    } needs ["route_specifier"] without {
        31 scoped_routes: Member, 7 tracing: Absent,
        58 http1_safe_max_connection_duration: Scalar, 44 http3_protocol_options: Absent,
        59 stream_flush_timeout: Absent, 62 drain_timeout_jitter: Absent,
        54 access_log_flush_interval: Absent, 55 flush_access_log_on_new_request: Scalar,
        46 original_ip_detection_extensions: Several,
        52 early_header_mutation_extensions: Several, 60 forward_client_cert_matcher: Absent,
        38 local_reply_config: Absent, 43 path_normalization_options: Absent,
        49 proxy_status_config: Absent, 50 typed_header_validation_config: Absent,
        57 append_local_overload: Scalar, 53 add_proxy_protocol_connection_state: Absent,
        61 forward_proto_config: Absent, 63 record_route_resolution_stats: Scalar,
    }
    message RDS "envoy.extensions.filters.network.http_connection_manager.v3.Rds" {
        1 config_source: Message(&CONFIG_SOURCE) => "";
        2 route_config_name: STRING => "";
    }
    message HTTP_FILTER "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter" {
        1 name: NOT_EMPTY => "";
        4 typed_config: Any(&[&ROUTER, &GRPC_STATS, &HTTP_RBAC, &HTTP_FAULT]), in "config_type" => "";
        6 is_optional: Bool => "taken and not used: each type is there";
        7 disabled: Bool => "";
    } without {
        5 config_discovery: Member,
    }
    message SET_CURRENT_CLIENT_CERT_DETAILS "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails" {
        1 subject: Wrapped(&Bool) => "";
        3 cert: Bool => "";
        6 chain: Bool => "";
        4 dns: Bool => "";
        5 uri: Bool => "";
    } without {
        8 issuer: Scalar, 7 format: Zero("TEXT"),
    }
    message UPGRADE_CONFIG "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig" {
        1 upgrade_type: STRING => "`websocket`, another token of the Upgrade header, or `CONNECT`";
        3 enabled: Wrapped(&Bool) => "";
    } without {
        2 filters: Several,
    }
    message INTERNAL_ADDRESS_CONFIG "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig" {
        1 unix_sockets: Bool => "";
        2 cidr_ranges: List(&Message(&CIDR_RANGE), 0, MANY) => "";
    }
    message HCM_ACCESS_LOG_OPTIONS "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.HcmAccessLogOptions" {
        1 access_log_flush_interval: MILLISECOND => "";
        2 flush_access_log_on_new_request: Bool => "";
    } without {
        3 flush_log_on_tunnel_successfully_established: Scalar,
    }
    message SCHEME_HEADER_TRANSFORMATION "envoy.config.core.v3.SchemeHeaderTransformation" {
        1 scheme_to_overwrite: Word(&["http", "https"]) => "";
        2 match_upstream: Bool => "";
    }
    message REQUEST_ID_EXTENSION "envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension" {
        1 typed_config: Any(&[&UUID_REQUEST_ID_CONFIG]) => required "";
    }
    message UUID_REQUEST_ID_CONFIG "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig" {
        1 pack_trace_reason: Wrapped(&Bool) => "true when absent";
        2 use_request_id_for_trace_sampling: Wrapped(&Bool) => "taken and not used: there is no tracing";
    }
}

enumerations! {
    enum CODEC_TYPE "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.CodecType" {
        0 AUTO, 1 HTTP1, 2 HTTP2,
    } without {
        3 HTTP3,
    }
    enum SERVER_HEADER_TRANSFORMATION "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation" {
        0 OVERWRITE, 1 APPEND_IF_ABSENT, 2 PASS_THROUGH,
    }
    enum FORWARD_CLIENT_CERT_DETAILS "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertDetails" {
        0 SANITIZE, 1 FORWARD_ONLY, 2 APPEND_FORWARD, 3 SANITIZE_SET, 4 ALWAYS_FORWARD_ONLY,
    }
    enum PATH_WITH_ESCAPED_SLASHES_ACTION "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction" {
        0 IMPLEMENTATION_SPECIFIC_DEFAULT, 1 KEEP_UNCHANGED, 2 REJECT_REQUEST,
        3 UNESCAPE_AND_REDIRECT, 4 UNESCAPE_AND_FORWARD,
    }
}
