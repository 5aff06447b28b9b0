//! Reads and writes the heads of frames (RFC 9113 §4.1).

/// What a client sends before anything else (RFC 9113 §3.4); whoever begins so speaks HTTP/2.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The length of a frame's head.
pub(super) const HEAD: usize = 9;

/// The longest frame that may be sent to anyone (RFC 9113 §6.5.2); we never ask for longer ones.
pub(super) const SMALLEST_MAXIMUM: u32 = 16_384;

/// The largest window, stream number and so on.
pub(super) const LARGEST: u32 = 0x7fff_ffff;

/// The kinds of frames (RFC 9113 §6).
pub(super) mod kind {
    pub(in super::super) const DATA: u8 = 0;
    pub(in super::super) const HEADERS: u8 = 1;
    pub(in super::super) const PRIORITY: u8 = 2;
    pub(in super::super) const RST_STREAM: u8 = 3;
    pub(in super::super) const SETTINGS: u8 = 4;
    pub(in super::super) const PUSH_PROMISE: u8 = 5;
    pub(in super::super) const PING: u8 = 6;
    pub(in super::super) const GOAWAY: u8 = 7;
    pub(in super::super) const WINDOW_UPDATE: u8 = 8;
    pub(in super::super) const CONTINUATION: u8 = 9;
}

/// The flags of frames (RFC 9113 §6).
pub(super) mod flag {
    pub(in super::super) const END_STREAM: u8 = 0x1;
    pub(in super::super) const ACK: u8 = 0x1;
    pub(in super::super) const END_HEADERS: u8 = 0x4;
    pub(in super::super) const PADDED: u8 = 0x8;
    pub(in super::super) const PRIORITY: u8 = 0x20;
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    /// Reads the head that `input` begins with, if it is whole.
    pub(super) fn read(input: &[u8]) -> Option<Self> {
        let [length @ .., _, _, _, _, _, _] = *input.first_chunk::<HEAD>()?;
        Some(Self {
            length: length.iter().fold(0, |sum, &it| sum << 8 | u32::from(it)),
            kind: input[3],
            flags: input[4],
            stream: number(input, 5) & LARGEST,
        })
    }

    /// The head as it is sent.
    pub(super) fn bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..3].copy_from_slice(&self.length.to_be_bytes()[1..]);
        bytes[3] = self.kind;
        bytes[4] = self.flags;
        bytes[5..].copy_from_slice(&self.stream.to_be_bytes());
        bytes
    }

    /// Whether a flag is set.
    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The four bytes at `at` as a number.
pub(super) fn number(payload: &[u8], at: usize) -> u32 {
    let bytes = payload.get(at..).and_then(<[u8]>::first_chunk::<4>);
    bytes.map_or(0, |it| u32::from_be_bytes(*it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_read_as_it_was_written() {
        let head = Head {
            length: 0x01_02_03,
            kind: kind::HEADERS,
            flags: flag::END_HEADERS,
            stream: 0x7f_00_00_01,
        };
        let bytes = head.bytes();
        assert_eq!(bytes, [1, 2, 3, 1, 4, 0x7f, 0, 0, 1]);
        assert_eq!(Head::read(&bytes), Some(head));
        assert_eq!(Head::read(&bytes[..8]), None);
        let reserved = [1, 2, 3, 1, 4, 0xff, 0, 0, 1];
        assert_eq!(Head::read(&reserved), Some(head));
    }
}
