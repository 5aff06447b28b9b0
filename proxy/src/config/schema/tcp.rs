//! Lists what of the TCP proxy and of its neighbours is honoured.

use super::Kind::{Bool, List, Message, U32, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several, Zero};
use super::access_log::ACCESS_LOG;
use super::core::{BACKOFF_STRATEGY, HEADER_VALUE_OPTION, METADATA};
use super::filters::RBAC;
use super::macros::messages;
use super::{DURATION, MANY, MILLISECOND, NOT_EMPTY, STRING};

messages! {
    message TCP_PROXY "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy" {
        1 stat_prefix: NOT_EMPTY => "";
        2 cluster: STRING, in "cluster_specifier" => "";
        10 weighted_clusters: Message(&TCP_WEIGHTED_CLUSTER), in "cluster_specifier" => "";
        9 metadata_match: Message(&METADATA) => "";
        8 idle_timeout: DURATION => "1h when absent, 0s for none";
        5 access_log: List(&Message(&ACCESS_LOG), 0, MANY) => "";
        7 max_connect_attempts: Wrapped(&U32(1, u32::MAX)) => "1 when absent";
        18 backoff_options: Message(&BACKOFF_STRATEGY) => "";
        11 hash_policy: List(&Message(&TCP_HASH_POLICY), 0, 1) => "";
        12 tunneling_config: Message(&TUNNELING_CONFIG) => "";
        13 max_downstream_connection_duration: MILLISECOND => "";
        17 access_log_options: Message(&TCP_PROXY_TCP_ACCESS_LOG_OPTIONS) => "";
    } needs ["cluster_specifier"] without {
        14 on_demand: Absent, 3 downstream_idle_timeout: Absent, 4 upstream_idle_timeout: Absent,
        20 max_downstream_connection_duration_jitter_percentage: Absent,
        15 access_log_flush_interval: Absent, 16 flush_access_log_on_connected: Scalar,
        19 proxy_protocol_tlvs: Several,
        23 proxy_protocol_tlv_merge_policy: Zero("ADD_IF_ABSENT"),
        21 upstream_connect_mode: Zero("IMMEDIATE"), 22 max_early_data_bytes: Absent,
        24 check_drain_close: Absent,
    }
    message TCP_WEIGHTED_CLUSTER "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster" {
        1 clusters: List(&Message(&TCP_CLUSTER_WEIGHT), 1, MANY) => "";
    }
    message TCP_CLUSTER_WEIGHT "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight" {
        1 name: NOT_EMPTY => "";
        2 weight: U32(1, u32::MAX) => "";
        3 metadata_match: Message(&METADATA) => "";
    }
    message TUNNELING_CONFIG "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig" {
        1 hostname: NOT_EMPTY => "command operators of the access log";
        2 use_post: Bool => "";
        3 headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        5 post_path: STRING => "";
    } without {
        4 propagate_response_headers: Scalar, 6 propagate_response_trailers: Scalar,
        7 request_id_extension: Absent, 8 request_id_header: Scalar,
        9 request_id_metadata_key: Scalar, 10 formatters: Several,
    }
    message TCP_PROXY_TCP_ACCESS_LOG_OPTIONS "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions" {
        1 access_log_flush_interval: MILLISECOND => "";
        2 flush_access_log_on_connected: Bool => "";
    } without {
        3 flush_access_log_on_start: Scalar,
    }
    message TCP_HASH_POLICY "envoy.type.v3.HashPolicy" {
        1 source_ip: Message(&TCP_HASH_SOURCE_IP), in "policy_specifier" => "";
    } needs ["policy_specifier"] without {
        2 filter_state: Member,
    }
    message TCP_HASH_SOURCE_IP "envoy.type.v3.HashPolicy.SourceIp" {
    }
    message NETWORK_RBAC "envoy.extensions.filters.network.rbac.v3.RBAC" {
        1 rules: Message(&RBAC) => "";
        2 shadow_rules: Message(&RBAC) => "";
        5 shadow_rules_stat_prefix: STRING => "";
        3 stat_prefix: NOT_EMPTY => "";
    } without {
        6 matcher: Absent, 7 shadow_matcher: Absent,
        4 enforcement_type: Zero("ONE_TIME_ON_FIRST_BYTE"), 8 delay_deny: Absent,
    }
}
