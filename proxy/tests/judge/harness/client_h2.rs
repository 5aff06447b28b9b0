//! Plays the exchanges of an HTTP/2 client and records what it receives.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{HeaderName, HeaderValue, Method, Request};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::certificates::ClientTls;
use super::client::{Peers, Seen};
use super::record::PATIENCE;
use super::stream::{Wire, connect};
use super::text;
use super::upstream_h2::{failure_name, header_lines, header_map};

/// A request and what comes back.
#[derive(Clone)]
pub(crate) struct Exchange {
    method: Method,
    uri: String,
    headers: Vec<(&'static str, String)>,
    /// The protocol that an extended CONNECT asks for.
    protocol: Option<&'static str>,
    acts: Vec<Send>,
    /// Whether the next exchange starts before this one has ended.
    parallel: bool,
    /// What is waited for before the request is sent.
    before: Option<(&'static str, usize)>,
    /// Whether the proxy must end the connection afterwards.
    closed: bool,
}

/// What is sent after the headers. A request that has none of it ends with its headers.
#[derive(Clone)]
enum Send {
    Data(Vec<u8>, bool),
    Trailers(Vec<(&'static str, &'static str)>),
    Reset(Reason),
    /// Waits until an upstream has received so many requests.
    Arrived(&'static str, usize),
    Release(&'static str),
    /// Waits until an upstream has received the end of a request.
    Ended(&'static str),
    /// Waits until the headers of the response are there.
    Answered,
}

pub(crate) fn exchange(method: &str, uri: &str) -> Exchange {
    Exchange {
        method: method.parse().unwrap(),
        uri: uri.to_owned(),
        headers: Vec::new(),
        protocol: None,
        acts: Vec::new(),
        parallel: false,
        before: None,
        closed: false,
    }
}

/// GET of a path of `host`.
pub(crate) fn fetch(path: &str) -> Exchange {
    exchange("GET", &format!("http://host{path}"))
}

/// POST to a path of `host` with a body.
pub(crate) fn post(path: &str, body: impl AsRef<[u8]>) -> Exchange {
    exchange("POST", &format!("http://host{path}")).last(body)
}

impl Exchange {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Makes it an extended CONNECT for this protocol.
    pub(crate) fn protocol(mut self, protocol: &'static str) -> Self {
        self.method = Method::CONNECT;
        self.protocol = Some(protocol);
        self
    }

    pub(crate) fn data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.acts.push(Send::Data(data.as_ref().to_vec(), false));
        self
    }

    /// Data that ends the request.
    pub(crate) fn last(mut self, data: impl AsRef<[u8]>) -> Self {
        self.acts.push(Send::Data(data.as_ref().to_vec(), true));
        self
    }

    pub(crate) fn trailers(mut self, trailers: &[(&'static str, &'static str)]) -> Self {
        self.acts.push(Send::Trailers(trailers.to_vec()));
        self
    }

    pub(crate) fn reset(mut self, reason: Reason) -> Self {
        self.acts.push(Send::Reset(reason));
        self
    }

    pub(crate) fn arrived(mut self, upstream: &'static str, count: usize) -> Self {
        self.acts.push(Send::Arrived(upstream, count));
        self
    }

    pub(crate) fn release(mut self, upstream: &'static str) -> Self {
        self.acts.push(Send::Release(upstream));
        self
    }

    /// Waits until an upstream of HTTP/2 has received the end of a request.
    pub(crate) fn ended(mut self, upstream: &'static str) -> Self {
        self.acts.push(Send::Ended(upstream));
        self
    }

    pub(crate) fn answered(mut self) -> Self {
        self.acts.push(Send::Answered);
        self
    }

    /// Lets the next exchange start at once.
    pub(crate) fn parallel(mut self) -> Self {
        self.parallel = true;
        self
    }

    /// Waits until an upstream has received so many requests before it starts.
    pub(crate) fn once(mut self, upstream: &'static str, count: usize) -> Self {
        self.before = Some((upstream, count));
        self
    }

    /// Waits for the proxy to end the connection afterwards.
    pub(crate) fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// Whether anything is sent behind the headers.
    fn goes_on(&self) -> bool {
        let sends = |act: &Send| matches!(act, Send::Data(..) | Send::Trailers(_) | Send::Reset(_));
        self.acts.iter().any(sends)
    }

    fn request(&self) -> Request<()> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.uri)
            .version(http::Version::HTTP_2)
            .body(())
            .unwrap();
        if let Some(protocol) = self.protocol {
            let protocol = h2::ext::Protocol::from_static(protocol);
            request.extensions_mut().insert(protocol);
        }
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
        request
    }
}

pub(crate) async fn play(
    exchanges: &[Exchange],
    tls: Option<&ClientTls>,
    from: u8,
    peers: &Peers<'_>,
) -> Seen {
    let mut seen = Seen::default();
    let wire = match open(tls, from, peers, &mut seen.lines).await {
        Ok(wire) => wire,
        Err(failure) => {
            seen.lines.push(failure);
            return seen;
        }
    };
    let (sender, connection) = match h2::client::handshake(wire).await {
        Ok(opened) => opened,
        Err(error) => {
            seen.lines.push(failure_name(&error));
            return seen;
        }
    };
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let streams = exchanges.iter().enumerate();
    let mut running = Vec::new();
    for (number, exchange) in streams {
        running.push((number, exchange));
        if !exchange.parallel {
            let all = running.drain(..);
            let all = all.map(|(number, exchange)| one(number, exchange, sender.clone(), peers));
            for lines in futures_util::future::join_all(all).await {
                seen.lines.extend(lines);
            }
        }
    }
    if exchanges.last().is_some_and(|exchange| exchange.closed) {
        let ended = match timeout(PATIENCE, driver.join_next()).await {
            Ok(Some(Ok(Ok(())))) => "closed".to_owned(),
            Ok(Some(Ok(Err(error)))) => format!("ended by {}", failure_name(&error)),
            _ => "waited in vain for the end".to_owned(),
        };
        seen.lines.push(ended);
    }
    drop(sender);
    // Lets the connection say goodbye.
    let _ = timeout(Duration::from_secs(1), driver.join_next()).await;
    seen
}

async fn open(
    tls: Option<&ClientTls>,
    from: u8,
    peers: &Peers<'_>,
    lines: &mut Vec<String>,
) -> Result<Box<dyn Wire>, String> {
    let stream = connect(peers.listener, from).await;
    let stream = stream.map_err(|error| format!("no connection: {}", error.kind()))?;
    stream.set_nodelay(true).unwrap();
    let Some(tls) = tls else {
        return Ok(Box::new(stream));
    };
    let connected = peers.certificates.connect(tls, stream).await;
    let (stream, preface) = connected.map_err(|error| format!("no handshake: {error}"))?;
    lines.extend(preface);
    Ok(Box::new(stream))
}

/// One exchange, as lines.
async fn one(
    number: usize,
    exchange: &Exchange,
    sender: SendRequest<Bytes>,
    peers: &Peers<'_>,
) -> Vec<String> {
    if let Some((upstream, count)) = exchange.before {
        peers.upstreams[upstream]
            .record
            .until(|seen| seen.requests >= count)
            .await;
    }
    let received = timeout(PATIENCE, receive(exchange, sender, peers)).await;
    let lines = received.unwrap_or_else(|_| vec!["waited in vain".to_owned()]);
    let lines = lines.into_iter();
    lines
        .map(|line| format!("exchange {number}: {line}"))
        .collect()
}

async fn receive(
    exchange: &Exchange,
    sender: SendRequest<Bytes>,
    peers: &Peers<'_>,
) -> Vec<String> {
    let sent = match sender.ready().await {
        Ok(mut sender) => sender.send_request(exchange.request(), !exchange.goes_on()),
        Err(error) => Err(error),
    };
    let (mut response, mut output) = match sent {
        Ok(sent) => sent,
        Err(error) => return vec![format!("not sent: {}", failure_name(&error))],
    };
    let mut head = None;
    for act in &exchange.acts {
        act_on(act, &mut output, &mut response, &mut head, peers).await;
    }
    let mut lines = Vec::new();
    if head.is_none() {
        head = Some((&mut response).await);
    }
    match head.unwrap() {
        Ok(response) => {
            lines.push(format!("status {}", response.status().as_u16()));
            lines.extend(header_lines(response.headers()));
            rest(response.into_body(), &mut lines).await;
        }
        Err(error) => lines.push(format!("ended by {}", failure_name(&error))),
    }
    lines
}

type Head = Result<http::Response<h2::RecvStream>, h2::Error>;

async fn act_on(
    act: &Send,
    output: &mut SendStream<Bytes>,
    response: &mut ResponseFuture,
    head: &mut Option<Head>,
    peers: &Peers<'_>,
) {
    match act {
        Send::Data(data, end) => _ = output.send_data(Bytes::copy_from_slice(data), *end),
        Send::Trailers(trailers) => _ = output.send_trailers(header_map(trailers)),
        Send::Reset(reason) => output.send_reset(*reason),
        Send::Arrived(upstream, count) => {
            peers.upstreams[upstream]
                .record
                .until(|seen| seen.requests >= *count)
                .await;
        }
        Send::Release(upstream) => {
            peers.upstreams[upstream]
                .record
                .change(|seen| seen.released += 1);
        }
        Send::Ended(upstream) => {
            let ended = |seen: &super::record::Seen| {
                let mut streams = seen.connections.iter().flat_map(|it| &it.streams);
                streams.any(|stream| stream.iter().any(|line| line == "end"))
            };
            peers.upstreams[upstream].record.until(ended).await;
        }
        Send::Answered => *head = Some(response.await),
    }
}

/// The body and the trailers.
async fn rest(mut body: h2::RecvStream, lines: &mut Vec<String>) {
    let mut data = Vec::new();
    let mut failure = None;
    while let Some(part) = body.data().await {
        match part {
            Ok(part) => {
                let _ = body.flow_control().release_capacity(part.len());
                data.extend(&part);
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    if !data.is_empty() {
        lines.push(format!("data {}", text::shown(&data)));
    }
    let trailers = match failure {
        None => body.trailers().await,
        Some(error) => Err(error),
    };
    match trailers {
        Ok(trailers) => {
            for line in header_lines(&trailers.unwrap_or_default()) {
                lines.push(format!("trailer {line}"));
            }
            lines.push("end".to_owned());
        }
        Err(error) => lines.push(format!("ended by {}", failure_name(&error))),
    }
}
