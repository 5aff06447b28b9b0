//! Remembers of a mio socket whether it may be ready, so that no call is made in vain.

use std::io::{self, Read as _, Write as _};

use mio::event::Event;
use mio::net::TcpStream;

use crate::buffer::Socket;

/// A socket that is registered edge-triggered.
#[derive(Debug)]
pub(crate) struct Ready {
    stream: TcpStream,
    readable: bool,
    writable: bool,
}

impl Ready {
    /// A socket of which nothing is known yet.
    pub(crate) fn new(stream: TcpStream, writable: bool) -> Self {
        Self {
            stream,
            readable: false,
            writable,
        }
    }

    /// The stream itself, to register it.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Lets `call` take from the stream; `None` if it is not ready.
    pub(crate) fn read_with(
        &mut self,
        call: impl FnOnce(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<Option<usize>> {
        with(&mut self.readable, &self.stream, call)
    }

    /// Lets `call` put into the stream; `None` if it is not ready.
    pub(crate) fn write_with(
        &mut self,
        call: impl FnOnce(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<Option<usize>> {
        with(&mut self.writable, &self.stream, call)
    }

    /// Takes note of what the kernel has told.
    pub(crate) fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }
}

fn with(
    ready: &mut bool,
    stream: &TcpStream,
    call: impl FnOnce(&TcpStream) -> io::Result<usize>,
) -> io::Result<Option<usize>> {
    if !*ready {
        return Ok(None);
    }
    match call(stream) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            *ready = false;
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}

impl Socket for Ready {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.readable {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let outcome = self.stream.read(into);
        // A short read has emptied the socket; what comes later is a new edge.
        self.readable = matches!(outcome, Ok(count) if count == into.len() || count == 0);
        outcome
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        if !self.writable {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let outcome = self.stream.write(from);
        self.writable = matches!(outcome, Ok(count) if count == from.len());
        outcome
    }
}
