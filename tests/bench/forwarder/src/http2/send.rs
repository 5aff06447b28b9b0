//! Writes frames to a connection's output, as far as the other side takes them.

use super::frame::{self, END_HEADERS, END_STREAM, HEAD, kind};
use super::{AHEAD, Connection, STREAM_WINDOW};

impl Connection {
    /// Sends the fields of a stream, or keeps them until its data are sent.
    pub(crate) fn send_fields<'a>(
        &mut self,
        id: u32,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        end: bool,
    ) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if stream.waits() {
            stream.trailers = Some(
                fields
                    .map(|(name, value)| (name.to_vec(), value.to_vec()))
                    .collect(),
            );
            return;
        }
        stream.sent_all |= end;
        self.write_fields(id, fields, end);
        self.settle(id);
    }

    fn write_fields<'a>(
        &mut self,
        id: u32,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        end: bool,
    ) {
        let out = self.output.tail();
        let start = out.len();
        let flags = END_HEADERS | if end { END_STREAM } else { 0 };
        frame::head(0, kind::HEADERS, flags, id, out);
        self.encoder.begin(out);
        for (name, value) in fields {
            self.encoder.field(name, value, out);
        }
        self.split(start);
    }

    /// Makes continuations of what is too long for one frame.
    fn split(&mut self, mut start: usize) {
        let out = self.output.tail();
        while out.len() - start - HEAD > self.largest {
            let rest = out.split_off(start + HEAD + self.largest);
            let stream = u32::from_be_bytes([
                out[start + 5],
                out[start + 6],
                out[start + 7],
                out[start + 8],
            ]);
            out[start + 4] &= !END_HEADERS;
            frame::close(start, out);
            start = out.len();
            frame::head(0, kind::CONTINUATION, END_HEADERS, stream, out);
            out.extend_from_slice(&rest);
        }
        frame::close(start, out);
    }

    /// Sends data of a stream; what the other side does not take waits. Returns how much went out.
    pub(crate) fn send_data(&mut self, id: u32, data: &[u8], end: bool) -> usize {
        let Some(stream) = self.streams.get_mut(&id) else {
            return data.len();
        };
        let room = if stream.waits() {
            0
        } else {
            room(self.window, stream.window, self.output.len())
        };
        let sent = room.min(data.len());
        if sent < data.len() {
            self.waiting += usize::from(!stream.waits());
            stream.waiting.push(&data[sent..]);
            stream.end_waits |= end;
        } else if stream.waits() {
            stream.end_waits |= end;
            return 0;
        }
        if sent > 0 || data.is_empty() {
            self.write_data(id, &data[..sent], end && sent == data.len());
        }
        sent
    }

    fn write_data(&mut self, id: u32, data: &[u8], end: bool) {
        let out = self.output.tail();
        let mut rest = data;
        loop {
            let (now, behind) = rest.split_at(rest.len().min(self.largest));
            rest = behind;
            let flags = if end && rest.is_empty() {
                END_STREAM
            } else {
                0
            };
            frame::head(now.len(), kind::DATA, flags, id, out);
            out.extend_from_slice(now);
            if rest.is_empty() {
                break;
            }
        }
        let sent = i64::try_from(data.len()).unwrap_or(0);
        self.window -= sent;
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.window -= sent;
            stream.sent_all |= end;
        }
        self.settle(id);
    }

    /// Sends what has waited; `freed` gets the streams with how much of theirs went out.
    pub(crate) fn send_waiting(&mut self, freed: &mut Vec<((usize, u32), usize)>) {
        if self.waiting == 0 || self.output.len() >= AHEAD {
            return;
        }
        let ids: Vec<u32> = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.waits())
            .map(|(&id, _)| id)
            .collect();
        for id in ids {
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            let count =
                room(self.window, stream.window, self.output.len()).min(stream.waiting.len());
            let all = count == stream.waiting.len();
            if count == 0 && !all {
                continue;
            }
            let mut waiting = std::mem::take(&mut stream.waiting);
            let (end, peer) = (all && stream.end_waits, stream.peer);
            let trailers = if all { stream.trailers.take() } else { None };
            stream.end_waits &= !all;
            if count > 0 || end {
                self.write_data(id, &waiting.bytes()[..count], end);
            }
            waiting.consume(count);
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.waiting = waiting;
                stream.sent_all |= trailers.is_some();
            }
            self.waiting -= usize::from(all);
            if let Some(trailers) = trailers {
                self.write_fields(
                    id,
                    trailers.iter().map(|(name, value)| (&**name, &**value)),
                    true,
                );
                self.settle(id);
            }
            freed.extend(peer.map(|peer| (peer, count)));
        }
    }

    /// Tells the other side that so much of a stream's data has gone on.
    pub(crate) fn credit(&mut self, id: u32, count: usize) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.uncredited += u32::try_from(count).unwrap_or(0);
        if stream.uncredited >= STREAM_WINDOW / 2 && !stream.received_all {
            frame::window_update(
                id,
                std::mem::take(&mut stream.uncredited),
                self.output.tail(),
            );
        }
    }

    /// Gives a stream up, and tells the other side if `tell`.
    pub(crate) fn reset(&mut self, id: u32, code: u32, tell: bool) {
        if let Some(stream) = self.streams.remove(&id) {
            self.waiting -= usize::from(stream.waits());
            if tell {
                frame::number(kind::RESET, id, code, self.output.tail());
            }
        }
    }
}

fn room(connection: i64, stream: i64, output: usize) -> usize {
    if output >= AHEAD {
        return 0;
    }
    usize::try_from(connection.min(stream)).unwrap_or(0)
}
