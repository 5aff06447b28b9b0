//! Lists what of endpoints and health checks is honoured.

use super::Form::{HeaderNameOrEmpty, HeaderValue};
use super::Kind::{Bool, Bytes, Enum, List, Message, Struct, Text, U32, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several};
use super::core::{
    ADDRESS, FRACTIONAL_PERCENT, HEADER_VALUE_OPTION, INT64_RANGE, LOCALITY, METADATA,
};
use super::macros::{enumerations, messages};
use super::matcher::STRING_MATCHER;
use super::{DURATION, MANY, NOT_EMPTY, POSITIVE, STRING, UINT32, UINT64};

messages! {
    message CLUSTER_LOAD_ASSIGNMENT "envoy.config.endpoint.v3.ClusterLoadAssignment" {
        1 cluster_name: NOT_EMPTY => "";
        2 endpoints: List(&Message(&LOCALITY_LB_ENDPOINTS), 0, MANY) => "";
        4 policy: Message(&LOAD_ASSIGNMENT_POLICY) => "";
    } without {
        5 named_endpoints: Several,
    }
    message LOAD_ASSIGNMENT_POLICY "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy" {
        2 drop_overloads: List(&Message(&POLICY_DROP_OVERLOAD), 0, MANY) => "";
        3 overprovisioning_factor: Wrapped(&U32(1, u32::MAX)) => "percent; 140 when absent";
        6 weighted_priority_health: Bool => "";
    } without {
        4 endpoint_stale_after: Absent,
    }
    message POLICY_DROP_OVERLOAD "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy.DropOverload" {
        1 category: NOT_EMPTY => "";
        2 drop_percentage: Message(&FRACTIONAL_PERCENT) => "";
    }
    message LOCALITY_LB_ENDPOINTS "envoy.config.endpoint.v3.LocalityLbEndpoints" {
        1 locality: Message(&LOCALITY) => "";
        9 metadata: Message(&METADATA) => "taken, and shown by /config_dump alone";
        2 lb_endpoints: List(&Message(&LB_ENDPOINT), 0, MANY) => "";
        3 load_balancing_weight: Wrapped(&U32(1, u32::MAX)) => "";
        5 priority: U32(0, 128) => "";
    } without {
        7 load_balancer_endpoints: Member, 8 leds_cluster_locality_config: Member,
        6 proximity: Absent,
    }
    message LB_ENDPOINT "envoy.config.endpoint.v3.LbEndpoint" {
        1 endpoint: Message(&ENDPOINT), in "host_identifier" => "";
        2 health_status: Enum(&HEALTH_STATUS) => "";
        3 metadata: Message(&METADATA) => "";
        4 load_balancing_weight: Wrapped(&U32(1, u32::MAX)) => "1 when absent";
    } without {
        5 endpoint_name: Member,
    }
    message ENDPOINT "envoy.config.endpoint.v3.Endpoint" {
        1 address: Message(&ADDRESS) => "";
        2 health_check_config: Message(&ENDPOINT_HEALTH_CHECK_CONFIG) => "";
        3 hostname: STRING => "";
    } without {
        4 additional_addresses: Several, 5 observability_name: Scalar,
    }
    message ENDPOINT_HEALTH_CHECK_CONFIG "envoy.config.endpoint.v3.Endpoint.HealthCheckConfig" {
        1 port_value: U32(0, 65_535) => "";
        2 hostname: STRING => "";
        3 address: Message(&ADDRESS) => "";
        4 disable_active_health_check: Bool => "";
    }
    message HEALTH_CHECK "envoy.config.core.v3.HealthCheck" {
        27 name: STRING => "needed where a cluster has several";
        1 timeout: POSITIVE => required "";
        2 interval: POSITIVE => required "";
        20 initial_jitter: DURATION => "";
        3 interval_jitter: DURATION => "";
        18 interval_jitter_percent: UINT32 => "";
        4 unhealthy_threshold: Wrapped(&UINT32) => required "";
        5 healthy_threshold: Wrapped(&UINT32) => required "";
        6 alt_port: Wrapped(&UINT32) => "";
        7 reuse_connection: Wrapped(&Bool) => "true when absent";
        8 http_health_check: Message(&HEALTH_CHECK_HTTP_HEALTH_CHECK), in "health_checker" => "";
        9 tcp_health_check: Message(&HEALTH_CHECK_TCP_HEALTH_CHECK), in "health_checker" => "";
        11 grpc_health_check: Message(&HEALTH_CHECK_GRPC_HEALTH_CHECK), in "health_checker" => "";
        12 no_traffic_interval: POSITIVE => "60s when absent";
        24 no_traffic_healthy_interval: POSITIVE => "";
        14 unhealthy_interval: POSITIVE => "";
        15 unhealthy_edge_interval: POSITIVE => "";
        16 healthy_edge_interval: POSITIVE => "";
        19 always_log_health_check_failures: Bool => "";
        26 always_log_health_check_success: Bool => "";
        23 transport_socket_match_criteria: Struct => "";
    } needs ["health_checker"] without {
        13 custom_health_check: Member, 17 event_log_path: Scalar, 25 event_logger: Several,
        22 event_service: Absent, 21 tls_options: Absent,
    }
    message HEALTH_CHECK_PAYLOAD "envoy.config.core.v3.HealthCheck.Payload" {
        1 text: NOT_EMPTY, in "payload" => "hexadecimal";
        2 binary: Bytes, in "payload" => "";
    } needs ["payload"]
    message HEALTH_CHECK_HTTP_HEALTH_CHECK "envoy.config.core.v3.HealthCheck.HttpHealthCheck" {
        1 host: Text(HeaderValue, 0, MANY) => "the cluster's name when absent";
        2 path: Text(HeaderValue, 1, MANY) => "";
        3 send: Message(&HEALTH_CHECK_PAYLOAD) => "";
        4 receive: List(&Message(&HEALTH_CHECK_PAYLOAD), 0, MANY) => "";
        14 response_buffer_size: Wrapped(&UINT64) => "";
        6 request_headers_to_add: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
        8 request_headers_to_remove: List(&Text(HeaderNameOrEmpty, 0, MANY), 0, MANY) => "";
        9 expected_statuses: List(&Message(&INT64_RANGE), 0, MANY) => "200 alone when absent";
        12 retriable_statuses: List(&Message(&INT64_RANGE), 0, MANY) => "";
        10 codec_client_type: Enum(&CODEC_CLIENT_TYPE) => "HTTP3 is not honoured";
        11 service_name_matcher: Message(&STRING_MATCHER) => "";
        13 method: Enum(&REQUEST_METHOD) => "";
    } without {
        15 use_alpn_protocol: Scalar,
    }
    message HEALTH_CHECK_TCP_HEALTH_CHECK "envoy.config.core.v3.HealthCheck.TcpHealthCheck" {
        1 send: Message(&HEALTH_CHECK_PAYLOAD) => "";
        2 receive: List(&Message(&HEALTH_CHECK_PAYLOAD), 0, MANY) => "";
    } without {
        3 proxy_protocol_config: Absent,
    }
    message HEALTH_CHECK_GRPC_HEALTH_CHECK "envoy.config.core.v3.HealthCheck.GrpcHealthCheck" {
        1 service_name: STRING => "";
        2 authority: Text(HeaderValue, 0, MANY) => "";
        3 initial_metadata: List(&Message(&HEADER_VALUE_OPTION), 0, 1_000) => "";
    }
}

enumerations! {
    enum HEALTH_STATUS "envoy.config.core.v3.HealthStatus" {
        0 UNKNOWN, 1 HEALTHY, 2 UNHEALTHY, 3 DRAINING, 4 TIMEOUT, 5 DEGRADED,
    }
    enum CODEC_CLIENT_TYPE "envoy.type.v3.CodecClientType" {
        0 HTTP1, 1 HTTP2,
    } without {
        2 HTTP3,
    }
    enum REQUEST_METHOD "envoy.config.core.v3.RequestMethod" {
        0 METHOD_UNSPECIFIED, 1 GET, 2 HEAD, 3 POST, 4 PUT, 5 DELETE, 7 OPTIONS, 8 TRACE, 9 PATCH,
    } without {
        6 CONNECT,
    }
}
