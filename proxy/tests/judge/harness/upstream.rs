//! Runs scripted upstreams that record byte for byte what they receive.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::case::{Kind, Upstream};
use super::certificates::Certificates;
use super::message::{head_length, message_length};
use super::record::{Connection, Record};
use super::script::{Act, Reply, Trigger};
use super::stream::{Handle, Wire, ending};
use super::upstream_h2;

/// An upstream that listens; everything of it ends when it is dropped.
pub(crate) struct Running {
    pub(crate) record: Arc<Record>,
    _tasks: JoinSet<()>,
    _filled: Vec<TcpStream>,
}

pub(crate) async fn start(
    upstream: &Upstream,
    address: SocketAddr,
    certificates: &Certificates,
) -> Running {
    let record = Arc::new(Record::new());
    let mut tasks = JoinSet::new();
    let mut filled = Vec::new();
    let acceptor = upstream.tls.as_ref().map(|tls| certificates.acceptor(tls));
    match &upstream.kind {
        Kind::Refusing => {}
        Kind::Silent => {
            let listener = listen(address, 0);
            // The queue of a listener with a backlog of 0 holds one connection; what comes later gets no answer.
            filled.push(TcpStream::connect(address).await.unwrap());
            tasks.spawn(async move {
                let _listener = listener;
                std::future::pending::<()>().await;
            });
        }
        kind => {
            let listener = listen(address, 1024);
            let script = match kind {
                Kind::Raw(replies) => Service::Raw(replies.clone().into()),
                Kind::H2(replies) => Service::H2(replies.clone().into()),
                Kind::Refusing | Kind::Silent => unreachable!("handled above"),
            };
            tasks.spawn(accept(listener, script, acceptor, Arc::clone(&record)));
        }
    }
    Running {
        record,
        _tasks: tasks,
        _filled: filled,
    }
}

#[derive(Clone)]
enum Service {
    Raw(Arc<[Reply]>),
    H2(Arc<[upstream_h2::StreamReply]>),
}

fn listen(address: SocketAddr, backlog: u32) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(backlog).unwrap()
}

async fn accept(
    listener: TcpListener,
    service: Service,
    acceptor: Option<super::certificates::Acceptor>,
    record: Arc<Record>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let number = record.change(|seen| {
            seen.connections.push(Connection::default());
            seen.connections.len() - 1
        });
        let handle = Handle::of(&stream);
        let (service, acceptor, record) = (service.clone(), acceptor.clone(), Arc::clone(&record));
        connections.spawn(async move {
            let wire: Box<dyn Wire> = match acceptor {
                None => Box::new(stream),
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok((stream, preface)) => {
                        record.change(|seen| seen.connections[number].preface = preface);
                        Box::new(stream)
                    }
                    Err(preface) => {
                        record.change(|seen| {
                            seen.connections[number].preface = preface;
                            seen.connections[number].ended = Some("no handshake");
                        });
                        return;
                    }
                },
            };
            match service {
                Service::Raw(replies) => serve(wire, handle, number, &replies, record).await,
                Service::H2(replies) => {
                    upstream_h2::serve(wire, handle, number, replies, record).await;
                }
            }
        });
    }
}

/// Serves one connection: a task reads and records, this one plays the script.
async fn serve(
    wire: Box<dyn Wire>,
    handle: Handle,
    number: usize,
    replies: &[Reply],
    record: Arc<Record>,
) {
    let (mut input, mut output) = tokio::io::split(wire);
    let recorder = Arc::clone(&record);
    let mut reader = JoinSet::new();
    reader.spawn(async move {
        let mut buffer = vec![0; 65536];
        loop {
            let result = input.read(&mut buffer).await;
            let ended = ending(&result);
            recorder.change(|seen| {
                let connection = &mut seen.connections[number];
                connection
                    .bytes
                    .extend(&buffer[..*result.as_ref().unwrap_or(&0)]);
                connection.ended = ended;
            });
            if ended.is_some() {
                return;
            }
        }
    });
    let script = Script {
        number,
        replies,
        record: &record,
    };
    match script.run(&mut output).await {
        Ending::Peer => {}
        Ending::Closed => {
            let _ = output.shutdown().await;
            script.ended("closed by the upstream");
        }
        Ending::Reset => {
            script.ended("reset by the upstream");
            handle.reset();
        }
    }
}

enum Ending {
    Peer,
    Closed,
    Reset,
}

struct Script<'a> {
    number: usize,
    replies: &'a [Reply],
    record: &'a Record,
}

impl Script<'_> {
    async fn run(&self, output: &mut WriteHalf<Box<dyn Wire>>) -> Ending {
        if self
            .replies
            .iter()
            .any(|reply| reply.trigger == Trigger::Connection)
        {
            let reply = &self.replies[self.number.min(self.replies.len() - 1)];
            return match self.play(&reply.acts, output).await {
                Some(ending) => ending,
                None => self.over().await,
            };
        }
        let mut start = 0;
        loop {
            if !self
                .wait(|bytes| head_length(&bytes[start..]).is_some())
                .await
            {
                return Ending::Peer;
            }
            let request = self.record.change(|seen| {
                seen.requests += 1;
                seen.requests - 1
            });
            let reply = &self.replies[request.min(self.replies.len() - 1)];
            let complete = |bytes: &[u8]| message_length(&bytes[start..]).is_some();
            if reply.trigger == Trigger::Request && !self.wait(complete).await {
                return Ending::Peer;
            }
            if let Some(ending) = self.play(&reply.acts, output).await {
                return ending;
            }
            if !self.wait(complete).await {
                return Ending::Peer;
            }
            start += self.record.read(|seen| {
                message_length(&seen.connections[self.number].bytes[start..]).unwrap()
            });
        }
    }

    async fn play(&self, acts: &[Act], output: &mut WriteHalf<Box<dyn Wire>>) -> Option<Ending> {
        for act in acts {
            match act {
                Act::Send(bytes) => {
                    let _ = output.write_all(bytes).await;
                    let _ = output.flush().await;
                }
                Act::Wait(milliseconds) => {
                    tokio::time::sleep(std::time::Duration::from_millis(*milliseconds)).await;
                }
                Act::Held => held(self.record).await,
                Act::Received(count) => {
                    self.wait(|bytes| bytes.len() >= *count).await;
                }
                Act::Finished => _ = self.over().await,
                Act::HalfClose => {
                    let _ = output.shutdown().await;
                }
                Act::Close => return Some(Ending::Closed),
                Act::Reset => return Some(Ending::Reset),
            }
        }
        None
    }

    /// Waits for bytes; false when the proxy has ended the connection without them.
    async fn wait(&self, condition: impl Fn(&[u8]) -> bool) -> bool {
        let found = |seen: &super::record::Seen| condition(&seen.connections[self.number].bytes);
        self.record
            .forever(|seen| found(seen) || seen.connections[self.number].ended.is_some())
            .await;
        self.record.read(found)
    }

    async fn over(&self) -> Ending {
        self.record
            .forever(|seen| seen.connections[self.number].ended.is_some())
            .await;
        Ending::Peer
    }

    fn ended(&self, how: &'static str) {
        self.record
            .change(|seen| _ = seen.connections[self.number].ended.get_or_insert(how));
    }
}

/// Waits until the client releases the upstream once more than before.
pub(crate) async fn held(record: &Record) {
    let ticket = record.change(|seen| {
        seen.held += 1;
        seen.held
    });
    record.forever(|seen| seen.released >= ticket).await;
}
