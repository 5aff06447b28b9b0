//! Answers HTTP/1, HTTP/2 and gRPC as fast as it can: `PORT` speaks HTTP/1, `PORT + 1` HTTP/2.

use std::io;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

use crate::buffer::{Moved, scratch};
use crate::hpack::{Fields, Shared};
use crate::http1::answer::Answering;
use crate::http2::{Broken, Connection, Event, Role};
use crate::listen::listener;
use crate::readiness::Ready;

const HTTP1: Token = Token(usize::MAX);
const HTTP2: Token = Token(usize::MAX - 1);
/// What every answer carries.
pub(crate) const BODY: &[u8; 128] = &[b'm'; 128];
/// What an answer of gRPC carries: a frame with a message of 32 bytes.
const MESSAGE: &[u8; 37] = b"\0\0\0\0\x20\x0a\x1eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

enum Client {
    First(Answering),
    Second(Box<Connection>),
}

struct Server {
    clients: Slab<(Ready, Client)>,
    fields: Fields,
    shared: Shared,
    scratch: Vec<u8>,
}

/// Serves until the process ends.
pub(crate) fn run(port: u16) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let mut events = Events::with_capacity(1024);
    let mut first = TcpListener::from_std(listener(port)?);
    let mut second = TcpListener::from_std(listener(port + 1)?);
    registry.register(&mut first, HTTP1, Interest::READABLE)?;
    registry.register(&mut second, HTTP2, Interest::READABLE)?;
    let mut server = Server {
        clients: Slab::new(),
        fields: Fields::default(),
        shared: Shared::new(),
        scratch: scratch(),
    };
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            outcome => outcome?,
        }
        for event in &events {
            match event.token() {
                HTTP1 => server.accept(&first, &registry, || Client::First(Answering::new()))?,
                HTTP2 => server.accept(&second, &registry, || {
                    Client::Second(Box::new(Connection::new(Role::Server, true)))
                })?,
                Token(key) => {
                    if let Some((socket, _)) = server.clients.get_mut(key) {
                        socket.note(event);
                    }
                    if server.serve(key).is_err() {
                        server.clients.try_remove(key);
                    }
                }
            }
        }
    }
}

impl Server {
    fn accept(
        &mut self,
        listener: &TcpListener,
        registry: &Registry,
        new: impl Fn() -> Client,
    ) -> io::Result<()> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let mut socket = Ready::new(stream, true);
            let entry = self.clients.vacant_entry();
            let interest = Interest::READABLE.add(Interest::WRITABLE);
            registry.register(socket.stream(), Token(entry.key()), interest)?;
            entry.insert((socket, new()));
        }
    }

    fn serve(&mut self, key: usize) -> io::Result<()> {
        let Some((socket, client)) = self.clients.get_mut(key) else {
            return Ok(());
        };
        loop {
            let moved = match client {
                Client::First(answering) => answering.turn(socket, &mut self.scratch)?,
                Client::Second(connection) => {
                    let moved = connection.input().fill(socket, &mut self.scratch)?;
                    let handled = answer(connection, &mut self.fields, &mut self.shared);
                    handled.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
                    connection.send_waiting(&mut Vec::new());
                    if !connection.output().is_empty() {
                        connection.output().drain(socket)?;
                    }
                    moved
                }
            };
            match moved {
                Moved::Closed => return Err(io::ErrorKind::UnexpectedEof.into()),
                Moved::Full => {}
                _ => return Ok(()),
            }
        }
    }
}

fn answer(
    connection: &mut Connection,
    fields: &mut Fields,
    shared: &mut Shared,
) -> Result<(), Broken> {
    while let Some(event) = connection.next(fields, shared)? {
        let (id, end) = match event {
            Event::Fields(id, end) => {
                let grpc = fields.iter().any(|(_, value)| value == b"application/grpc");
                if let Some(stream) = connection.stream(id) {
                    stream.peer = grpc.then_some((0, 0));
                }
                (id, end)
            }
            Event::Data(id, range, end) => {
                connection.credit(id, range.len());
                (id, end)
            }
            Event::Reset(id, code) => {
                connection.reset(id, code, false);
                continue;
            }
            Event::Room => continue,
        };
        if end {
            respond(connection, id);
        }
    }
    Ok(())
}

fn respond(connection: &mut Connection, id: u32) {
    let grpc = connection
        .stream(id)
        .is_some_and(|stream| stream.peer.is_some());
    let head: [(&[u8], &[u8]); 4] = [
        (b":status", b"200"),
        (
            b"content-type",
            if grpc {
                b"application/grpc"
            } else {
                b"text/plain"
            },
        ),
        (b"date", b"Tue, 24 Nov 2026 12:00:00 GMT"),
        (b"content-length", b"128"),
    ];
    let count = if grpc { 3 } else { 4 };
    connection.send_fields(id, head.into_iter().take(count), false);
    if grpc {
        connection.send_data(id, MESSAGE, false);
        let trailers: [(&[u8], &[u8]); 2] = [(b"grpc-status", b"0"), (b"grpc-message", b"")];
        connection.send_fields(id, trailers.into_iter(), true);
    } else {
        connection.send_data(id, BODY, true);
    }
}
