//! Reads how endpoints are chosen, and limits.

use super::common;
use crate::config::cursor::Cursor;
use crate::config::model::cluster::{
    Balancing, HashFunction, Limits, LocalityPolicy, MaxRetries, Policy, Thresholds,
};

/// How endpoints are chosen.
pub(super) fn balancing(cursor: &Cursor<'_>) -> Balancing {
    let common = cursor.message("common_lb_config");
    let common = common.as_ref();
    let flag = |name: &str| common.is_some_and(|it| it.flag(name));
    let hashing = common.and_then(|it| it.message("consistent_hashing_lb_config"));
    Balancing {
        policy: policy(cursor),
        panic_threshold: common
            .and_then(|it| common::percent(it, "healthy_panic_threshold"))
            .unwrap_or(50.0),
        locality: common.map_or(ZONE_AWARE, locality),
        ignore_new_until_checked: flag("ignore_new_hosts_until_first_hc"),
        close_connections_on_change: flag("close_connections_on_host_set_change"),
        hash_hostnames: hashing.is_some_and(|it| it.flag("use_hostname_for_hashing")),
    }
}

fn locality(cursor: &Cursor<'_>) -> LocalityPolicy {
    if cursor.has("locality_weighted_lb_config") {
        return LocalityPolicy::Weighted;
    }
    let Some(zone) = cursor.message("zone_aware_lb_config") else {
        return ZONE_AWARE;
    };
    LocalityPolicy::ZoneAware {
        routing_enabled: common::percent(&zone, "routing_enabled").unwrap_or(100.0),
        min_cluster_size: zone.number("min_cluster_size").unwrap_or(6),
        fail_traffic_on_panic: zone.flag("fail_traffic_on_panic"),
    }
}

const ZONE_AWARE: LocalityPolicy = LocalityPolicy::ZoneAware {
    routing_enabled: 100.0,
    min_cluster_size: 6,
    fail_traffic_on_panic: false,
};

fn policy(cursor: &Cursor<'_>) -> Policy {
    let choice = cursor.choice("lb_policy");
    let provided = cursor.choice("type") == ORIGINAL_DST;
    let broken = cursor.is_broken("type") || cursor.is_broken("lb_policy");
    if !broken && provided != (choice == CLUSTER_PROVIDED) {
        let (message, hint) = if provided {
            (
                "a cluster of type ORIGINAL_DST chooses endpoints itself",
                "set it to CLUSTER_PROVIDED",
            )
        } else {
            (
                "only clusters of type ORIGINAL_DST choose endpoints themselves",
                "choose another policy",
            )
        };
        cursor.refuse("lb_policy", message, hint);
    }
    match choice {
        1 => {
            let config = cursor.message("least_request_lb_config");
            let bias = config
                .as_ref()
                .and_then(|it| it.message("active_request_bias"));
            if let Some(bias) = &bias
                && bias.double("default_value").is_some_and(|it| it < 0.0)
            {
                bias.refuse("default_value", "this must not be negative", "");
            }
            Policy::LeastRequest {
                choices: config.and_then(|it| it.number("choice_count")).unwrap_or(2),
                active_request_bias: bias
                    .and_then(|it| it.double("default_value"))
                    .unwrap_or(1.0),
            }
        }
        2 => ring_hash(cursor),
        3 => Policy::Random,
        CLUSTER_PROVIDED => Policy::Provided,
        _ => Policy::RoundRobin,
    }
}

const CLUSTER_PROVIDED: i32 = 6;
const ORIGINAL_DST: i32 = 4;

fn ring_hash(cursor: &Cursor<'_>) -> Policy {
    let config = cursor.message("ring_hash_lb_config");
    let number = |name: &str, default: u64| {
        config
            .as_ref()
            .and_then(|it| it.number(name))
            .unwrap_or(default)
    };
    let minimum = number("minimum_ring_size", 1024);
    let maximum = number("maximum_ring_size", 8 << 20);
    if let Some(config) = &config
        && minimum > maximum
    {
        let message = format!("a ring of {minimum} or more is larger than {maximum}");
        let field = if config.has("maximum_ring_size") {
            "maximum_ring_size"
        } else {
            "minimum_ring_size"
        };
        config.refuse(
            field,
            message,
            "the least size is 1024 unless `minimum_ring_size` says otherwise",
        );
    }
    Policy::RingHash {
        minimum,
        maximum,
        hash: match config.map_or(0, |it| it.choice("hash_function")) {
            0 => HashFunction::XxHash,
            _ => HashFunction::MurmurHash2,
        },
    }
}

/// Limits by priority, and the limit on connections to one endpoint.
pub(super) fn limits(cursor: &Cursor<'_>) -> (Limits, Option<u32>) {
    let mut limits = Limits {
        default: DEFAULT,
        high: DEFAULT,
    };
    let Some(breakers) = cursor.message("circuit_breakers") else {
        return (limits, None);
    };
    let mut seen = Vec::new();
    for item in breakers.messages("thresholds") {
        let priority = item.choice("priority");
        if seen.contains(&priority) {
            // Envoy takes the first in silence.
            item.refuse(
                "priority",
                "this priority stands twice",
                "remove one of them",
            );
        }
        seen.push(priority);
        let read = thresholds(&item);
        match priority {
            0 => limits.default = read,
            _ => limits.high = read,
        }
    }
    let each = breakers.messages("per_host_thresholds");
    for item in &each {
        let others = [
            "max_pending_requests",
            "max_requests",
            "max_retries",
            "retry_budget",
        ];
        if let Some(name) = others.iter().find(|name| item.has(name)) {
            item.refuse(
                name,
                "only `max_connections` counts for each endpoint",
                "remove it",
            );
        }
    }
    (
        limits,
        each.first().and_then(|it| it.number("max_connections")),
    )
}

fn thresholds(cursor: &Cursor<'_>) -> Thresholds {
    let count = cursor.number("max_retries").unwrap_or(3);
    let max_retries = match cursor.message("retry_budget") {
        Some(budget) => MaxRetries::Budget {
            percent: common::percent(&budget, "budget_percent").unwrap_or(20.0),
            minimum: budget.number("min_retry_concurrency").unwrap_or(3),
            beside: count,
        },
        None => MaxRetries::Count(count),
    };
    Thresholds {
        max_connections: cursor.number("max_connections").unwrap_or(1024),
        max_pending_requests: cursor.number("max_pending_requests").unwrap_or(1024),
        max_requests: cursor.number("max_requests").unwrap_or(1024),
        max_retries,
        track_remaining: cursor.flag("track_remaining"),
    }
}

const DEFAULT: Thresholds = Thresholds {
    max_connections: 1024,
    max_pending_requests: 1024,
    max_requests: 1024,
    max_retries: MaxRetries::Count(3),
    track_remaining: false,
};
