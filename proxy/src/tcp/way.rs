//! Moves bytes one way: by copying, and within the kernel once it is worth it.

use std::io;
use std::task::{Context, Poll, ready};

use super::relay::HIGH_WATERMARK;
use super::splice::Pipe;
use crate::wire::Wire;

/// Reads that fill the whole buffer, one after the other, before bytes go through a pipe: a connection of small
/// messages never gets there.
const FULL_READS: u32 = 4;
/// Reads of fewer bytes than this are small, ...
const SMALL: usize = 16 * 1024;
/// ... and so many of them, one after the other, end the pipe's use.
const SMALL_READS: u32 = 64;

/// Bytes on their way from one side to the other.
#[derive(Debug)]
pub(super) struct Way {
    state: State,
    /// How many may wait for the receiver.
    most: usize,
    /// The sender is not read from.
    pub(super) waits: bool,
    pipe: Option<Pipe>,
    /// Reads that speak for a change between copying and the pipe.
    for_change: u32,
    /// What the last read brought into the pipe.
    took: usize,
    /// Bytes may go through a pipe.
    may_splice: bool,
}

/// How far a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The sender has ended; the receiver is to be told.
    Ending,
    Ended,
}

/// What became of a step; an error says whether it was the receiver's.
type Step = Poll<Result<usize, (bool, io::Error)>>;

impl Way {
    /// A way on which so many bytes may wait, or as many as a pipe holds.
    pub(super) fn new(most: usize, may_splice: bool) -> Self {
        Self {
            state: State::Open,
            most,
            waits: false,
            pipe: None,
            for_change: 0,
            took: 0,
            may_splice,
        }
    }

    /// Whether the sender has not ended.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether bytes go through a pipe.
    #[cfg(test)]
    pub(super) fn is_spliced(&self) -> bool {
        self.pipe.is_some()
    }

    /// Moves what there is. An error says whether it was the receiver's.
    pub(super) fn copy(
        &mut self,
        from: &mut Wire,
        to: &mut Wire,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), (bool, io::Error)>> {
        loop {
            match self.state {
                State::Ended => return Poll::Ready(Ok(())),
                State::Ending => {
                    ready!(to.poll_shutdown(context)).map_err(|it| (true, it))?;
                    self.state = State::Ended;
                }
                State::Open => {
                    let flushed = to.poll_flush(context).map_err(|it| (true, it))?;
                    self.waits = flushed.is_pending() && to.pending() >= self.most;
                    if self.waits {
                        return Poll::Pending;
                    }
                    let moved = if self.pipe.is_some() {
                        ready!(self.splice(from, to, context))?
                    } else {
                        ready!(from.poll_hand_on(to, self.most, context))?
                    };
                    if moved == 0 {
                        self.state = State::Ending;
                    }
                    self.weigh(moved, from, to);
                }
            }
        }
    }

    /// Lets the last read speak for copying or for a pipe.
    fn weigh(&mut self, moved: usize, from: &Wire, to: &Wire) {
        let (speaks, enough) = match &self.pipe {
            None => (moved >= HIGH_WATERMARK, FULL_READS),
            Some(_) => (moved < SMALL, SMALL_READS),
        };
        self.for_change = if speaks { self.for_change + 1 } else { 0 };
        if self.for_change < enough {
            return;
        }
        self.for_change = 0;
        if self.pipe.take().is_none() && self.may_splice {
            let plain = from.plain().is_some() && from.input.is_empty() && to.plain().is_some();
            self.pipe = plain.then(|| Pipe::new().ok()).flatten();
            self.may_splice = self.pipe.is_some();
        }
    }

    /// Moves bytes through the pipe once; 0 when the sender has ended. All that the pipe holds is given on before more is
    /// taken.
    fn splice(&mut self, from: &mut Wire, to: &mut Wire, context: &mut Context<'_>) -> Step {
        ready!(to.poll_flush(context)).map_err(|it| (true, it))?;
        let Some(pipe) = &mut self.pipe else {
            return from.poll_hand_on(to, self.most, context);
        };
        if pipe.held() == 0
            && let Some(input) = from.plain()
        {
            match ready!(pipe.poll_take(input, context)) {
                Ok(took) => self.took = took,
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    (self.pipe, self.may_splice) = (None, false);
                    return from.poll_hand_on(to, self.most, context);
                }
                Err(error) => return Poll::Ready(Err((false, error))),
            }
            from.received += self.took as u64;
        }
        while pipe.held() > 0
            && let Some(output) = to.plain()
        {
            let gave = pipe.poll_give(output, context);
            self.waits = gave.is_pending();
            let gave = ready!(gave).map_err(|it| (true, it))?;
            to.sent += gave as u64;
        }
        Poll::Ready(Ok(self.took))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::wire::{Scratch, Transport};

    async fn pair() -> (TcpStream, Wire) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let wire = Wire::new(Transport::Plain(far.unwrap().0), Scratch::default());
        (near.unwrap(), wire)
    }

    /// Sends all of `bytes` through the way; gives what comes out.
    async fn through(way: &mut Way, bytes: &[u8], piece: usize) -> Vec<u8> {
        let ((mut client, mut from), (mut server, mut to)) = (pair().await, pair().await);
        let write = async {
            for piece in bytes.chunks(piece) {
                client.write_all(piece).await.unwrap();
            }
            client.shutdown().await.unwrap();
        };
        let mut came = Vec::new();
        let moved = poll_fn(|it| way.copy(&mut from, &mut to, it));
        let (moved, (), count) = tokio::join!(moved, write, server.read_to_end(&mut came));
        moved.unwrap();
        assert_eq!(count.unwrap(), bytes.len());
        assert_eq!(
            (from.received, to.sent),
            (bytes.len() as u64, bytes.len() as u64)
        );
        came
    }

    #[tokio::test]
    async fn many_bytes_go_through_a_pipe_and_arrive_in_order() {
        let bytes: Vec<u8> = (0..20_000_000_u32).map(|it| (it % 251) as u8).collect();
        let mut way = Way::new(HIGH_WATERMARK, true);
        assert!(through(&mut way, &bytes, bytes.len()).await == bytes);
        assert!(way.is_spliced());
    }

    #[tokio::test]
    async fn small_messages_and_small_buffers_are_copied() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|it| (it % 251) as u8).collect();
        let mut small = Way::new(HIGH_WATERMARK, false);
        assert!(through(&mut small, &bytes, bytes.len()).await == bytes);
        assert!(!small.is_spliced());
        let mut way = Way::new(HIGH_WATERMARK, true);
        assert!(through(&mut way, b"hello", 1).await == b"hello");
        assert!(!way.is_spliced());
    }

    #[tokio::test]
    async fn a_connection_that_has_become_one_of_small_messages_is_copied_again() {
        let ((mut client, mut from), (mut server, mut to)) = (pair().await, pair().await);
        let mut way = Way::new(HIGH_WATERMARK, true);
        way.pipe = Some(Pipe::new().unwrap());
        let talk = async {
            for _ in 0..SMALL_READS {
                client.write_all(b"ping").await.unwrap();
                server.read_exact(&mut [0; 4]).await.unwrap();
            }
            client.shutdown().await.unwrap();
        };
        let moved = poll_fn(|it| way.copy(&mut from, &mut to, it));
        let (moved, ()) = tokio::join!(moved, talk);
        moved.unwrap();
        assert!(!way.is_spliced());
    }
}
