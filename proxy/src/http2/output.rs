//! Gathers the frames that are to be sent, and counts those that wait.

use super::error::ErrorCode;
use super::frame::{self, Head, flag, kind};
use super::hpack::Encoder;

/// A buffer larger than this is not kept once it is empty.
const KEPT: usize = 64 * 1024;

/// Frames that wait for the socket, in one buffer that is used again and again.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// How many bytes at the front are sent.
    sent: usize,
    /// Where the first frame ends that is not wholly sent.
    boundary: usize,
    /// Where that begins which came of the present input.
    mark: usize,
    /// Something was sent.
    begun: bool,
    frames: u32,
    control_frames: u32,
}

impl Output {
    /// Adds what is no frame: the preface of a client.
    pub(super) fn preface(&mut self) {
        self.bytes.extend_from_slice(frame::PREFACE);
        self.begun = true;
        self.boundary = self.bytes.len();
    }

    /// What is to be sent.
    pub(super) fn pending(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// How many frames wait, and how many of them are control frames in the sense of Envoy's flood protection.
    pub(super) fn frames(&self) -> (u32, u32) {
        (self.frames, self.control_frames)
    }

    /// Takes note that the first `count` bytes of [`Self::pending`] are sent.
    pub(super) fn advance(&mut self, count: usize) {
        self.begun |= count > 0;
        self.sent = (self.sent + count).min(self.bytes.len());
        if self.sent == self.bytes.len() {
            *self = Self {
                bytes: std::mem::take(&mut self.bytes),
                begun: self.begun,
                ..Self::default()
            };
            self.bytes.clear();
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
            return;
        }
        while let Some(head) = self.bytes.get(self.boundary..).and_then(Head::read) {
            let end = self.boundary + frame::HEAD + head.length as usize;
            if end > self.sent {
                break;
            }
            self.boundary = end;
            self.frames -= 1;
            self.control_frames -= u32::from(is_control(head));
        }
        if self.sent > self.bytes.len() / 2 && self.boundary > self.bytes.len() / 2 {
            let dead = self.sent.min(self.boundary);
            self.bytes.drain(..dead);
            self.sent -= dead;
            self.boundary -= dead;
            self.mark = self.mark.saturating_sub(dead);
        }
    }

    /// Other input begins.
    pub(super) fn mark(&mut self) {
        self.mark = if self.begun { self.bytes.len() } else { 0 };
    }

    /// Takes back what came of the present input; if nothing was ever sent, all but the settings, and those as well
    /// unless `greets` says that a farewell is to follow.
    pub(super) fn take_back(&mut self, greets: bool) {
        let mut kept = self.mark.max(self.sent);
        if !self.begun
            && greets
            && let Some(head) = Head::read(&self.bytes)
        {
            kept = frame::HEAD + head.length as usize;
        }
        self.bytes.truncate(kept);
        (self.frames, self.control_frames) = (0, 0);
        let mut at = self.boundary;
        while let Some(head) = self.bytes.get(at..).and_then(Head::read) {
            at += frame::HEAD + head.length as usize;
            self.frames += 1;
            self.control_frames += u32::from(is_control(head));
        }
    }

    /// Gives back the memory that is not in use.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Adds a frame.
    pub(super) fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let head = Head {
            length: u32::try_from(payload.len()).unwrap_or(0),
            kind,
            flags,
            stream,
        };
        self.frames += 1;
        self.control_frames += u32::from(is_control(head));
        self.bytes.extend_from_slice(&head.bytes());
        self.bytes.extend_from_slice(payload);
    }

    /// Adds a `RST_STREAM` frame.
    pub(super) fn reset(&mut self, stream: u32, code: ErrorCode) {
        self.frame(kind::RST_STREAM, 0, stream, &code.0.to_be_bytes());
    }

    /// Adds a `WINDOW_UPDATE` frame.
    pub(super) fn window_update(&mut self, stream: u32, increment: u32) {
        self.frame(kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes());
    }

    /// Adds a GOAWAY frame.
    pub(super) fn go_away(&mut self, last: u32, code: ErrorCode, reason: &str) {
        let mut payload = [0; 8 + 64];
        payload[..4].copy_from_slice(&last.to_be_bytes());
        payload[4..8].copy_from_slice(&code.0.to_be_bytes());
        let reason = &reason.as_bytes()[..reason.len().min(64)];
        payload[8..8 + reason.len()].copy_from_slice(reason);
        self.frame(kind::GOAWAY, 0, 0, &payload[..8 + reason.len()]);
    }

