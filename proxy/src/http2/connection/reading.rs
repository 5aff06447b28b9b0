//! Cuts the input into frames, and checks that each may come (RFC 9113 §3.4, §4).

use super::super::error::{ErrorCode, details};
use super::super::event::Event;
use super::super::frame::{self, Head, flag, kind};
use super::super::guard::Flood;
use super::Connection;
use super::data::Payload;

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The client's preface, of which so much was there.
    Preface(usize),
    /// The first frame, which must be SETTINGS.
    FirstFrame,
    /// Any frame.
    Frame,
    /// The payload of a DATA frame.
    Payload(Payload),
    /// So many bytes of a frame that means nothing to us.
    Unknown(u32),
}

/// What a step came to.
pub(super) enum Step<'i> {
    Event(Event<'i>),
    Again,
    /// More input is needed.
    Wait,
}

/// The end of the connection.
pub(super) struct Broken {
    pub(super) code: ErrorCode,
    /// What the peer is told with its GOAWAY; Envoy tells it nothing in many cases.
    pub(super) notice: Option<&'static str>,
    pub(super) reason: &'static str,
    pub(super) details: &'static str,
}

impl Broken {
    /// An error of which the peer hears nothing.
    pub(super) fn silent(code: ErrorCode, reason: &'static str) -> Self {
        Self {
            code,
            notice: None,
            reason,
            details: details::CONNECTION,
        }
    }

    /// An error of which the peer hears by GOAWAY with a text.
    pub(super) fn told(code: ErrorCode, notice: &'static str) -> Self {
        Self {
            code,
            notice: Some(notice),
            reason: notice,
            details: details::CONNECTION,
        }
    }

    /// An error of which the peer hears by GOAWAY without a text.
    pub(super) fn coded(code: ErrorCode, reason: &'static str) -> Self {
        Self {
            code,
            notice: Some(""),
            reason,
            details: details::CONNECTION,
        }
    }
}

impl From<Flood> for Broken {
    fn from(flood: Flood) -> Self {
        Self::silent(ErrorCode::ENHANCE_YOUR_CALM, flood.0)
    }
}

impl Connection {
    pub(super) fn step<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Broken> {
        match self.reading {
            Reading::Preface(matched) => self.preface(matched, input),
            Reading::FirstFrame | Reading::Frame => self.frame(input),
            Reading::Payload(payload) => Ok(self.payload(payload, input)),
            Reading::Unknown(left) => {
                let taken = take(input, left as usize).len();
                let left = left - u32::try_from(taken).unwrap_or(left);
                self.reading = if left == 0 {
                    Reading::Frame
                } else {
                    Reading::Unknown(left)
                };
                Ok(if left == 0 { Step::Again } else { Step::Wait })
            }
        }
    }

    fn preface<'i>(&mut self, matched: usize, input: &mut &'i [u8]) -> Result<Step<'i>, Broken> {
        let expected = &frame::PREFACE[matched..];
        let taken = take(input, expected.len());
        if taken != &expected[..taken.len()] {
            let reason = "the connection does not begin as HTTP/2 does";
            return Err(Broken::silent(ErrorCode::PROTOCOL_ERROR, reason));
        }
        let matched = matched + taken.len();
        if matched < frame::PREFACE.len() {
            self.reading = Reading::Preface(matched);
            return Ok(Step::Wait);
        }
        self.reading = Reading::FirstFrame;
        Ok(Step::Again)
    }

    fn frame<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Broken> {
        let Some(head) = Head::read(input) else {
            return Ok(Step::Wait);
        };
        if head.length > frame::SMALLEST_MAXIMUM {
            let code = ErrorCode::FRAME_SIZE_ERROR;
            return Err(Broken::told(code, "too large frame size"));
        }
        self.check_order(head)?;
        if head.kind == kind::DATA {
            return self.data(head, input);
        }
        if head.kind > kind::CONTINUATION {
            self.reading = Reading::Unknown(head.length);
            take(input, frame::HEAD);
            return Ok(Step::Again);
        }
        let Some(whole) = input.get(..frame::HEAD + head.length as usize) else {
            return Ok(Step::Wait);
        };
        *input = &input[whole.len()..];
        self.reading = Reading::Frame;
        let event = self.dispatch(head, &whole[frame::HEAD..])?;
        Ok(event.map_or(Step::Again, Step::Event))
    }

    /// Some frames must come first, and some must follow each other (RFC 9113 §3.4, §4.3).
    fn check_order(&self, head: Head) -> Result<(), Broken> {
        let code = ErrorCode::PROTOCOL_ERROR;
        if self.reading == Reading::FirstFrame
            && (head.kind != kind::SETTINGS || head.has(flag::ACK))
        {
            return Err(Broken::told(code, "SETTINGS expected"));
        }
        match &self.block {
            Some(block) if head.kind != kind::CONTINUATION || head.stream != block.number() => {
                let notice = "unexpected non-CONTINUATION frame or stream_id is invalid";
                Err(Broken::told(code, notice))
            }
            None if head.kind == kind::CONTINUATION => {
                Err(Broken::told(code, "CONTINUATION: unexpected"))
            }
            _ => Ok(()),
        }
    }

    fn dispatch(&mut self, head: Head, payload: &[u8]) -> Result<Option<Event<'static>>, Broken> {
        match head.kind {
            kind::HEADERS => self.headers(head, payload),
            kind::CONTINUATION => self.continuation(head, payload),
            kind::PRIORITY => self.priority(payload),
            kind::RST_STREAM => self.stream_reset(head, payload),
            kind::SETTINGS => self.settings(head, payload),
            kind::PING => self.pinged(head, payload),
            kind::GOAWAY => self.peer_goes_away(head, payload),
            kind::WINDOW_UPDATE => self.window_update(head, payload),
            kind::PUSH_PROMISE => {
                let reason = "PUSH_PROMISE, which was not allowed";
                Err(Broken::silent(ErrorCode::PROTOCOL_ERROR, reason))
            }
            _ => Ok(None),
        }
    }
}

/// Takes as much of the front of `input` as there is of `count`.
pub(super) fn take<'i>(input: &mut &'i [u8], count: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    taken
}
