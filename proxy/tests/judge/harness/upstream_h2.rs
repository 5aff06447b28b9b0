//! Runs the HTTP/2 side of scripted upstreams: records each stream and plays a reply on it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::record::Record;
use super::stream::{Handle, Wire};
use super::text;
use super::upstream::held;

/// What an upstream does on a stream.
#[derive(Clone)]
pub(crate) struct StreamReply {
    /// Whether it waits for the end of the request first.
    pub(crate) whole: bool,
    pub(crate) acts: Vec<StreamAct>,
}

#[derive(Clone)]
pub(crate) enum StreamAct {
    /// Status, headers, and whether the stream ends with them.
    Headers(u16, Vec<(&'static str, String)>, bool),
    /// An informational response.
    Informational(u16),
    /// Data, and whether the stream ends with it.
    Data(Vec<u8>, bool),
    Trailers(Vec<(&'static str, &'static str)>),
    Reset(Reason),
    /// Sends GOAWAY and lets the streams end.
    GoAway,
    /// Sends GOAWAY with an error and ends the connection.
    Abort(Reason),
    /// Resets the TCP connection.
    Cut,
    Wait(u64),
    Held,
}

/// A reply with these acts, once the whole request is there.
pub(crate) fn stream(acts: impl IntoIterator<Item = StreamAct>) -> StreamReply {
    StreamReply {
        whole: true,
        acts: acts.into_iter().collect(),
    }
}

/// 200 with a body.
pub(crate) fn ok_h2(body: &str) -> StreamReply {
    stream([
        StreamAct::Headers(200, Vec::new(), false),
        StreamAct::Data(body.into(), true),
    ])
}

impl StreamReply {
    /// Starts when the headers of the request have come.
    pub(crate) fn early(mut self) -> Self {
        self.whole = false;
        self
    }

    pub(crate) fn held(mut self) -> Self {
        self.acts.insert(0, StreamAct::Held);
        self
    }
}

/// What a stream asks of its connection.
enum Command {
    GoAway,
    Abort(Reason),
    Cut,
}

pub(crate) async fn serve(
    wire: Box<dyn Wire>,
    handle: Handle,
    number: usize,
    replies: Arc<[StreamReply]>,
    record: Arc<Record>,
) {
    let ended = |how: &'static str| {
        record.change(|seen| _ = seen.connections[number].ended.get_or_insert(how));
    };
    let mut builder = h2::server::Builder::new();
    builder.enable_connect_protocol();
    let Ok(mut connection) = builder.handshake(wire).await else {
        return ended("no HTTP/2");
    };
    let (sender, mut commands) = mpsc::unbounded_channel();
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    let stream = Stream::new(&request, number, &record, sender.clone());
                    let reply = replies[stream.reply.min(replies.len() - 1)].clone();
                    streams.spawn(stream.run(reply, request.into_body(), respond));
                }
                Some(Err(error)) if error.is_io() => return ended("failed"),
                Some(Err(error)) => return ended(if error.is_remote() { "goaway" } else { "error" }),
                None => return ended("closed"),
            },
            Some(command) = commands.recv() => match command {
                Command::GoAway => connection.graceful_shutdown(),
                Command::Abort(reason) => {
                    connection.abrupt_shutdown(reason);
                    flush(&mut connection).await;
                    return ended("closed by the upstream");
                }
                Command::Cut => {
                    ended("reset by the upstream");
                    return handle.reset();
                }
            },
        }
    }
}

async fn flush(connection: &mut Connection<Box<dyn Wire>, Bytes>) {
    let closed = std::future::poll_fn(|context| connection.poll_closed(context));
    let _ = tokio::time::timeout(Duration::from_secs(1), closed).await;
}

struct Stream {
    connection: usize,
    number: usize,
    /// Which request of the upstream it is.
    reply: usize,
    record: Arc<Record>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Stream {
    fn new(
        request: &http::Request<RecvStream>,
        connection: usize,
        record: &Arc<Record>,
        commands: mpsc::UnboundedSender<Command>,
    ) -> Self {
        let mut lines = vec![format!("{} {}", request.method(), request.uri())];
        if let Some(protocol) = request.extensions().get::<h2::ext::Protocol>() {
            lines.push(format!("protocol {}", protocol.as_str()));
        }
        lines.extend(header_lines(request.headers()));
        let (number, reply) = record.change(|seen| {
            seen.requests += 1;
            let streams = &mut seen.connections[connection].streams;
            streams.push(lines);
            (streams.len() - 1, seen.requests - 1)
        });
        Self {
            connection,
            number,
            reply,
            record: Arc::clone(record),
            commands,
        }
    }

