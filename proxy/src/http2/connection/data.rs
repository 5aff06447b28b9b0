//! Receives bodies and keeps the windows for them (RFC 9113 §5.2, §6.1).

use super::super::error::{Cause, ErrorCode};
use super::super::event::Event;
use super::super::frame::{self, Head, flag};
use super::super::streams::{Progress, StreamId};
use super::Connection;
use super::reading::{Broken, Reading, Step, take};

/// A DATA frame whose payload is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Payload {
    /// Its stream; none if nobody is left to have it.
    stream: Option<StreamId>,
    /// What is still to come of the data.
    data: u32,
    /// What is still to come of the padding.
    padding: u32,
    /// Whether the stream ends with it.
    end: bool,
}

impl Connection {
    /// Gives `count` bytes of a body back to the peer, which may then send as many more. For a stream that has ended
    /// there is nothing to do.
    pub fn release(&mut self, stream: StreamId, count: usize) {
        let Some(own) = self.streams.get_mut(stream) else {
            return;
        };
        let count = own.held.min(u32::try_from(count).unwrap_or(u32::MAX));
        own.held -= count;
        self.credit(stream, count);
    }

    pub(super) fn data<'i>(
        &mut self,
        head: Head,
        input: &mut &'i [u8],
    ) -> Result<Step<'i>, Broken> {
        let stream = self.data_stream(head.stream)?;
        let mut padding = 0;
        let mut prefix = 0;
        if head.has(flag::PADDED) {
            if head.length == 0 {
                let notice = "DATA: insufficient padding space";
                return Err(Broken::told(ErrorCode::PROTOCOL_ERROR, notice));
            }
            let Some(&length) = input.get(frame::HEAD) else {
                return Ok(Step::Wait);
            };
            padding = u32::from(length);
            prefix = 1;
            if padding + prefix > head.length {
                let notice = "DATA: invalid padding";
                return Err(Broken::told(ErrorCode::PROTOCOL_ERROR, notice));
            }
        }
        let mut payload = Payload {
            stream,
            data: head.length - padding - prefix,
            padding,
            end: head.has(flag::END_STREAM),
        };
        let is_empty = payload.data == 0 && !payload.end;
        self.guard
            .content(is_empty, &self.settings, &mut self.statistics)?;
        payload.stream = self.accept(payload, head.length, padding + prefix)?;
        take(input, frame::HEAD + prefix as usize);
        self.reading = Reading::Payload(payload);
        if payload.data == 0 && payload.padding == 0 {
            return Ok(self.payload_ends(payload, &[]));
        }
        Ok(Step::Again)
    }

    /// The stream of a DATA frame, if it is open and may have one (RFC 9113 §5.1).
    fn data_stream(&self, number: u32) -> Result<Option<StreamId>, Broken> {
        let told = |notice| Err(Broken::told(ErrorCode::PROTOCOL_ERROR, notice));
        if number == 0 {
            return told("DATA: stream_id == 0");
        }
        let Some(id) = self.streams.find(number) else {
            return if self.is_idle(number) {
                told("DATA: stream in idle")
            } else {
                Ok(None)
            };
        };
        match self.streams.get(id).map(|it| it.receiving) {
            Some(Progress::Head) => told("DATA: stream not opened"),
            Some(Progress::Ended) => {
                let notice = "DATA: stream in half-closed(remote)";
                Err(Broken::told(ErrorCode::STREAM_CLOSED, notice))
            }
            _ => Ok(Some(id)),
        }
    }

    /// Counts a frame against the windows and the announced length; says who is to have it.
    fn accept(
        &mut self,
        payload: Payload,
        length: u32,
        overhead: u32,
    ) -> Result<Option<StreamId>, Broken> {
        self.receive_window -= i64::from(length);
        if self.receive_window < 0 {
            let reason = "more data than the connection's window has room for";
            return Err(Broken::coded(ErrorCode::FLOW_CONTROL_ERROR, reason));
        }
        let Some((id, stream)) = payload
            .stream
            .and_then(|id| self.streams.get_mut(id).map(|it| (id, it)))
        else {
            self.credit_connection(overhead);
            return Ok(None);
        };
        stream.receive_window -= i64::from(length);
        stream.received += u64::from(payload.data);
        let overrun = stream.receive_window < 0;
        let too_long = stream.content_length.is_some_and(|it| stream.received > it)
            || stream.bodiless && payload.data > 0;
        if overrun {
            self.abort(id, ErrorCode::FLOW_CONTROL_ERROR, Cause::FlowControl);
        } else if too_long {
            self.abort(id, ErrorCode::PROTOCOL_ERROR, Cause::Malformed);
        } else {
            // Padding is consumed by nobody.
            self.credit(id, overhead);
            return Ok(Some(id));
        }
        self.credit_connection(overhead);
        Ok(None)
    }

    pub(super) fn payload<'i>(&mut self, mut payload: Payload, input: &mut &'i [u8]) -> Step<'i> {
        if input.is_empty() {
            return Step::Wait;
        }
        if payload.data == 0 {
            let padding = take(input, payload.padding as usize).len();
            payload.padding -= u32::try_from(padding).unwrap_or(0);
            self.reading = Reading::Payload(payload);
            if payload.padding == 0 {
                return self.payload_ends(payload, &[]);
            }
            return Step::Wait;
        }
        let data = take(input, payload.data as usize);
        let count = u32::try_from(data.len()).unwrap_or(0);
        payload.data -= count;
        self.reading = Reading::Payload(payload);
        let open = payload.stream.and_then(|id| {
            let stream = self.streams.get_mut(id)?;
            stream.held += count;
            Some(id)
        });
        if open.is_none() {
            self.credit_connection(count);
        }
        if payload.data == 0 && payload.padding == 0 {
            return self.payload_ends(payload, data);
        }
        open.map_or(Step::Again, |stream| {
            Step::Event(Event::Data {
                stream,
                data,
                end: false,
            })
        })
    }

    /// Ends a DATA frame whose last piece is `data`.
    fn payload_ends<'i>(&mut self, payload: Payload, data: &'i [u8]) -> Step<'i> {
        self.reading = Reading::Frame;
        let Some((id, stream)) = payload
            .stream
            .and_then(|id| self.streams.get_mut(id).map(|it| (id, it)))
        else {
            return Step::Again;
        };
        let mut end = payload.end;
        if end {
            let whole = stream.content_length.is_none_or(|it| it == stream.received);
            stream.receiving = Progress::Ended;
            if whole {
                self.close_if_ended(id);
            } else {
                end = false;
                self.abort(id, ErrorCode::PROTOCOL_ERROR, Cause::Malformed);
            }
        }
        if data.is_empty() && !end {
            return Step::Again;
        }
        Step::Event(Event::Data {
            stream: id,
            data,
            end,
        })
    }

    /// Gives `count` bytes of both windows back to the peer, in portions of half a window.
    fn credit(&mut self, id: StreamId, count: u32) {
        self.credit_connection(count);
        let Some(stream) = self.streams.get_mut(id) else {
            return;
        };
        if stream.receiving == Progress::Ended {
            return;
        }
        stream.consumed += count;
        if stream.consumed >= self.initial_window / 2 {
            stream.receive_window += i64::from(stream.consumed);
            self.output.window_update(id.number(), stream.consumed);
            stream.consumed = 0;
        }
    }
}
