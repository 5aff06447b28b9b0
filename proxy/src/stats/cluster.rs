//! Names what is counted of clusters and their upstreams.

use super::cell::{Counter, Flag, Gauge, Wide};
use super::group::group;
use super::histogram::Histogram;
use super::response::{RequestTimes, Responses};

group! {
    /// What every cluster counts; its scope is [`super::Registry::cluster`].
    ClusterStats {
        assignment_stale: Counter = "assignment_stale",
        assignment_timeout_received: Counter = "assignment_timeout_received",
        assignment_use_cached: Counter = "assignment_use_cached",
        bind_errors: Counter = "bind_errors",
        default_total_match_count: Counter = "default.total_match_count",
        lb_healthy_panic: Counter = "lb_healthy_panic",
        lb_local_cluster_not_ok: Counter = "lb_local_cluster_not_ok",
        lb_recalculate_zone_structures: Counter = "lb_recalculate_zone_structures",
        lb_subsets_active: Gauge = "lb_subsets_active",
        lb_subsets_created: Counter = "lb_subsets_created",
        lb_subsets_fallback: Counter = "lb_subsets_fallback",
        lb_subsets_fallback_panic: Counter = "lb_subsets_fallback_panic",
        lb_subsets_removed: Counter = "lb_subsets_removed",
        lb_subsets_selected: Counter = "lb_subsets_selected",
        lb_zone_cluster_too_small: Counter = "lb_zone_cluster_too_small",
        lb_zone_no_capacity_left: Counter = "lb_zone_no_capacity_left",
        lb_zone_routing_all_directly: Counter = "lb_zone_routing_all_directly",
        lb_zone_routing_cross_zone: Counter = "lb_zone_routing_cross_zone",
        lb_zone_routing_sampled: Counter = "lb_zone_routing_sampled",
        max_host_weight: Gauge = "max_host_weight",
        membership_change: Counter = "membership_change",
        membership_degraded: Gauge = "membership_degraded",
        membership_excluded: Gauge = "membership_excluded",
        membership_healthy: Gauge = "membership_healthy",
        membership_total: Gauge = "membership_total",
        original_dst_host_invalid: Counter = "original_dst_host_invalid",
        retry_or_shadow_abandoned: Counter = "retry_or_shadow_abandoned",
        update_attempt: Counter = "update_attempt",
        update_empty: Counter = "update_empty",
        update_failure: Counter = "update_failure",
        update_no_rebuild: Counter = "update_no_rebuild",
        update_success: Counter = "update_success",
        upstream_cx_active: Gauge = "upstream_cx_active",
        upstream_cx_close_notify: Counter = "upstream_cx_close_notify",
        upstream_cx_connect_attempts_exceeded: Counter = "upstream_cx_connect_attempts_exceeded",
        upstream_cx_connect_fail: Counter = "upstream_cx_connect_fail",
        upstream_cx_connect_ms: Histogram = "upstream_cx_connect_ms",
        upstream_cx_connect_timeout: Counter = "upstream_cx_connect_timeout",
        upstream_cx_connect_with_0_rtt: Counter = "upstream_cx_connect_with_0_rtt",
        upstream_cx_destroy: Counter = "upstream_cx_destroy",
        upstream_cx_destroy_local: Counter = "upstream_cx_destroy_local",
        upstream_cx_destroy_local_with_active_rq: Counter = "upstream_cx_destroy_local_with_active_rq",
        upstream_cx_destroy_remote: Counter = "upstream_cx_destroy_remote",
        upstream_cx_destroy_remote_with_active_rq: Counter = "upstream_cx_destroy_remote_with_active_rq",
        upstream_cx_destroy_with_active_rq: Counter = "upstream_cx_destroy_with_active_rq",
        upstream_cx_http1_total: Counter = "upstream_cx_http1_total",
        upstream_cx_http2_total: Counter = "upstream_cx_http2_total",
        upstream_cx_http3_total: Counter = "upstream_cx_http3_total",
        upstream_cx_idle_timeout: Counter = "upstream_cx_idle_timeout",
        upstream_cx_length_ms: Histogram = "upstream_cx_length_ms",
        upstream_cx_max_duration_reached: Counter = "upstream_cx_max_duration_reached",
        upstream_cx_max_requests: Counter = "upstream_cx_max_requests",
        upstream_cx_none_healthy: Counter = "upstream_cx_none_healthy",
        upstream_cx_overflow: Counter = "upstream_cx_overflow",
        upstream_cx_pool_overflow: Counter = "upstream_cx_pool_overflow",
        upstream_cx_preconnect_skipped: Counter = "upstream_cx_preconnect_skipped",
        upstream_cx_protocol_error: Counter = "upstream_cx_protocol_error",
        upstream_cx_rx_bytes_buffered: Gauge = "upstream_cx_rx_bytes_buffered",
        upstream_cx_rx_bytes_total: Counter = "upstream_cx_rx_bytes_total",
        upstream_cx_total: Counter = "upstream_cx_total",
        upstream_cx_tx_bytes_buffered: Gauge = "upstream_cx_tx_bytes_buffered",
        upstream_cx_tx_bytes_total: Counter = "upstream_cx_tx_bytes_total",
        upstream_flow_control_backed_up_total: Counter = "upstream_flow_control_backed_up_total",
        upstream_flow_control_drained_total: Counter = "upstream_flow_control_drained_total",
        upstream_flow_control_paused_reading_total: Counter = "upstream_flow_control_paused_reading_total",
        upstream_flow_control_resumed_reading_total: Counter = "upstream_flow_control_resumed_reading_total",
        upstream_http3_broken: Counter = "upstream_http3_broken",
        upstream_internal_redirect_failed_total: Counter = "upstream_internal_redirect_failed_total",
        upstream_internal_redirect_succeeded_total: Counter = "upstream_internal_redirect_succeeded_total",
        upstream_queue_overloaded: Gauge = "upstream_queue_overloaded",
        responses: Responses = "upstream_rq",
        upstream_rq_0rtt: Counter = "upstream_rq_0rtt",
        upstream_rq_active: Gauge = "upstream_rq_active",
        upstream_rq_active_overflow: Counter = "upstream_rq_active_overflow",
        upstream_rq_cancelled: Counter = "upstream_rq_cancelled",
        upstream_rq_maintenance_mode: Counter = "upstream_rq_maintenance_mode",
        upstream_rq_max_duration_reached: Counter = "upstream_rq_max_duration_reached",
        upstream_rq_pending_active: Gauge = "upstream_rq_pending_active",
        upstream_rq_pending_failure_eject: Counter = "upstream_rq_pending_failure_eject",
        upstream_rq_pending_overflow: Counter = "upstream_rq_pending_overflow",
        upstream_rq_pending_total: Counter = "upstream_rq_pending_total",
        upstream_rq_per_cx: Histogram = "upstream_rq_per_cx",
        upstream_rq_per_try_idle_timeout: Counter = "upstream_rq_per_try_idle_timeout",
        upstream_rq_per_try_timeout: Counter = "upstream_rq_per_try_timeout",
        upstream_rq_retry: Counter = "upstream_rq_retry",
        upstream_rq_retry_backoff_exponential: Counter = "upstream_rq_retry_backoff_exponential",
        upstream_rq_retry_backoff_ratelimited: Counter = "upstream_rq_retry_backoff_ratelimited",
        upstream_rq_retry_limit_exceeded: Counter = "upstream_rq_retry_limit_exceeded",
        upstream_rq_retry_overflow: Counter = "upstream_rq_retry_overflow",
        upstream_rq_retry_success: Counter = "upstream_rq_retry_success",
        upstream_rq_rx_reset: Counter = "upstream_rq_rx_reset",
        upstream_rq_rx_reset_no_error: Counter = "upstream_rq_rx_reset_no_error",
        upstream_rq_time: RequestTimes = "upstream_rq_time",
        upstream_rq_timeout: Counter = "upstream_rq_timeout",
        upstream_rq_total: Counter = "upstream_rq_total",
        upstream_rq_tx_reset: Counter = "upstream_rq_tx_reset",
        version: Wide = "version",
        warming_state: Gauge = "warming_state",
    }
}

