//! Holds the body of an answer: what is sent, its trailers, and where it breaks off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::{Body, Frame, Incoming};

/// A body.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Data, then trailers if there are any.
    Whole(Option<Bytes>, Option<HeaderMap>),
    /// Data that ends in a broken connection.
    Broken(Option<Bytes>),
    /// The request's own body as it comes in, then trailers.
    Echo(Incoming, Option<HeaderMap>),
}

impl Answer {
    /// A body of text.
    pub(crate) fn text(text: String) -> Self {
        Self::Whole(Some(text.into()), None)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(data, trailers) => {
                let frame = data
                    .take()
                    .map(Frame::data)
                    .or_else(|| trailers.take().map(Frame::trailers));
                Poll::Ready(frame.map(Ok))
            }
            Self::Broken(data) => Poll::Ready(Some(match data.take() {
                Some(data) => Ok(Frame::data(data)),
                None => Err(io::Error::other("the request asked for a broken body")),
            })),
            Self::Echo(incoming, trailers) => match Pin::new(incoming).poll_frame(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Some(Ok(frame))) if frame.is_data() => Poll::Ready(Some(Ok(frame))),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
                Poll::Ready(_) => Poll::Ready(trailers.take().map(|it| Ok(Frame::trailers(it)))),
            },
        }
    }
}