    /// Adds a SETTINGS frame.
    pub(super) fn settings(&mut self, settings: &[(u16, u32)]) {
        let mut payload = [0; 6 * 8];
        for (place, (id, value)) in payload.chunks_exact_mut(6).zip(settings) {
            place[..2].copy_from_slice(&id.to_be_bytes());
            place[2..].copy_from_slice(&value.to_be_bytes());
        }
        self.frame(kind::SETTINGS, 0, 0, &payload[..6 * settings.len()]);
    }

    /// Adds a HEADERS frame with the fields that `fill` encodes, and CONTINUATION frames if they need more room than
    /// one frame has.
    pub(super) fn headers(
        &mut self,
        stream: u32,
        end: bool,
        max_frame_size: u32,
        encoder: &mut Encoder,
        fill: impl FnOnce(&mut Encoder, &mut Vec<u8>),
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; frame::HEAD]);
        encoder.begin(&mut self.bytes);
        fill(encoder, &mut self.bytes);
        let length = self.bytes.len() - start - frame::HEAD;
        let most = max_frame_size as usize;
        let mut head = Head {
            length: u32::try_from(length.min(most)).unwrap_or(0),
            kind: kind::HEADERS,
            flags: u8::from(end) * flag::END_STREAM,
            stream,
        };
        if length <= most {
            head.flags |= flag::END_HEADERS;
        }
        self.bytes[start..start + frame::HEAD].copy_from_slice(&head.bytes());
        self.frames += 1;
        if length > most {
            self.continuations(start + frame::HEAD + most, most, head);
        }
    }

    /// Puts the bytes from `start` on into CONTINUATION frames.
    fn continuations(&mut self, start: usize, most: usize, mut head: Head) {
        let rest = self.bytes.split_off(start);
        let last = rest.len().div_ceil(most) - 1;
        for (place, piece) in rest.chunks(most).enumerate() {
            head.kind = kind::CONTINUATION;
            head.flags = u8::from(place == last) * flag::END_HEADERS;
            self.frame(head.kind, head.flags, head.stream, piece);
        }
    }
}

/// Whether Envoy counts a frame among those that a peer can make it send: answers to PING and SETTINGS, and resets.
fn is_control(head: Head) -> bool {
    match head.kind {
        kind::RST_STREAM => true,
        kind::PING | kind::SETTINGS => head.has(flag::ACK),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_until_their_last_byte_is_sent() {
        let mut output = Output::default();
        output.preface();
        output.frame(kind::PING, flag::ACK, 0, &[0; 8]);
        output.frame(kind::DATA, 0, 1, &[0; 100]);
        output.reset(1, ErrorCode::CANCEL);
        assert_eq!(output.frames(), (3, 2));
        output.advance(24 + 16);
        assert_eq!(output.frames(), (3, 2));
        output.advance(1);
        assert_eq!(output.frames(), (2, 1));
        output.advance(108);
        assert_eq!(output.frames(), (2, 1));
        output.advance(1);
        assert_eq!(output.frames(), (1, 1));
        assert_eq!(output.pending().len(), 13);
        output.frame(kind::PING, 0, 0, &[0; 8]);
        output.advance(14);
        assert_eq!(output.frames(), (1, 0));
        output.advance(usize::MAX / 2);
        assert_eq!((output.frames(), output.pending().len()), ((0, 0), 0));
    }

    #[test]
    fn long_heads_go_on_in_continuations() {
        let mut output = Output::default();
        let mut encoder = Encoder::new(4096, false);
        output.headers(1, true, 16_384, &mut encoder, |encoder, bytes| {
            encoder.field(b"x", &vec![b'v'; 40_000], bytes);
        });
        let mut rest = output.pending();
        let mut seen = Vec::new();
        while let Some(head) = Head::read(rest) {
            seen.push((head.kind, head.flags, head.length));
            rest = &rest[frame::HEAD + head.length as usize..];
        }
        assert_eq!(seen[0], (kind::HEADERS, flag::END_STREAM, 16_384));
        assert_eq!(seen[1], (kind::CONTINUATION, 0, 16_384));
        assert_eq!(seen[2].0, kind::CONTINUATION);
        assert_eq!(seen[2].1, flag::END_HEADERS);
        assert_eq!((seen.len(), output.frames().0), (3, 3));
    }
}