group! {
    /// Whether a cluster's limits are reached; the scopes are its children `circuit_breakers.default`
    /// and `circuit_breakers.high`.
    CircuitBreakerStats {
        cx_open: Flag = "cx_open",
        cx_pool_open: Flag = "cx_pool_open",
        rq_open: Flag = "rq_open",
        rq_pending_open: Flag = "rq_pending_open",
        rq_retry_open: Flag = "rq_retry_open",
    }
}

group! {
    /// How far a cluster is from its limits, where `track_remaining` asks for it; in the same scopes.
    RemainingStats {
        remaining_cx: Wide = "remaining_cx",
        remaining_cx_pools: Wide = "remaining_cx_pools",
        remaining_pending: Wide = "remaining_pending",
        remaining_retries: Wide = "remaining_retries",
        remaining_rq: Wide = "remaining_rq",
    }
}

group! {
    /// Which of a cluster's hosts were ejected; the scope is its child `outlier_detection`.
    OutlierStats {
        ejections_active: Gauge = "ejections_active",
        ejections_consecutive_5xx: Counter = "ejections_consecutive_5xx",
        ejections_detected_consecutive_5xx: Counter = "ejections_detected_consecutive_5xx",
        ejections_detected_consecutive_gateway_failure: Counter = "ejections_detected_consecutive_gateway_failure",
        ejections_detected_consecutive_local_origin_failure: Counter = "ejections_detected_consecutive_local_origin_failure",
        ejections_detected_degradation: Counter = "ejections_detected_degradation",
        ejections_detected_failure_percentage: Counter = "ejections_detected_failure_percentage",
        ejections_detected_local_origin_failure_percentage: Counter = "ejections_detected_local_origin_failure_percentage",
        ejections_detected_local_origin_success_rate: Counter = "ejections_detected_local_origin_success_rate",
        ejections_detected_success_rate: Counter = "ejections_detected_success_rate",
        ejections_enforced_consecutive_5xx: Counter = "ejections_enforced_consecutive_5xx",
        ejections_enforced_consecutive_gateway_failure: Counter = "ejections_enforced_consecutive_gateway_failure",
        ejections_enforced_consecutive_local_origin_failure: Counter = "ejections_enforced_consecutive_local_origin_failure",
        ejections_enforced_failure_percentage: Counter = "ejections_enforced_failure_percentage",
        ejections_enforced_local_origin_failure_percentage: Counter = "ejections_enforced_local_origin_failure_percentage",
        ejections_enforced_local_origin_success_rate: Counter = "ejections_enforced_local_origin_success_rate",
        ejections_enforced_success_rate: Counter = "ejections_enforced_success_rate",
        ejections_enforced_total: Counter = "ejections_enforced_total",
        ejections_overflow: Counter = "ejections_overflow",
        ejections_success_rate: Counter = "ejections_success_rate",
        ejections_total: Counter = "ejections_total",
    }
}

group! {
    /// How a cluster's hosts answer health checks; the scope is its child `health_check`.
    HealthCheckStats {
        attempt: Counter = "attempt",
        degraded: Gauge = "degraded",
        failure: Counter = "failure",
        healthy: Gauge = "healthy",
        network_failure: Counter = "network_failure",
        passive_failure: Counter = "passive_failure",
        success: Counter = "success",
        verify_cluster: Counter = "verify_cluster",
    }
}

group! {
    /// The ring of a cluster that balances by it; the scope is its child `ring_hash_lb`.
    RingHashStats {
        max_hashes_per_host: Gauge = "max_hashes_per_host",
        min_hashes_per_host: Gauge = "min_hashes_per_host",
        size: Gauge = "size",
    }
}
