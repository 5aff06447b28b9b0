//! Lists what of the messages that others share is honoured.

use super::Form::{HeaderName, HeaderNameOrEmpty, HeaderValue};
use super::Kind::{
    Any, Bool, Bytes, Double, Enum, I32, I64, List, Map, Message, Struct, Text, U32, Wrapped,
};
use super::Shape::{Absent, Member, Scalar, Several};
use super::macros::{enumerations, messages};
use super::tls::{DOWNSTREAM_TLS_CONTEXT, RAW_BUFFER, UPSTREAM_TLS_CONTEXT};
use super::{DURATION, MANY, MILLISECOND, NOT_EMPTY, POSITIVE, STRING, UINT32};

messages! {
    message NODE "envoy.config.core.v3.Node" {
        1 id: STRING => "";
        2 cluster: STRING => "";
        3 metadata: Struct => "";
        4 locality: Message(&LOCALITY) => "";
        6 user_agent_name: STRING => "taken, and told to the control plane";
        7 user_agent_version: STRING, in "user_agent_version_type" => "taken, and told to the control plane";
        10 client_features: List(&STRING, 0, MANY) => "taken, and told to the control plane";
    } without {
        12 dynamic_parameters: Several, 8 user_agent_build_version: Member, 9 extensions: Several,
        11 listening_addresses: Several,
    }
    message LOCALITY "envoy.config.core.v3.Locality" {
        1 region: STRING => "";
        2 zone: STRING => "";
        3 sub_zone: STRING => "";
    }
    message CONFIG_SOURCE "envoy.config.core.v3.ConfigSource" {
        1 path: STRING, in "config_source_specifier" => "";
        8 path_config_source: Message(&PATH_CONFIG_SOURCE), in "config_source_specifier" => "";
        3 ads: Message(&AGGREGATED_CONFIG_SOURCE), in "config_source_specifier" => "";
        4 initial_fetch_timeout: DURATION => "how long to wait for the first answer; 15s when absent, 0s for no end";
        6 resource_api_version: Enum(&API_VERSION) => "taken and not used: version 3 is the only one";
    } needs ["config_source_specifier"] without {
        7 authorities: Several, 2 api_config_source: Member, 5 self: Member,
    }
    message API_CONFIG_SOURCE "envoy.config.core.v3.ApiConfigSource" {
        1 api_type: Enum(&API_TYPE) => "";
        8 transport_api_version: Enum(&API_VERSION) => "taken and not used: version 3 is the only one";
        4 grpc_services: List(&Message(&GRPC_SERVICE), 0, MANY) => "";
        7 set_node_on_first_message_only: Bool => "";
    } without {
        2 cluster_names: Several, 3 refresh_delay: Absent, 5 request_timeout: Absent,
        6 rate_limit_settings: Absent, 9 config_validators: Several,
    }
    message GRPC_SERVICE "envoy.config.core.v3.GrpcService" {
        1 envoy_grpc: Message(&GRPC_SERVICE_ENVOY_GRPC), in "target_specifier" => "";
        3 timeout: DURATION => "taken and not used: a stream of discovery has none";
        5 initial_metadata: List(&Message(&HEADER_VALUE), 0, MANY) => "";
    } needs ["target_specifier"] without {
        2 google_grpc: Member, 6 retry_policy: Absent,
    }
    message GRPC_SERVICE_ENVOY_GRPC "envoy.config.core.v3.GrpcService.EnvoyGrpc" {
        1 cluster_name: NOT_EMPTY => "";
        2 authority: Text(HeaderValue, 0, 16_384) => "the cluster's name when absent";
    } without {
        3 retry_policy: Absent, 4 max_receive_message_length: Absent,
        5 skip_envoy_headers: Scalar,
    }
    message PATH_CONFIG_SOURCE "envoy.config.core.v3.PathConfigSource" {
        1 path: NOT_EMPTY => "";
        2 watched_directory: Message(&WATCHED_DIRECTORY) => "";
    } without {
        3 poll_interval: Absent,
    }
    message WATCHED_DIRECTORY "envoy.config.core.v3.WatchedDirectory" {
        1 path: NOT_EMPTY => "";
    } without {
        2 watch_modify: Scalar,
    }
    message AGGREGATED_CONFIG_SOURCE "envoy.config.core.v3.AggregatedConfigSource" {
    }
    message ADDRESS "envoy.config.core.v3.Address" {
        1 socket_address: Message(&SOCKET_ADDRESS), in "address" => "";
        2 pipe: Message(&PIPE), in "address" => "";
    } needs ["address"] without {
        3 envoy_internal_address: Member,
    }
    message SOCKET_ADDRESS "envoy.config.core.v3.SocketAddress" {
        1 protocol: Enum(&SOCKET_PROTOCOL) => "taken: TCP alone";
        2 address: NOT_EMPTY => "";
        3 port_value: U32(0, 65_535), in "port_specifier" => "";
        5 resolver_name: STRING => "";
    } needs ["port_specifier"] without {
        4 named_port: Member, 6 ipv4_compat: Scalar, 7 network_namespace_filepath: Scalar,
    }
    message PIPE "envoy.config.core.v3.Pipe" {
        1 path: NOT_EMPTY => "`@` at the front for an abstract socket";
        2 mode: U32(0, 511) => "";
    }
    message BIND_CONFIG "envoy.config.core.v3.BindConfig" {
        1 source_address: Message(&SOCKET_ADDRESS) => "";
        5 extra_source_addresses: List(&Message(&EXTRA_SOURCE_ADDRESS), 0, MANY) => "one of another address family";
    } without {
        2 freebind: Absent, 3 socket_options: Several, 4 additional_source_addresses: Several,
        6 local_address_selector: Absent, 7 validate_network_namespaces: Scalar,
    }
    message EXTRA_SOURCE_ADDRESS "envoy.config.core.v3.ExtraSourceAddress" {
        1 address: Message(&SOCKET_ADDRESS) => required "";
    } without {
        2 socket_options: Absent,
    }
    message TCP_KEEPALIVE "envoy.config.core.v3.TcpKeepalive" {
        1 keepalive_probes: Wrapped(&UINT32) => "";
        2 keepalive_time: Wrapped(&UINT32) => "seconds";
        3 keepalive_interval: Wrapped(&UINT32) => "seconds";
    }
    message TRANSPORT_SOCKET "envoy.config.core.v3.TransportSocket" {
        1 name: NOT_EMPTY => "";
        3 typed_config: Any(&[&DOWNSTREAM_TLS_CONTEXT, &UPSTREAM_TLS_CONTEXT, &RAW_BUFFER]) => required "";
    }
    message HEADER_VALUE "envoy.config.core.v3.HeaderValue" {
        1 key: Text(HeaderName, 1, 16_384) => "";
        2 value: Text(HeaderValue, 0, 16_384) => "command operators of the access log; `%%` for a percent sign";
        3 raw_value: Bytes => "";
    }
    message HEADER_VALUE_OPTION "envoy.config.core.v3.HeaderValueOption" {
        1 header: Message(&HEADER_VALUE) => required "";
        2 append: Wrapped(&Bool) => "";
        3 append_action: Enum(&HEADER_APPEND_ACTION) => "";
        4 keep_empty_value: Bool => "";
    }
    message DATA_SOURCE "envoy.config.core.v3.DataSource" {
        1 filename: NOT_EMPTY, in "specifier" => "";
        2 inline_bytes: Bytes, in "specifier" => "";
        3 inline_string: STRING, in "specifier" => "";
        4 environment_variable: NOT_EMPTY, in "specifier" => "";
        5 watched_directory: Message(&WATCHED_DIRECTORY) => "";
    } needs ["specifier"]
    message RUNTIME_FRACTIONAL_PERCENT "envoy.config.core.v3.RuntimeFractionalPercent" {
        1 default_value: Message(&FRACTIONAL_PERCENT) => required "";
        2 runtime_key: STRING => "taken and not looked up: runtime keys are those of `static_layer` alone";
    }
    message RUNTIME_U_INT32 "envoy.config.core.v3.RuntimeUInt32" {
        2 default_value: UINT32 => "";
        3 runtime_key: STRING => "taken and not looked up";
    }
    message RUNTIME_DOUBLE "envoy.config.core.v3.RuntimeDouble" {
        1 default_value: Double(f64::MIN, f64::MAX) => "";
        2 runtime_key: STRING => "taken and not looked up";
    }
    message METADATA "envoy.config.core.v3.Metadata" {
        1 filter_metadata: Map(&Struct) => "";
    } without {
        2 typed_filter_metadata: Several,
    }
    message BACKOFF_STRATEGY "envoy.config.core.v3.BackoffStrategy" {
        1 base_interval: MILLISECOND => required "";
        2 max_interval: POSITIVE => "ten times the base when absent";
    }
    message CIDR_RANGE "envoy.config.core.v3.CidrRange" {
        1 address_prefix: NOT_EMPTY => "";
        2 prefix_len: Wrapped(&U32(0, 128)) => "";
    }
    message SUBSTITUTION_FORMAT_STRING "envoy.config.core.v3.SubstitutionFormatString" {
        1 text_format: STRING, in "format" => "";
        2 json_format: Struct, in "format" => "";
        5 text_format_source: Message(&DATA_SOURCE), in "format" => "";
        3 omit_empty_values: Bool => "";
        4 content_type: Text(HeaderValue, 0, MANY) => "taken and not used: a log has none";
    } needs ["format"] without {
        6 formatters: Several, 7 json_format_options: Absent,
    }
    message HTTP1_PROTOCOL_OPTIONS "envoy.config.core.v3.Http1ProtocolOptions" {
        1 allow_absolute_url: Wrapped(&Bool) => "true when absent";
        2 accept_http_10: Bool => "";
        3 default_host_for_http_10: STRING => "";
        4 header_key_format: Message(&HEADER_KEY_FORMAT) => "";
        5 enable_trailers: Bool => "";
        6 allow_chunked_length: Bool => "";
        7 override_stream_error_on_invalid_http_message: Wrapped(&Bool) => "";
        8 send_fully_qualified_url: Bool => "";
        10 allow_custom_methods: Bool => "";
    } without {
        9 use_balsa_parser: Absent, 11 ignore_http_11_upgrade: Several,
    }
    message HEADER_KEY_FORMAT "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat" {
        1 proper_case_words: Message(&HEADER_KEY_FORMAT_PROPER_CASE_WORDS), in "header_format" => "";
        8 stateful_formatter: Message(&TYPED_EXTENSION_CONFIG), in "header_format" => "";
    } needs ["header_format"]
    message HEADER_KEY_FORMAT_PROPER_CASE_WORDS "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords" {
    }
    message TYPED_EXTENSION_CONFIG "envoy.config.core.v3.TypedExtensionConfig" {
        1 name: NOT_EMPTY => "";
        2 typed_config: Any(&[&PRESERVE_CASE_FORMATTER_CONFIG]) => required "";
    }
    message PRESERVE_CASE_FORMATTER_CONFIG "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig" {
        1 forward_reason_phrase: Bool => "";
        2 formatter_type_on_envoy_headers: Enum(&FORMATTER_TYPE_ON_ENVOY_HEADERS) => "";
    }
    message HTTP2_PROTOCOL_OPTIONS "envoy.config.core.v3.Http2ProtocolOptions" {
        1 hpack_table_size: Wrapped(&UINT32) => "";
        2 max_concurrent_streams: Wrapped(&U32(1, 2_147_483_647)) => "1024 when absent";
        3 initial_stream_window_size: Wrapped(&U32(65_535, 2_147_483_647)) => "16 MiB when absent";
        4 initial_connection_window_size: Wrapped(&U32(65_535, 2_147_483_647)) => "24 MiB when absent";
        5 allow_connect: Bool => "";
        7 max_outbound_frames: Wrapped(&U32(1, u32::MAX)) => "";
        8 max_outbound_control_frames: Wrapped(&U32(1, u32::MAX)) => "";
        9 max_consecutive_inbound_frames_with_empty_payload: Wrapped(&UINT32) => "";
        10 max_inbound_priority_frames_per_stream: Wrapped(&UINT32) => "";
        11 max_inbound_window_update_frames_per_data_frame_sent: Wrapped(&U32(1, u32::MAX)) => "";
        14 override_stream_error_on_invalid_http_message: Wrapped(&Bool) => "";
        15 connection_keepalive: Message(&KEEPALIVE_SETTINGS) => "";
        19 max_header_field_size_kb: Wrapped(&U32(64, 256)) => "at most `max_request_headers_kb`";
    } without {
        6 allow_metadata: Scalar, 12 stream_error_on_invalid_http_messaging: Scalar,
        13 custom_settings_parameters: Several, 16 use_oghttp2_codec: Absent,
        17 max_metadata_size: Absent, 18 enable_huffman_encoding: Absent,
        20 disallow_obs_text: Absent, 21 stream_reset_burst: Absent, 22 stream_reset_rate: Absent,
    }
    message KEEPALIVE_SETTINGS "envoy.config.core.v3.KeepaliveSettings" {
        1 interval: MILLISECOND => "";
        2 timeout: MILLISECOND => required "";
        3 interval_jitter: Message(&PERCENT) => "";
        4 connection_idle_interval: MILLISECOND => "";
    }
    message COMMON_HTTP_OPTIONS "envoy.config.core.v3.HttpProtocolOptions" {
        1 idle_timeout: DURATION => "1h when absent, 0s for none";
        3 max_connection_duration: DURATION => "";
        2 max_headers_count: Wrapped(&U32(1, u32::MAX)) => "100 when absent";
        7 max_response_headers_kb: Wrapped(&U32(1, 8_192)) => "";
        4 max_stream_duration: DURATION => "";
        5 headers_with_underscores_action: Enum(&HEADERS_WITH_UNDERSCORES_ACTION) => "";
        6 max_requests_per_connection: Wrapped(&UINT32) => "";
    } without {
        8 max_connection_duration_jitter: Absent,
    }
    message UPSTREAM_HTTP_PROTOCOL_OPTIONS "envoy.config.core.v3.UpstreamHttpProtocolOptions" {
        1 auto_sni: Bool => "";
        2 auto_san_validation: Bool => "";
        3 override_auto_sni_header: Text(HeaderNameOrEmpty, 0, MANY) => "";
    }
    message INT32_RANGE "envoy.type.v3.Int32Range" {
        1 start: I32(i32::MIN, i32::MAX) => "inclusive";
        2 end: I32(i32::MIN, i32::MAX) => "exclusive";
    }
    message INT64_RANGE "envoy.type.v3.Int64Range" {
        1 start: I64(i64::MIN, i64::MAX) => "inclusive";
        2 end: I64(i64::MIN, i64::MAX) => "exclusive";
    }
    message PERCENT "envoy.type.v3.Percent" {
        1 value: Double(0.0, 100.0) => "";
    }
    message FRACTIONAL_PERCENT "envoy.type.v3.FractionalPercent" {
        1 numerator: UINT32 => "";
        2 denominator: Enum(&DENOMINATOR_TYPE) => "";
    }
}

