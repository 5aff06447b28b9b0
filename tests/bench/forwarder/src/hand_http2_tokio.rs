//! Forwards HTTP/2 by hand on tokio: the same relay, one task a connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

use crate::buffer::{Moved, scratch};
use crate::hand_tokio::Polled;
use crate::http2::Relay;
use crate::listen::{listener, loopback};

struct Worker {
    relay: Relay,
    /// By the relay's keys.
    wakers: Vec<Option<Waker>>,
    scratch: Vec<u8>,
}

type Shared = Rc<RefCell<Worker>>;

/// Forwards until the process ends.
pub(crate) fn run(port: u16, upstream: u16) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let worker = Worker {
        relay: Relay::new(false),
        wakers: Vec::new(),
        scratch: scratch(),
    };
    let shared = Rc::new(RefCell::new(worker));
    LocalSet::new().block_on(&runtime, async move {
        let listener = TcpListener::from_std(listener(port)?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let key = shared.borrow_mut().relay.accept();
            spawn_local(serve(stream, key, loopback(upstream), Rc::clone(&shared)));
        }
    })
}

async fn serve(mut stream: TcpStream, key: usize, upstream: SocketAddr, shared: Shared) {
    let turn = |context: &mut Context<'_>| {
        let outcome = turn(&mut stream, key, &mut shared.borrow_mut(), context);
        let undialled = std::iter::from_fn(|| shared.borrow_mut().relay.undialled());
        for key in undialled {
            spawn_local(dial(key, upstream, Rc::clone(&shared)));
        }
        if outcome.is_ok() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    };
    poll_fn(turn).await;
    close(key, &shared);
}

async fn dial(key: usize, upstream: SocketAddr, shared: Shared) {
    match TcpStream::connect(upstream).await {
        // Only clients make it dial, so a connection to the server never gets here again.
        Ok(stream) => Box::pin(serve(stream, key, upstream, shared)).await,
        Err(_) => close(key, &shared),
    }
}

fn close(key: usize, shared: &Shared) {
    let worker = &mut *shared.borrow_mut();
    worker.relay.close(key);
    worker.wakers[key] = None;
    worker.wake(key);
}

/// Reads, handles and writes; whatever is for other connections wakes their tasks, which run after all that are ready.
fn turn(
    stream: &mut TcpStream,
    key: usize,
    worker: &mut Worker,
    context: &mut Context<'_>,
) -> io::Result<()> {
    if worker.wakers.len() <= key {
        worker.wakers.resize(key + 1, None);
        stream.set_nodelay(true)?;
    }
    let slot = &mut worker.wakers[key];
    if !slot
        .as_ref()
        .is_some_and(|waker| waker.will_wake(context.waker()))
    {
        *slot = Some(context.waker().clone());
    }
    let mut socket = Polled { stream, context };
    loop {
        let input = worker.relay.input(key).ok_or(io::ErrorKind::NotConnected)?;
        let moved = input.fill(&mut socket, &mut worker.scratch)?;
        if moved != Moved::Nothing {
            worker
                .relay
                .receive(key)
                .map_err(|_| io::ErrorKind::InvalidData)?;
        }
        match moved {
            Moved::Closed => return Err(io::ErrorKind::UnexpectedEof.into()),
            Moved::Full => {}
            _ => break,
        }
    }
    if let Some(output) = worker.relay.output(key).filter(|output| !output.is_empty()) {
        output.drain(&mut socket)?;
        worker.relay.send_waiting(key);
    }
    worker.wake(key);
    Ok(())
}

impl Worker {
    /// Wakes the tasks of all connections that have something to write, but for one that has just written.
    fn wake(&mut self, except: usize) {
        while let Some(key) = self.relay.dirty() {
            let stays = key == except
                && self
                    .relay
                    .output(key)
                    .is_none_or(|output| output.is_empty());
            if !stays && let Some(Some(waker)) = self.wakers.get(key) {
                waker.wake_by_ref();
            }
        }
    }
}
