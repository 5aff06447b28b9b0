//! Lists what of the bootstrap itself is honoured: admin, runtime, statistics, overload.

use super::Kind::{Any, Bool, Double, Duration, I64, List, Message, Struct, True, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several};
use super::access_log::ACCESS_LOG;
use super::cluster::CLUSTER;
use super::core::{ADDRESS, API_CONFIG_SOURCE, CONFIG_SOURCE, NODE};
use super::listener::LISTENER;
use super::macros::messages;
use super::matcher::{LIST_STRING_MATCHER, STRING_MATCHER};
use super::tls::SECRET;
use super::{DURATION, MANY, NOT_EMPTY};

messages! {
    message BOOTSTRAP "envoy.config.bootstrap.v3.Bootstrap" {
        1 node: Message(&NODE) => "";
        2 static_resources: Message(&STATIC_RESOURCES) => "";
        3 dynamic_resources: Message(&DYNAMIC_RESOURCES) => "";
        13 stats_config: Message(&STATS_CONFIG) => "";
        7 stats_flush_interval: Duration(1_000_000, 300) => "how often histograms begin a new interval; 5s when absent";
        29 stats_flush_on_admin: True => "histograms begin a new interval whenever statistics are read";
        17 layered_runtime: Message(&LAYERED_RUNTIME) => "";
        12 admin: Message(&ADMIN) => "";
        15 overload_manager: Message(&OVERLOAD_MANAGER) => "";
    } without {
        26 node_context_params: Several, 4 cluster_manager: Absent, 14 hds_config: Absent,
        5 flags_path: Scalar, 6 stats_sinks: Several, 39 deferred_stat_options: Absent,
        42 stats_eviction_interval: Member, 8 watchdog: Absent, 27 watchdogs: Absent,
        9 tracing: Absent, 16 enable_dispatcher_stats: Scalar, 18 header_prefix: Scalar,
        19 stats_server_version_override: Absent, 20 use_tcp_for_dns_lookups: Scalar,
        30 dns_resolution_config: Absent, 31 typed_dns_resolver_config: Absent,
        21 bootstrap_extensions: Several, 28 fatal_actions: Several, 22 config_sources: Several,
        23 default_config_source: Absent, 24 default_socket_interface: Scalar,
        25 certificate_provider_instances: Several, 32 inline_headers: Several,
        33 perf_tracing_file_path: Scalar, 34 default_regex_engine: Absent,
        35 xds_delegate_extension: Absent, 36 xds_config_tracker_extension: Absent,
        37 listener_manager: Absent, 38 application_log_config: Absent,
        40 grpc_async_client_manager_config: Absent, 41 memory_allocator_manager: Absent,
        43 enable_worker_cpu_affinity: Scalar,
    }
    message STATIC_RESOURCES "envoy.config.bootstrap.v3.Bootstrap.StaticResources" {
        1 listeners: List(&Message(&LISTENER), 0, MANY) => "";
        2 clusters: List(&Message(&CLUSTER), 0, MANY) => "";
        3 secrets: List(&Message(&SECRET), 0, MANY) => "";
    }
    message DYNAMIC_RESOURCES "envoy.config.bootstrap.v3.Bootstrap.DynamicResources" {
        1 lds_config: Message(&CONFIG_SOURCE) => "";
        2 cds_config: Message(&CONFIG_SOURCE) => "";
        3 ads_config: Message(&API_CONFIG_SOURCE) => "";
    } without {
        5 lds_resources_locator: Scalar, 6 cds_resources_locator: Scalar,
    }
    message ADMIN "envoy.config.bootstrap.v3.Admin" {
        5 access_log: List(&Message(&ACCESS_LOG), 0, MANY) => "";
        3 address: Message(&ADDRESS) => "a socket address; without it there is no admin";
        6 ignore_global_conn_limit: Bool => "";
    } without {
        1 access_log_path: Scalar, 2 profile_path: Scalar, 4 socket_options: Several,
        7 allow_paths: Several,
    }
    message LAYERED_RUNTIME "envoy.config.bootstrap.v3.LayeredRuntime" {
        1 layers: List(&Message(&RUNTIME_LAYER), 0, MANY) => "later layers override earlier ones";
    }
    message RUNTIME_LAYER "envoy.config.bootstrap.v3.RuntimeLayer" {
        1 name: NOT_EMPTY => "";
        2 static_layer: Struct, in "layer_specifier" => "the keys `config.do_not_validate_alpn_support` and `overload.global_downstream_max_connections` alone";
        4 admin_layer: Message(&RUNTIME_LAYER_ADMIN_LAYER), in "layer_specifier" => "taken and empty: the admin has no /runtime_modify";
    } needs ["layer_specifier"] without {
        3 disk_layer: Member, 5 rtds_layer: Member,
    }
    message RUNTIME_LAYER_ADMIN_LAYER "envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer" {
    }
    message STATS_CONFIG "envoy.config.metrics.v3.StatsConfig" {
        2 use_all_default_tags: Wrapped(&Bool) => "";
        3 stats_matcher: Message(&STATS_MATCHER) => "";
        4 histogram_bucket_settings: List(&Message(&HISTOGRAM_BUCKET_SETTINGS), 0, MANY) => "";
    } without {
        1 stats_tags: Several, 5 allow_default_tag_overrides: Absent,
    }
    message STATS_MATCHER "envoy.config.metrics.v3.StatsMatcher" {
        1 reject_all: Bool, in "stats_matcher" => "";
        2 exclusion_list: Message(&LIST_STRING_MATCHER), in "stats_matcher" => "";
        3 inclusion_list: Message(&LIST_STRING_MATCHER), in "stats_matcher" => "";
    } needs ["stats_matcher"]
    message HISTOGRAM_BUCKET_SETTINGS "envoy.config.metrics.v3.HistogramBucketSettings" {
        1 match: Message(&STRING_MATCHER) => required "";
        2 buckets: List(&Double(f64::MIN_POSITIVE, f64::MAX), 0, MANY) => "milliseconds";
    } without {
        3 bins: Absent,
    }
    message OVERLOAD_MANAGER "envoy.config.overload.v3.OverloadManager" {
        1 refresh_interval: DURATION => "taken and not used: what is honoured here is counted, not sampled";
        2 resource_monitors: List(&Message(&RESOURCE_MONITOR), 1, MANY) => "";
    } without {
        3 actions: Several, 5 loadshed_points: Several, 4 buffer_factory_config: Absent,
    }
    message RESOURCE_MONITOR "envoy.config.overload.v3.ResourceMonitor" {
        1 name: NOT_EMPTY => "";
        3 typed_config: Any(&[&DOWNSTREAM_CONNECTIONS_CONFIG]) => required "";
    }
    message DOWNSTREAM_CONNECTIONS_CONFIG "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig" {
        1 max_active_downstream_connections: I64(1, i64::MAX) => "";
    }
}
