//! Receives the frames that carry no message: settings, windows, resets, pings and farewells (RFC 9113 §6.3 to §6.9).

use super::super::error::{Cause, ErrorCode};
use super::super::event::Event;
use super::super::frame::{self, Head, flag, kind};
use super::super::settings::id;
use super::super::streams::{StreamId, Waiting};
use super::reading::{Broken, Reading};
use super::{Connection, Role};

type Received = Result<Option<Event<'static>>, Broken>;

impl Connection {
    /// Priorities mean nothing any more (RFC 9113 §5.3.2); too many of them are still too many.
    pub(super) fn priority(&mut self, payload: &[u8]) -> Received {
        check_length(payload, 5)?;
        self.guard.priority(&self.settings, &mut self.statistics)?;
        Ok(None)
    }

    pub(super) fn stream_reset(&mut self, head: Head, payload: &[u8]) -> Received {
        check_length(payload, 4)?;
        if head.stream == 0 || self.is_idle(head.stream) {
            return protocol_error("RST_STREAM on a stream that nobody has opened");
        }
        let Some(stream) = self.streams.find(head.stream) else {
            return Ok(None);
        };
        self.statistics.rx_reset += 1;
        self.close(stream);
        Ok(Some(Event::Reset {
            stream,
            code: ErrorCode(frame::number(payload, 0)),
            cause: Cause::Peer,
        }))
    }

    pub(super) fn settings(&mut self, head: Head, payload: &[u8]) -> Received {
        if head.stream != 0 {
            return protocol_error("SETTINGS on a stream");
        }
        if head.has(flag::ACK) {
            return self.settings_acknowledged(payload);
        }
        if !payload.len().is_multiple_of(6) {
            return frame_size_error();
        }
        let mut window = self.peer.initial_window_size;
        for setting in payload.chunks_exact(6) {
            match u16::from_be_bytes([setting[0], setting[1]]) {
                id::INITIAL_WINDOW_SIZE => window = frame::number(setting, 2),
                id => self.setting(id, frame::number(setting, 2))?,
            }
            if window > frame::LARGEST {
                let code = ErrorCode::FLOW_CONTROL_ERROR;
                return Err(Broken::silent(code, "SETTINGS_INITIAL_WINDOW_SIZE"));
            }
        }
        if window != self.peer.initial_window_size {
            self.initial_window_changed(window);
        }
        self.peer.max_concurrent_streams.get_or_insert(u32::MAX);
        self.output.frame(kind::SETTINGS, flag::ACK, 0, &[]);
        self.reading = Reading::Frame;
        Ok(Some(Event::Settings))
    }

    fn settings_acknowledged(&mut self, payload: &[u8]) -> Received {
        check_length(payload, 0)?;
        if !self.settings_unacknowledged {
            return protocol_error("settings acknowledged that were never sent");
        }
        self.settings_unacknowledged = false;
        self.decoder.set_allowed(self.settings.hpack_table_size);
        let grown =
            i64::from(self.settings.initial_stream_window_size) - i64::from(self.initial_window);
        self.initial_window = self.settings.initial_stream_window_size;
        let streams: Vec<_> = self.streams.ids().collect();
        for id in streams {
            if let Some(stream) = self.streams.get_mut(id) {
                stream.receive_window += grown;
            }
        }
        Ok(None)
    }

