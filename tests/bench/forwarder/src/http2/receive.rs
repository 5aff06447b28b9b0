//! Takes frames from a connection's input.

use super::frame::{self, END_HEADERS, END_STREAM, HEAD, kind};
use super::{
    Block, Broken, CONNECTION_WINDOW, Connection, Event, Fields, Frame, PREFACE, Role, Settings,
    Shared, Stream,
};

/// The longest frame that we take.
const LONGEST: usize = 16_384;

impl Connection {
    /// The next thing that the other side did; fields go to `fields`.
    pub(crate) fn next(
        &mut self,
        fields: &mut Fields,
        shared: &mut Shared,
    ) -> Result<Option<Event>, Broken> {
        self.input.consume(std::mem::take(&mut self.lent));
        if !self.greeted {
            let input = self.input.bytes();
            if input.len() < PREFACE.len() {
                return if PREFACE.starts_with(input) {
                    Ok(None)
                } else {
                    Err(Broken)
                };
            }
            if !input.starts_with(PREFACE) {
                return Err(Broken);
            }
            self.input.consume(PREFACE.len());
            self.greeted = true;
        }
        loop {
            let Some(head) = Frame::parse(self.input.bytes()) else {
                return Ok(None);
            };
            if head.length > LONGEST {
                return Err(Broken);
            }
            if self.input.len() < HEAD + head.length {
                return Ok(None);
            }
            if self.block.is_some() != (head.kind == kind::CONTINUATION) {
                return Err(Broken);
            }
            let event = self.frame(head, fields, shared)?;
            if let Some(Event::Data(..)) = event {
                self.lent = HEAD + head.length;
            } else {
                self.input.consume(HEAD + head.length);
            }
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn frame(
        &mut self,
        head: Frame,
        fields: &mut Fields,
        shared: &mut Shared,
    ) -> Result<Option<Event>, Broken> {
        let payload = &self.input.bytes()[HEAD..HEAD + head.length];
        match head.kind {
            kind::DATA => self.received_data(head),
            kind::HEADERS | kind::CONTINUATION => self.received_block(head, fields, shared),
            kind::RESET => {
                let code = number(payload)?;
                Ok(self
                    .streams
                    .contains_key(&head.stream)
                    .then_some(Event::Reset(head.stream, code)))
            }
            kind::SETTINGS => self.received_settings(head),
            kind::PING => {
                let payload: [u8; 8] = payload.try_into().map_err(|_| Broken)?;
                if head.flags & END_STREAM == 0 {
                    frame::head(8, kind::PING, END_STREAM, 0, self.output.tail());
                    self.output.push(&payload);
                }
                Ok(None)
            }
            kind::WINDOW_UPDATE => {
                let by = i64::from(number(payload)? & 0x7fff_ffff);
                if head.stream == 0 {
                    self.window += by;
                } else if let Some(stream) = self.streams.get_mut(&head.stream) {
                    stream.window += by;
                }
                Ok((self.waiting > 0).then_some(Event::Room))
            }
            kind::GOAWAY => {
                self.leaving = true;
                Ok(None)
            }
            kind::PUSH => Err(Broken),
            _ => Ok(None),
        }
    }

    fn received_settings(&mut self, head: Frame) -> Result<Option<Event>, Broken> {
        if head.flags & END_STREAM != 0 {
            return Ok(None);
        }
        let payload = &self.input.bytes()[HEAD..HEAD + head.length];
        for setting in Settings::all(payload) {
            match setting {
                Settings::Table(limit) => self
                    .encoder
                    .limit(usize::try_from(limit).map_err(|_| Broken)?),
                Settings::Concurrent(limit) => {
                    self.concurrent = usize::try_from(limit).unwrap_or(usize::MAX);
                }
                Settings::Window(window) => {
                    let by = i64::from(window) - self.stream_window;
                    self.stream_window += by;
                    self.streams
                        .values_mut()
                        .for_each(|stream| stream.window += by);
                }
                Settings::Longest(longest) => {
                    self.largest = usize::try_from(longest).unwrap_or(self.largest);
                }
            }
        }
        frame::head(0, kind::SETTINGS, END_STREAM, 0, self.output.tail());
        Ok((self.waiting > 0).then_some(Event::Room))
    }

    fn received_data(&mut self, head: Frame) -> Result<Option<Event>, Broken> {
        let payload = &self.input.bytes()[HEAD..HEAD + head.length];
        let (front, back) = head.trim(payload)?;
        self.uncredited += u32::try_from(head.length).unwrap_or(0);
        if self.uncredited >= CONNECTION_WINDOW / 2 {
            frame::window_update(0, std::mem::take(&mut self.uncredited), self.output.tail());
        }
        let end = head.flags & END_STREAM != 0;
        let Some(stream) = self.streams.get_mut(&head.stream) else {
            return Ok(None);
        };
        stream.received_all |= end;
        Ok(Some(Event::Data(
            head.stream,
            HEAD + front..HEAD + head.length - back,
            end,
        )))
    }

    fn received_block(
        &mut self,
        head: Frame,
        fields: &mut Fields,
        shared: &mut Shared,
    ) -> Result<Option<Event>, Broken> {
        let payload = &self.input.bytes()[HEAD..HEAD + head.length];
        let complete = head.flags & END_HEADERS != 0;
        let end = if let Some(mut block) = self.block.take() {
            block.bytes.extend_from_slice(payload);
            if block.stream != head.stream || block.bytes.len() > 4 * LONGEST {
                return Err(Broken);
            }
            if !complete {
                self.block = Some(block);
                return Ok(None);
            }
            self.decoder
                .decode(&block.bytes, fields, shared)
                .map_err(|_| Broken)?;
            block.end
        } else {
            let (front, back) = head.trim(payload)?;
            let payload = &payload[front..payload.len() - back];
            let end = head.flags & END_STREAM != 0;
            if !complete {
                self.block = Some(Block {
                    stream: head.stream,
                    end,
                    bytes: payload.to_vec(),
                });
                return Ok(None);
            }
            self.decoder
                .decode(payload, fields, shared)
                .map_err(|_| Broken)?;
            end
        };
        if self.role == Role::Server && head.stream > self.last {
            self.last = head.stream;
            self.streams
                .insert(head.stream, Stream::new(self.stream_window, None));
        }
        let Some(stream) = self.streams.get_mut(&head.stream) else {
            return Ok(None);
        };
        stream.received_all |= end;
        Ok(Some(Event::Fields(head.stream, end)))
    }
}

fn number(payload: &[u8]) -> Result<u32, Broken> {
    Ok(u32::from_be_bytes(payload.try_into().map_err(|_| Broken)?))
}
