//! Plays the steps of a raw client and records what it receives.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::certificates::{Certificates, ClientTls};
use super::message::{chunked_length, field, find, head_length};
use super::record::PATIENCE;
use super::script::Step;
use super::stream::{Handle, Wire, connect, ending};
use super::upstream::Running;

/// What a client talks to.
pub(crate) struct Peers<'a> {
    pub(crate) listener: SocketAddr,
    pub(crate) upstreams: &'a BTreeMap<&'static str, Running>,
    pub(crate) certificates: &'a Certificates,
}

/// What a client has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) lines: Vec<String>,
    /// How many digits the times in the responses have beyond one each.
    pub(crate) digits: u64,
}

pub(crate) async fn play(
    steps: &[Step],
    tls: Option<&ClientTls>,
    from: u8,
    peers: &Peers<'_>,
) -> Seen {
    let mut connections = BTreeMap::new();
    let mut current = 0;
    for step in steps {
        if let Step::On(number) = step {
            current = *number;
        }
        if peers.wait_for(step, &mut connections).await {
            continue;
        }
        let connection = match connections.entry(current) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Connection::open(peers, tls, from).await),
        };
        connection.step(step).await;
    }
    let mut seen = Seen::default();
    for (number, mut connection) in connections {
        connection.finish().await;
        seen.lines.push(format!("connection {number}"));
        seen.lines.append(&mut connection.preface);
        if connection.frames && !connection.received.starts_with(b"HTTP/1") {
            seen.lines
                .extend(super::frames::lines(&connection.received));
        } else {
            seen.lines.extend(super::text::lines(&connection.received));
        }
        seen.lines.extend(connection.missed);
        seen.lines
            .push(connection.ended.unwrap_or("kept open").to_owned());
        seen.digits += super::text::digits_of_times(&connection.received);
    }
    seen
}

impl Peers<'_> {
    /// Waits for an upstream, if that is the step; says on every connection what did not come.
    async fn wait_for(&self, step: &Step, connections: &mut BTreeMap<usize, Connection>) -> bool {
        let record = |name: &str| &self.upstreams[name].record;
        let came = match step {
            Step::Arrived(name, count) => record(name).until(|seen| seen.requests >= *count).await,
            Step::Ended(name, count) => {
                let ended = |seen: &super::record::Seen| {
                    let ended =
                        |connection: &&super::record::Connection| connection.ended.is_some();
                    seen.connections.iter().filter(ended).count() >= *count
                };
                record(name).until(ended).await
            }
            Step::Seen(name, text) => {
                let seen = |seen: &super::record::Seen| {
                    let first = seen.connections.first();
                    first.is_some_and(|first| find(&first.bytes, text.as_bytes()).is_some())
                };
                record(name).until(seen).await
            }
            Step::Release(name) => {
                record(name).change(|seen| seen.released += 1);
                true
            }
            Step::Wait(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                true
            }
            _ => return false,
        };
        if !came {
            for connection in connections.values_mut() {
                connection
                    .missed
                    .push("an upstream was waited for in vain".to_owned());
            }
        }
        true
    }
}

/// A connection to the proxy.
struct Connection {
    wire: Option<(Box<dyn Wire>, Handle)>,
    preface: Vec<String>,
    received: Vec<u8>,
    /// Where the next response starts.
    start: usize,
    /// Whether the proxy has said that it will close.
    closing: bool,
    missed: Vec<String>,
    ended: Option<&'static str>,
    /// Whether what comes back are frames of HTTP/2.
    frames: bool,
}

