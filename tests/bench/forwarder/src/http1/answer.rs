//! Answers requests of HTTP/1, for the server behind the forwarders.

use std::io;

use super::body::Body;
use super::head;
use crate::buffer::{Buffer, Moved, Socket};
use crate::server::BODY;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\
    date: Tue, 24 Nov 2026 12:00:00 GMT\r\ncontent-length: 128\r\n\r\n";

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Answering {
    input: Buffer,
    output: Buffer,
    dropped: Vec<u8>,
    body: Body,
    within: bool,
}

impl Answering {
    /// A connection that has said nothing.
    pub(crate) fn new() -> Self {
        let (input, output) = (Buffer::default(), Buffer::default());
        Self {
            input,
            output,
            dropped: Vec::new(),
            body: Body::Done,
            within: false,
        }
    }

    /// Reads, answers and writes once.
    pub(crate) fn turn(
        &mut self,
        socket: &mut impl Socket,
        scratch: &mut [u8],
    ) -> io::Result<Moved> {
        let moved = self.input.fill(socket, scratch)?;
        while !self.input.is_empty() {
            if !self.within {
                self.dropped.clear();
                let parsed = head::request(self.input.bytes(), &mut self.dropped);
                let Some(head) = parsed.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?
                else {
                    break;
                };
                self.input.consume(head.length);
                (self.body, self.within) = (head.body, true);
            }
            let taken = self.body.advance(self.input.bytes());
            self.input
                .consume(taken.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?);
            if self.body != Body::Done {
                break;
            }
            self.within = false;
            self.output.push(HEAD);
            self.output.push(BODY);
        }
        if !self.output.is_empty() {
            self.output.drain(socket)?;
        }
        Ok(moved)
    }
}
