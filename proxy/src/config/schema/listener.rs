//! Lists what of listeners and their filters is honoured.

use super::Kind::{Any, Bool, Enum, List, Message, True, U32, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several, Zero};
use super::access_log::ACCESS_LOG;
use super::core::{ADDRESS, CIDR_RANGE, INT32_RANGE, METADATA, TCP_KEEPALIVE, TRANSPORT_SOCKET};
use super::http::HTTP_CONNECTION_MANAGER;
use super::macros::{enumerations, messages};
use super::tcp::{NETWORK_RBAC, TCP_PROXY};
use super::{DURATION, MANY, NOT_EMPTY, STRING, UINT32};

messages! {
    message LISTENER "envoy.config.listener.v3.Listener" {
        1 name: STRING => "";
        2 address: Message(&ADDRESS) => "";
        33 additional_addresses: List(&Message(&ADDITIONAL_ADDRESS), 0, MANY) => "";
        28 stat_prefix: STRING => "";
        3 filter_chains: List(&Message(&FILTER_CHAIN), 0, MANY) => "";
        4 use_original_dst: Wrapped(&Bool) => "";
        25 default_filter_chain: Message(&FILTER_CHAIN) => "";
        5 per_connection_buffer_limit_bytes: Wrapped(&UINT32) => "1 MiB when absent";
        6 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
        9 listener_filters: List(&Message(&LISTENER_FILTER), 0, MANY) => "";
        15 listener_filters_timeout: DURATION => "15s when absent, 0s for no end";
        17 continue_on_listener_filters_timeout: Bool => "";
        10 transparent: Wrapped(&Bool) => "";
        11 freebind: Wrapped(&Bool) => "";
        16 traffic_direction: Enum(&TRAFFIC_DIRECTION) => "";
        29 enable_reuse_port: Wrapped(&Bool) => "taken and not used: mesh-proxy always sets SO_REUSEPORT";
        22 access_log: List(&Message(&ACCESS_LOG), 0, MANY) => "";
        24 tcp_backlog_size: Wrapped(&UINT32) => "";
        26 bind_to_port: Wrapped(&Bool) => "";
        31 ignore_global_conn_limit: Bool => "";
        37 tcp_keepalive: Message(&TCP_KEEPALIVE) => "";
    } without {
        39 stats_matcher: Absent, 36 fcds_config: Absent, 32 filter_chain_matcher: Absent,
        38 per_connection_buffer_high_watermark_timeout: Absent, 7 deprecated_v1: Absent,
        8 drain_type: Zero("DEFAULT"), 13 socket_options: Several,
        12 tcp_fast_open_queue_length: Absent, 18 udp_listener_config: Absent,
        19 api_listener: Absent, 20 connection_balance_config: Absent, 21 reuse_port: Scalar,
        34 max_connections_to_accept_per_socket_event: Absent, 27 internal_listener: Member,
        30 enable_mptcp: Scalar, 35 bypass_overload_manager: Scalar,
    }
    message ADDITIONAL_ADDRESS "envoy.config.listener.v3.AdditionalAddress" {
        1 address: Message(&ADDRESS) => "";
    } without {
        2 socket_options: Absent, 3 tcp_keepalive: Absent,
    }
    message FILTER_CHAIN "envoy.config.listener.v3.FilterChain" {
        1 filter_chain_match: Message(&FILTER_CHAIN_MATCH) => "";
        3 filters: List(&Message(&FILTER), 0, MANY) => "tcp_proxy or http_connection_manager comes last, network RBAC before it";
        5 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
        6 transport_socket: Message(&TRANSPORT_SOCKET) => "plaintext when absent";
        9 transport_socket_connect_timeout: DURATION => "how long a TLS handshake may take";
        7 name: STRING => "";
    } without {
        4 use_proxy_proto: Absent,
    }
    message FILTER_CHAIN_MATCH "envoy.config.listener.v3.FilterChainMatch" {
        8 destination_port: Wrapped(&U32(1, 65_535)) => "";
        3 prefix_ranges: List(&Message(&CIDR_RANGE), 0, MANY) => "of the destination";
        13 direct_source_prefix_ranges: List(&Message(&CIDR_RANGE), 0, MANY) => "of the peer that connected";
        12 source_type: Enum(&CONNECTION_SOURCE_TYPE) => "";
        6 source_prefix_ranges: List(&Message(&CIDR_RANGE), 0, MANY) => "";
        7 source_ports: List(&U32(1, 65_535), 0, MANY) => "";
        11 server_names: List(&STRING, 0, MANY) => "with `*.` at the front for all names below; the SNI of TLS";
        9 transport_protocol: STRING => "`tls` or `raw_buffer`";
        10 application_protocols: List(&STRING, 0, MANY) => "any of them, as offered by ALPN or found by http_inspector";
    } without {
        4 address_suffix: Scalar, 5 suffix_len: Absent,
    }
    message FILTER "envoy.config.listener.v3.Filter" {
        1 name: NOT_EMPTY => "";
        4 typed_config: Any(&[&TCP_PROXY, &HTTP_CONNECTION_MANAGER, &NETWORK_RBAC]), in "config_type" => required "";
    } without {
        5 config_discovery: Member,
    }
    message LISTENER_FILTER "envoy.config.listener.v3.ListenerFilter" {
        1 name: NOT_EMPTY => "";
        3 typed_config: Any(&[&ORIGINAL_DST, &TLS_INSPECTOR, &HTTP_INSPECTOR]), in "config_type" => required "";
        4 filter_disabled: Message(&LISTENER_FILTER_CHAIN_MATCH_PREDICATE) => "";
    } without {
        5 config_discovery: Member,
    }
    message LISTENER_FILTER_CHAIN_MATCH_PREDICATE "envoy.config.listener.v3.ListenerFilterChainMatchPredicate" {
        1 or_match: Message(&LISTENER_FILTER_CHAIN_MATCH_PREDICATE_MATCH_SET), in "rule" => "";
        2 and_match: Message(&LISTENER_FILTER_CHAIN_MATCH_PREDICATE_MATCH_SET), in "rule" => "";
        3 not_match: Message(&LISTENER_FILTER_CHAIN_MATCH_PREDICATE), in "rule" => "";
        4 any_match: True, in "rule" => "";
        5 destination_port_range: Message(&INT32_RANGE), in "rule" => "";
    } needs ["rule"]
    message LISTENER_FILTER_CHAIN_MATCH_PREDICATE_MATCH_SET "envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet" {
        1 rules: List(&Message(&LISTENER_FILTER_CHAIN_MATCH_PREDICATE), 2, MANY) => "";
    }
    message ORIGINAL_DST "envoy.extensions.filters.listener.original_dst.v3.OriginalDst" {
    }
    message TLS_INSPECTOR "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector" {
        4 close_connection_on_client_hello_parsing_errors: Bool => "";
    } without {
        1 enable_ja3_fingerprinting: Absent, 3 enable_ja4_fingerprinting: Absent,
        2 initial_read_buffer_size: Absent, 5 max_client_hello_size: Absent,
    }
    message HTTP_INSPECTOR "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector" {
    }
}

enumerations! {
    enum TRAFFIC_DIRECTION "envoy.config.core.v3.TrafficDirection" {
        0 UNSPECIFIED, 1 INBOUND, 2 OUTBOUND,
    }
    enum CONNECTION_SOURCE_TYPE "envoy.config.listener.v3.FilterChainMatch.ConnectionSourceType" {
        0 ANY, 1 SAME_IP_OR_LOOPBACK, 2 EXTERNAL,
    }
}
