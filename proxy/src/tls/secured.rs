//! Carries the bytes of a connection through TLS, and takes its leave at the end as Envoy does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::{ClientConnection, ServerConnection};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use super::count::count;
use super::hello::{Inspected, inspect_tls};
use super::outcome::Failure;
use super::stream::{ClientStream, ServerStream};
use crate::stats::{Handle, TlsStats};

/// A connection of which some bytes were read ahead.
#[derive(Debug)]
pub struct Fronted<S = TcpStream> {
    stream: S,
    front: Vec<u8>,
    taken: usize,
}

/// TLS over TCP.
pub struct Secured {
    stream: Box<TlsStream<Fronted>>,
    stats: Option<Handle<TlsStats>>,
    /// Why it broke, in Envoy's words.
    reason: String,
}

impl<S> Fronted<S> {
    /// A connection that begins with these bytes.
    pub fn new(stream: S, front: Vec<u8>) -> Self {
        Self {
            stream,
            front,
            taken: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> Fronted<S> {
    /// Looks at the first bytes until it can be told what they are, or no more come.
    pub(super) async fn look(&mut self) -> io::Result<Inspected> {
        let mut more = [0; 2048];
        loop {
            let found = inspect_tls(&self.front[self.taken..], false).0;
            if found != Inspected::Incomplete {
                return Ok(found);
            }
            let count = self.stream.read(&mut more).await?;
            if count == 0 {
                return Ok(found);
            }
            self.front.extend_from_slice(&more[..count]);
        }
    }

    /// The bytes that were read ahead.
    pub(super) fn front(&self) -> &[u8] {
        &self.front[self.taken..]
    }
}

impl From<ServerStream<Fronted>> for Secured {
    fn from(stream: ServerStream<Fronted>) -> Self {
        Self::new(stream.into())
    }
}

impl From<ClientStream<Fronted>> for Secured {
    fn from(stream: ClientStream<Fronted>) -> Self {
        Self::new(stream.into())
    }
}

impl Secured {
    fn new(stream: TlsStream<Fronted>) -> Self {
        Self {
            stream: Box::new(stream),
            stats: None,
            reason: String::new(),
        }
    }

    /// The same, which counts how it breaks.
    #[must_use]
    pub fn counting(mut self, stats: Handle<TlsStats>) -> Self {
        self.stats = Some(stats);
        self
    }

    /// Why it broke, in Envoy's words; empty if TLS has nothing to do with that.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Notes why it broke.
    #[cold]
    fn broke(&mut self, error: &io::Error) {
        let Some(failure) = Failure::of_tls(error) else {
            return;
        };
        if let (Some(stats), Some(counter)) = (&self.stats, failure.counter())
            && self.reason.is_empty()
        {
            count(stats, counter);
        }
        self.reason = failure.reason();
    }

    /// The connection beneath.
    pub fn tcp(&self) -> &TcpStream {
        match &*self.stream {
            TlsStream::Client(stream) => &stream.get_ref().0.stream,
            TlsStream::Server(stream) => &stream.get_ref().0.stream,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fronted<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        if own.front.is_empty() {
            return Pin::new(&mut own.stream).poll_read(context, buffer);
        }
        let rest = &own.front[own.taken..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        own.taken += count;
        if own.taken == own.front.len() {
            own.front = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fronted<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        match ready!(Pin::new(&mut *own.stream).poll_read(context, buffer)) {
            // A peer that goes without taking its leave has ended all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            Err(error) => {
                own.broke(&error);
                Poll::Ready(Err(error))
            }
            read => Poll::Ready(read),
        }
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.get_mut().stream).poll_shutdown(context)
    }
}

impl Drop for Secured {
    /// Says that no more comes, if the socket takes it at once.
    fn drop(&mut self) {
        let mut last = Vec::new();
        let front = match &mut *self.stream {
            TlsStream::Client(stream) => {
                let (front, state) = stream.get_mut();
                farewell_of_client(state, &mut last);
                front
            }
            TlsStream::Server(stream) => {
                let (front, state) = stream.get_mut();
                farewell_of_server(state, &mut last);
                front
            }
        };
        if !last.is_empty() {
            let _ = front.stream.try_write(&last);
        }
    }
}

fn farewell_of_client(state: &mut ClientConnection, last: &mut Vec<u8>) {
    state.send_close_notify();
    while state.wants_write() && state.write_tls(last).is_ok() {}
}

fn farewell_of_server(state: &mut ServerConnection, last: &mut Vec<u8>) {
    state.send_close_notify();
    while state.wants_write() && state.write_tls(last).is_ok() {}
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_was_read_ahead_comes_first() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (far, near) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut far, near) = (far.unwrap(), near.unwrap().0);
        far.write_all(b"rest").await.unwrap();
        drop(far);
        let mut fronted = Fronted::new(near, b"front and ".to_vec());
        let mut few = [0; 3];
        fronted.read_exact(&mut few).await.unwrap();
        assert_eq!(&few, b"fro");
        let mut all = String::new();
        fronted.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "nt and rest");
    }
}
