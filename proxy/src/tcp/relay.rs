//! Relays bytes between two connections until both have ended; each side may end on its own (half-close).

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use super::splice::PIPE;
use super::way::Way;
use crate::wire::Wire;

/// How a relay ended.
#[derive(Debug)]
pub enum Ended<T> {
    /// Both sides sent their last byte, and have it; this one was the last.
    Both(Side),
    /// A limit of time was reached.
    Limit(T),
    /// The downstream connection broke.
    Downstream(io::Error),
    /// The upstream connection broke.
    Upstream(io::Error),
}

/// A side of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The client's.
    Downstream,
    /// The upstream's.
    Upstream,
}

/// Bytes that may wait for a side that does not take them before the other is no longer read from.
pub const HIGH_WATERMARK: usize = 64 * 1024;

/// How many bytes may wait for a side.
#[derive(Debug, Clone, Copy)]
pub struct Watermark {
    most: usize,
    splices: bool,
}

impl Watermark {
    /// As configured, where that is less than our own.
    pub fn new(limit: u32) -> Self {
        let limit = match usize::try_from(limit) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(limit) => limit,
        };
        Self {
            most: limit.min(HIGH_WATERMARK),
            splices: limit >= PIPE,
        }
    }

    fn way(self) -> Way {
        Way::new(self.most, self.splices)
    }
}

/// Where a relay is.
pub struct Progress<'a> {
    /// The connection from downstream.
    pub downstream: &'a Wire,
    /// The connection to the upstream.
    pub upstream: &'a Wire,
    /// The downstream is not read from, because the upstream does not take what there is.
    pub downstream_waits: bool,
    /// The upstream is not read from, because the downstream does not take what there is.
    pub upstream_waits: bool,
}

/// Relays until the end, with so many bytes that may wait for the downstream and for the upstream. `clock` hears each time where the relay is, and says when a limit of time is reached.
pub async fn relay<T>(
    downstream: &mut Wire,
    upstream: &mut Wire,
    (below, above): (Watermark, Watermark),
    mut clock: impl FnMut(&mut Context<'_>, &Progress<'_>) -> Poll<T>,
) -> Ended<T> {
    let (mut up, mut down) = (above.way(), below.way());
    let mut last = None;
    poll_fn(|context| {
        let upward = up.copy(downstream, upstream, context);
        // A side that takes no more may have said why: what it sent goes on first.
        let downward = down.copy(upstream, downstream, context);
        let progress = Progress {
            downstream,
            upstream,
            downstream_waits: up.waits,
            upstream_waits: down.waits,
        };
        if last.is_none() && !up.is_open() && down.is_open() {
            last = Some(Side::Upstream);
        } else if last.is_none() && !down.is_open() {
            last = Some(Side::Downstream);
        }
        let limit = clock(context, &progress);
        match (upward, downward) {
            (Poll::Ready(Err((receiver, error))), _) => Poll::Ready(broken(receiver, error)),
            (_, Poll::Ready(Err((receiver, error)))) => Poll::Ready(broken(!receiver, error)),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => {
                Poll::Ready(Ended::Both(last.unwrap_or(Side::Upstream)))
            }
            _ => limit.map(Ended::Limit),
        }
    })
    .await
}

fn broken<T>(upstream: bool, error: io::Error) -> Ended<T> {
    if upstream {
        Ended::Upstream(error)
    } else {
        Ended::Downstream(error)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::timer::Timer;
    use crate::wire::{Scratch, Transport};

    /// Two connections with the relay's end of each.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (near.unwrap(), far.unwrap().0)
    }

    fn wire(stream: TcpStream) -> Wire {
        Wire::new(Transport::Plain(stream), Scratch::default())
    }

    fn unlimited_marks() -> (Watermark, Watermark) {
        (Watermark::new(0), Watermark::new(0))
    }

    async fn unlimited(down: &mut Wire, up: &mut Wire) -> Ended<()> {
        relay(down, up, unlimited_marks(), |_, _| Poll::Pending).await
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_each_side_ends_on_its_own() {
        let ((mut client, down), (mut server, up)) = (pair().await, pair().await);
        let (mut down, mut up) = (wire(down), wire(up));
        let outside = async {
            client.write_all(b"question").await.unwrap();
            client.shutdown().await.unwrap();
            let mut question = String::new();
            server.read_to_string(&mut question).await.unwrap();
            assert_eq!(question, "question");
            server.write_all(b"answer").await.unwrap();
            server.shutdown().await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "answer");
        };
        let (ended, ()) = tokio::join!(unlimited(&mut down, &mut up), outside);
        assert!(matches!(ended, Ended::Both(Side::Upstream)), "{ended:?}");
        assert_eq!((down.received, down.sent), (8, 6));
    }

    #[tokio::test]
    async fn a_slow_reader_holds_the_sender_back_and_loses_nothing() {
        let ((mut client, down), (mut server, up)) = (pair().await, pair().await);
        let (mut down, mut up) = (wire(down), wire(up));
        let sent: Vec<u8> = (0..8_000_000_u32).map(|it| (it % 251) as u8).collect();
        let outside = async {
            let write = async {
                client.write_all(&sent).await.unwrap();
                client.shutdown().await.unwrap();
            };
            let mut received = Vec::new();
            let read = async {
                let mut piece = [0; 1000];
                loop {
                    let count = server.read(&mut piece).await.unwrap();
                    if count == 0 {
                        break;
                    }
                    received.extend_from_slice(&piece[..count]);
                }
                server.shutdown().await.unwrap();
            };
            tokio::join!(write, read);
            assert!(received == sent);
        };
        let mut waited = false;
        let clock = |_: &mut Context<'_>, it: &Progress<'_>| {
            waited |= it.downstream_waits;
            assert!(it.upstream.pending() < 2 * HIGH_WATERMARK);
            Poll::<()>::Pending
        };
        let marks = unlimited_marks();
        tokio::join!(relay(&mut down, &mut up, marks, clock), outside);
        assert!(waited, "the client was never held back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_time_ends_it() {
        let ((client, down), (server, up)) = (pair().await, pair().await);
        let (mut down, mut up) = (wire(down), wire(up));
        let mut timer = Timer::<1>::default();
        timer.set(0, Some(Duration::from_mins(1)));
        let marks = unlimited_marks();
        let ended = relay(&mut down, &mut up, marks, |it, _| timer.poll(it)).await;
        assert!(matches!(ended, Ended::Limit(0)), "{ended:?}");
        drop((client, server));
    }
}
