//! Drives a connection over a stream of bytes, with bodies that are sent as they are let through.

use mesh_proxy::http::headers::Headers;
use mesh_proxy::http2::{Connection, Event, Failure, StreamId};
use std::collections::HashMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

/// A body that is on its way, and the trailers after it.
#[derive(Default)]
struct Body {
    data: Vec<u8>,
    sent: usize,
    end: bool,
    trailers: Option<Headers>,
}

/// A connection with the socket and the buffers that an owner has.
pub(super) struct Driver {
    pub(super) connection: Connection,
    reader: ReadHalf<DuplexStream>,
    writer: WriteHalf<DuplexStream>,
    input: Vec<u8>,
    filled: usize,
    bodies: HashMap<StreamId, Body>,
}

impl Driver {
    pub(super) fn new(connection: Connection, stream: DuplexStream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            connection,
            reader,
            writer,
            input: vec![0; 20_000],
            filled: 0,
            bodies: HashMap::new(),
        }
    }

    /// Sends a body, and ends the message if it is to end.
    pub(super) fn send(&mut self, stream: StreamId, data: &[u8], end: bool) {
        let body = self.bodies.entry(stream).or_default();
        body.data.extend_from_slice(data);
        body.end = end;
        self.go_on(stream);
    }

    /// Ends a message with trailers.
    pub(super) fn send_trailers(&mut self, stream: StreamId, trailers: Headers) {
        self.bodies.entry(stream).or_default().trailers = Some(trailers);
        self.go_on(stream);
    }

    fn go_on(&mut self, stream: StreamId) {
        let Some(body) = self.bodies.get_mut(&stream) else {
            return;
        };
        let rest = &body.data[body.sent..];
        if let Ok(count) = self.connection.send_data(stream, rest, body.end) {
            body.sent += count;
        }
        if body.sent < body.data.len() {
            return;
        }
        if let Some(trailers) = body.trailers.take() {
            body.end = true;
            self.connection.send_trailers(stream, &trailers).unwrap();
        }
        if body.end {
            self.bodies.remove(&stream);
        }
    }

    /// Runs until `act` says that it has seen enough, or the peer closes the connection. Returns whether the former.
    pub(super) async fn run(&mut self, mut act: impl FnMut(&mut Self, Event<'_>) -> bool) -> bool {
        loop {
            if self.events(&mut act) {
                self.flush().await;
                return true;
            }
            let has_output = !self.connection.output().is_empty();
            tokio::select! {
                count = self.writer.write(self.connection.output()), if has_output => {
                    let Ok(count) = count else { return false };
                    self.connection.wrote(count);
                }
                count = self.reader.read(&mut self.input[self.filled..]) => {
                    match count {
                        Ok(count @ 1..) => self.filled += count,
                        _ => return false,
                    }
                }
            }
        }
    }

    fn events(&mut self, act: &mut impl FnMut(&mut Self, Event<'_>) -> bool) -> bool {
        let input = std::mem::take(&mut self.input);
        let mut front = &input[..self.filled];
        let mut enough = false;
        while !enough && let Some(event) = self.connection.receive(&mut front) {
            match event {
                Event::Writable { stream } => self.go_on(stream),
                Event::Failed(failure) => panic!("{failure:?}"),
                event => enough = act(self, event),
            }
        }
        let left = front.len();
        let start = self.filled - left;
        self.input = input;
        self.input.copy_within(start..self.filled, 0);
        self.filled = left;
        enough
    }

    pub(super) async fn flush(&mut self) {
        while !self.connection.output().is_empty() {
            let count = self.writer.write(self.connection.output()).await.unwrap();
            self.connection.wrote(count);
        }
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        self.connection.failure()
    }
}

/// Bytes that tell where they stand.
pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|it| (it % 251).to_le_bytes()[0]).collect()
}
