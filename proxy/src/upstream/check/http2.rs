//! Carries checks as requests of HTTP/2, one after the other.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::exchange::{Answer, Request};
use super::plain::Stream;
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::http2::{Connection, Event, StreamId};

/// What a connection of HTTP/2 remembers between checks.
pub(super) struct Session {
    codec: Connection,
    input: Vec<u8>,
}

/// A check that is under way.
struct Asking<'r> {
    id: StreamId,
    unsent: &'r [u8],
    keep: usize,
    answer: Answer,
    done: bool,
}

impl Session {
    /// A connection that nothing was said on yet.
    pub(super) fn new() -> Self {
        Self {
            codec: Connection::client(crate::http2::Settings::default()),
            input: Vec::new(),
        }
    }

    /// Sends a request and reads the answer; also whether another request may follow.
    pub(super) async fn ask(
        &mut self,
        stream: &mut Stream,
        request: &Request,
    ) -> io::Result<(Answer, bool)> {
        let head = RequestHead {
            protocol: Protocol::Http2,
            method: request.method.into(),
            scheme: b"http".to_vec(),
            authority: request.authority.clone().into(),
            path: request.path.clone().into(),
            headers: request.headers.clone(),
            ..RequestHead::default()
        };
        let id = self.codec.open(&head, request.body.is_empty());
        let mut asking = Asking {
            id: id.map_err(io::Error::other)?,
            unsent: &request.body,
            keep: request.keep,
            answer: Answer::default(),
            done: false,
        };
        loop {
            asking.send(&mut self.codec)?;
            stream.write_all(self.codec.output()).await?;
            self.codec.wrote(self.codec.output().len());
            if asking.done {
                return Ok((asking.answer, self.codec.available_streams() > 0));
            }
            if stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.understand(&mut asking)?;
        }
    }

    /// Takes what came between checks; false if the other side has closed.
    pub(super) fn came(&mut self, bytes: &[u8]) -> bool {
        self.input.extend_from_slice(bytes);
        !bytes.is_empty()
    }

    fn understand(&mut self, asking: &mut Asking<'_>) -> io::Result<()> {
        let mut rest = &self.input[..];
        while let Some(event) = self.codec.receive(&mut rest) {
            asking.take(&mut self.codec, &event)?;
        }
        let taken = self.input.len() - rest.len();
        self.input.drain(..taken);
        Ok(())
    }
}

impl Asking<'_> {
    /// Sends what is left of the body, as far as the peer lets it through.
    fn send(&mut self, codec: &mut Connection) -> io::Result<()> {
        if !self.unsent.is_empty() && codec.is_open(self.id) {
            let sent = codec.send_data(self.id, self.unsent, true);
            self.unsent = &self.unsent[sent.map_err(io::Error::other)?..];
        }
        Ok(())
    }

    fn take(&mut self, codec: &mut Connection, event: &Event<'_>) -> io::Result<()> {
        match *event {
            Event::Response { stream, end } if stream == self.id => {
                let mut head = ResponseHead::default();
                codec.take_response(&mut head);
                (self.answer.status, self.answer.headers) = (head.status, head.headers);
                self.done = end;
            }
            Event::Informational { .. } => codec.take_response(&mut ResponseHead::default()),
            Event::Data { stream, data, end } if stream == self.id => {
                let room = self.keep.saturating_sub(self.answer.body.len());
                self.answer
                    .body
                    .extend_from_slice(&data[..data.len().min(room)]);
                codec.release(stream, data.len());
                self.done = end;
            }
            Event::Trailers { stream } if stream == self.id => {
                let mut trailers = Headers::new();
                codec.take_trailers(&mut trailers);
                self.answer.trailers = trailers;
                self.done = true;
            }
            Event::Reset { stream, .. } if stream == self.id => {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Event::Failed(_) => return Err(io::ErrorKind::InvalidData.into()),
            _ => {}
        }
        Ok(())
    }
}