impl Connection {
    async fn open(peers: &Peers<'_>, tls: Option<&ClientTls>, from: u8) -> Self {
        let mut connection = Self {
            wire: None,
            preface: Vec::new(),
            received: Vec::new(),
            start: 0,
            closing: false,
            missed: Vec::new(),
            ended: None,
            frames: false,
        };
        let stream = match connect(peers.listener, from).await {
            Ok(stream) => stream,
            Err(error) => {
                connection
                    .preface
                    .push(format!("no connection: {}", error.kind()));
                connection.ended = Some("never open");
                return connection;
            }
        };
        let handle = Handle::of(&stream);
        match tls {
            None => connection.wire = Some((Box::new(stream), handle)),
            Some(tls) => match peers.certificates.connect(tls, stream).await {
                Ok((stream, preface)) => {
                    connection.preface = preface;
                    connection.wire = Some((Box::new(stream), handle));
                }
                Err(error) => {
                    connection.preface.push(format!("no handshake: {error}"));
                    connection.ended = Some("closed");
                }
            },
        }
        connection
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Send(bytes) => {
                self.frames |= bytes.starts_with(super::frames::PREFACE);
                if let Some((wire, _)) = &mut self.wire {
                    // That the proxy has ended the connection shows when it is read.
                    let _ = timeout(PATIENCE, wire.write_all(bytes)).await;
                    let _ = wire.flush().await;
                }
            }
            Step::Response => self.response(false).await,
            Step::HeadResponse => self.response(true).await,
            Step::Read(text) => {
                let start = self.start;
                let found = |received: &[u8]| find(&received[start..], text.as_bytes());
                match self.until(found).await {
                    Some(at) => self.start += at + text.len(),
                    None => self.miss(text),
                }
            }
            Step::End => self.end().await,
            Step::HalfClose => {
                if let Some((wire, _)) = &mut self.wire {
                    let _ = wire.shutdown().await;
                }
            }
            Step::Reset => {
                if let Some((_, handle)) = self.wire.take() {
                    handle.reset();
                    self.ended.get_or_insert("reset by the client");
                }
            }
            Step::Close => {
                self.wire = None;
                self.ended.get_or_insert("closed by the client");
            }
            _ => {}
        }
    }

    fn miss(&mut self, what: &str) {
        let how = if self.ended.is_some() {
            "without"
        } else {
            "waited in vain for"
        };
        self.missed.push(format!("{how} the {what}"));
    }

    async fn response(&mut self, to_head: bool) {
        loop {
            let start = self.start;
            let Some(length) = self.until(|received| head_length(&received[start..])).await else {
                return self.miss("response");
            };
            let head = String::from_utf8_lossy(&self.received[start..start + length]).into_owned();
            self.start += length;
            let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
            if status.starts_with('1') && status != "101" {
                continue;
            }
            let says = field(&head, "connection").unwrap_or_default();
            self.closing |= says == "close" || head.starts_with("HTTP/1.0") && says != "keep-alive";
            let bodiless = to_head || ["101", "204", "304"].contains(&status.as_str());
            if !bodiless {
                self.body(&head).await;
            }
            return;
        }
    }

    async fn body(&mut self, head: &str) {
        let start = self.start;
        let length = if field(head, "transfer-encoding").is_some() {
            self.until(|received| chunked_length(&received[start..]))
                .await
        } else if let Some(length) = field(head, "content-length") {
            let length = length.parse().unwrap_or(0);
            self.until(|received| (received.len() >= start + length).then_some(length))
                .await
        } else {
            return self.end().await;
        };
        match length {
            Some(length) => self.start += length,
            None => self.miss("rest of a body"),
        }
    }

    async fn end(&mut self) {
        if self.until(|_| None::<()>).await.is_none() && self.ended.is_none() {
            self.miss("end");
        }
    }

    /// Reads until `find` finds something, the connection ends or patience does.
    async fn until<T>(&mut self, find: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let mut buffer = vec![0; 65536];
        loop {
            if let Some(found) = find(&self.received) {
                return Some(found);
            }
            let (wire, _) = self.wire.as_mut()?;
            let result = timeout(PATIENCE, wire.read(&mut buffer)).await.ok()?;
            self.ended = ending(&result);
            if self.ended.is_some() {
                self.wire = None;
                // The alert of TLS that has ended it.
                if let Err(error) = result
                    && error.kind() == std::io::ErrorKind::InvalidData
                {
                    self.missed.push(error.to_string());
                }
                return find(&self.received);
            }
            self.received.extend(&buffer[..result.unwrap()]);
        }
    }

    /// Leaves the end to the proxy when it has announced it.
    async fn finish(&mut self) {
        if self.closing && self.wire.is_some() {
            self.end().await;
        }
        self.wire = None;
    }
}
