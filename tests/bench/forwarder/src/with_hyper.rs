//! Forwards HTTP/1 and HTTP/2 on hyper: its server and client connections, and a pool between them.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::client::conn::{http1 as client1, http2 as client2};
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::listen::{listener, loopback};
use crate::tls::{Tls, server_name};

type Failure = Box<dyn Error + Send + Sync>;

/// The protocol of both hops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    First,
    /// HTTP/2 with prior knowledge.
    Second,
}

#[derive(Clone)]
struct Forward {
    pool: Arc<Pool>,
}

struct Pool {
    upstream: SocketAddr,
    connector: Option<TlsConnector>,
    protocol: Protocol,
    first: Mutex<Vec<client1::SendRequest<Incoming>>>,
    /// Held while it is dialled, so that a burst of requests makes one connection.
    second: tokio::sync::Mutex<Option<client2::SendRequest<Incoming>>>,
}

/// Forwards until the process ends.
pub(crate) fn run(
    port: u16,
    upstream: u16,
    tls: &Tls,
    accept: Protocol,
    connect: Protocol,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let acceptor = tls.accept.clone().map(TlsAcceptor::from);
    let pool = Arc::new(Pool {
        upstream: loopback(upstream),
        connector: tls.connect.clone().map(TlsConnector::from),
        protocol: connect,
        first: Mutex::default(),
        second: tokio::sync::Mutex::default(),
    });
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener(port)?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let forward = Forward {
                pool: Arc::clone(&pool),
            };
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that goes away is no failure of the forwarder.
                match acceptor {
                    None => serve(stream, forward, accept).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            serve(stream, forward, accept).await;
                        }
                    }
                }
            });
        }
    })
}

async fn serve<T>(stream: T, forward: Forward, protocol: Protocol)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let _ = match protocol {
        Protocol::First => {
            http1::Builder::new()
                .serve_connection(Stream(stream), forward)
                .await
        }
        Protocol::Second => {
            let mut builder = http2::Builder::new(Executor);
            builder
                .max_concurrent_streams(1000)
                .initial_connection_window_size(1 << 22);
            builder.serve_connection(Stream(stream), forward).await
        }
    };
}

impl Service<Request<Incoming>> for Forward {
    type Response = Response<Incoming>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let pool = Arc::clone(&self.pool);
        Box::pin(async move {
            clean(request.headers_mut());
            let mut response = match pool.protocol {
                Protocol::First => pool.first(request).await?,
                Protocol::Second => pool.second(request).await?,
            };
            clean(response.headers_mut());
            *response.version_mut() = Version::HTTP_11;
            Ok(response)
        })
    }
}

impl Pool {
    async fn first(&self, mut request: Request<Incoming>) -> Result<Response<Incoming>, Failure> {
        let idle = {
            let mut pool = lock(&self.first);
            pool.retain(|sender| !sender.is_closed());
            // One whose last body is not through yet stays.
            let found = pool.iter().rposition(client1::SendRequest::is_ready);
            found.map(|found| pool.swap_remove(found))
        };
        let mut sender = if let Some(sender) = idle {
            sender
        } else {
            let (sender, connection) = client1::handshake(self.connect().await?).await?;
            tokio::spawn(connection);
            sender
        };
        if request.version() == Version::HTTP_2 {
            *request.version_mut() = Version::HTTP_11;
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            if let Some(authority) = parts.authority.take() {
                request
                    .headers_mut()
                    .insert(HOST, HeaderValue::from_str(authority.as_str())?);
            }
            parts.scheme = None;
            *request.uri_mut() = Uri::from_parts(parts)?;
        }
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        // hyper reads the next response only once this one's body is through.
        lock(&self.first).push(sender);
        Ok(response)
    }

    async fn second(&self, mut request: Request<Incoming>) -> Result<Response<Incoming>, Failure> {
        let mut second = self.second.lock().await;
        let known = second.clone().filter(|sender| !sender.is_closed());
        let mut sender = if let Some(sender) = known {
            sender
        } else {
            let mut builder = client2::Builder::new(Executor);
            builder.initial_connection_window_size(1 << 22);
            let (sender, connection) = builder.handshake(self.connect().await?).await?;
            tokio::spawn(connection);
            second.insert(sender).clone()
        };
        drop(second);
        *request.version_mut() = Version::HTTP_2;
        let host = request.headers_mut().remove(HOST);
        if request.uri().scheme().is_none() {
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            parts.scheme = Some(Scheme::HTTP);
            if let Some(host) = host {
                parts.authority = Some(Authority::try_from(host.as_bytes())?);
            }
            *request.uri_mut() = Uri::from_parts(parts)?;
        }
        sender.ready().await?;
        Ok(sender.send_request(request).await?)
    }

    async fn connect(&self) -> Result<Stream<Box<dyn Wire>>, Failure> {
        let stream = TcpStream::connect(self.upstream).await?;
        stream.set_nodelay(true)?;
        Ok(Stream(match &self.connector {
            None => Box::new(stream),
            Some(connector) => Box::new(connector.connect(server_name()?, stream).await?),
        }))
    }
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes out what is about one hop alone.
pub(crate) fn clean(headers: &mut HeaderMap) {
    if let Some(value) = headers.remove(CONNECTION) {
        let named = value.to_str().unwrap_or("").split(',').map(str::trim);
        for name in named.filter_map(|name| HeaderName::try_from(name).ok()) {
            headers.remove(name);
        }
    }
    for name in [PROXY_AUTHENTICATE, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
}

#[derive(Clone, Copy)]
struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}

/// tokio's stream as hyper wants it.
struct Stream<T>(T);

impl<T: AsyncRead + Unpin> hyper::rt::Read for Stream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // Without `unsafe` the bytes go by way of the stack.
        let mut space = [std::mem::MaybeUninit::uninit(); 16 * 1024];
        let length = space.len().min(cursor.remaining());
        let mut buffer = ReadBuf::uninit(&mut space[..length]);
        let outcome = Pin::new(&mut self.0).poll_read(context, &mut buffer);
        cursor.put_slice(buffer.filled());
        outcome
    }
}

impl<T: AsyncWrite + Unpin> hyper::rt::Write for Stream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, parts)
    }
}
