//! Reads when endpoints are left out because of how they answer.

use super::seconds;
use crate::config::cursor::Cursor;
use crate::config::model::cluster::{Ejection, FailurePercentage, OutlierDetection, SuccessRate};

pub(super) fn detection(cursor: &Cursor<'_>) -> OutlierDetection {
    let number = |name: &str, default: u32| cursor.number(name).unwrap_or(default);
    let time = |name: &str, default: u64| cursor.duration(name).unwrap_or(seconds(default));
    let base = time("base_ejection_time", 30);
    if let Some(max) = cursor.duration("max_ejection_time")
        && max < base
    {
        let message = "the longest time is shorter than the first";
        cursor.refuse(
            "max_ejection_time",
            message,
            "make it `base_ejection_time` or more",
        );
    }
    let ejection = |count: &str, enforced: &str, share: u32| Ejection {
        count: number(count, 5),
        enforced: number(enforced, share),
    };
    OutlierDetection {
        consecutive_5xx: ejection("consecutive_5xx", "enforcing_consecutive_5xx", 100),
        consecutive_gateway_failure: ejection(
            "consecutive_gateway_failure",
            "enforcing_consecutive_gateway_failure",
            0,
        ),
        consecutive_local_origin_failure: ejection(
            "consecutive_local_origin_failure",
            "enforcing_consecutive_local_origin_failure",
            100,
        ),
        split_local_origin: cursor.flag("split_external_local_origin_errors"),
        interval: time("interval", 10),
        base_ejection_time: base,
        max_ejection_time: time("max_ejection_time", 300).max(base),
        jitter: time("max_ejection_time_jitter", 0),
        max_ejection_percent: number("max_ejection_percent", 10),
        always_eject_one: cursor.flag("always_eject_one_host"),
        health_check_unejects: cursor.flag_or("successful_active_health_check_uneject_host", true),
        success_rate: SuccessRate {
            minimum_hosts: number("success_rate_minimum_hosts", 5),
            request_volume: number("success_rate_request_volume", 100),
            stdev_factor: number("success_rate_stdev_factor", 1900),
            enforced: number("enforcing_success_rate", 100),
            enforced_local_origin: number("enforcing_local_origin_success_rate", 100),
        },
        failure_percentage: FailurePercentage {
            threshold: number("failure_percentage_threshold", 85),
            minimum_hosts: number("failure_percentage_minimum_hosts", 5),
            request_volume: number("failure_percentage_request_volume", 50),
            enforced: number("enforcing_failure_percentage", 0),
            enforced_local_origin: number("enforcing_failure_percentage_local_origin", 0),
        },
    }
}
