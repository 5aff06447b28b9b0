//! Lists what of the HTTP filters is honoured.

use super::Kind::{Bool, Enum, List, Map, Message, True, U32, U64, Word, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several};
use super::core::{CIDR_RANGE, FRACTIONAL_PERCENT, INT32_RANGE};
use super::macros::{enumerations, messages};
use super::matcher::{HEADER_MATCHER, PATH_MATCHER, STRING_MATCHER};
use super::{MANY, NOT_EMPTY, POSITIVE, STRING, UINT32};

messages! {
    message ROUTER "envoy.extensions.filters.http.router.v3.Router" {
        1 dynamic_stats: Wrapped(&Bool) => "";
        4 suppress_envoy_headers: Bool => "";
        5 strict_check_headers: List(&Word(&["x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-max-retries", "x-envoy-retry-grpc-on", "x-envoy-retry-on"]), 0, MANY) => "";
        6 respect_expected_rq_timeout: Bool => "";
        7 suppress_grpc_request_failure_code_stats: Bool => "";
    } without {
        2 start_child_span: Scalar, 3 upstream_log: Several, 9 upstream_log_options: Absent,
        8 upstream_http_filters: Several, 10 reject_connect_request_early_data: Absent,
    }
    message GRPC_STATS "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig" {
        1 emit_filter_state: Bool => "taken and not used: nothing reads it";
        2 individual_method_stats_allowlist: Message(&GRPC_METHOD_LIST), in "per_method_stat_specifier" => "";
        3 stats_for_all_methods: Wrapped(&Bool), in "per_method_stat_specifier" => "";
        4 enable_upstream_stats: Bool => "";
        5 replace_dots_in_grpc_service_name: Bool => "";
    }
    message GRPC_METHOD_LIST "envoy.config.core.v3.GrpcMethodList" {
        1 services: List(&Message(&GRPC_METHOD_LIST_SERVICE), 0, MANY) => "";
    }
    message GRPC_METHOD_LIST_SERVICE "envoy.config.core.v3.GrpcMethodList.Service" {
        1 name: NOT_EMPTY => "";
        2 method_names: List(&STRING, 1, MANY) => "";
    }
    message HTTP_RBAC "envoy.extensions.filters.http.rbac.v3.RBAC" {
        1 rules: Message(&RBAC) => "without it everything passes";
        6 rules_stat_prefix: STRING => "";
        2 shadow_rules: Message(&RBAC) => "";
        3 shadow_rules_stat_prefix: STRING => "";
    } without {
        4 matcher: Absent, 5 shadow_matcher: Absent, 7 track_per_rule_stats: Scalar,
    }
    message RBAC_PER_ROUTE "envoy.extensions.filters.http.rbac.v3.RBACPerRoute" {
        2 rbac: Message(&HTTP_RBAC) => "";
    }
    message RBAC "envoy.config.rbac.v3.RBAC" {
        1 action: Enum(&RBAC_ACTION) => "";
        2 policies: Map(&Message(&RBAC_POLICY)) => "";
    } without {
        3 audit_logging_options: Absent,
    }
    message RBAC_POLICY "envoy.config.rbac.v3.Policy" {
        1 permissions: List(&Message(&PERMISSION), 1, MANY) => "";
        2 principals: List(&Message(&PRINCIPAL), 1, MANY) => "";
    } without {
        3 condition: Absent, 4 checked_condition: Absent, 5 cel_config: Absent,
    }
    message PERMISSION "envoy.config.rbac.v3.Permission" {
        1 and_rules: Message(&PERMISSION_SET), in "rule" => "";
        2 or_rules: Message(&PERMISSION_SET), in "rule" => "";
        3 any: True, in "rule" => "";
        4 header: Message(&HEADER_MATCHER), in "rule" => "";
        10 url_path: Message(&PATH_MATCHER), in "rule" => "";
        5 destination_ip: Message(&CIDR_RANGE), in "rule" => "";
        6 destination_port: U32(0, 65_535), in "rule" => "";
        11 destination_port_range: Message(&INT32_RANGE), in "rule" => "";
        8 not_rule: Message(&PERMISSION), in "rule" => "";
        9 requested_server_name: Message(&STRING_MATCHER), in "rule" => "";
    } needs ["rule"] without {
        7 metadata: Member, 12 matcher: Member, 13 uri_template: Member,
        14 sourced_metadata: Member,
    }
    message PERMISSION_SET "envoy.config.rbac.v3.Permission.Set" {
        1 rules: List(&Message(&PERMISSION), 1, MANY) => "";
    }
    message PRINCIPAL "envoy.config.rbac.v3.Principal" {
        1 and_ids: Message(&PRINCIPAL_SET), in "identifier" => "";
        2 or_ids: Message(&PRINCIPAL_SET), in "identifier" => "";
        3 any: True, in "identifier" => "";
        4 authenticated: Message(&PRINCIPAL_AUTHENTICATED), in "identifier" => "";
        5 source_ip: Message(&CIDR_RANGE), in "identifier" => "";
        10 direct_remote_ip: Message(&CIDR_RANGE), in "identifier" => "";
        11 remote_ip: Message(&CIDR_RANGE), in "identifier" => "";
        6 header: Message(&HEADER_MATCHER), in "identifier" => "";
        9 url_path: Message(&PATH_MATCHER), in "identifier" => "";
        8 not_id: Message(&PRINCIPAL), in "identifier" => "";
    } needs ["identifier"] without {
        7 metadata: Member, 12 filter_state: Member, 13 sourced_metadata: Member,
        14 custom: Member,
    }
    message PRINCIPAL_SET "envoy.config.rbac.v3.Principal.Set" {
        1 ids: List(&Message(&PRINCIPAL), 1, MANY) => "";
    }
    message PRINCIPAL_AUTHENTICATED "envoy.config.rbac.v3.Principal.Authenticated" {
        2 principal_name: Message(&STRING_MATCHER) => "a URI name, else a DNS name, else the subject; any authenticated peer when absent";
    }
    message HTTP_FAULT "envoy.extensions.filters.http.fault.v3.HTTPFault" {
        1 delay: Message(&FAULT_DELAY) => "";
        2 abort: Message(&FAULT_ABORT) => "";
        3 upstream_cluster: STRING => "";
        4 headers: List(&Message(&HEADER_MATCHER), 0, MANY) => "";
        6 max_active_faults: Wrapped(&UINT32) => "";
        7 response_rate_limit: Message(&FAULT_RATE_LIMIT) => "";
        15 disable_downstream_cluster_stats: Bool => "";
    } without {
        5 downstream_nodes: Several, 8 delay_percent_runtime: Scalar,
        9 abort_percent_runtime: Scalar, 10 delay_duration_runtime: Scalar,
        11 abort_http_status_runtime: Scalar, 12 max_active_faults_runtime: Scalar,
        13 response_rate_limit_percent_runtime: Scalar, 14 abort_grpc_status_runtime: Scalar,
        16 filter_metadata: Absent,
    }
    message FAULT_ABORT "envoy.extensions.filters.http.fault.v3.FaultAbort" {
        2 http_status: U32(200, 599), in "error_type" => "";
        5 grpc_status: UINT32, in "error_type" => "";
        4 header_abort: Message(&FAULT_ABORT_HEADER_ABORT), in "error_type" => "";
        3 percentage: Message(&FRACTIONAL_PERCENT) => "";
    } needs ["error_type"] without {
        6 response_body: Scalar,
    }
    message FAULT_ABORT_HEADER_ABORT "envoy.extensions.filters.http.fault.v3.FaultAbort.HeaderAbort" {
    }
    message FAULT_DELAY "envoy.extensions.filters.common.fault.v3.FaultDelay" {
        3 fixed_delay: POSITIVE, in "fault_delay_secifier" => "";
        5 header_delay: Message(&FAULT_DELAY_HEADER_DELAY), in "fault_delay_secifier" => "";
        4 percentage: Message(&FRACTIONAL_PERCENT) => "";
    } needs ["fault_delay_secifier"]
    message FAULT_DELAY_HEADER_DELAY "envoy.extensions.filters.common.fault.v3.FaultDelay.HeaderDelay" {
    }
    message FAULT_RATE_LIMIT "envoy.extensions.filters.common.fault.v3.FaultRateLimit" {
        1 fixed_limit: Message(&FAULT_RATE_LIMIT_FIXED_LIMIT), in "limit_type" => "";
        3 header_limit: Message(&FAULT_RATE_LIMIT_HEADER_LIMIT), in "limit_type" => "";
        2 percentage: Message(&FRACTIONAL_PERCENT) => "";
    } needs ["limit_type"]
    message FAULT_RATE_LIMIT_FIXED_LIMIT "envoy.extensions.filters.common.fault.v3.FaultRateLimit.FixedLimit" {
        1 limit_kbps: U64(1, u64::MAX) => "";
    }
    message FAULT_RATE_LIMIT_HEADER_LIMIT "envoy.extensions.filters.common.fault.v3.FaultRateLimit.HeaderLimit" {
    }
}

enumerations! {
    enum RBAC_ACTION "envoy.config.rbac.v3.RBAC.Action" {
        0 ALLOW, 1 DENY,
    } without {
        2 LOG,
    }
}
