//! Moves bytes from one TCP connection to another within the kernel, by splice(2): a third of what copying costs, once
//! there are many.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Pipe;
#[cfg(target_os = "linux")]
pub(super) use kernel::Pipe;

/// What a pipe holds at most.
pub(super) const PIPE: usize = 256 * 1024;

#[cfg(target_os = "linux")]
mod kernel {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::task::{Context, Poll, ready};

    use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
    use tokio::io::Interest;
    use tokio::net::TcpStream;

    use super::PIPE;

    /// A pipe that bytes go through on their way from one connection to another.
    #[derive(Debug)]
    pub(in super::super) struct Pipe {
        reader: OwnedFd,
        writer: OwnedFd,
        held: usize,
    }

    impl Pipe {
        /// An empty pipe.
        ///
        /// # Errors
        /// There are no descriptors left, or not enough memory.
        pub(in super::super) fn new() -> io::Result<Self> {
            let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
            // The kernel gives less where the user's share is used up, and that will do.
            let _ = fcntl_setpipe_size(&writer, PIPE);
            Ok(Self {
                reader,
                writer,
                held: 0,
            })
        }

        /// Bytes that came and have not gone yet.
        pub(in super::super) fn held(&self) -> usize {
            self.held
        }

        /// Takes what has come into the empty pipe; 0 when the peer has sent its last byte.
        ///
        /// # Errors
        /// The connection broke, or the kernel does not splice it.
        pub(in super::super) fn poll_take(
            &mut self,
            from: &TcpStream,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<usize>> {
            debug_assert!(self.held == 0, "a full pipe would look like silence");
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            loop {
                ready!(from.poll_read_ready(context))?;
                let took = from.try_io(Interest::READABLE, || {
                    Ok(splice(from, None, &self.writer, None, PIPE, flags)?)
                });
                if is_blocked(&took) {
                    continue;
                }
                self.held += *took.as_ref().unwrap_or(&0);
                return Poll::Ready(took);
            }
        }

        /// Gives on what the pipe holds, which must be something.
        ///
        /// # Errors
        /// The connection broke.
        pub(in super::super) fn poll_give(
            &mut self,
            to: &TcpStream,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<usize>> {
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            loop {
                ready!(to.poll_write_ready(context))?;
                let gave = to.try_io(Interest::WRITABLE, || {
                    Ok(splice(&self.reader, None, to, None, self.held, flags)?)
                });
                if is_blocked(&gave) {
                    continue;
                }
                self.held -= *gave.as_ref().unwrap_or(&0);
                return Poll::Ready(gave);
            }
        }
    }

    fn is_blocked(result: &io::Result<usize>) -> bool {
        matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::task::{Context, Poll};

    use tokio::net::TcpStream;

    /// No other kernel has such pipes.
    #[derive(Debug)]
    pub(in super::super) enum Pipe {}

    impl Pipe {
        pub(in super::super) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(in super::super) fn held(&self) -> usize {
            match *self {}
        }

        pub(in super::super) fn poll_take(
            &mut self,
            _: &TcpStream,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<usize>> {
            match *self {}
        }

        pub(in super::super) fn poll_give(
            &mut self,
            _: &TcpStream,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<usize>> {
            match *self {}
        }
    }
}
