//! Forwards HTTP/1 by hand on mio: one loop, edge-triggered, no allocation a request.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

use crate::buffer::scratch;
use crate::http1::{Exchange, Need};
use crate::listen::{listener, loopback};
use crate::readiness::Ready;
use crate::tls::{Link, Tls};

const LISTENER: Token = Token(usize::MAX);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

enum Slot {
    Client {
        socket: Link,
        exchange: Box<Exchange>,
        server: Option<usize>,
    },
    Server {
        socket: Link,
        client: Option<usize>,
    },
}

struct Worker {
    slots: Slab<Slot>,
    idle: Vec<usize>,
    upstream: SocketAddr,
    tls: Tls,
    registry: Registry,
    scratch: Vec<u8>,
}

/// Forwards until the process ends.
pub(crate) fn run(port: u16, upstream: u16, tls: Tls) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::from_std(listener(port)?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut worker = Worker {
        slots: Slab::new(),
        idle: Vec::new(),
        upstream: loopback(upstream),
        tls,
        registry: poll.registry().try_clone()?,
        scratch: scratch(),
    };
    loop {
        if let Err(error) = poll.poll(&mut events, None) {
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        for event in &events {
            if event.token() == LISTENER {
                worker.accept(&listener)?;
                continue;
            }
            let key = event.token().0;
            match worker.slots.get_mut(key) {
                Some(Slot::Client { socket, .. }) => {
                    socket.ready().note(event);
                    worker.drive(key)?;
                }
                Some(Slot::Server { socket, client }) => {
                    socket.ready().note(event);
                    match *client {
                        Some(client) => worker.drive(client)?,
                        // An idle connection has nothing to say but its end.
                        None if event.is_read_closed() || event.is_error() => worker.forget(key),
                        None => {}
                    }
                }
                None => {}
            }
        }
    }
}

impl Worker {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nodelay(true)?;
                    let socket = self.tls.accepted(Ready::new(stream, true))?;
                    let exchange = Box::new(Exchange::new());
                    self.insert(Slot::Client {
                        socket,
                        exchange,
                        server: None,
                    })?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn insert(&mut self, mut slot: Slot) -> io::Result<usize> {
        let entry = self.slots.vacant_entry();
        let key = entry.key();
        let (Slot::Client { socket, .. } | Slot::Server { socket, .. }) = &mut slot;
        self.registry
            .register(socket.ready().stream(), Token(key), BOTH)?;
        entry.insert(slot);
        Ok(key)
    }

    fn drive(&mut self, key: usize) -> io::Result<()> {
        loop {
            match self.turn(key) {
                Need::Readiness => return Ok(()),
                Need::Upstream => {
                    let found = match self.idle.pop() {
                        Some(found) => found,
                        None => self.connect()?,
                    };
                    self.join(key, found);
                }
                Need::Again => {}
                Need::Release(reusable) => self.part(key, reusable),
                Need::Close => {
                    self.part(key, false);
                    self.slots.try_remove(key);
                    return Ok(());
                }
            }
        }
    }

    fn turn(&mut self, key: usize) -> Need {
        let Some(Slot::Client { server, .. }) = self.slots.get(key) else {
            return Need::Readiness;
        };
        if let Some(server) = *server {
            let pair = self.slots.get2_mut(key, server);
            let Some((
                Slot::Client {
                    socket, exchange, ..
                },
                Slot::Server { socket: server, .. },
            )) = pair
            else {
                return Need::Close;
            };
            return exchange.turn(socket, Some(server), &mut self.scratch);
        }
        let Some(Slot::Client {
            socket, exchange, ..
        }) = self.slots.get_mut(key)
        else {
            return Need::Readiness;
        };
        exchange.turn(socket, None, &mut self.scratch)
    }

    fn connect(&mut self) -> io::Result<usize> {
        let stream = TcpStream::connect(self.upstream)?;
        stream.set_nodelay(true)?;
        let socket = self.tls.connected(Ready::new(stream, false))?;
        self.insert(Slot::Server {
            socket,
            client: None,
        })
    }

    fn join(&mut self, key: usize, found: usize) {
        if let Some(Slot::Client { server, .. }) = self.slots.get_mut(key) {
            *server = Some(found);
        }
        if let Some(Slot::Server { client, .. }) = self.slots.get_mut(found) {
            *client = Some(key);
        }
    }

    fn part(&mut self, key: usize, reusable: bool) {
        let Some(Slot::Client { server, .. }) = self.slots.get_mut(key) else {
            return;
        };
        let Some(found) = server.take() else {
            return;
        };
        if let (true, Some(Slot::Server { client, .. })) = (reusable, self.slots.get_mut(found)) {
            *client = None;
            self.idle.push(found);
        } else {
            self.slots.try_remove(found);
        }
    }

    fn forget(&mut self, key: usize) {
        self.idle.retain(|&other| other != key);
        self.slots.try_remove(key);
    }
}
