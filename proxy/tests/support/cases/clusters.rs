//! Clusters, TLS and discovery that are refused.

use super::Envoy::{Refuses, Takes};
use super::{Bad, cluster, health, upstream_tls};

/// Clusters, TLS and discovery.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn bad_clusters() -> Vec<Bad> {
    let endpoint = |inner: &str| {
        format!("load_assignment: {{cluster_name: c, endpoints: [{{lb_endpoints: [{inner}]}}]}}")
    };
    let address = |name: &str| {
        format!(
            "{{endpoint: {{address: {{socket_address: {{address: {name}, port_value: 80}}}}}}}}"
        )
    };
    let ads = |cluster: &str| {
        format!(
            "dynamic_resources: {{ads_config: {{api_type: GRPC, transport_api_version: V3, grpc_services: [{{envoy_grpc: {{cluster_name: {cluster}}}}}]}}}}"
        )
    };
    let options = |fields: &str| {
        cluster(&format!(
            "typed_extension_protocol_options: {{envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {{\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, {fields}}}}}"
        ))
    };
    let common = |fields: &str| upstream_tls(&format!("common_tls_context: {{{fields}}}"));
    vec![
        (
            "a cluster twice",
            "static_resources: {clusters: [{name: c}, {name: c}]}".to_owned(),
            Refuses,
        ),
        (
            "a cluster without name",
            "static_resources: {clusters: [{connect_timeout: 1s}]}".to_owned(),
            Refuses,
        ),
        (
            "no time to connect",
            cluster("connect_timeout: 0s"),
            Refuses,
        ),
        (
            "original destination that balances",
            cluster("type: ORIGINAL_DST"),
            Refuses,
        ),
        (
            "static that does not balance",
            cluster("lb_policy: CLUSTER_PROVIDED"),
            Refuses,
        ),
        (
            "original destination with endpoints",
            cluster(&format!(
                "type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, {}",
                endpoint(&address("127.0.0.1"))
            )),
            Refuses,
        ),
        (
            "a name in a static cluster",
            cluster(&endpoint(&address("example.com"))),
            Refuses,
        ),
        (
            "an endpoint without address",
            cluster(&endpoint("{endpoint: {}}")),
            Refuses,
        ),
        ("an endpoint of nothing", cluster(&endpoint("{}")), Refuses),
        (
            "a weight of 0",
            cluster(&endpoint(
                &address("127.0.0.1").replace("{endpoint", "{load_balancing_weight: 0, endpoint"),
            )),
            Refuses,
        ),
        (
            "endpoints without name",
            cluster("load_assignment: {endpoints: []}"),
            Refuses,
        ),
        ("discovered nowhere", cluster("type: EDS"), Refuses),
        (
            "discovery without stream",
            cluster(
                "type: EDS, eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}",
            ),
            Refuses,
        ),
        (
            "discovery of a static cluster",
            cluster("eds_cluster_config: {service_name: x}"),
            Refuses,
        ),
        (
            "a ring of no size",
            cluster(
                "lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 100, maximum_ring_size: 10}",
            ),
            Refuses,
        ),
        (
            "one choice",
            cluster("lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 1}"),
            Refuses,
        ),
        (
            "a priority twice",
            cluster("circuit_breakers: {thresholds: [{max_retries: 1}, {max_retries: 2}]}"),
            Takes,
        ),
        (
            "retries of one endpoint",
            cluster("circuit_breakers: {per_host_thresholds: [{max_retries: 1}]}"),
            Refuses,
        ),
        (
            "ejected for less than the first time",
            cluster("outlier_detection: {base_ejection_time: 30s, max_ejection_time: 1s}"),
            Refuses,
        ),
        ("a health check of nothing", health(""), Refuses),
        (
            "a health check without timeout",
            cluster(
                "health_checks: [{interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}]",
            ),
            Refuses,
        ),
        (
            "no hexadecimal",
            health("tcp_health_check: {send: {text: xyz}}"),
            Refuses,
        ),
        (
            "a body of GET",
            health("http_health_check: {path: /, send: {text: aa}}"),
            Refuses,
        ),
        (
            "a status beyond all",
            health("http_health_check: {path: /, expected_statuses: [{start: 600, end: 700}]}"),
            Refuses,
        ),
        (
            "checks without names",
            cluster(
                "health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}, {timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}]",
            ),
            Refuses,
        ),
        ("gRPC by HTTP/1", health("grpc_health_check: {}"), Refuses),
        (
            "checks of one name",
            cluster(
                "health_checks: [{name: a, timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}, {name: a, timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}]",
            ),
            Refuses,
        ),
        (
            "a port beyond all",
            health("alt_port: 70000, tcp_health_check: {}"),
            Takes,
        ),
        (
            "a DNS back-off that falls",
            cluster(
                "type: STRICT_DNS, dns_failure_refresh_rate: {base_interval: 2s, max_interval: 1s}",
            ),
            Refuses,
        ),
        (
            "extra sources without the first",
            cluster(
                "upstream_bind_config: {extra_source_addresses: [{address: {address: 127.0.0.1, port_value: 0}}]}",
            ),
            Refuses,
        ),
        (
            "sources of one family",
            cluster(
                "upstream_bind_config: {source_address: {address: 127.0.0.2, port_value: 0}, extra_source_addresses: [{address: {address: 127.0.0.1, port_value: 0}}]}",
            ),
            Refuses,
        ),
        ("ALPN without TLS", options("auto_config: {}"), Refuses),
        (
            "no protocol",
            options("common_http_protocol_options: {}"),
            Refuses,
        ),
        (
            "options by another name",
            cluster(
                "typed_extension_protocol_options: {foo: {\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http_protocol_options: {}}}}",
            ),
            Refuses,
        ),
        (
            "a stream to no cluster",
            format!("node: {{id: a, cluster: b}}\n{}", ads("nope")),
            Refuses,
        ),
        (
            "a stream without node",
            format!("{}\n{}", cluster("connect_timeout: 1s"), ads("c")),
            Refuses,
        ),
        (
            "a server's TLS",
            upstream_tls("").replace("UpstreamTlsContext", "DownstreamTlsContext"),
            Refuses,
        ),
        (
            "no static secret",
            common("validation_context_sds_secret_config: {name: nope}"),
            Refuses,
        ),
        (
            "a version that falls",
            common(
                "tls_params: {tls_minimum_protocol_version: TLSv1_3, tls_maximum_protocol_version: TLSv1_2}",
            ),
            Takes,
        ),
        (
            "a cipher that does not exist",
            common("tls_params: {cipher_suites: [NOPE]}"),
            Refuses,
        ),
        (
            "a curve that does not exist",
            common("tls_params: {ecdh_curves: [NOPE]}"),
            Refuses,
        ),
        (
            "a name of no kind",
            common("validation_context: {match_typed_subject_alt_names: [{matcher: {exact: a}}]}"),
            Refuses,
        ),
        (
            "a hash too short",
            common("validation_context: {verify_certificate_hash: [abc]}"),
            Refuses,
        ),
    ]
}
