//! Holds an answer, and carries it as Envoy's admin does: chunked.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::{Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::tap::Watching;

/// An answer of the admin.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
    /// What comes behind the body, without end.
    pub(super) lines: Option<Watching>,
}

impl Reply {
    pub(super) fn text(body: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "text/plain; charset=UTF-8",
            body: body.into(),
            lines: None,
        }
    }

    /// Lines as they come.
    pub(super) fn lines(watching: Watching) -> Self {
        Self {
            content_type: "application/x-ndjson",
            lines: Some(watching),
            ..Self::text("")
        }
    }

    pub(super) fn html(body: String) -> Self {
        Self {
            content_type: "text/html; charset=UTF-8",
            ..Self::text(body)
        }
    }

    /// JSON as it is.
    pub(super) fn compact(body: String) -> Self {
        Self {
            content_type: "application/json",
            ..Self::text(body)
        }
    }

    /// JSON as protobuf prints it: indented by one space.
    pub(super) fn json(value: &Value) -> Self {
        let mut bytes = Vec::new();
        let formatter = PrettyFormatter::with_indent(b" ");
        let written = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
        let text = written.ok().and_then(|()| String::from_utf8(bytes).ok());
        let text = text.unwrap_or_else(|| "{}".to_owned());
        // Outside of strings there are none of them.
        let escaped = text.replace('<', "\\u003c").replace('>', "\\u003e");
        Self::compact(escaped.replace('\u{7f}', "\\u007f") + "\n")
    }

    pub(super) fn bad_request(body: impl Into<String>) -> Self {
        Self::text(body).with(StatusCode::BAD_REQUEST)
    }

    pub(super) fn with(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn into_response(self) -> Response<Payload> {
        let mut response = Response::new(Payload {
            data: Some(self.body.into()),
            known: false,
            lines: self.lines,
        });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let fields = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, "no-cache, max-age=0"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::SERVER, "envoy"),
        ];
        for (name, value) in fields {
            headers.insert(name, header::HeaderValue::from_static(value));
        }
        response
    }
}

/// A refusal before any route is looked at: its length is known, and the connection ends
/// unless the request was well-formed.
pub(super) fn refusal(status: StatusCode, body: &'static str) -> Response<Payload> {
    let mut response = Response::new(Payload {
        data: Some(Bytes::from_static(body.as_bytes())),
        known: true,
        lines: None,
    });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !body.is_empty() {
        let text = header::HeaderValue::from_static("text/plain");
        headers.insert(header::CONTENT_TYPE, text);
    }
    let server = header::HeaderValue::from_static("envoy");
    headers.insert(header::SERVER, server);
    if status != StatusCode::NOT_FOUND {
        let close = header::HeaderValue::from_static("close");
        headers.insert(header::CONNECTION, close);
    }
    response
}

/// A body: one piece, and perhaps lines behind it.
#[derive(Debug)]
pub(super) struct Payload {
    data: Option<Bytes>,
    /// Whether its length is told; if not, it is chunked.
    known: bool,
    lines: Option<Watching>,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().filter(|data| !data.is_empty());
        if let (None, Some(lines)) = (&data, &mut self.lines) {
            let line = lines.poll_line(context);
            return line.map(|line| Some(Ok(Frame::data(line.into()))));
        }
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.data, self.known) {
            (Some(data), true) => SizeHint::with_exact(data.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
