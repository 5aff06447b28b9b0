//! Says what can happen on a connection.

use super::error::{Cause, ErrorCode, Failure};
use super::streams::StreamId;

/// Something that happened on a connection. Bodies are borrowed from the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'i> {
    /// A request has begun; its head is to be had from [`take_request`](super::Connection::take_request).
    Request {
        /// Its stream.
        stream: StreamId,
        /// Whether it has neither body nor trailers.
        end: bool,
    },
    /// A request has begun and is refused for its head; its stream, or the connection, has ended with it.
    Refused {
        /// Why, as Envoy names it.
        details: &'static str,
    },
    /// A response has begun; its head is to be had from [`take_response`](super::Connection::take_response).
    Response {
        /// The stream of its request.
        stream: StreamId,
        /// Whether it has neither body nor trailers.
        end: bool,
    },
    /// A response before the final one, such as 100 or 103; its head is to be had from
    /// [`take_response`](super::Connection::take_response).
    Informational {
        /// The stream of its request.
        stream: StreamId,
    },
    /// A piece of a body. It must be given back by [`release`](super::Connection::release) once it is consumed.
    Data {
        /// Its stream.
        stream: StreamId,
        /// The piece, which may be empty at the end.
        data: &'i [u8],
        /// Whether it is the last piece and no trailers come.
        end: bool,
    },
    /// The trailers that end a message; to be had from [`take_trailers`](super::Connection::take_trailers).
    Trailers {
        /// Their stream.
        stream: StreamId,
    },
    /// A stream has ended before its time; nothing more is to be sent on it.
    Reset {
        /// The stream.
        stream: StreamId,
        /// The code that the peer has sent, or was sent.
        code: ErrorCode,
        /// Who did it and why.
        cause: Cause,
    },
    /// A stream on which not everything could be sent may send again.
    Writable {
        /// The stream.
        stream: StreamId,
    },
    /// The peer takes no new streams. Those of ours that it has done nothing with are reset, each with its own event.
    GoAway {
        /// The last stream that it has done anything with.
        last: u32,
        /// Why.
        code: ErrorCode,
    },
    /// The peer has sent its settings; more or fewer streams may be available.
    Settings,
    /// The peer has answered a ping.
    Pong {
        /// What the ping carried.
        payload: [u8; 8],
    },
    /// The connection has come to its end. The owner writes what is in the output and closes it; all streams are gone.
    Failed(Failure),
}
