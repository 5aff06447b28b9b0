//! Lists what of routes is honoured.

use super::Form::{HeaderName, HeaderNameOrEmpty, HeaderValue};
use super::Kind::{Any, Bool, Enum, I64, List, Map, Message, Text, U32, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several, Zero};
use super::core::{DATA_SOURCE, HEADER_VALUE_OPTION, METADATA, RUNTIME_FRACTIONAL_PERCENT};
use super::filters::{HTTP_FAULT, RBAC_PER_ROUTE};
use super::macros::{enumerations, messages};
use super::matcher::{
    HEADER_MATCHER, QUERY_PARAMETER_MATCHER, REGEX_MATCH_AND_SUBSTITUTE, REGEX_MATCHER,
};
use super::{DURATION, MANY, NOT_EMPTY, POSITIVE, STRING, UINT32, UINT64};

messages! {
    message ROUTE_CONFIGURATION "envoy.config.route.v3.RouteConfiguration" {
        1 name: STRING => "";
        2 virtual_hosts: List(&Message(&VIRTUAL_HOST), 0, MANY) => "";
        3 internal_only_headers: List(&Text(HeaderNameOrEmpty, 0, MANY), 0, MANY) => "";
        4 response_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        5 response_headers_to_remove: List(&Text(HeaderNameOrEmpty, 0, MANY), 0, MANY) => "";
        6 request_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        8 request_headers_to_remove: List(&Text(HeaderNameOrEmpty, 0, MANY), 0, MANY) => "";
        10 most_specific_header_mutations_wins: Bool => "";
        7 validate_clusters: Wrapped(&Bool) => "true for an inline `route_config` when absent, false by RDS";
        11 max_direct_response_body_size_bytes: Wrapped(&UINT32) => "4096 when absent";
        14 ignore_port_in_host_matching: Bool => "";
        15 ignore_path_parameters_in_path_matching: Bool => "";
        16 typed_per_filter_config: Map(&Any(&[&RBAC_PER_ROUTE, &HTTP_FAULT, &FILTER_CONFIG])) => "";
        17 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
    } without {
        9 vhds: Absent, 12 cluster_specifier_plugins: Several,
        13 request_mirror_policies: Several, 18 vhost_header: Scalar,
        19 route_specifiers: Several,
    }
    message VIRTUAL_HOST "envoy.config.route.v3.VirtualHost" {
        1 name: NOT_EMPTY => "";
        2 domains: List(&Text(HeaderValue, 0, MANY), 1, MANY) => "exact, `*.suffix`, `prefix.*` or `*`; the longest wins in this order";
        3 routes: List(&Message(&ROUTE), 0, MANY) => "";
        4 require_tls: Enum(&TLS_REQUIREMENT_TYPE) => "";
        7 request_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        13 request_headers_to_remove: List(&Text(HeaderName, 1, MANY), 0, MANY) => "";
        10 response_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        11 response_headers_to_remove: List(&Text(HeaderName, 1, MANY), 0, MANY) => "";
        15 typed_per_filter_config: Map(&Any(&[&RBAC_PER_ROUTE, &HTTP_FAULT, &FILTER_CONFIG])) => "";
        14 include_request_attempt_count: Bool => "";
        19 include_attempt_count_in_response: Bool => "";
        16 retry_policy: Message(&RETRY_POLICY) => "";
        23 include_is_timeout_retry_header: Bool => "";
        18 per_request_buffer_limit_bytes: Wrapped(&UINT32) => "";
        25 request_body_buffer_limit: Wrapped(&UINT64) => "";
        24 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
    } without {
        21 matcher: Absent, 5 virtual_clusters: Several, 6 rate_limits: Several, 8 cors: Absent,
        20 retry_policy_typed_config: Absent, 17 hedge_policy: Absent,
        22 request_mirror_policies: Several, 26 route_specifiers: Several,
    }
    message ROUTE "envoy.config.route.v3.Route" {
        14 name: STRING => "";
        1 match: Message(&ROUTE_MATCH) => required "";
        2 route: Message(&ROUTE_ACTION), in "action" => "";
        3 redirect: Message(&REDIRECT_ACTION), in "action" => "";
        7 direct_response: Message(&DIRECT_RESPONSE_ACTION), in "action" => "";
        18 non_forwarding_action: Message(&NON_FORWARDING_ACTION), in "action" => "";
        4 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
        5 decorator: Message(&DECORATOR) => "taken and not used: there is no tracing";
        13 typed_per_filter_config: Map(&Any(&[&RBAC_PER_ROUTE, &HTTP_FAULT, &FILTER_CONFIG])) => "";
        9 request_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        12 request_headers_to_remove: List(&Text(HeaderName, 1, MANY), 0, MANY) => "";
        10 response_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        11 response_headers_to_remove: List(&Text(HeaderName, 1, MANY), 0, MANY) => "";
        16 per_request_buffer_limit_bytes: Wrapped(&UINT32) => "";
        19 stat_prefix: STRING => "";
        20 request_body_buffer_limit: Wrapped(&UINT64) => "";
    } needs ["action"] without {
        17 filter_action: Member, 15 tracing: Absent, 21 route_specifiers: Several,
    }
    message NON_FORWARDING_ACTION "envoy.config.route.v3.NonForwardingAction" {
    }
    message DECORATOR "envoy.config.route.v3.Decorator" {
        1 operation: NOT_EMPTY => "taken and not used";
        2 propagate: Wrapped(&Bool) => "taken and not used";
    }
    message ROUTE_MATCH "envoy.config.route.v3.RouteMatch" {
        1 prefix: STRING, in "path_specifier" => "";
        2 path: STRING, in "path_specifier" => "";
        10 safe_regex: Message(&REGEX_MATCHER), in "path_specifier" => "";
        12 connect_matcher: Message(&ROUTE_MATCH_CONNECT_MATCHER), in "path_specifier" => "";
        14 path_separated_prefix: STRING, in "path_specifier" => "";
        4 case_sensitive: Wrapped(&Bool) => "";
        9 runtime_fraction: Message(&RUNTIME_FRACTIONAL_PERCENT) => "";
        6 headers: List(&Message(&HEADER_MATCHER), 0, MANY) => "";
        7 query_parameters: List(&Message(&QUERY_PARAMETER_MATCHER), 0, MANY) => "";
        8 grpc: Message(&ROUTE_MATCH_GRPC_ROUTE_MATCH_OPTIONS) => "";
    } needs ["path_specifier"] without {
        15 path_match_policy: Member, 17 cookies: Several, 11 tls_context: Absent,
        13 dynamic_metadata: Several, 16 filter_state: Several,
    }
    message ROUTE_MATCH_CONNECT_MATCHER "envoy.config.route.v3.RouteMatch.ConnectMatcher" {
    }
    message ROUTE_MATCH_GRPC_ROUTE_MATCH_OPTIONS "envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions" {
    }
    message ROUTE_ACTION "envoy.config.route.v3.RouteAction" {
        1 cluster: NOT_EMPTY, in "cluster_specifier" => "";
        2 cluster_header: Text(HeaderName, 1, MANY), in "cluster_specifier" => "";
        3 weighted_clusters: Message(&WEIGHTED_CLUSTER), in "cluster_specifier" => "";
        20 cluster_not_found_response_code: Enum(&CLUSTER_NOT_FOUND_RESPONSE_CODE) => "";
        4 metadata_match: Message(&METADATA) => "";
        5 prefix_rewrite: Text(HeaderValue, 0, MANY) => "";
        32 regex_rewrite: Message(&REGEX_MATCH_AND_SUBSTITUTE) => "";
        6 host_rewrite_literal: Text(HeaderValue, 0, MANY), in "host_rewrite_specifier" => "";
        7 auto_host_rewrite: Wrapped(&Bool), in "host_rewrite_specifier" => "";
        29 host_rewrite_header: Text(HeaderNameOrEmpty, 0, MANY), in "host_rewrite_specifier" => "";
        35 host_rewrite_path_regex: Message(&REGEX_MATCH_AND_SUBSTITUTE), in "host_rewrite_specifier" => "";
        38 append_x_forwarded_host: Bool => "";
        8 timeout: DURATION => "15s when absent, 0s for none";
        24 idle_timeout: DURATION => "";
        9 retry_policy: Message(&RETRY_POLICY) => "";
        11 priority: Enum(&ROUTING_PRIORITY) => "";
        15 hash_policy: List(&Message(&ROUTE_ACTION_HASH_POLICY), 0, MANY) => "";
        23 max_grpc_timeout: DURATION => "";
        28 grpc_timeout_offset: DURATION => "";
        25 upgrade_configs: List(&Message(&ROUTE_UPGRADE_CONFIG), 0, MANY) => "";
        36 max_stream_duration: Message(&ROUTE_ACTION_MAX_STREAM_DURATION) => "";
    } needs ["cluster_specifier"] without {
        37 cluster_specifier_plugin: Member, 39 inline_cluster_specifier_plugin: Member,
        41 path_rewrite_policy: Absent, 45 path_rewrite: Scalar, 44 host_rewrite: Member,
        42 flush_timeout: Absent, 40 early_data_policy: Absent,
        33 retry_policy_typed_config: Absent, 30 request_mirror_policies: Several,
        13 rate_limits: Several, 14 include_vh_rate_limits: Absent, 17 cors: Absent,
        34 internal_redirect_policy: Absent,
        26 internal_redirect_action: Zero("PASS_THROUGH_INTERNAL_REDIRECT"),
        31 max_internal_redirects: Absent, 27 hedge_policy: Absent,
    }
    message ROUTE_UPGRADE_CONFIG "envoy.config.route.v3.RouteAction.UpgradeConfig" {
        1 upgrade_type: Text(HeaderValue, 1, MANY) => "";
        2 enabled: Wrapped(&Bool) => "";
        3 connect_config: Message(&CONNECT_CONFIG) => "";
    }
    message CONNECT_CONFIG "envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig" {
        2 allow_post: Bool => "";
    } without {
        1 proxy_protocol_config: Absent,
    }
    message ROUTE_ACTION_HASH_POLICY "envoy.config.route.v3.RouteAction.HashPolicy" {
        1 header: Message(&ROUTE_ACTION_HASH_POLICY_HEADER), in "policy_specifier" => "";
        2 cookie: Message(&ROUTE_ACTION_HASH_POLICY_COOKIE), in "policy_specifier" => "";
        3 connection_properties: Message(&ROUTE_ACTION_HASH_POLICY_CONNECTION_PROPERTIES), in "policy_specifier" => "";
        5 query_parameter: Message(&ROUTE_ACTION_HASH_POLICY_QUERY_PARAMETER), in "policy_specifier" => "";
        4 terminal: Bool => "";
    } needs ["policy_specifier"] without {
        6 filter_state: Member,
    }
    message ROUTE_ACTION_HASH_POLICY_HEADER "envoy.config.route.v3.RouteAction.HashPolicy.Header" {
        1 header_name: Text(HeaderName, 1, MANY) => "";
        2 regex_rewrite: Message(&REGEX_MATCH_AND_SUBSTITUTE) => "";
    }
    message ROUTE_ACTION_HASH_POLICY_COOKIE "envoy.config.route.v3.RouteAction.HashPolicy.Cookie" {
        1 name: NOT_EMPTY => "";
        2 ttl: DURATION => "";
        3 path: STRING => "";
    } without {
        4 attributes: Several,
    }
    message ROUTE_ACTION_HASH_POLICY_CONNECTION_PROPERTIES "envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties" {
        1 source_ip: Bool => "";
    }
    message ROUTE_ACTION_HASH_POLICY_QUERY_PARAMETER "envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter" {
        1 name: NOT_EMPTY => "";
    }
    message ROUTE_ACTION_MAX_STREAM_DURATION "envoy.config.route.v3.RouteAction.MaxStreamDuration" {
        1 max_stream_duration: DURATION => "";
        2 grpc_timeout_header_max: DURATION => "";
        3 grpc_timeout_header_offset: DURATION => "";
    }
    message WEIGHTED_CLUSTER "envoy.config.route.v3.WeightedCluster" {
        1 clusters: List(&Message(&WEIGHTED_CLUSTER_CLUSTER_WEIGHT), 1, MANY) => "";
        3 total_weight: Wrapped(&UINT32) => "taken and not used: weights add up to it";
        2 runtime_key_prefix: STRING => "taken and not looked up";
        4 header_name: Text(HeaderNameOrEmpty, 0, MANY), in "random_value_specifier" => "";
    } without {
        5 use_hash_policy: Member,
    }
    message WEIGHTED_CLUSTER_CLUSTER_WEIGHT "envoy.config.route.v3.WeightedCluster.ClusterWeight" {
        1 name: STRING => "";
        2 weight: Wrapped(&UINT32) => "";
        3 metadata_match: Message(&METADATA) => "";
        4 request_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        9 request_headers_to_remove: List(&Text(HeaderNameOrEmpty, 0, MANY), 0, MANY) => "";
        5 response_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        6 response_headers_to_remove: List(&Text(HeaderNameOrEmpty, 0, MANY), 0, MANY) => "";
        10 typed_per_filter_config: Map(&Any(&[&RBAC_PER_ROUTE, &HTTP_FAULT, &FILTER_CONFIG])) => "";
        11 host_rewrite_literal: Text(HeaderValue, 0, MANY) => "";
    } without {
        12 cluster_header: Scalar,
    }
    message RETRY_POLICY "envoy.config.route.v3.RetryPolicy" {
        1 retry_on: STRING => "";
        2 num_retries: Wrapped(&UINT32) => "1 when absent";
        3 per_try_timeout: DURATION => "";
        13 per_try_idle_timeout: DURATION => "";
        5 retry_host_predicate: List(&Message(&RETRY_POLICY_RETRY_HOST_PREDICATE), 0, MANY) => "";
        6 host_selection_retry_max_attempts: I64(i64::MIN, i64::MAX) => "";
        7 retriable_status_codes: List(&UINT32, 0, MANY) => "";
        8 retry_back_off: Message(&RETRY_POLICY_RETRY_BACK_OFF) => "";
        9 retriable_headers: List(&Message(&HEADER_MATCHER), 0, MANY) => "";
        10 retriable_request_headers: List(&Message(&HEADER_MATCHER), 0, MANY) => "";
    } without {
        4 retry_priority: Absent, 12 retry_options_predicates: Several,
        11 rate_limited_retry_back_off: Absent, 14 refresh_cluster_on_retry: Scalar,
    }
    message RETRY_POLICY_RETRY_BACK_OFF "envoy.config.route.v3.RetryPolicy.RetryBackOff" {
        1 base_interval: POSITIVE => required "25ms when there is no back-off";
        2 max_interval: POSITIVE => "ten times the base when absent";
    }
    message RETRY_POLICY_RETRY_HOST_PREDICATE "envoy.config.route.v3.RetryPolicy.RetryHostPredicate" {
        1 name: NOT_EMPTY => "";
        3 typed_config: Any(&[&PREVIOUS_HOSTS_PREDICATE]) => required "";
    }
    message PREVIOUS_HOSTS_PREDICATE "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate" {
    }
    message REDIRECT_ACTION "envoy.config.route.v3.RedirectAction" {
        4 https_redirect: Bool, in "scheme_rewrite_specifier" => "";
        7 scheme_redirect: STRING, in "scheme_rewrite_specifier" => "";
        1 host_redirect: Text(HeaderValue, 0, MANY) => "";
        8 port_redirect: UINT32 => "";
        2 path_redirect: Text(HeaderValue, 0, MANY), in "path_rewrite_specifier" => "";
        5 prefix_rewrite: Text(HeaderValue, 0, MANY), in "path_rewrite_specifier" => "";
        9 regex_rewrite: Message(&REGEX_MATCH_AND_SUBSTITUTE), in "path_rewrite_specifier" => "";
        3 response_code: Enum(&REDIRECT_RESPONSE_CODE) => "";
        6 strip_query: Bool => "";
    } without {
        10 path_rewrite: Member,
    }
    message DIRECT_RESPONSE_ACTION "envoy.config.route.v3.DirectResponseAction" {
        1 status: U32(200, 599) => "";
        2 body: Message(&DATA_SOURCE) => "";
    } without {
        3 body_format: Absent,
    }
    message FILTER_CONFIG "envoy.config.route.v3.FilterConfig" {
        1 config: Any(&[&RBAC_PER_ROUTE, &HTTP_FAULT]) => "";
        2 is_optional: Bool => "taken and not used: each type is there";
        3 disabled: Bool => "";
    }
}

enumerations! {
    enum TLS_REQUIREMENT_TYPE "envoy.config.route.v3.VirtualHost.TlsRequirementType" {
        0 NONE, 1 EXTERNAL_ONLY, 2 ALL,
    }
    enum CLUSTER_NOT_FOUND_RESPONSE_CODE "envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode" {
        0 SERVICE_UNAVAILABLE, 1 NOT_FOUND, 2 INTERNAL_SERVER_ERROR,
    }
    enum ROUTING_PRIORITY "envoy.config.core.v3.RoutingPriority" {
        0 DEFAULT, 1 HIGH,
    }
    enum REDIRECT_RESPONSE_CODE "envoy.config.route.v3.RedirectAction.RedirectResponseCode" {
        0 MOVED_PERMANENTLY, 1 FOUND, 2 SEE_OTHER, 3 TEMPORARY_REDIRECT, 4 PERMANENT_REDIRECT,
    }
}
