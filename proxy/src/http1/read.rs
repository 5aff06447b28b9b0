//! Reads a body from a connection, whichever side sent it.

use std::task::{Context, Poll, ready};

use super::HIGH_WATERMARK;
use super::body::{BodyError, Decoder, Piece};
use crate::http::headers::Headers;
use crate::stream::{BodyEvent, Broken};
use crate::wire::Wire;

/// Appends what there is of the body, up to the high watermark; waits only if there is nothing.
pub(super) fn poll_body(
    wire: &mut Wire,
    decoder: &mut Decoder,
    context: &mut Context<'_>,
    data: &mut Vec<u8>,
    trailers: &mut Headers,
) -> Poll<Result<BodyEvent, Broken>> {
    loop {
        let bytes = wire.input.bytes();
        let piece = decoder.next(bytes, trailers);
        match piece.map_err(|_: BodyError| Broken::Protocol)? {
            Piece::Data { skip, length } => {
                data.extend_from_slice(&bytes[skip..skip + length]);
                wire.input.take(skip + length);
                // Nothing more need be waited for when the last byte of a known length is there.
                if decoder.is_done() {
                    return Poll::Ready(Ok(BodyEvent::End));
                }
                if data.len() >= HIGH_WATERMARK || wire.input.is_empty() {
                    return Poll::Ready(Ok(BodyEvent::Data));
                }
            }
            Piece::End { skip } => {
                wire.input.take(skip);
                return Poll::Ready(Ok(BodyEvent::End));
            }
            Piece::Incomplete { skip } => {
                wire.input.take(skip);
                if !data.is_empty() {
                    return Poll::Ready(Ok(BodyEvent::Data));
                }
                match ready!(wire.poll_fill(context)) {
                    Ok(0) | Err(_) if decoder.ends_here() => {
                        return Poll::Ready(Ok(BodyEvent::End));
                    }
                    Ok(0) | Err(_) => return Poll::Ready(Err(Broken::Connection)),
                    Ok(_) => {}
                }
            }
        }
    }
}
