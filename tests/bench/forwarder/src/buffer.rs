//! Keeps bytes between a read and a write, and gives their memory back when it is empty.

use std::io;

/// How much one read takes at most.
const READ: usize = 16 * 1024;

/// A nonblocking stream that knows when a call would be in vain.
pub(crate) trait Socket {
    /// Reads once; `WouldBlock` without a system call if nothing is known to be there.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;

    /// Writes once.
    fn write(&mut self, from: &[u8]) -> io::Result<usize>;

    /// Whether something that was written has not reached the kernel.
    fn pending(&self) -> bool {
        false
    }
}

/// What one read or write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// Some bytes went through, and the socket has no more.
    Some,
    /// As many bytes as fit went through, and there may be more.
    Full,
    /// The socket is not ready.
    Nothing,
    /// The other side has closed.
    Closed,
}

/// Bytes that wait.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    /// The bytes that wait.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Whether none wait.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Takes more in at the end.
    pub(crate) fn push(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
    }

    /// The memory behind it, to append to.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Lets go of the first bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Reads once from a socket.
    pub(crate) fn fill(
        &mut self,
        socket: &mut impl Socket,
        scratch: &mut [u8],
    ) -> io::Result<Moved> {
        match socket.read(scratch) {
            Ok(0) => Ok(Moved::Closed),
            Ok(count) => {
                self.push(&scratch[..count]);
                Ok(if count == scratch.len() {
                    Moved::Full
                } else {
                    Moved::Some
                })
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Moved::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Writes once to a socket.
    pub(crate) fn drain(&mut self, socket: &mut impl Socket) -> io::Result<Moved> {
        match socket.write(self.bytes()) {
            Ok(count) => {
                self.consume(count);
                Ok(Moved::Some)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Moved::Nothing),
            Err(error) => Err(error),
        }
    }
}

/// Memory that a worker's reads share.
pub(crate) fn scratch() -> Vec<u8> {
    vec![0; READ]
}
