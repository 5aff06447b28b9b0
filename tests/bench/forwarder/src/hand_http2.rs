//! Forwards HTTP/2 by hand on mio: every write waits until all that has arrived is handled.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

use crate::buffer::{Moved, scratch};
use crate::hpack::{Fields, Shared};
use crate::http2::{Broken, Connection, Event, Peer, Role};
use crate::listen::{listener, loopback};
use crate::readiness::Ready;

const LISTENER: Token = Token(usize::MAX);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;

struct Hop {
    socket: Ready,
    connection: Connection,
    role: Role,
    dirty: bool,
}

struct Worker {
    hops: Slab<Hop>,
    dirty: Vec<usize>,
    servers: Vec<usize>,
    fields: Fields,
    shared: Shared,
    freed: Vec<((usize, u32), usize)>,
    scratch: Vec<u8>,
    upstream: SocketAddr,
    registry: Registry,
    dynamic: bool,
}

/// Forwards until the process ends; `dynamic` makes the encoders fill the tables of the other sides.
pub(crate) fn run(port: u16, upstream: u16, dynamic: bool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::from_std(listener(port)?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut worker = Worker {
        hops: Slab::new(),
        dirty: Vec::new(),
        servers: Vec::new(),
        fields: Fields::default(),
        shared: Shared::new(),
        freed: Vec::new(),
        scratch: scratch(),
        upstream: loopback(upstream),
        registry: poll.registry().try_clone()?,
        dynamic,
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
            let Some(hop) = worker.hops.get_mut(key) else {
                continue;
            };
            hop.socket.note(event);
            worker.touch(key);
            if worker.receive(key).is_err() {
                worker.close(key);
            }
        }
        worker.flush();
    }
}

impl Worker {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((stream, _)) => self.insert(stream, Role::Server).map(|_| ())?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn insert(&mut self, stream: TcpStream, role: Role) -> io::Result<usize> {
        stream.set_nodelay(true)?;
        let mut socket = Ready::new(stream, role == Role::Server);
        let entry = self.hops.vacant_entry();
        let key = entry.key();
        self.registry.register(socket.stream(), Token(key), BOTH)?;
        entry.insert(Hop {
            socket,
            connection: Connection::new(role, self.dynamic),
            role,
            dirty: false,
        });
        Ok(key)
    }

    fn receive(&mut self, key: usize) -> Result<(), Broken> {
        loop {
            let Some(hop) = self.hops.get_mut(key) else {
                return Ok(());
            };
            let moved = hop
                .connection
                .input()
                .fill(&mut hop.socket, &mut self.scratch)
                .map_err(|_| Broken)?;
            if moved == Moved::Nothing {
                return Ok(());
            }
            while let Some(hop) = self.hops.get_mut(key) {
                let Some(event) = hop.connection.next(&mut self.fields, &mut self.shared)? else {
                    break;
                };
                self.handle(key, event);
            }
            match moved {
                Moved::Closed => return Err(Broken),
                Moved::Full => {}
                _ => return Ok(()),
            }
        }
    }

    fn handle(&mut self, key: usize, event: Event) {
        self.touch(key);
        match event {
            Event::Fields(id, end) => {
                if let Some((other, stream)) = self.peer(key, id).or_else(|| self.open(key, id)) {
                    if let Some(other) = self.hops.get_mut(other) {
                        let fields = self
                            .fields
                            .iter()
                            .filter(|(name, value)| passes(name, value));
                        other.connection.send_fields(stream, fields, end);
                    }
                    self.touch(other);
                }
                self.settle(key, id);
            }
            Event::Data(id, range, end) => {
                if let Some((other, stream)) = self.peer(key, id)
                    && let Some((hop, peer)) = self.hops.get2_mut(key, other)
                {
                    let sent = peer
                        .connection
                        .send_data(stream, hop.connection.data(range), end);
                    hop.connection.credit(id, sent);
                    self.touch(other);
                }
                self.settle(key, id);
            }
            Event::Reset(id, code) => {
                if let Some((other, stream)) = self.peer(key, id) {
                    if let Some(other) = self.hops.get_mut(other) {
                        other.connection.reset(stream, code, true);
                    }
                    self.touch(other);
                }
                if let Some(hop) = self.hops.get_mut(key) {
                    hop.connection.reset(id, code, false);
                }
            }
            Event::Room => self.send_waiting(key),
        }
    }

    fn settle(&mut self, key: usize, id: u32) {
        if let Some(hop) = self.hops.get_mut(key) {
            hop.connection.settle(id);
        }
    }

    fn peer(&mut self, key: usize, id: u32) -> Peer {
        self.hops.get_mut(key)?.connection.stream(id)?.peer
    }

    /// Opens the stream to the server for a new stream of a client.
    fn open(&mut self, key: usize, id: u32) -> Peer {
        let found = self
            .servers
            .iter()
            .copied()
            .find(|&key| self.hops[key].connection.has_room());
        let found = found.or_else(|| {
            let stream = TcpStream::connect(self.upstream).ok()?;
            let key = self.insert(stream, Role::Client).ok()?;
            self.servers.push(key);
            Some(key)
        });
        let Some((hop, server)) = found.and_then(|found| self.hops.get2_mut(key, found)) else {
            self.hops
                .get_mut(key)?
                .connection
                .reset(id, REFUSED_STREAM, true);
            return None;
        };
        let peer = found.map(|found| (found, server.connection.open(Some((key, id)))));
        hop.connection.stream(id)?.peer = peer;
        peer
    }

    fn send_waiting(&mut self, key: usize) {
        let mut freed = std::mem::take(&mut self.freed);
        if let Some(hop) = self.hops.get_mut(key) {
            hop.connection.send_waiting(&mut freed);
        }
        for ((other, stream), count) in freed.drain(..) {
            if let Some(hop) = self.hops.get_mut(other) {
                hop.connection.credit(stream, count);
            }
            self.touch(other);
        }
        self.freed = freed;
    }

    fn touch(&mut self, key: usize) {
        if let Some(hop) = self.hops.get_mut(key)
            && !hop.dirty
        {
            hop.dirty = true;
            self.dirty.push(key);
        }
    }

    fn flush(&mut self) {
        while let Some(key) = self.dirty.pop() {
            let Some(hop) = self.hops.get_mut(key) else {
                continue;
            };
            hop.dirty = false;
            if hop.connection.output().is_empty() {
                continue;
            }
            match hop.connection.output().drain(&mut hop.socket) {
                Ok(_) => self.send_waiting(key),
                Err(_) => self.close(key),
            }
        }
    }

    fn close(&mut self, key: usize) {
        self.servers.retain(|&other| other != key);
        let Some(hop) = self.hops.try_remove(key) else {
            return;
        };
        for (other, stream) in hop.connection.peers() {
            if let Some(peer) = self.hops.get_mut(other) {
                let code = if hop.role == Role::Server {
                    REFUSED_STREAM + 1
                } else {
                    INTERNAL_ERROR
                };
                peer.connection.reset(stream, code, true);
            }
            self.touch(other);
        }
    }
}

/// Whether a field is about more than this hop.
fn passes(name: &[u8], value: &[u8]) -> bool {
    match name.len() {
        10 => name != b"connection" && name != b"keep-alive",
        2 => name != b"te" || value == b"trailers",
        7 => name != b"upgrade",
        16 => name != b"proxy-connection",
        17 => name != b"transfer-encoding",
        _ => true,
    }
}
