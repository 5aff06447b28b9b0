//! Joins the streams of connections of HTTP/2, whatever moves the bytes.

use slab::Slab;

use super::{Broken, Connection, Event, Peer, Role};
use crate::buffer::Buffer;
use crate::hpack::{Fields, Shared};

const INTERNAL_ERROR: u32 = 2;
const CANCEL: u32 = 8;

/// The connections of a worker; its driver moves their bytes.
#[derive(Debug)]
pub(crate) struct Relay {
    hops: Slab<Hop>,
    dirty: Vec<usize>,
    undialled: Vec<usize>,
    servers: Vec<usize>,
    fields: Fields,
    shared: Shared,
    freed: Vec<((usize, u32), usize)>,
    dynamic: bool,
}

#[derive(Debug)]
struct Hop {
    connection: Connection,
    role: Role,
    dirty: bool,
}

impl Relay {
    /// A relay without connections; `dynamic` makes the encoders fill the tables of the other sides.
    pub(crate) fn new(dynamic: bool) -> Self {
        Self {
            hops: Slab::new(),
            dirty: Vec::new(),
            undialled: Vec::new(),
            servers: Vec::new(),
            fields: Fields::default(),
            shared: Shared::new(),
            freed: Vec::new(),
            dynamic,
        }
    }

    /// Takes a client's connection in.
    pub(crate) fn accept(&mut self) -> usize {
        self.insert(Role::Server)
    }

    /// A connection to the server that the driver has yet to open.
    pub(crate) fn undialled(&mut self) -> Option<usize> {
        self.undialled.pop()
    }

    /// A connection that may have something to write.
    pub(crate) fn dirty(&mut self) -> Option<usize> {
        let key = self.dirty.pop()?;
        if let Some(hop) = self.hops.get_mut(key) {
            hop.dirty = false;
        }
        Some(key)
    }

    /// Where a connection's bytes go in.
    pub(crate) fn input(&mut self, key: usize) -> Option<&mut Buffer> {
        self.hops.get_mut(key).map(|hop| hop.connection.input())
    }

    /// Where a connection's bytes come out.
    pub(crate) fn output(&mut self, key: usize) -> Option<&mut Buffer> {
        self.hops.get_mut(key).map(|hop| hop.connection.output())
    }

    /// Handles all that has arrived on a connection.
    pub(crate) fn receive(&mut self, key: usize) -> Result<(), Broken> {
        while let Some(hop) = self.hops.get_mut(key) {
            let Some(event) = hop.connection.next(&mut self.fields, &mut self.shared)? else {
                break;
            };
            self.handle(key, event);
        }
        self.touch(key);
        Ok(())
    }

    /// Sends what has waited on a connection for room.
    pub(crate) fn send_waiting(&mut self, key: usize) {
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

    /// Forgets a connection, and resets what its streams were joined with.
    pub(crate) fn close(&mut self, key: usize) {
        self.servers.retain(|&other| other != key);
        let Some(hop) = self.hops.try_remove(key) else {
            return;
        };
        let code = if hop.role == Role::Server {
            CANCEL
        } else {
            INTERNAL_ERROR
        };
        for (other, stream) in hop.connection.peers() {
            if let Some(peer) = self.hops.get_mut(other) {
                peer.connection.reset(stream, code, true);
            }
            self.touch(other);
        }
    }

    fn insert(&mut self, role: Role) -> usize {
        let connection = Connection::new(role, self.dynamic);
        let key = self.hops.insert(Hop {
            connection,
            role,
            dirty: false,
        });
        self.touch(key);
        key
    }

    fn handle(&mut self, key: usize, event: Event) {
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
        let known = self
            .servers
            .iter()
            .copied()
            .find(|&key| self.hops[key].connection.has_room());
        let found = known.unwrap_or_else(|| {
            let key = self.insert(Role::Client);
            self.servers.push(key);
            self.undialled.push(key);
            key
        });
        let (hop, server) = self.hops.get2_mut(key, found)?;
        let peer = Some((found, server.connection.open(Some((key, id)))));
        hop.connection.stream(id)?.peer = peer;
        peer
    }

    fn touch(&mut self, key: usize) {
        if let Some(hop) = self.hops.get_mut(key)
            && !hop.dirty
        {
            hop.dirty = true;
            self.dirty.push(key);
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
