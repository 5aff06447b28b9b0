//! Says how a stream of HTTP/2 has ended.

use crate::http2::{Cause, ErrorCode};
use crate::stream::Broken;

/// How a stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Both sides have sent all they had.
    Whole,
    /// It was left before.
    Local,
    /// It broke off.
    Broken(Broken),
}

/// Why a stream broke off, from the code and the cause.
pub(super) fn reason(code: ErrorCode, cause: Cause) -> Broken {
    match cause {
        Cause::GoAway => Broken::Refused,
        Cause::Peer if code == ErrorCode::REFUSED_STREAM => Broken::Refused,
        Cause::Peer if code == ErrorCode::PROTOCOL_ERROR => Broken::Protocol,
        // Envoy takes a header that is too large for a reset by the other side.
        Cause::Peer | Cause::HeadersTooLarge => Broken::Reset,
        Cause::Malformed | Cause::Underscore | Cause::FlowControl => Broken::Protocol,
    }
}
