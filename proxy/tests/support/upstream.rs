//! Makes clusters for tests.

#![allow(dead_code, reason = "each test program uses its part")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use mesh_proxy::config::message::Message;
use mesh_proxy::config::model::Locality;
use mesh_proxy::config::model::address::Address;
use mesh_proxy::config::model::cluster::{
    AutomaticSni, Balancing, Cluster as Config, ClusterDiscovery, Ejection, FailurePercentage,
    Limits, LocalityPolicy, MaxRetries, OutlierDetection, Policy, SuccessRate, Thresholds,
    Transport,
};
use mesh_proxy::config::model::endpoint::{
    Endpoint, EndpointCheck, Health, LoadAssignment, LocalityEndpoints,
};
use mesh_proxy::config::model::protocol::{
    CommonOptions, HeaderCase, Http1Options, Http2Options, Underscores, UpstreamProtocol,
};
use mesh_proxy::config::schema::cluster::CLUSTER;
use mesh_proxy::stats::Registry;
use mesh_proxy::upstream::{Cluster, Random, Surroundings};

/// A cluster for one worker.
pub(crate) fn cluster(config: Config) -> Arc<Cluster> {
    Cluster::new(
        Arc::new(config),
        1,
        Surroundings::default(),
        Random::seeded(7),
        &Registry::default(),
    )
}

/// The loopback address with this port.
pub(crate) fn address(port: u16) -> Address {
    Address::Socket(([127, 0, 0, 1], port).into())
}

/// The port of an address.
pub(crate) fn port(address: &Address) -> u16 {
    match address {
        Address::Socket(address) => address.port(),
        Address::Name(_, port) => *port,
        Address::Pipe(..) => 0,
    }
}

/// An endpoint with this port.
pub(crate) fn endpoint(port: u16) -> Endpoint {
    Endpoint {
        address: address(port),
        hostname: String::new(),
        weight: 1,
        health: Health::Unknown,
        metadata: Vec::new(),
        check: EndpointCheck::default(),
    }
}

/// An endpoint with a field of its metadata `envoy.lb`.
pub(crate) fn endpoint_with(port: u16, key: &str, value: Value) -> Endpoint {
    let fields = [(key.to_owned(), value)].into_iter().collect();
    Endpoint {
        metadata: vec![("envoy.lb".into(), fields)],
        ..endpoint(port)
    }
}

/// Endpoints of a priority, without a locality.
pub(crate) fn locality(priority: u32, endpoints: Vec<Endpoint>) -> LocalityEndpoints {
    LocalityEndpoints {
        priority,
        endpoints,
        ..LocalityEndpoints::default()
    }
}

/// Endpoints of a zone, perhaps with a weight.
pub(crate) fn zone(zone: &str, weight: Option<u32>, endpoints: Vec<Endpoint>) -> LocalityEndpoints {
    let locality = Locality {
        zone: zone.into(),
        ..Locality::default()
    };
    LocalityEndpoints {
        locality,
        weight,
        endpoints,
        ..LocalityEndpoints::default()
    }
}

/// An assignment as Envoy's defaults have it.
pub(crate) fn assignment(localities: Vec<LocalityEndpoints>) -> LoadAssignment {
    LoadAssignment {
        cluster_name: "cluster".into(),
        localities,
        overprovisioning_factor: 140,
        weighted_priority_health: false,
        drops: Vec::new(),
    }
}

/// Endpoints with these ports, all alike.
pub(crate) fn ports(ports: std::ops::Range<u16>) -> LoadAssignment {
    assignment(vec![locality(0, ports.map(endpoint).collect())])
}

/// Outlier detection as Envoy's defaults have it.
pub(crate) fn outliers() -> OutlierDetection {
    let ejection = |enforced| Ejection { count: 5, enforced };
    OutlierDetection {
        consecutive_5xx: ejection(100),
        consecutive_gateway_failure: ejection(0),
        consecutive_local_origin_failure: ejection(100),
        split_local_origin: false,
        interval: Duration::from_secs(10),
        base_ejection_time: Duration::from_secs(30),
        max_ejection_time: Duration::from_mins(5),
        jitter: Duration::ZERO,
        max_ejection_percent: 10,
        always_eject_one: false,
        health_check_unejects: true,
        success_rate: SuccessRate {
            minimum_hosts: 5,
            request_volume: 100,
            stdev_factor: 1900,
            enforced: 100,
            enforced_local_origin: 100,
        },
        failure_percentage: FailurePercentage {
            threshold: 85,
            minimum_hosts: 5,
            request_volume: 50,
            enforced: 0,
            enforced_local_origin: 0,
        },
    }
}

/// A cluster with this assignment and policy, and everything else as Envoy's defaults.
pub(crate) fn config(assignment: LoadAssignment, policy: Policy) -> Config {
    let thresholds = Thresholds {
        max_connections: 1024,
        max_pending_requests: 1024,
        max_requests: 1024,
        max_retries: MaxRetries::Count(3),
        track_remaining: false,
    };
    Config {
        name: "cluster".into(),
        stat_name: "cluster".into(),
        discovery: ClusterDiscovery::Static(assignment),
        balancing: balancing(policy),
        connect_timeout: Duration::from_secs(5),
        buffer_limit: 1 << 20,
        limits: Limits {
            default: thresholds,
            high: thresholds,
        },
        max_connections_per_host: None,
        protocol: UpstreamProtocol::Http1(http1()),
        common: CommonOptions {
            idle_timeout: None,
            max_connection_duration: None,
            max_headers_count: 100,
            max_response_headers_kb: None,
            max_stream_duration: None,
            underscores: Underscores::Allow,
            max_requests_per_connection: None,
        },
        automatic_sni: AutomaticSni::default(),
        transport: Transport::Plaintext,
        transport_matches: Vec::new(),
        bind: None,
        keepalive: None,
        health_checks: Vec::new(),
        outliers: None,
        close_on_health_failure: false,
        ignore_health_on_removal: false,
        wait_for_warm_on_init: None,
        message: Arc::new(Message::new(&CLUSTER, None)),
    }
}

fn balancing(policy: Policy) -> Balancing {
    Balancing {
        policy,
        panic_threshold: 50.0,
        locality: LocalityPolicy::ZoneAware {
            routing_enabled: 100.0,
            min_cluster_size: 6,
            fail_traffic_on_panic: false,
        },
        ignore_new_until_checked: false,
        close_connections_on_change: false,
        hash_hostnames: false,
    }
}

/// HTTP/2 as Envoy's defaults have it.
pub(crate) fn http2() -> Http2Options {
    Http2Options {
        hpack_table_size: 4096,
        max_concurrent_streams: 1024,
        initial_stream_window_size: 16 << 20,
        initial_connection_window_size: 24 << 20,
        allow_connect: false,
        max_outbound_frames: 10_000,
        max_outbound_control_frames: 1000,
        max_consecutive_inbound_frames_with_empty_payload: 1,
        max_inbound_priority_frames_per_stream: 100,
        max_inbound_window_update_frames_per_data_frame_sent: 10,
        keep_connection_on_malformed: None,
        keepalive: None,
        max_header_field_size_kb: None,
    }
}

/// HTTP/1 as Envoy's defaults have it.
pub(crate) fn http1() -> Http1Options {
    Http1Options {
        allow_absolute_url: true,
        accept_http_10: false,
        default_host_for_http_10: String::new(),
        header_case: HeaderCase::Lower,
        enable_trailers: false,
        allow_chunked_length: false,
        keep_connection_on_malformed: None,
        send_fully_qualified_url: false,
        allow_custom_methods: false,
    }
}
