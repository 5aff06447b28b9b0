//! Forwards HTTP/1 between a client's connection and one to the server, whatever moves the bytes.

use std::io;

use crate::buffer::{Buffer, Moved, Socket};
use body::Body;
use head::{BadHead, Head};

pub(crate) mod answer;
mod body;
mod head;

/// A side may run ahead of the other by so much.
const AHEAD: usize = 64 * 1024;

/// What an exchange needs from its driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A socket that is ready.
    Readiness,
    /// Another turn at once.
    Again,
    /// A connection to the server.
    Upstream,
    /// That the connection to the server goes back to the pool, if it may, and another turn.
    Release(bool),
    /// That the client's connection is closed.
    Close,
}

/// A client's connection, with the request that it is at.
#[derive(Debug)]
pub(crate) struct Exchange {
    from_client: Buffer,
    to_server: Buffer,
    from_server: Buffer,
    to_client: Buffer,
    request: Progress,
    response: Progress,
    to_head: bool,
    client: Life,
    server: Life,
}

/// How long a connection lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Beyond this request.
    On,
    /// Until this request is through.
    Last,
    /// It has ended.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Head,
    Body(Body),
}

const DONE: Progress = Progress::Body(Body::Done);

impl Exchange {
    /// A connection that has said nothing.
    pub(crate) fn new() -> Self {
        Self {
            from_client: Buffer::default(),
            to_server: Buffer::default(),
            from_server: Buffer::default(),
            to_client: Buffer::default(),
            request: Progress::Head,
            response: Progress::Head,
            to_head: false,
            client: Life::On,
            server: Life::On,
        }
    }

    /// Does what can be done without waiting: at most one read and one write of each socket.
    pub(crate) fn turn<S: Socket>(
        &mut self,
        client: &mut S,
        server: Option<&mut S>,
        scratch: &mut [u8],
    ) -> Need {
        self.attempt(client, server, scratch).unwrap_or(Need::Close)
    }

    fn attempt<S: Socket>(
        &mut self,
        client: &mut S,
        server: Option<&mut S>,
        scratch: &mut [u8],
    ) -> io::Result<Need> {
        if self.client == Life::Last && self.request == Progress::Head {
            return Ok(Need::Close);
        }
        let mut again = false;
        if self.to_server.len() < AHEAD && self.from_client.len() < AHEAD && self.request != DONE {
            let moved = self.from_client.fill(client, scratch)?;
            if moved == Moved::Closed {
                self.client = Life::Over;
            }
            again |= moved == Moved::Full;
        }
        self.take_request()?;
        if let Some(server) = server {
            if !self.to_server.is_empty() {
                self.to_server.drain(server)?;
            }
            if self.to_client.len() < AHEAD {
                let moved = self.from_server.fill(server, scratch)?;
                again |= moved == Moved::Full;
                self.take_response()?;
                if moved == Moved::Closed {
                    self.server_closed()?;
                }
            }
        } else if !self.to_server.is_empty() {
            return Ok(Need::Upstream);
        }
        if !self.to_client.is_empty() {
            self.to_client.drain(client)?;
        }
        let pending = !self.to_client.is_empty() || client.pending();
        Ok(self.need(again, pending))
    }

    fn need(&mut self, again: bool, pending: bool) -> Need {
        if self.client == Life::Over && (self.request != DONE || !self.to_server.is_empty()) {
            return Need::Close;
        }
        if self.response != DONE || pending {
            return if again { Need::Again } else { Need::Readiness };
        }
        if self.request != DONE {
            return Need::Close;
        }
        self.request = Progress::Head;
        self.response = Progress::Head;
        Need::Release(self.server == Life::On)
    }

    fn take_request(&mut self) -> io::Result<()> {
        if self.request == Progress::Head && !self.from_client.is_empty() {
            let parsed =
                head::request(self.from_client.bytes(), self.to_server.tail()).map_err(bad)?;
            let Some(Head {
                length,
                body,
                keep_alive,
                special,
            }) = parsed
            else {
                return Ok(());
            };
            self.from_client.consume(length);
            self.request = Progress::Body(body);
            (self.to_head, self.server) = (special, Life::On);
            if !keep_alive && self.client == Life::On {
                self.client = Life::Last;
            }
        }
        transfer(
            &mut self.request,
            &mut self.from_client,
            &mut self.to_server,
        )
    }

    fn take_response(&mut self) -> io::Result<()> {
        while self.response == Progress::Head && !self.from_server.is_empty() {
            let (input, out) = (self.from_server.bytes(), self.to_client.tail());
            let parsed =
                head::response(input, out, self.to_head, self.client != Life::On).map_err(bad)?;
            let Some(Head {
                length,
                body,
                keep_alive,
                special,
            }) = parsed
            else {
                return Ok(());
            };
            self.from_server.consume(length);
            if !special {
                self.response = Progress::Body(body);
                if !keep_alive {
                    self.server = Life::Last;
                }
                if body == Body::UntilClose {
                    self.client = Life::Last;
                }
            }
        }
        transfer(
            &mut self.response,
            &mut self.from_server,
            &mut self.to_client,
        )
    }

    fn server_closed(&mut self) -> io::Result<()> {
        self.server = Life::Over;
        match self.response {
            Progress::Body(Body::UntilClose) => self.response = DONE,
            DONE => {}
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }
}

fn transfer(progress: &mut Progress, from: &mut Buffer, to: &mut Buffer) -> io::Result<()> {
    if let Progress::Body(body) = progress
        && !from.is_empty()
    {
        let taken = body.advance(from.bytes()).map_err(|_| bad(BadHead))?;
        to.push(&from.bytes()[..taken]);
        from.consume(taken);
    }
    Ok(())
}

fn bad(_: BadHead) -> io::Error {
    io::ErrorKind::InvalidData.into()
}
