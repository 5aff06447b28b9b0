//! Answers gRPC: echoes messages, unary or streaming both ways, and says that the server is healthy.
//!
//! Messages are carried as they are, so any message type will do
//! (framing: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Request, Response};

use crate::answer::Answer;
use crate::fault::Fault;

/// Not compressed, 2 bytes long, `grpc.health.v1.HealthCheckResponse { status: SERVING }`.
const SERVING: &[u8] = &[0, 0, 0, 0, 2, 8, 1];

/// Whether a request is gRPC.
pub(crate) fn is_grpc<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"))
}

/// The answer. A fault ends the call without a message.
pub(crate) fn answer(request: Request<Incoming>, fault: Option<&Fault>) -> Response<Answer> {
    let status = fault.and_then(|it| it.grpc_status).unwrap_or_default();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(u16::from(status)));
    let body = if status != 0 {
        Answer::Whole(None, Some(trailers))
    } else if request.uri().path() == "/grpc.health.v1.Health/Check" {
        Answer::Whole(Some(Bytes::from_static(SERVING)), Some(trailers))
    } else {
        Answer::Echo(request.into_body(), Some(trailers))
    };
    let mut response = Response::new(body);
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}
