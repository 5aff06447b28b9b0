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
    /// The line of a chunk's size does not end as it should.
    #[error("the line of a chunk's size does not end with a line break")]
    ChunkLine,
    /// The trailers are longer than they may be.
    #[error("the trailers are too long")]
    TooLong,
    /// The trailers are malformed.
    #[error("trailers: {0}")]
    Trailers(HeadError),
}

impl BodyError {
    /// What a client is answered, and what is told about it.
    pub fn answer(self) -> (u16, &'static str) {
        match self {
            Self::ChunkSize | Self::ChunkLine => (400, "http1.codec_error"),
            Self::TooLong => (431, "http1.headers_too_large"),
            Self::Trailers(error) => error.answer(),
        }
    }
}

/// How long all trailers together may be, if nothing else is said.
const LONGEST_TRAILERS: usize = 60 * 1024;

/// Reads one body.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    limits: Limits,
    longest_trailers: usize,
    failure: Option<BodyError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    /// In a chunk's size, of which so much is known, if anything.
    Size(Option<u64>),
    /// In the rest of that line. Extensions are passed over (RFC 9112 §7.1.1).
    Extension(u64),
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
            Framing::Chunked => State::Size(None),
            Framing::UntilClose => State::UntilClose,
        };
        Self {
            state,
            limits,
            longest_trailers: LONGEST_TRAILERS,
            failure: None,
        }
    }

    /// Takes trailers of so many bytes.
    #[must_use]
    pub fn with_trailers(mut self, longest: usize) -> Self {
        self.longest_trailers = longest;
        self
    }

    /// Why the body was refused, if it was.
    pub fn failure(&self) -> Option<BodyError> {
        self.failure
    }

    /// Whether the body is over.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The connection has ended: whether that ends the body as it should.
    pub fn ends_here(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// Looks at the bytes that have come; what it gives counts as taken.
    ///
    /// # Errors
    /// The framing is malformed.
    pub fn next(&mut self, input: &[u8], into: &mut Headers) -> Result<Piece, BodyError> {
        let next = self.piece(input, into);
        self.failure = next.err();
        next
    }

    fn piece(&mut self, input: &[u8], into: &mut Headers) -> Result<Piece, BodyError> {
        let mut skip = 0;
        loop {
            let rest = &input[skip..];
            let taken = match self.state {
                State::Done => return Ok(Piece::End { skip }),
                State::UntilClose if !rest.is_empty() => {
                    let length = rest.len();
                    return Ok(Piece::Data { skip, length });
                }
                State::UntilClose => None,
                State::Length(left) | State::Chunk(left) => {
                    return Ok(self.data(left, skip, rest.len()));
                }
                State::Size(size) => self.size(size, rest)?,
                State::Extension(size) => self.extension(size, rest)?,
                State::ChunkEnd => {
                    // Envoy passes over whatever is there before the line ends.
                    let end = memchr::memchr(b'\n', rest);
                    if end.is_some() {
                        self.state = State::Size(None);
                    }
                    Some(end.map_or(rest.len(), |it| it + 1))
                }
                State::Trailers => self.trailers(rest, into)?,
            };
            match taken {
                Some(taken) if taken > 0 => skip += taken,
                _ => return Ok(Piece::Incomplete { skip }),
            }
        }
    }

    /// Reads the digits of a chunk's size.
    fn size(&mut self, mut size: Option<u64>, text: &[u8]) -> Result<Option<usize>, BodyError> {
        for (at, byte) in text.iter().enumerate() {
            let Some(digit) = char::from(*byte).to_digit(16) else {
                let known = size.filter(|_| matches!(byte, b';' | b' ' | b'\t' | b'\r'));
                self.state = State::Extension(known.ok_or(BodyError::ChunkSize)?);
                // There may be no digit left to take: the next state looks at the same byte.
                return if at == 0 {
                    self.extension(known.unwrap_or_default(), text)
                } else {
                    Ok(Some(at))
                };
            };
            let more = size.unwrap_or_default().checked_mul(16);
            let more = more.and_then(|it| it.checked_add(digit.into()));
            size = Some(more.ok_or(BodyError::ChunkSize)?);
        }
        self.state = State::Size(size);
        Ok(Some(text.len()))
    }

    /// Passes over what stands behind a chunk's size.
    fn extension(&mut self, size: u64, text: &[u8]) -> Result<Option<usize>, BodyError> {
        let Some(end) = memchr::memchr2(b'\r', b'\n', text) else {
            return Ok(Some(text.len()));
        };
        match text[end..] {
            [b'\r', b'\n', ..] => {
                self.state = if size == 0 {
                    State::Trailers
                } else {
                    State::Chunk(size)
                };
                Ok(Some(end + 2))
            }
            [b'\r'] => Ok(Some(end)),
            _ => Err(BodyError::ChunkLine),
        }
    }

    /// Reads the trailers when all of them have come.
    fn trailers(&mut self, text: &[u8], into: &mut Headers) -> Result<Option<usize>, BodyError> {
        let end = match text {
            [b'\r', b'\n', ..] => Some(2),
            [b'\n', ..] => Some(1),
            _ => line::head_end(text, 0),
        };
        if end.unwrap_or(text.len()) > self.longest_trailers {
            return Err(BodyError::TooLong);
        }
        let Some(end) = end else { return Ok(None) };
        trailers(&text[..end], self.limits, into).map_err(BodyError::Trailers)?;
        self.state = State::Done;
        Ok(Some(end))
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

#[cfg(test)]
mod tests;
