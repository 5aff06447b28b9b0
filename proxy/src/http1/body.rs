//! Reads the body of a message piece by piece, as it is framed (RFC 9112 §6 and §7).

use super::head::{HeadError, Limits, trailers};
use super::line;
use crate::http::headers::Headers;

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// In chunks, then trailers.
    Chunked,
    /// Whatever comes until the connection ends.
    UntilClose,
}

/// What the next bytes of a body are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// More must be read, after so many bytes of framing.
    Incomplete {
        /// The framing.
        skip: usize,
    },
    /// So many bytes are data, after so many that are framing.
    Data {
        /// Framing before the data.
        skip: usize,
        /// The data.
        length: usize,
    },
    /// The body ends after so many bytes of framing; trailers were read, if there are any.
    End {
        /// The framing.
        skip: usize,
    },
}

/// Why a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The size of a chunk is none.
    #[error("the size of a chunk is not a hexadecimal number")]
    ChunkSize,
    /// A chunk does not end where it should.
    #[error("a chunk does not end with a line break")]
    ChunkEnd,
    /// The line of a chunk's size, or the trailers, are longer than they may be.
    #[error("the framing of a chunk is too long")]
    TooLong,
    /// The trailers are malformed.
    #[error("trailers: {0}")]
    Trailers(HeadError),
}

/// How long the line of a chunk's size may be, extensions included, and all trailers together.
const LONGEST_LINE: usize = 16 * 1024;

/// Reads one body.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    limits: Limits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    /// Before the line of a chunk's size.
    Size,
    /// So much of a chunk is still to come.
    Chunk(u64),
    /// Before the line break behind a chunk.
    ChunkEnd,
    Trailers,
}

impl Decoder {
    /// A decoder for a body that is framed so.
    pub fn new(framing: Framing, limits: Limits) -> Self {
        let state = match framing {
            Framing::None => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, limits }
    }

    /// Whether the body is over.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the end of the connection ends the body as it should.
    pub fn may_end_here(&self) -> bool {
        matches!(self.state, State::Done | State::UntilClose)
    }

    /// Looks at the bytes that have come; what it gives counts as taken.
    ///
    /// # Errors
    /// The framing is malformed.
    pub fn next(&mut self, input: &[u8], into: &mut Headers) -> Result<Piece, BodyError> {
        let mut skip = 0;
        loop {
            let rest = &input[skip..];
            match self.state {
                State::Done => return Ok(Piece::End { skip }),
                State::UntilClose if rest.is_empty() => return Ok(Piece::Incomplete { skip }),
                State::UntilClose => {
                    let length = rest.len();
                    return Ok(Piece::Data { skip, length });
                }
                State::Length(left) | State::Chunk(left) => {
                    return Ok(self.data(left, skip, rest.len()));
                }
                State::Size => match size_line(rest)? {
                    Some((taken, size)) => {
                        skip += taken;
                        self.state = if size == 0 {
                            State::Trailers
                        } else {
                            State::Chunk(size)
                        };
                    }
                    None => return Ok(Piece::Incomplete { skip }),
                },
                State::ChunkEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        skip += 2;
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(Piece::Incomplete { skip }),
                    _ => return Err(BodyError::ChunkEnd),
                },
                State::Trailers => match trailer_end(rest)? {
                    Some(end) => {
                        trailers(&rest[..end], self.limits, into).map_err(BodyError::Trailers)?;
                        self.state = State::Done;
                        return Ok(Piece::End { skip: skip + end });
                    }
                    None => return Ok(Piece::Incomplete { skip }),
                },
            }
        }
    }

    fn data(&mut self, left: u64, skip: usize, available: usize) -> Piece {
        if available == 0 {
            return Piece::Incomplete { skip };
        }
        let length = usize::try_from(left).map_or(available, |it| it.min(available));
        let left = left - length as u64;
        self.state = match self.state {
            State::Length(_) if left == 0 => State::Done,
            State::Length(_) => State::Length(left),
            _ if left == 0 => State::ChunkEnd,
            _ => State::Chunk(left),
        };
        Piece::Data { skip, length }
    }
}

/// The length of a chunk's first line and the chunk's size. Extensions are passed over (RFC 9112 §7.1.1).
fn size_line(text: &[u8]) -> Result<Option<(usize, u64)>, BodyError> {
    let Some(end) = memchr::memchr(b'\n', text) else {
        // What is there already may be no size at all.
        let digits = text.iter().take_while(|it| it.is_ascii_hexdigit()).count();
        return match text.get(digits) {
            _ if text.len() > LONGEST_LINE || digits > 16 => Err(BodyError::TooLong),
            None | Some(b';' | b' ' | b'\t' | b'\r') if digits > 0 || text.is_empty() => Ok(None),
            _ => Err(BodyError::ChunkSize),
        };
    };
    let line = text[..end]
        .strip_suffix(b"\r")
        .ok_or(BodyError::ChunkSize)?;
    let size = line.split(|it| *it == b';').next().unwrap_or_default();
    let size = line::trim(size);
    if size.is_empty() || size.len() > 16 || !size.iter().all(u8::is_ascii_hexdigit) {
        return Err(BodyError::ChunkSize);
    }
    let size = std::str::from_utf8(size).ok();
    let size = size.and_then(|it| u64::from_str_radix(it, 16).ok());
    Ok(Some((end + 1, size.ok_or(BodyError::ChunkSize)?)))
}

/// Where the trailers end, their empty line included.
fn trailer_end(text: &[u8]) -> Result<Option<usize>, BodyError> {
    match text {
        [b'\r', b'\n', ..] => return Ok(Some(2)),
        [b'\n', ..] => return Ok(Some(1)),
        _ => {}
    }
    match line::head_end(text, 0) {
        Some(end) => Ok(Some(end)),
        None if text.len() > LONGEST_LINE => Err(BodyError::TooLong),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