    fn note(&self, line: String) {
        self.record
            .change(|seen| seen.connections[self.connection].streams[self.number].push(line));
    }

    async fn run(self, reply: StreamReply, body: RecvStream, respond: SendResponse<Bytes>) {
        if reply.whole {
            if self.receive(body).await {
                self.play(&reply.acts, respond).await;
            }
        } else {
            tokio::join!(self.receive(body), self.play(&reply.acts, respond));
        }
    }

    /// Records the rest of the request; whether it has come to its end.
    async fn receive(&self, mut body: RecvStream) -> bool {
        let mut data = Vec::new();
        let mut failure = None;
        while let Some(part) = body.data().await {
            match part {
                Ok(part) => {
                    let _ = body.flow_control().release_capacity(part.len());
                    data.extend(&part);
                    self.record.change(|seen| {
                        seen.connections[self.connection].bytes_of_data += part.len();
                    });
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        if !data.is_empty() {
            self.note(format!("data {}", text::shown(&data)));
        }
        let trailers = match failure {
            None => body.trailers().await,
            Some(error) => Err(error),
        };
        match trailers {
            Ok(trailers) => {
                for line in header_lines(&trailers.unwrap_or_default()) {
                    self.note(format!("trailer {line}"));
                }
                self.note("end".to_owned());
                true
            }
            Err(error) => {
                self.note(format!("ended by {}", failure_name(&error)));
                false
            }
        }
    }

    async fn play(&self, acts: &[StreamAct], mut respond: SendResponse<Bytes>) {
        let mut output = None;
        for act in acts {
            match act {
                StreamAct::Headers(status, headers, end) => {
                    let mut response = Response::new(());
                    *response.status_mut() = (*status).try_into().unwrap();
                    for (name, value) in headers {
                        let value = HeaderValue::from_str(value).unwrap();
                        response
                            .headers_mut()
                            .append(HeaderName::from_static(name), value);
                    }
                    output = respond.send_response(response, *end).ok();
                }
                StreamAct::Informational(status) => {
                    let mut response = Response::new(());
                    *response.status_mut() = (*status).try_into().unwrap();
                    let _ = respond.send_informational(response);
                }
                StreamAct::Data(data, end) => send(output.as_mut(), data, *end),
                StreamAct::Trailers(trailers) => {
                    if let Some(output) = &mut output {
                        let _ = output.send_trailers(header_map(trailers));
                    }
                }
                StreamAct::Reset(reason) => match &mut output {
                    Some(output) => output.send_reset(*reason),
                    None => respond.send_reset(*reason),
                },
                StreamAct::GoAway => _ = self.commands.send(Command::GoAway),
                StreamAct::Abort(reason) => _ = self.commands.send(Command::Abort(*reason)),
                StreamAct::Cut => _ = self.commands.send(Command::Cut),
                StreamAct::Wait(time) => tokio::time::sleep(Duration::from_millis(*time)).await,
                StreamAct::Held => held(&self.record).await,
            }
        }
        // Dropping an unfinished stream would reset it.
        if !matches!(
            acts.last(),
            Some(
                StreamAct::Reset(_)
                    | StreamAct::Trailers(_)
                    | StreamAct::Data(_, true)
                    | StreamAct::Headers(_, _, true)
            )
        ) {
            std::future::pending::<()>().await;
        }
    }
}

fn send(output: Option<&mut SendStream<Bytes>>, data: &[u8], end: bool) {
    if let Some(output) = output {
        let _ = output.send_data(Bytes::copy_from_slice(data), end);
    }
}

pub(crate) fn header_map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

pub(crate) fn header_lines(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .iter()
        .map(|(name, value)| text::normal(&format!("{name}: {}", text::shown(value.as_bytes()))));
    lines.collect()
}

/// What ended a stream or a connection, without what a library says about it.
pub(crate) fn failure_name(error: &h2::Error) -> String {
    let kind = if error.is_go_away() {
        "goaway"
    } else if error.is_reset() {
        "reset"
    } else {
        "the connection's end"
    };
    match error.reason() {
        Some(reason) => format!("{kind} {reason:?}"),
        None => kind.to_owned(),
    }
}
