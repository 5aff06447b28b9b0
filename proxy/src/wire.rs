//! Moves bytes between a connection and its buffers, with one read and one write each time it wakes up.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::tls::Secured;

/// How many bytes one read takes at most.
const READ_SIZE: usize = 64 * 1024;
/// A buffer that has grown beyond this is given back when it is empty.
const KEPT: usize = 16 * 1024;

/// A connection's bytes in the kernel or in TLS.
pub enum Transport {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS, which stands between.
    Secured(Secured),
}

impl Transport {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secured(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secured(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }
}

/// The buffer into which all connections of a worker read, one after the other.
#[derive(Clone)]
pub struct Scratch(Rc<RefCell<Vec<u8>>>);

impl Default for Scratch {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(vec![0; READ_SIZE])))
    }
}

/// Says whether a connection may go on, or why not.
pub type Admission = Box<dyn FnOnce() -> Result<(), String>>;

/// Bytes that came and were not yet taken.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    taken: usize,
}

/// A connection with its buffers.
pub struct Wire {
    transport: Transport,
    scratch: Scratch,
    /// What came.
    pub input: Input,
    /// What is to be sent.
    pub output: Vec<u8>,
    written: usize,
    ended: bool,
    admission: Option<Admission>,
    refusal: Option<String>,
    /// Bytes that were read in all.
    pub received: u64,
    /// Bytes that were written in all.
    pub sent: u64,
}

impl Input {
    /// The bytes, in their order.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Takes so many bytes off the front.
    pub fn take(&mut self, count: usize) {
        self.taken += count;
        debug_assert!(self.taken <= self.bytes.len(), "more taken than there is");
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
        }
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }
}

impl Wire {
    /// A connection with empty buffers.
    pub fn new(transport: Transport, scratch: Scratch) -> Self {
        Self {
            transport,
            scratch,
            input: Input::default(),
            output: Vec::new(),
            written: 0,
            ended: false,
            admission: None,
            refusal: None,
            received: 0,
            sent: 0,
        }
    }

    /// The socket, if it is plain TCP: its bytes may pass the buffers by while those are empty.
    pub fn plain(&self) -> Option<&TcpStream> {
        match &self.transport {
            Transport::Plain(stream) => Some(stream),
            Transport::Secured(_) => None,
        }
    }

    /// The same with what was read of it already.
    pub fn with_input(transport: Transport, scratch: Scratch, read: Vec<u8>) -> Self {
        let mut wire = Self::new(transport, scratch);
        wire.received = read.len() as u64;
        wire.input.bytes = read;
        wire
    }

    /// Lets this say whether the connection may go on, before anyone sees the first bytes of it.
    pub fn admit_by(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    /// Whether the connection may go on, now that bytes have come.
    ///
    /// # Errors
    /// It may not.
    pub fn admit(&mut self) -> io::Result<()> {
        if let Some(admission) = self.admission.take() {
            self.refusal = admission().err();
        }
        match self.refusal {
            Some(_) => Err(io::ErrorKind::PermissionDenied.into()),
            None => Ok(()),
        }
    }

    /// Why the connection may not go on, if it may not.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Whether the peer has sent its last byte or broken the connection, and all of them were taken or are in the input.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// How many bytes wait to be written.
    pub fn pending(&self) -> usize {
        self.output.len() - self.written
    }

    /// Reads once; 0 when the peer has sent its last byte.
    ///
    /// # Errors
    /// The connection broke.
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let mut scratch = self.scratch.0.borrow_mut();
        let mut buffer = ReadBuf::new(&mut scratch);
        if let Err(error) = ready!(self.transport.poll_read(context, &mut buffer)) {
            self.ended = true;
            return Poll::Ready(Err(error));
        }
        let bytes = buffer.filled();
        self.input.append(bytes);
        self.ended = bytes.is_empty();
        let count = bytes.len();
        self.received += count as u64;
        drop(scratch);
        if count > 0 {
            self.admit()?;
        }
        Poll::Ready(Ok(count))
    }

    /// Reads once, at most so many bytes, and hands what came straight on to another connection; 0 when the peer has
    /// sent its last byte. Only what the other does not take at once is kept, in its output.
    ///
    /// # Errors
    /// Either connection broke: `true` if it was the other one.
    pub fn poll_hand_on(
        &mut self,
        other: &mut Self,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, (bool, io::Error)>> {
        if !self.input.is_empty() {
            self.admit().map_err(|it| (false, it))?;
            let count = self.input.bytes().len();
            other.output.extend_from_slice(self.input.bytes());
            self.input.take(count);
            return Poll::Ready(Ok(count));
        }
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let mut scratch = self.scratch.0.borrow_mut();
        let most = most.min(scratch.len());
        let mut buffer = ReadBuf::new(&mut scratch[..most]);
        ready!(self.transport.poll_read(context, &mut buffer)).map_err(|it| (false, it))?;
        let bytes = buffer.filled();
        self.ended = bytes.is_empty();
        self.received += bytes.len() as u64;
        if let Some(admission) = self.admission.take() {
            self.refusal = admission().err();
        }
        if self.refusal.is_some() {
            return Poll::Ready(Err((false, io::ErrorKind::PermissionDenied.into())));
        }
        let mut written = 0;
        while other.pending() == 0 && written < bytes.len() {
            match other.transport.poll_write(context, &bytes[written..]) {
                Poll::Ready(Ok(count)) if count > 0 => written += count,
                Poll::Ready(Ok(_)) => {
                    return Poll::Ready(Err((true, io::ErrorKind::WriteZero.into())));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err((true, error))),
                Poll::Pending => break,
            }
        }
        other.sent += written as u64;
        other.output.extend_from_slice(&bytes[written..]);
        Poll::Ready(Ok(bytes.len()))
    }

    /// Writes bytes that another keeps; gives how many.
    ///
    /// # Errors
    /// The connection broke.
    pub fn poll_write(
        &mut self,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let count = ready!(self.transport.poll_write(context, bytes))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.sent += count as u64;
        Poll::Ready(Ok(count))
    }

    /// Writes until all output is gone.
    ///
    /// # Errors
    /// The connection broke.
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let rest = &self.output[self.written..];
            let count = ready!(self.transport.poll_write(context, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.sent += count as u64;
        }
        if self.written > 0 {
            self.written = 0;
            self.output.clear();
            if self.output.capacity() > KEPT {
                self.output = Vec::new();
            }
        }
        match &mut self.transport {
            Transport::Plain(_) => Poll::Ready(Ok(())),
            Transport::Secured(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    /// Makes the end of the connection a reset, whenever it is dropped: what was not sent is lost.
    pub fn abort(&mut self) {
        let stream = match &self.transport {
            Transport::Plain(stream) => Some(stream),
            Transport::Secured(stream) => Some(stream.tcp()),
        };
        if let Some(stream) = stream {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Says to the peer that no more comes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(context))?;
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Secured(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