enumerations! {
    enum API_VERSION "envoy.config.core.v3.ApiVersion" {
        0 AUTO, 2 V3,
    } without {
        1 V2,
    }
    enum API_TYPE "envoy.config.core.v3.ApiConfigSource.ApiType" {
        2 GRPC, 3 DELTA_GRPC,
    } without {
        0 DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE, 1 REST, 5 AGGREGATED_GRPC,
        6 AGGREGATED_DELTA_GRPC,
    }
    enum SOCKET_PROTOCOL "envoy.config.core.v3.SocketAddress.Protocol" {
        0 TCP,
    } without {
        1 UDP,
    }
    enum HEADER_APPEND_ACTION "envoy.config.core.v3.HeaderValueOption.HeaderAppendAction" {
        0 APPEND_IF_EXISTS_OR_ADD, 1 ADD_IF_ABSENT, 2 OVERWRITE_IF_EXISTS_OR_ADD,
        3 OVERWRITE_IF_EXISTS,
    }
    enum FORMATTER_TYPE_ON_ENVOY_HEADERS "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig.FormatterTypeOnEnvoyHeaders" {
        0 DEFAULT, 1 PROPER_CASE,
    }
    enum HEADERS_WITH_UNDERSCORES_ACTION "envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction" {
        0 ALLOW, 1 REJECT_REQUEST, 2 DROP_HEADER,
    }
    enum DENOMINATOR_TYPE "envoy.type.v3.FractionalPercent.DenominatorType" {
        0 HUNDRED, 1 TEN_THOUSAND, 2 MILLION,
    }
}
