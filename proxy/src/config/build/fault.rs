//! Reads faults.

use super::{common, matcher};
use crate::config::cursor::Cursor;
use crate::config::model::fault::{Abort, AbortAnswer, Delay, Fault, Fraction, RateLimit};

pub(super) fn fault(cursor: &Cursor<'_>) -> Option<Fault> {
    Some(Fault {
        delay: cursor.message("delay").map(|it| delay(&it)),
        abort: match cursor.message("abort") {
            Some(abort) => Some(self::abort(&abort)?),
            None => None,
        },
        rate_limit: cursor
            .message("response_rate_limit")
            .map(|it| rate_limit(&it)),
        upstream_cluster: cursor.text("upstream_cluster").map(str::to_owned),
        headers: matcher::headers(cursor, "headers"),
        max_active: cursor.number("max_active_faults"),
        disable_downstream_cluster_stats: cursor.flag("disable_downstream_cluster_stats"),
    })
}

fn delay(cursor: &Cursor<'_>) -> Delay {
    Delay {
        fixed: cursor.duration("fixed_delay"),
        share: share(cursor),
    }
}

fn abort(cursor: &Cursor<'_>) -> Option<Abort> {
    Some(Abort {
        answer: match cursor.member("error_type")? {
            "http_status" => AbortAnswer::Http(cursor.number("http_status")?),
            "grpc_status" => AbortAnswer::Grpc(cursor.number("grpc_status")?),
            _ => AbortAnswer::Header,
        },
        share: share(cursor),
    })
}

fn rate_limit(cursor: &Cursor<'_>) -> RateLimit {
    let fixed = cursor.message("fixed_limit");
    RateLimit {
        kilobytes_per_second: fixed.and_then(|it| it.number("limit_kbps")),
        share: share(cursor),
    }
}

/// Without a percentage there are none (as in Envoy).
fn share(cursor: &Cursor<'_>) -> Fraction {
    cursor
        .message("percentage")
        .map_or(Fraction::NONE, |it| common::fraction(&it))
}
