//! Relays bytes between two connections until both have ended; each side may end on its own (half-close).

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::timer::Timer;
use crate::wire::Wire;

/// How a relay ended.
#[derive(Debug)]
pub enum Ended {
    /// Both sides sent their last byte.
    Both,
    /// Nothing moved for the idle timeout.
    Idle,
    /// The downstream connection broke.
    Downstream(io::Error),
    /// The upstream connection broke.
    Upstream(io::Error),
}

/// Bytes that may wait for a side that does not take them before the other is no longer read from.
const HIGH_WATERMARK: usize = 64 * 1024;

/// Which way bytes go.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Way {
    #[default]
    Open,
    /// The sender has ended; the receiver is to be told.
    Ending,
    Ended,
}

/// Relays until the end. Nothing moving for `idle` ends it too.
pub async fn relay(downstream: &mut Wire, upstream: &mut Wire, idle: Option<Duration>) -> Ended {
    let (mut up, mut down) = (Way::Open, Way::Open);
    let mut timer = Timer::<1>::default();
    timer.set(0, idle);
    poll_fn(|context| {
        let before = moved(downstream, upstream);
        let sent = copy(&mut up, downstream, upstream, context);
        if let Poll::Ready(Err((receiver, error))) = sent {
            return Poll::Ready(broken(receiver, error));
        }
        let received = copy(&mut down, upstream, downstream, context);
        if let Poll::Ready(Err((receiver, error))) = received {
            return Poll::Ready(broken(!receiver, error));
        }
        if sent.is_ready() && received.is_ready() {
            return Poll::Ready(Ended::Both);
        }
        if moved(downstream, upstream) != before {
            timer.set(0, idle);
        }
        timer.poll(context).map(|_| Ended::Idle)
    })
    .await
}

fn moved(downstream: &Wire, upstream: &Wire) -> u64 {
    downstream.received + downstream.sent + upstream.received + upstream.sent
}

fn broken(upstream: bool, error: io::Error) -> Ended {
    if upstream {
        Ended::Upstream(error)
    } else {
        Ended::Downstream(error)
    }
}

/// Moves what there is one way. An error says whether it was the receiver's.
fn copy(
    way: &mut Way,
    from: &mut Wire,
    to: &mut Wire,
    context: &mut Context<'_>,
) -> Poll<Result<(), (bool, io::Error)>> {
    loop {
        match way {
            Way::Ended => return Poll::Ready(Ok(())),
            Way::Ending => {
                ready!(to.poll_shutdown(context)).map_err(|it| (true, it))?;
                *way = Way::Ended;
            }
            Way::Open => {
                let flushed = to.poll_flush(context).map_err(|it| (true, it))?;
                if flushed.is_pending() && to.pending() >= HIGH_WATERMARK {
                    return Poll::Pending;
                }
                if ready!(from.poll_hand_on(to, context))? == 0 {
                    *way = Way::Ending;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
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
        let (ended, ()) = tokio::join!(relay(&mut down, &mut up, None), outside);
        assert!(matches!(ended, Ended::Both), "{ended:?}");
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
        tokio::join!(relay(&mut down, &mut up, None), outside);
        assert!(up.output.capacity() < 4 * HIGH_WATERMARK);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it() {
        let ((client, down), (server, up)) = (pair().await, pair().await);
        let (mut down, mut up) = (wire(down), wire(up));
        let ended = relay(&mut down, &mut up, Some(Duration::from_mins(1))).await;
        assert!(matches!(ended, Ended::Idle), "{ended:?}");
        drop((client, server));
    }
}
