//! Forwards TCP: by reads and writes, or within the kernel by splice(2).

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use slab::Slab;

use crate::buffer::{Buffer, Socket};
use crate::listen::{listener, loopback};
use crate::readiness::Ready;
use crate::tls::{Link, Tls};

const LISTENER: Token = Token(usize::MAX);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// How much one read takes at most.
const READ: usize = 64 * 1024;
/// How much a pipe holds.
const PIPE: usize = 1 << 20;

struct Pair {
    links: [Link; 2],
    directions: [Direction; 2],
}

/// From one link of a pair to the other.
struct Direction {
    waiting: Buffer,
    pipe: Option<Pipe>,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// The source has closed, and the sink does not know it yet.
    Read,
    Told,
}

struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
    held: usize,
}

struct Worker {
    pairs: Slab<Pair>,
    scratch: Vec<u8>,
    upstream: SocketAddr,
    tls: Tls,
    registry: Registry,
    spliced: bool,
}

/// Forwards until the process ends; plaintext goes through pipes if `spliced`.
pub(crate) fn run(port: u16, upstream: u16, tls: Tls, spliced: bool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::from_std(listener(port)?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut worker = Worker {
        pairs: Slab::new(),
        scratch: vec![0; READ],
        upstream: loopback(upstream),
        tls,
        registry: poll.registry().try_clone()?,
        spliced,
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
            let (key, side) = (event.token().0 / 2, event.token().0 % 2);
            let Some(pair) = worker.pairs.get_mut(key) else {
                continue;
            };
            pair.links[side].ready().note(event);
            if !pair.turn(&mut worker.scratch).unwrap_or(false) {
                worker.pairs.try_remove(key);
            }
        }
    }
}

impl Worker {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((stream, _)) => self.join(stream)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn join(&mut self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.upstream)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let mut links = [
            self.tls.accepted(Ready::new(client, true))?,
            self.tls.connected(Ready::new(server, false))?,
        ];
        let entry = self.pairs.vacant_entry();
        for (side, link) in links.iter_mut().enumerate() {
            self.registry
                .register(link.ready().stream(), Token(entry.key() * 2 + side), BOTH)?;
        }
        let directions = [Direction::new(self.spliced)?, Direction::new(self.spliced)?];
        entry.insert(Pair { links, directions });
        Ok(())
    }
}

impl Pair {
    /// Moves what can be moved; whether the pair lives on.
    fn turn(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        let [client, server] = &mut self.links;
        let [up, down] = &mut self.directions;
        up.turn(client, server, scratch)?;
        down.turn(server, client, scratch)?;
        Ok(up.end != End::Told || down.end != End::Told)
    }
}

impl Direction {
    fn new(spliced: bool) -> io::Result<Self> {
        let pipe = if spliced { Some(Pipe::new()?) } else { None };
        Ok(Self {
            waiting: Buffer::default(),
            pipe,
            end: End::Open,
        })
    }

    fn turn(&mut self, from: &mut Link, to: &mut Link, scratch: &mut [u8]) -> io::Result<()> {
        if let (Some(pipe), Link::Plain(from), Link::Plain(to)) =
            (&mut self.pipe, &mut *from, &mut *to)
        {
            if pipe.turn(from, to)? && self.end == End::Open {
                self.end = End::Read;
            }
            if self.end == End::Read && pipe.held == 0 {
                to.stream().shutdown(Shutdown::Write)?;
                self.end = End::Told;
            }
            return Ok(());
        }
        self.copy(from, to, scratch)?;
        if self.end == End::Read && self.waiting.is_empty() && !to.pending() {
            to.shutdown()?;
            self.end = End::Told;
        }
        Ok(())
    }

    fn copy(&mut self, from: &mut Link, to: &mut Link, scratch: &mut [u8]) -> io::Result<()> {
        loop {
            if !self.waiting.is_empty() {
                self.waiting.drain(to)?;
                if !self.waiting.is_empty() {
                    return Ok(());
                }
            }
            if self.end != End::Open {
                return Ok(());
            }
            let count = match from.read(scratch) {
                Ok(0) => {
                    self.end = End::Read;
                    return Ok(());
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let written = match to.write(&scratch[..count]) {
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error),
            };
            self.waiting.push(&scratch[written..count]);
        }
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
        // The kernel gives less where the user's share is used up, and that will do.
        let _ = fcntl_setpipe_size(&writer, PIPE);
        Ok(Self {
            reader,
            writer,
            held: 0,
        })
    }

    /// Moves from socket to socket; whether the source has closed.
    fn turn(&mut self, from: &mut Ready, to: &mut Ready) -> io::Result<bool> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        loop {
            let mut idle = true;
            let (reader, writer) = (&self.reader, &self.writer);
            if self.held > 0 {
                let held = self.held;
                let moved =
                    to.write_with(|stream| Ok(splice(reader, None, stream, None, held, flags)?))?;
                self.held -= moved.unwrap_or(0);
                idle &= moved.is_none();
            }
            if self.held == 0 {
                match from
                    .read_with(|stream| Ok(splice(stream, None, writer, None, PIPE, flags)?))?
                {
                    Some(0) => return Ok(true),
                    Some(count) => {
                        self.held += count;
                        idle = false;
                    }
                    None => {}
                }
            }
            if idle {
                return Ok(false);
            }
        }
    }
}