    fn setting(&mut self, id: u16, value: u32) -> Result<(), Broken> {
        let is_client = self.role == Role::Client;
        let wrong = |reason| Err(Broken::silent(ErrorCode::PROTOCOL_ERROR, reason));
        match id {
            id::HEADER_TABLE_SIZE => self.encoder.set_allowed(value),
            id::ENABLE_PUSH if value > u32::from(!is_client) => {
                return wrong("SETTINGS_ENABLE_PUSH");
            }
            id::MAX_CONCURRENT_STREAMS => self.peer.max_concurrent_streams = Some(value),
            id::MAX_FRAME_SIZE => {
                if !(frame::SMALLEST_MAXIMUM..1 << 24).contains(&value) {
                    return wrong("SETTINGS_MAX_FRAME_SIZE");
                }
                self.peer.max_frame_size = value;
            }
            id::ENABLE_CONNECT_PROTOCOL => {
                let withdrawn = is_client && value == 0 && self.peer.enable_connect_protocol;
                if value > 1 || withdrawn {
                    return wrong("SETTINGS_ENABLE_CONNECT_PROTOCOL");
                }
                self.peer.enable_connect_protocol = value == 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// The change holds for open streams too, whose windows may so fall below nothing (RFC 9113 §6.9.2).
    fn initial_window_changed(&mut self, value: u32) {
        let grown = i64::from(value) - i64::from(self.peer.initial_window_size);
        self.peer.initial_window_size = value;
        let streams: Vec<_> = self.streams.ids().collect();
        for id in streams {
            let Some(stream) = self.streams.get_mut(id) else {
                continue;
            };
            stream.send_window += grown;
            if stream.send_window > i64::from(frame::LARGEST) {
                self.abort(id, ErrorCode::FLOW_CONTROL_ERROR, Cause::FlowControl);
            } else {
                self.wake(id);
            }
        }
    }

    pub(super) fn pinged(&mut self, head: Head, payload: &[u8]) -> Received {
        check_length(payload, 8)?;
        if head.stream != 0 {
            return protocol_error("PING on a stream");
        }
        if !head.has(flag::ACK) {
            self.output.frame(kind::PING, flag::ACK, 0, payload);
            return Ok(None);
        }
        let payload = payload.first_chunk().copied().unwrap_or_default();
        Ok(Some(Event::Pong { payload }))
    }

    pub(super) fn peer_goes_away(&mut self, head: Head, payload: &[u8]) -> Received {
        if payload.len() < 8 {
            return frame_size_error();
        }
        if head.stream != 0 {
            return protocol_error("GOAWAY on a stream");
        }
        let last = frame::number(payload, 0) & frame::LARGEST;
        let code = ErrorCode(frame::number(payload, 4));
        let raised = self.peer_accepted.is_some_and(|it| last > it);
        if last != 0 && !self.is_own(last) || raised {
            return protocol_error("GOAWAY with a stream that cannot be the last one");
        }
        self.peer_accepted = Some(last);
        let refused: Vec<_> = self
            .streams
            .ids()
            .filter(|it| self.is_own(it.number()) && it.number() > last)
            .collect();
        for stream in refused {
            self.close(stream);
            self.events.push_back(Event::Reset {
                stream,
                code: ErrorCode::REFUSED_STREAM,
                cause: Cause::GoAway,
            });
        }
        Ok(Some(Event::GoAway { last, code }))
    }

    pub(super) fn window_update(&mut self, head: Head, payload: &[u8]) -> Received {
        check_length(payload, 4)?;
        self.guard
            .window_update(&self.settings, &mut self.statistics)?;
        let increment = frame::number(payload, 0) & frame::LARGEST;
        if increment == 0 {
            return protocol_error("WINDOW_UPDATE that opens nothing");
        }
        let stream = if head.stream == 0 {
            None
        } else if let Some(id) = self.streams.find(head.stream) {
            Some(id)
        } else if self.is_idle(head.stream) {
            return protocol_error("WINDOW_UPDATE on a stream that nobody has opened");
        } else {
            return Ok(None);
        };
        let own = stream.and_then(|id| self.streams.get_mut(id));
        let window = own.map_or(&mut self.send_window, |it| &mut it.send_window);
        *window += i64::from(increment);
        if *window > i64::from(frame::LARGEST) {
            let reason = "WINDOW_UPDATE that opens a window too far";
            return Err(Broken::silent(ErrorCode::FLOW_CONTROL_ERROR, reason));
        }
        if let Some(id) = stream {
            self.wake(id);
        }
        Ok(None)
    }

    /// Wakes a writer that waited for its stream's window.
    fn wake(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(id) else {
            return;
        };
        if stream.waiting == Waiting::Stream && stream.send_window > 0 {
            stream.waiting = Waiting::Connection;
            self.blocked.push_back(id);
        }
    }
}

fn check_length(payload: &[u8], length: usize) -> Result<(), Broken> {
    if payload.len() == length {
        return Ok(());
    }
    frame_size_error().map(|_| ())
}

fn frame_size_error() -> Received {
    let reason = "a frame of a wrong length";
    Err(Broken::coded(ErrorCode::FRAME_SIZE_ERROR, reason))
}

fn protocol_error(reason: &'static str) -> Received {
    Err(Broken::silent(ErrorCode::PROTOCOL_ERROR, reason))
}
