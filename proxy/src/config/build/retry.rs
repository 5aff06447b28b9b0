//! Reads when and how requests are tried again.

use super::{matcher, milliseconds};
use crate::config::cursor::Cursor;
use crate::config::model::retry::{BackOff, RetryOn, RetryPolicy};

pub(super) fn policy(cursor: &Cursor<'_>) -> Option<RetryPolicy> {
    // Unknown reasons are passed over, as Envoy does.
    let (on, _) = RetryOn::parse(&cursor.string("retry_on"));
    let status_codes: Vec<u32> = cursor.numbers("retriable_status_codes");
    let back_off = match cursor.message("retry_back_off") {
        Some(back_off) => self::back_off(&back_off)?,
        None => DEFAULT,
    };
    let attempts: i64 = cursor
        .number("host_selection_retry_max_attempts")
        .unwrap_or(0);
    Some(RetryPolicy {
        on,
        status_codes: status_codes
            .iter()
            .filter_map(|code| u16::try_from(*code).ok())
            .collect(),
        headers: matcher::headers(cursor, "retriable_headers"),
        request_headers: matcher::headers(cursor, "retriable_request_headers"),
        retries: cursor.number("num_retries").unwrap_or(1),
        per_try_timeout: cursor.timeout("per_try_timeout", None),
        per_try_idle_timeout: cursor.timeout("per_try_idle_timeout", None),
        back_off,
        avoid_previous_hosts: cursor.has("retry_host_predicate"),
        host_selection_attempts: u32::try_from(attempts).unwrap_or(0).max(1),
    })
}

/// A back-off; its longest wait is ten times the first if not given.
pub(super) fn back_off(cursor: &Cursor<'_>) -> Option<BackOff> {
    let base = cursor.duration("base_interval")?;
    let max = cursor.duration("max_interval").unwrap_or(base * 10);
    if max < base {
        let message = "the longest wait is shorter than the first";
        cursor.refuse("max_interval", message, "make it `base_interval` or more");
    }
    Some(BackOff { base, max })
}

/// Envoy's, without its runtime key `upstream.base_retry_backoff_ms`.
const DEFAULT: BackOff = BackOff {
    base: milliseconds(25),
    max: milliseconds(250),
};
