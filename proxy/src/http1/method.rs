//! Knows the methods of requests.

use super::head::Limits;

/// Whether a method may begin so.
pub(super) fn may_begin(byte: u8, limits: Limits) -> bool {
    if limits.allow_custom_methods {
        byte > b' '
    } else {
        b"ABCDGHLMNOPRSTU".contains(&byte)
    }
}

/// Whether a method is registered (<https://www.iana.org/assignments/http-methods>).
pub(super) fn is_registered(method: &[u8]) -> bool {
    const METHODS: &[&[u8]] = &[
        b"GET",
        b"POST",
        b"PUT",
        b"HEAD",
        b"DELETE",
        b"OPTIONS",
        b"PATCH",
        b"CONNECT",
        b"TRACE",
        b"ACL",
        b"BIND",
        b"CHECKOUT",
        b"COPY",
        b"LINK",
        b"LOCK",
        b"MERGE",
        b"MKACTIVITY",
        b"MKCALENDAR",
        b"MKCOL",
        b"MOVE",
        b"MSEARCH",
        b"NOTIFY",
        b"PROPFIND",
        b"PROPPATCH",
        b"PURGE",
        b"REBIND",
        b"REPORT",
        b"SEARCH",
        b"SOURCE",
        b"SUBSCRIBE",
        b"UNBIND",
        b"UNLINK",
        b"UNLOCK",
        b"UNSUBSCRIBE",
    ];
    METHODS.contains(&method)
}
