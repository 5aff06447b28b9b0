//! Lists what of clusters is honoured.

use super::Kind::{Any, Bool, Duration, Enum, List, Map, Message, Struct, U32, U64, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several, Zero};
use super::core::{
    BIND_CONFIG, CONFIG_SOURCE, METADATA, PERCENT, RUNTIME_DOUBLE, TCP_KEEPALIVE, TRANSPORT_SOCKET,
};
use super::endpoint::{CLUSTER_LOAD_ASSIGNMENT, HEALTH_CHECK};
use super::macros::{enumerations, messages};
use super::route::ROUTING_PRIORITY;
use super::tls::UPSTREAM_HTTP_OPTIONS;
use super::{DURATION, ENDLESS, MANY, NOT_EMPTY, POSITIVE, STRING, UINT32, UINT64};

messages! {
    message CLUSTER "envoy.config.cluster.v3.Cluster" {
        43 transport_socket_matches: List(&Message(&CLUSTER_TRANSPORT_SOCKET_MATCH), 0, MANY) => "the first that matches an endpoint's metadata wins over `transport_socket`";
        1 name: NOT_EMPTY => "";
        28 alt_stat_name: STRING => "";
        2 type: Enum(&DISCOVERY_TYPE), in "cluster_discovery_type" => "LOGICAL_DNS is not honoured";
        3 eds_cluster_config: Message(&CLUSTER_EDS_CLUSTER_CONFIG) => "";
        4 connect_timeout: POSITIVE => "5s when absent";
        5 per_connection_buffer_limit_bytes: Wrapped(&UINT32) => "1 MiB when absent";
        6 lb_policy: Enum(&LB_POLICY) => "";
        33 load_assignment: Message(&CLUSTER_LOAD_ASSIGNMENT) => "";
        8 health_checks: List(&Message(&HEALTH_CHECK), 0, 8) => "";
        10 circuit_breakers: Message(&CIRCUIT_BREAKERS) => "";
        36 typed_extension_protocol_options: Map(&Any(&[&UPSTREAM_HTTP_OPTIONS])) => "";
        16 dns_refresh_rate: Duration(1_000_001, ENDLESS) => "5s when absent";
        58 dns_jitter: DURATION => "";
        44 dns_failure_refresh_rate: Message(&CLUSTER_REFRESH_RATE) => "";
        39 respect_dns_ttl: Bool => "";
        17 dns_lookup_family: Enum(&DNS_LOOKUP_FAMILY) => "";
        54 wait_for_warm_on_init: Wrapped(&Bool) => "";
        19 outlier_detection: Message(&OUTLIER_DETECTION) => "";
        20 cleanup_interval: POSITIVE => "5s when absent; of ORIGINAL_DST";
        21 upstream_bind_config: Message(&BIND_CONFIG) => "";
        23 ring_hash_lb_config: Message(&CLUSTER_RING_HASH_LB_CONFIG), in "lb_config" => "";
        34 original_dst_lb_config: Message(&CLUSTER_ORIGINAL_DST_LB_CONFIG), in "lb_config" => "";
        37 least_request_lb_config: Message(&CLUSTER_LEAST_REQUEST_LB_CONFIG), in "lb_config" => "";
        27 common_lb_config: Message(&CLUSTER_COMMON_LB_CONFIG) => "";
        24 transport_socket: Message(&TRANSPORT_SOCKET) => "plaintext when absent";
        25 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
        30 upstream_connection_options: Message(&UPSTREAM_CONNECTION_OPTIONS) => "";
        31 close_connections_on_host_health_failure: Bool => "";
        32 ignore_health_on_host_removal: Bool => "";
    } without {
        59 transport_socket_matcher: Absent, 61 stats_matcher: Absent, 38 cluster_type: Member,
        60 per_connection_buffer_high_watermark_timeout: Absent,
        9 max_requests_per_connection: Absent, 46 upstream_http_protocol_options: Absent,
        29 common_http_protocol_options: Absent, 13 http_protocol_options: Absent,
        14 http2_protocol_options: Absent, 18 dns_resolvers: Several,
        45 use_tcp_for_dns_lookups: Scalar, 53 dns_resolution_config: Absent,
        55 typed_dns_resolver_config: Absent, 22 lb_subset_config: Absent,
        52 maglev_lb_config: Member, 56 round_robin_lb_config: Member,
        26 protocol_selection: Zero("USE_CONFIGURED_PROTOCOL"), 40 filters: Several,
        41 load_balancing_policy: Absent, 42 lrs_server: Absent,
        57 lrs_report_endpoint_metrics: Several, 47 track_timeout_budgets: Scalar,
        48 upstream_config: Absent, 49 track_cluster_stats: Absent, 50 preconnect_policy: Absent,
        51 connection_pool_per_downstream_connection: Scalar, 62 queuing_policies: Absent,
    }
    message CLUSTER_TRANSPORT_SOCKET_MATCH "envoy.config.cluster.v3.Cluster.TransportSocketMatch" {
        1 name: NOT_EMPTY => "";
        2 match: Struct => "every entry must be in the endpoint's metadata `envoy.transport_socket_match`";
        3 transport_socket: Message(&TRANSPORT_SOCKET) => "";
    }
    message CLUSTER_EDS_CLUSTER_CONFIG "envoy.config.cluster.v3.Cluster.EdsClusterConfig" {
        1 eds_config: Message(&CONFIG_SOURCE) => "";
        2 service_name: STRING => "the cluster's name when absent";
    }
    message CLUSTER_LEAST_REQUEST_LB_CONFIG "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig" {
        1 choice_count: Wrapped(&U32(2, u32::MAX)) => "2 when absent";
        2 active_request_bias: Message(&RUNTIME_DOUBLE) => "1.0 when absent";
    } without {
        3 slow_start_config: Absent,
    }
    message CLUSTER_RING_HASH_LB_CONFIG "envoy.config.cluster.v3.Cluster.RingHashLbConfig" {
        1 minimum_ring_size: Wrapped(&U64(0, 8_388_608)) => "1024 when absent";
        3 hash_function: Enum(&HASH_FUNCTION) => "";
        4 maximum_ring_size: Wrapped(&U64(0, 8_388_608)) => "8388608 when absent";
    }
    message CLUSTER_ORIGINAL_DST_LB_CONFIG "envoy.config.cluster.v3.Cluster.OriginalDstLbConfig" {
        1 use_http_header: Bool => "";
        2 http_header_name: STRING => "";
        3 upstream_port_override: Wrapped(&U32(0, 65_535)) => "";
    } without {
        4 metadata_key: Absent,
    }
    message CLUSTER_COMMON_LB_CONFIG "envoy.config.cluster.v3.Cluster.CommonLbConfig" {
        1 healthy_panic_threshold: Message(&PERCENT) => "50 when absent";
        2 zone_aware_lb_config: Message(&ZONE_AWARE_LB_CONFIG), in "locality_config_specifier" => "";
        3 locality_weighted_lb_config: Message(&LOCALITY_WEIGHTED_LB_CONFIG), in "locality_config_specifier" => "";
        4 update_merge_window: DURATION => "taken and not used: what changes is taken at once";
        5 ignore_new_hosts_until_first_hc: Bool => "";
        6 close_connections_on_host_set_change: Bool => "";
        7 consistent_hashing_lb_config: Message(&CONSISTENT_HASHING_LB_CONFIG) => "";
    } without {
        8 override_host_status: Absent,
    }
    message ZONE_AWARE_LB_CONFIG "envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig" {
        1 routing_enabled: Message(&PERCENT) => "";
        2 min_cluster_size: Wrapped(&UINT64) => "";
        3 fail_traffic_on_panic: Bool => "";
    }
    message LOCALITY_WEIGHTED_LB_CONFIG "envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig" {
    }
    message CONSISTENT_HASHING_LB_CONFIG "envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig" {
        1 use_hostname_for_hashing: Bool => "";
    } without {
        2 hash_balance_factor: Absent,
    }
    message CLUSTER_REFRESH_RATE "envoy.config.cluster.v3.Cluster.RefreshRate" {
        1 base_interval: Duration(1_000_001, ENDLESS) => required "";
        2 max_interval: Duration(1_000_001, ENDLESS) => "";
    }
    message UPSTREAM_CONNECTION_OPTIONS "envoy.config.cluster.v3.UpstreamConnectionOptions" {
        1 tcp_keepalive: Message(&TCP_KEEPALIVE) => "";
    } without {
        2 set_local_interface_name_on_upstream_connections: Scalar,
        3 happy_eyeballs_config: Absent,
    }
    message CIRCUIT_BREAKERS "envoy.config.cluster.v3.CircuitBreakers" {
        1 thresholds: List(&Message(&CIRCUIT_BREAKERS_THRESHOLDS), 0, MANY) => "";
        2 per_host_thresholds: List(&Message(&CIRCUIT_BREAKERS_THRESHOLDS), 0, MANY) => "";
    }
    message CIRCUIT_BREAKERS_THRESHOLDS "envoy.config.cluster.v3.CircuitBreakers.Thresholds" {
        1 priority: Enum(&ROUTING_PRIORITY) => "";
        2 max_connections: Wrapped(&UINT32) => "1024 when absent";
        3 max_pending_requests: Wrapped(&UINT32) => "1024 when absent";
        4 max_requests: Wrapped(&UINT32) => "1024 when absent";
        5 max_retries: Wrapped(&UINT32) => "3 when absent";
        8 retry_budget: Message(&CIRCUIT_BREAKERS_THRESHOLDS_RETRY_BUDGET) => "";
        6 track_remaining: Bool => "";
    } without {
        7 max_connection_pools: Absent,
    }
    message CIRCUIT_BREAKERS_THRESHOLDS_RETRY_BUDGET "envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget" {
        1 budget_percent: Message(&PERCENT) => "20 when absent";
        2 min_retry_concurrency: Wrapped(&UINT32) => "3 when absent";
    } without {
        3 budget_interval: Absent,
    }
    message OUTLIER_DETECTION "envoy.config.cluster.v3.OutlierDetection" {
        1 consecutive_5xx: Wrapped(&UINT32) => "5 when absent";
        2 interval: POSITIVE => "10s when absent";
        3 base_ejection_time: POSITIVE => "30s when absent";
        4 max_ejection_percent: Wrapped(&U32(0, 100)) => "10 when absent";
        5 enforcing_consecutive_5xx: Wrapped(&U32(0, 100)) => "100 when absent";
        6 enforcing_success_rate: Wrapped(&U32(0, 100)) => "100 when absent";
        7 success_rate_minimum_hosts: Wrapped(&UINT32) => "5 when absent";
        8 success_rate_request_volume: Wrapped(&UINT32) => "100 when absent";
        9 success_rate_stdev_factor: Wrapped(&UINT32) => "thousandths; 1900 when absent";
        10 consecutive_gateway_failure: Wrapped(&UINT32) => "5 when absent";
        11 enforcing_consecutive_gateway_failure: Wrapped(&U32(0, 100)) => "0 when absent";
        12 split_external_local_origin_errors: Bool => "";
        13 consecutive_local_origin_failure: Wrapped(&UINT32) => "5 when absent";
        14 enforcing_consecutive_local_origin_failure: Wrapped(&U32(0, 100)) => "100 when absent";
        15 enforcing_local_origin_success_rate: Wrapped(&U32(0, 100)) => "100 when absent";
        16 failure_percentage_threshold: Wrapped(&U32(0, 100)) => "85 when absent";
        17 enforcing_failure_percentage: Wrapped(&U32(0, 100)) => "0 when absent";
        18 enforcing_failure_percentage_local_origin: Wrapped(&U32(0, 100)) => "0 when absent";
        19 failure_percentage_minimum_hosts: Wrapped(&UINT32) => "5 when absent";
        20 failure_percentage_request_volume: Wrapped(&UINT32) => "50 when absent";
        21 max_ejection_time: POSITIVE => "300s or the base ejection time, whichever is longer, when absent";
        22 max_ejection_time_jitter: DURATION => "";
        23 successful_active_health_check_uneject_host: Wrapped(&Bool) => "true when absent";
        25 always_eject_one_host: Wrapped(&Bool) => "";
    } without {
        24 monitors: Several, 26 detect_degraded_hosts: Absent,
    }
}

enumerations! {
    enum DISCOVERY_TYPE "envoy.config.cluster.v3.Cluster.DiscoveryType" {
        0 STATIC, 1 STRICT_DNS, 3 EDS, 4 ORIGINAL_DST,
    } without {
        2 LOGICAL_DNS,
    }
    enum LB_POLICY "envoy.config.cluster.v3.Cluster.LbPolicy" {
        0 ROUND_ROBIN, 1 LEAST_REQUEST, 2 RING_HASH, 3 RANDOM, 6 CLUSTER_PROVIDED,
    } without {
        5 MAGLEV, 7 LOAD_BALANCING_POLICY_CONFIG,
    }
    enum DNS_LOOKUP_FAMILY "envoy.config.cluster.v3.Cluster.DnsLookupFamily" {
        0 AUTO, 1 V4_ONLY, 2 V6_ONLY, 3 V4_PREFERRED, 4 ALL,
    }
    enum HASH_FUNCTION "envoy.config.cluster.v3.Cluster.RingHashLbConfig.HashFunction" {
        0 XX_HASH, 1 MURMUR_HASH_2,
    }
}
