//! Finds where the body of an HTTP/1 message ends.

/// How a body is framed, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// It is complete.
    Done,
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks are still to come.
    Chunked(Chunk),
    /// It ends with the connection.
    UntilClose,
}

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the size.
    Size(u64, u8),
    /// In an extension behind the size.
    Extension(u64),
    /// Before the line feed that ends the size.
    SizeEnd(u64),
    /// In the data.
    Data(u64),
    /// Before the carriage return behind the data.
    DataReturn,
    /// Before the line feed behind the data.
    DataEnd,
    /// At the start of a trailer line.
    Trailer,
    /// Within a trailer line.
    TrailerLine,
    /// Before the line feed of the last line.
    LastEnd,
}

/// A body that breaks the rules of its framing.
#[derive(Debug)]
pub(crate) struct BadChunk;

impl Body {
    /// A chunked body that has not begun.
    pub(crate) const CHUNKED: Self = Self::Chunked(Chunk::Size(0, 0));

    /// A body of a known length.
    pub(crate) fn of_length(length: u64) -> Self {
        if length == 0 {
            Self::Done
        } else {
            Self::Length(length)
        }
    }

    /// Takes what belongs to the body from the front of `bytes`, and says how much that is.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        match self {
            Self::Done => Ok(0),
            Self::UntilClose => Ok(bytes.len()),
            Self::Length(left) => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *self = Self::of_length(*left - taken as u64);
                Ok(taken)
            }
            Self::Chunked(chunk) => {
                let mut at = *chunk;
                let mut taken = 0;
                while let Some(&byte) = bytes.get(taken) {
                    if let Chunk::Data(left) = at {
                        let step = usize::try_from(left)
                            .unwrap_or(usize::MAX)
                            .min(bytes.len() - taken);
                        taken += step;
                        let left = left - step as u64;
                        at = if left == 0 {
                            Chunk::DataReturn
                        } else {
                            Chunk::Data(left)
                        };
                        continue;
                    }
                    taken += 1;
                    let Some(next) = at.next(byte)? else {
                        *self = Self::Done;
                        return Ok(taken);
                    };
                    at = next;
                }
                *self = Self::Chunked(at);
                Ok(taken)
            }
        }
    }
}

impl Chunk {
    /// The state behind one byte of framing, or `None` behind the last.
    fn next(self, byte: u8) -> Result<Option<Self>, BadChunk> {
        Ok(Some(match (self, byte) {
            (Self::Size(size, digits), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < 15 => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                Self::Size(size * 16 + u64::from(digit), digits + 1)
            }
            (Self::Size(size, 1..) | Self::Extension(size), b'\r') => Self::SizeEnd(size),
            (Self::Size(size, 1..), b';' | b' ' | b'\t') => Self::Extension(size),
            (Self::Extension(size), byte) if byte != b'\n' => Self::Extension(size),
            (Self::SizeEnd(0) | Self::TrailerLine, b'\n') => Self::Trailer,
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataReturn, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size(0, 0),
            (Self::Trailer, b'\r') => Self::LastEnd,
            (Self::LastEnd, b'\n') => return Ok(None),
            (Self::Trailer, byte) if byte != b'\n' => Self::TrailerLine,
            (Self::TrailerLine, _) => Self::TrailerLine,
            _ => return Err(BadChunk),
        }))
    }
}
