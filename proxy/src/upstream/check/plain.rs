//! Carries checks over plain TCP: bytes, HTTP/1 and HTTP/2.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::config::model::address::Address;
use crate::config::model::health::{Check, HealthCheck};
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::http1::body::{Decoder, Framing, Piece};
use crate::http1::head::Limits;
use crate::http1::{head, line, write};
use crate::stats::{ClusterStats, Http2Stats, Shared, Writer};
use crate::upstream::Cluster;
use crate::upstream::host::{Host, HostId, with_port};

use super::exchange::{Answer, Asking, Exchange, Request};
use super::http2::Session;

/// Both directions of a connection.
pub(super) trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

pub(super) type Stream = Box<dyn Both>;

/// A connection, and what it remembers where it speaks HTTP/2.
struct Kept {
    stream: Stream,
    http2: Option<Session>,
}

/// Carries checks over plain TCP and Unix sockets. It speaks no TLS.
pub struct Plain {
    stats: Shared<ClusterStats>,
    http2_stats: Option<Shared<Http2Stats>>,
    /// Connections between checks.
    kept: Mutex<HashMap<HostId, Kept>>,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Plain").finish_non_exhaustive()
    }
}

const LIMITS: Limits = Limits {
    headers: 100,
    allow_chunked_length: false,
    allow_custom_methods: true,
};

/// Bytes of a head at most, as Envoy's default for upstreams.
const LONGEST_HEAD: usize = 60 * 1024;

impl Exchange for Plain {
    fn http<'a>(
        &'a self,
        host: &'a Host,
        options: &'a HealthCheck,
        request: Request,
    ) -> Asking<'a, Answer> {
        Box::pin(async move {
            let mut kept = self.connection(host, options).await?;
            let (answer, keep_alive) = if request.http2 {
                let session = kept.http2.get_or_insert_with(|| {
                    if let Some(stats) = &self.http2_stats {
                        stats.nghttp2_upstream_connections.increment();
                    }
                    Session::new()
                });
                session.ask(&mut kept.stream, &request).await
            } else {
                exchange(&mut kept.stream, &request).await
            }
            .inspect_err(|error| {
                if error.kind() == io::ErrorKind::InvalidData {
                    self.stats.upstream_cx_protocol_error.increment();
                }
            })?;
            if keep_alive && options.reuse_connection {
                self.keep(host.id, kept);
            }
            Ok(answer)
        })
    }

    fn forget(&self, host: HostId) {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&host);
    }

    fn bytes<'a>(
        &'a self,
        host: &'a Host,
        options: &'a HealthCheck,
        send: &'a [u8],
        enough: &'a (dyn Fn(&[u8]) -> bool + Sync),
    ) -> Asking<'a, ()> {
        Box::pin(async move {
            let mut kept = self.connection(host, options).await?;
            let stream = &mut kept.stream;
            if enough(&[]) {
                return Ok(());
            }
            stream.write_all(send).await?;
            let mut came = Vec::new();
            while !enough(&came) {
                if stream.read_buf(&mut came).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            if options.reuse_connection {
                self.keep(host.id, kept);
            }
            Ok(())
        })
    }
}

impl Plain {
    /// Carries the checks of a cluster; keeps connections between them where they may be kept.
    pub fn new(cluster: &Cluster) -> Self {
        let speaks_http2 = |it: &HealthCheck| match &it.check {
            Check::Http(check) => check.http2,
            Check::Grpc { .. } => true,
            Check::Tcp { .. } => false,
        };
        let stats = cluster.stats().clone();
        let http2 = cluster.config().health_checks.iter().any(speaks_http2);
        let below = || stats.scope().child("http2").shared(Writer::Main);
        Self {
            http2_stats: http2.then(below),
            stats,
            kept: Mutex::default(),
        }
    }

