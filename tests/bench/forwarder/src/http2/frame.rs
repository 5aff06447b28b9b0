//! Reads and writes the frames of HTTP/2.

use super::Broken;

/// The length of a frame's head.
pub(crate) const HEAD: usize = 9;

/// The kinds of frames that matter here.
pub(crate) mod kind {
    /// Data of a stream.
    pub(crate) const DATA: u8 = 0;
    /// A block of fields.
    pub(crate) const HEADERS: u8 = 1;
    /// A stream that is given up.
    pub(crate) const RESET: u8 = 3;
    /// Settings of the connection.
    pub(crate) const SETTINGS: u8 = 4;
    /// A promise, which no one may make us.
    pub(crate) const PUSH: u8 = 5;
    /// A question whether one is there.
    pub(crate) const PING: u8 = 6;
    /// The end of the connection.
    pub(crate) const GOAWAY: u8 = 7;
    /// More room for data.
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    /// The rest of a block of fields.
    pub(crate) const CONTINUATION: u8 = 9;
}

/// The flag for the end of a stream, and for an answer.
pub(crate) const END_STREAM: u8 = 0x1;
/// The flag for the end of a block of fields.
pub(crate) const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// A frame's head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// The length of what follows.
    pub(crate) length: usize,
    /// What it is.
    pub(crate) kind: u8,
    /// What is special about it.
    pub(crate) flags: u8,
    /// Whose it is.
    pub(crate) stream: u32,
}

impl Frame {
    /// Reads a head.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; HEAD] = bytes.first_chunk()?;
        Some(Self {
            length: usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]),
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
        })
    }

    /// The payload without its padding and priority: how much to leave out at both ends.
    pub(crate) fn trim(self, payload: &[u8]) -> Result<(usize, usize), Broken> {
        let (mut front, mut back) = (0, 0);
        if self.flags & PADDED != 0 {
            back = usize::from(*payload.first().ok_or(Broken)?);
            front = 1;
        }
        if self.kind == kind::HEADERS && self.flags & PRIORITY != 0 {
            front += 5;
        }
        if front + back > payload.len() {
            Err(Broken)
        } else {
            Ok((front, back))
        }
    }
}

/// What the other side wants.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Settings {
    /// The most that our encoder's table may hold.
    Table(u32),
    /// How many streams we may open.
    Concurrent(u32),
    /// The window of a stream.
    Window(u32),
    /// The longest frame.
    Longest(u32),
}

impl Settings {
    /// The settings of a frame that we care for.
    pub(crate) fn all(payload: &[u8]) -> impl Iterator<Item = Self> {
        payload.chunks_exact(6).filter_map(|item| {
            let value = u32::from_be_bytes([item[2], item[3], item[4], item[5]]);
            match u16::from_be_bytes([item[0], item[1]]) {
                1 => Some(Self::Table(value)),
                3 => Some(Self::Concurrent(value)),
                4 => Some(Self::Window(value)),
                5 => Some(Self::Longest(value)),
                _ => None,
            }
        })
    }
}

/// Writes a frame's head.
pub(crate) fn head(length: usize, kind: u8, flags: u8, stream: u32, out: &mut Vec<u8>) {
    let length = u32::try_from(length).unwrap_or(0).to_be_bytes();
    let stream = stream.to_be_bytes();
    out.extend_from_slice(&[
        length[1], length[2], length[3], kind, flags, stream[0], stream[1], stream[2], stream[3],
    ]);
}

/// Corrects the length of the frame that begins at `start`, now that all of it is written.
pub(crate) fn close(start: usize, out: &mut [u8]) {
    let length = u32::try_from(out.len() - start - HEAD)
        .unwrap_or(0)
        .to_be_bytes();
    out[start..start + 3].copy_from_slice(&length[1..]);
}

/// Writes our settings.
pub(crate) fn settings(window: u32, concurrent: u32, out: &mut Vec<u8>) {
    head(18, kind::SETTINGS, 0, 0, out);
    for (name, value) in [(2u16, 0), (3, concurrent), (4, window)] {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Writes a frame of one number.
pub(crate) fn number(kind: u8, stream: u32, value: u32, out: &mut Vec<u8>) {
    head(4, kind, 0, stream, out);
    out.extend_from_slice(&value.to_be_bytes());
}

/// Gives room for more data.
pub(crate) fn window_update(stream: u32, by: u32, out: &mut Vec<u8>) {
    number(kind::WINDOW_UPDATE, stream, by, out);
}
