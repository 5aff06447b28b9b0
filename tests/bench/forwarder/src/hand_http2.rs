//! Forwards HTTP/2 by hand on mio: every write waits until all that has arrived is handled.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

use crate::buffer::{Moved, scratch};
use crate::http2::{Broken, Relay};
use crate::listen::{listener, loopback};
use crate::readiness::Ready;
use crate::tls::{Link, Tls};

const LISTENER: Token = Token(usize::MAX);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

struct Worker {
    relay: Relay,
    /// By the relay's keys.
    links: Vec<Option<Link>>,
    scratch: Vec<u8>,
    upstream: SocketAddr,
    tls: Tls,
    registry: Registry,
}

/// Forwards until the process ends; `dynamic` makes the encoders fill the tables of the other sides.
pub(crate) fn run(port: u16, upstream: u16, tls: Tls, dynamic: bool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::from_std(listener(port)?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut worker = Worker {
        relay: Relay::new(dynamic),
        links: Vec::new(),
        scratch: scratch(),
        upstream: loopback(upstream),
        tls,
        registry: poll.registry().try_clone()?,
    };
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            outcome => outcome?,
        }
        for event in &events {
            if event.token() == LISTENER {
                worker.accept(&listener)?;
                continue;
            }
            let key = event.token().0;
            let Some(Some(link)) = worker.links.get_mut(key) else {
                continue;
            };
            link.ready().note(event);
            if worker.receive(key).is_err() {
                worker.close(key);
            }
        }
        worker.flush()?;
    }
}

impl Worker {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    let link = self.tls.accepted(Ready::new(stream, true))?;
                    let key = self.relay.accept();
                    self.keep(key, link)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn keep(&mut self, key: usize, mut link: Link) -> io::Result<()> {
        link.ready().stream().set_nodelay(true)?;
        self.registry
            .register(link.ready().stream(), Token(key), BOTH)?;
        if self.links.len() <= key {
            self.links.resize_with(key + 1, || None);
        }
        self.links[key] = Some(link);
        Ok(())
    }

    fn receive(&mut self, key: usize) -> Result<(), Broken> {
        loop {
            let (Some(input), Some(link)) = (self.relay.input(key), &mut self.links[key]) else {
                return Ok(());
            };
            let moved = input.fill(link, &mut self.scratch).map_err(|_| Broken)?;
            self.relay.receive(key)?;
            match moved {
                Moved::Closed => return Err(Broken),
                Moved::Full => {}
                _ => return Ok(()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        loop {
            while let Some(key) = self.relay.undialled() {
                let link = self
                    .tls
                    .connected(Ready::new(TcpStream::connect(self.upstream)?, false))?;
                self.keep(key, link)?;
            }
            let Some(key) = self.relay.dirty() else {
                return Ok(());
            };
            let (Some(output), Some(link)) = (self.relay.output(key), &mut self.links[key]) else {
                continue;
            };
            if output.is_empty() {
                continue;
            }
            match output.drain(link) {
                Ok(_) => self.relay.send_waiting(key),
                Err(_) => self.close(key),
            }
        }
    }

    fn close(&mut self, key: usize) {
        self.relay.close(key);
        self.links[key] = None;
    }
}
