//! Forwards HTTP/1 by hand on tokio: the same exchange, one task a client.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

use crate::buffer::{Socket, scratch};
use crate::http1::{Exchange, Need};
use crate::listen::{listener, loopback};

/// What the connections of a worker share.
struct Shared {
    idle: RefCell<Vec<TcpStream>>,
    scratch: RefCell<Vec<u8>>,
    upstream: SocketAddr,
}

/// A stream that a task polls.
pub(crate) struct Polled<'a, 'b> {
    /// The stream.
    pub(crate) stream: &'a mut TcpStream,
    /// Who is woken once it is ready.
    pub(crate) context: &'a mut Context<'b>,
}

impl Socket for Polled<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut into = ReadBuf::new(into);
        match Pin::new(&mut *self.stream).poll_read(self.context, &mut into) {
            Poll::Ready(outcome) => {
                outcome?;
                if into.remaining() > 0 {
                    // The socket is empty: ask to be woken, which costs no system call.
                    let _ = self.stream.poll_read_ready(self.context);
                }
                Ok(into.filled().len())
            }
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write(self.context, from) {
            Poll::Ready(outcome) => {
                let count = outcome?;
                if count < from.len() {
                    let _ = self.stream.poll_write_ready(self.context);
                }
                Ok(count)
            }
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Forwards until the process ends.
pub(crate) fn run(port: u16, upstream: u16) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let shared = Rc::new(Shared {
        idle: RefCell::default(),
        scratch: RefCell::new(scratch()),
        upstream: loopback(upstream),
    });
    LocalSet::new().block_on(&runtime, async move {
        let listener = TcpListener::from_std(listener(port)?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            spawn_local(serve(stream, Rc::clone(&shared)));
        }
    })
}

async fn serve(mut client: TcpStream, shared: Rc<Shared>) {
    let mut exchange = Exchange::new();
    let mut server = None;
    loop {
        let turn = |context: &mut Context<'_>| {
            turn(&mut exchange, &mut client, &mut server, &shared, context)
        };
        match poll_fn(turn).await {
            Need::Readiness | Need::Again | Need::Release(_) => {}
            Need::Upstream => {
                server = shared.idle.borrow_mut().pop();
                if server.is_none() {
                    let Ok(stream) = TcpStream::connect(shared.upstream).await else {
                        return;
                    };
                    server = Some(stream);
                }
            }
            Need::Close => return,
        }
    }
}

fn turn(
    exchange: &mut Exchange,
    client: &mut TcpStream,
    server: &mut Option<TcpStream>,
    shared: &Shared,
    context: &Context<'_>,
) -> Poll<Need> {
    loop {
        let need = {
            let second = server.as_mut();
            let scratch = &mut shared.scratch.borrow_mut();
            let mut borrowed = Context::from_waker(context.waker());
            let mut polled = second.map(|stream| Polled {
                stream,
                context: &mut borrowed,
            });
            let mut other = Context::from_waker(context.waker());
            let mut client = Polled {
                stream: client,
                context: &mut other,
            };
            exchange.turn(&mut client, polled.as_mut(), scratch)
        };
        match need {
            Need::Readiness => return Poll::Pending,
            Need::Again => {}
            Need::Release(reusable) => {
                if let (Some(stream), true) = (server.take(), reusable) {
                    shared.idle.borrow_mut().push(stream);
                }
            }
            need => return Poll::Ready(need),
        }
    }
}