    async fn connection(&self, host: &Host, options: &HealthCheck) -> io::Result<Kept> {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&host.id);
        if let Some(mut kept) = kept
            && kept.is_idle().await
        {
            return Ok(kept);
        }
        Ok(Kept {
            stream: connect(host, options).await?,
            http2: None,
        })
    }

    fn keep(&self, host: HostId, kept: Kept) {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(host, kept);
    }
}

impl Kept {
    /// Whether the other side has neither closed nor sent anything; frames of HTTP/2 may come at any time.
    async fn is_idle(&mut self) -> bool {
        let mut bytes = [0; 512];
        let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
        let stream = &mut self.stream;
        let read = std::future::poll_fn(|context| {
            let poll = Pin::new(&mut *stream).poll_read(context, &mut buffer);
            std::task::Poll::Ready(poll.is_pending())
        });
        let pending = read.await;
        match &mut self.http2 {
            Some(session) => pending || session.came(buffer.filled()),
            None => pending,
        }
    }
}

async fn connect(host: &Host, options: &HealthCheck) -> io::Result<Stream> {
    let address = &host.check.address;
    match options
        .port
        .map_or_else(|| address.clone(), |port| with_port(address, port))
    {
        Address::Socket(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Address::Pipe(path, _) => Ok(Box::new(UnixStream::connect(path).await?)),
        Address::Name(..) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The answer, and whether the connection may be kept.
async fn exchange(stream: &mut Stream, request: &Request) -> io::Result<(Answer, bool)> {
    let head = RequestHead {
        method: request.method.into(),
        authority: request.authority.clone().into(),
        path: request.path.clone().into(),
        headers: request.headers.clone(),
        ..RequestHead::default()
    };
    let mut out = Vec::new();
    write::request(&head, &mut out);
    out.extend_from_slice(&request.body);
    stream.write_all(&out).await?;
    let mut came = Vec::new();
    let (head, parsed) = loop {
        let (head, parsed) = read_head(stream, &mut came, request.method == "HEAD").await?;
        if head.status >= 200 {
            break (head, parsed);
        }
    };
    let mut answer = Answer {
        status: head.status,
        headers: head.headers,
        ..Answer::default()
    };
    let mut body = Decoder::new(parsed.framing, LIMITS);
    read_body(stream, &mut came, &mut body, request.keep, &mut answer).await?;
    Ok((
        answer,
        parsed.keep_alive && parsed.framing != Framing::UntilClose,
    ))
}

async fn read_head(
    stream: &mut Stream,
    came: &mut Vec<u8>,
    to_head: bool,
) -> io::Result<(ResponseHead, head::Parsed)> {
    let end = loop {
        if let Some(end) = line::head_end(came, 0) {
            break end;
        }
        if came.len() > LONGEST_HEAD || stream.read_buf(came).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut read = ResponseHead::default();
    let to = head::Asked {
        head: to_head,
        ..head::Asked::default()
    };
    let parsed = head::response(&came[..end], LIMITS, to, &mut read);
    let parsed = parsed.map_err(invalid)?;
    came.drain(..end);
    Ok((read, parsed))
}

async fn read_body(
    stream: &mut Stream,
    came: &mut Vec<u8>,
    body: &mut Decoder,
    keep: usize,
    answer: &mut Answer,
) -> io::Result<()> {
    let mut trailers = Headers::new();
    while !body.is_done() {
        match body.next(came, &mut trailers).map_err(invalid)? {
            Piece::Data { skip, length } => {
                let room = length.min(keep.saturating_sub(answer.body.len()));
                answer.body.extend_from_slice(&came[skip..skip + room]);
                came.drain(..skip + length);
            }
            Piece::End { skip } => {
                came.drain(..skip);
                break;
            }
            Piece::Incomplete { skip } => {
                came.drain(..skip);
                if stream.read_buf(came).await? == 0 {
                    if body.ends_here() {
                        break;
                    }
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
    answer.trailers = trailers;
    Ok(())
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
