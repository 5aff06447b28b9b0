//! Holds what the task of a connection and the tasks of its streams share. All of them run on one worker.

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};

use super::ending::{Ending, reason};
use super::line::Line;
use crate::http::headers::Headers;
use crate::http::message::ResponseHead;
use crate::http2::{Connection, ErrorCode, Event, SendError, StreamId};
use crate::stream::{BodyEvent, Broken};
use crate::wire::Wire;
use crate::worker::Counted;

/// Bytes of one stream that wait for windows or the socket before its other side is no longer read from.
const HIGH_WATERMARK: usize = 64 * 1024;

/// A connection with the streams on it.
pub struct Shared {
    pub(super) codec: Connection,
    pub(super) wire: Wire,
    /// The streams by the codec's slots, which it gives again as soon as a stream is over.
    streams: Vec<Option<Slot>>,
    /// Streams that are over, and not yet read to their end while another has taken their slot; by number.
    displaced: HashMap<u32, Slot>,
    driver: Option<Waker>,
    /// Requests that wait until the peer takes another stream.
    line: Line,
    /// Whether the connection has ended; no stream lives on.
    pub(super) ended: bool,
    /// Whether it is to end once what is queued is written.
    pub(super) closing: bool,
    /// The client was warned that it is to end.
    pub(super) announced: bool,
}

/// What came of a stream and was not taken yet, and what could not be sent yet.
struct Slot {
    id: StreamId,
    heads: VecDeque<(ResponseHead, bool)>,
    data: Vec<u8>,
    trailers: Option<Headers>,
    finished: bool,
    broken: Option<Broken>,
    reader: Option<Waker>,
    unsent: Vec<u8>,
    unsent_end: Option<Headers>,
    writer: Option<Waker>,
    /// The whole message was queued.
    complete: bool,
    /// Nobody waits for it any more; it goes when what is queued is sent.
    left: bool,
}

impl Slot {
    fn new(id: StreamId, finished: bool) -> Self {
        Self {
            id,
            heads: VecDeque::new(),
            data: Vec::new(),
            trailers: None,
            finished,
            broken: None,
            reader: None,
            unsent: Vec::new(),
            unsent_end: None,
            writer: None,
            complete: false,
            left: false,
        }
    }

    fn wake(&mut self) {
        let wakers = [self.reader.take(), self.writer.take()];
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Shared {
    /// A connection that has carried nothing yet.
    pub fn new(codec: Connection, wire: Wire) -> Self {
        Self {
            codec,
            wire,
            streams: Vec::new(),
            displaced: HashMap::new(),
            driver: None,
            line: Line::default(),
            ended: false,
            closing: false,
            announced: false,
        }
    }

    /// How many streams may be open at once; none if no more will ever be opened.
    pub fn stream_limit(&self) -> u32 {
        if self.ended || self.closing {
            return 0;
        }
        self.codec.stream_limit()
    }

    /// Whether the peer takes no more streams; the open ones go on.
    pub fn is_leaving(&self) -> bool {
        !self.codec.is_server() && self.codec.is_leaving()
    }

    /// Ends the connection once what is queued is written.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closing, true) {
            self.wake_driver();
        }
    }

    /// Whether a request may be sent now: the one with this ticket, or one that has not waited.
    pub(super) fn may_open(&self, ticket: Option<u64>) -> bool {
        self.line.first() == ticket && self.codec.available_streams() > 0
    }

    /// Lines a request up that cannot be sent yet.
    pub(super) fn wait_to_open(&mut self) -> u64 {
        self.line.join()
    }

    /// A request is to be woken when it may be sent.
    pub(super) fn keep_opener(&mut self, ticket: u64, context: &Context<'_>) {
        self.line.keep(ticket, context.waker());
    }

    /// A request no longer waits.
    pub(super) fn leave_line(&mut self, ticket: u64) {
        self.line.leave(ticket);
        self.wake_openers();
    }

    /// Lets those send that may.
    pub(super) fn wake_openers(&self) {
        let free = if self.ended || self.codec.is_leaving() {
            usize::MAX
        } else {
            self.codec.available_streams()
        };
        self.line.wake(free);
    }

    /// Whether the connection has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// How many bytes came and went.
    pub fn moved(&self) -> (u64, u64) {
        (self.wire.received, self.wire.sent)
    }

    /// Counts the bytes that moved since the last time.
    pub fn note(&self, counted: &mut Counted) {
        counted.note(&self.wire);
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.codec.open_streams()
    }

    /// How many requests somebody works on.
    pub fn requests(&self) -> usize {
        let held = self
            .streams
            .iter()
            .flatten()
            .filter(|it| !it.left && matches!(it.broken, None | Some(Broken::Connection)));
        held.count()
    }

    /// The connection's task is to be woken when there is something to write.
    pub(super) fn driven_by(&mut self, context: &Context<'_>) {
        keep(&mut self.driver, context);
    }

    /// Lets the connection's task write what was queued.
    pub(super) fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Begins to keep what comes of a stream.
    pub(super) fn register(&mut self, id: StreamId, finished: bool) {
        let at = id.slot();
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, || None);
        }
        if let Some(displaced) = self.streams[at].replace(Slot::new(id, finished)) {
            self.displaced.insert(displaced.id.number(), displaced);
        }
    }

    /// Takes a stream out.
    fn remove(&mut self, id: StreamId) {
        match self.streams.get_mut(id.slot()) {
            Some(place) if place.as_ref().is_some_and(|it| it.id == id) => *place = None,
            _ => {
                self.displaced.remove(&id.number());
            }
        }
    }

    /// Forgets a stream, and resets it if it is not over.
    pub(super) fn forget(&mut self, id: StreamId, code: ErrorCode) {
        self.remove(id);
        if self.codec.is_open(id) {
            self.codec.reset(id, code);
            self.wake_driver();
        }
    }

    /// How a stream has ended, or is about to if it is left now.
    pub(super) fn ending(&mut self, id: StreamId) -> Ending {
        let slot = self.slot(id);
        let is_whole = slot.as_ref().is_some_and(|it| it.finished && it.complete);
        let broken = slot.and_then(|it| it.broken);
        match broken {
            Some(Broken::Connection) if is_whole => Ending::Whole,
            Some(broken) => Ending::Broken(broken),
            None if self.codec.is_open(id) => Ending::Local,
            None => Ending::Whole,
        }
    }

    /// Leaves a stream to itself: what is queued is sent. A response that is not whole is broken off; one that is ends
    /// the stream, though the request may not be over (RFC 9113 §8.1).
    pub(super) fn leave(&mut self, id: StreamId) {
        let Some(slot) = self.slot(id) else { return };
        if !slot.complete {
            self.forget(id, ErrorCode::INTERNAL_ERROR);
        } else if slot.unsent_end.is_some() && slot.broken.is_none() {
            slot.left = true;
        } else {
            self.forget(id, ErrorCode::NO_ERROR);
        }
    }

    /// The head of a response ends it.
    pub(super) fn completed(&mut self, id: StreamId) {
        if let Some(slot) = self.slot(id) {
            slot.complete = true;
        }
    }

    /// Puts an event to the stream that it concerns. Requests are the connection's own matter.
    pub(super) fn deliver(&mut self, event: &Event<'_>) {
        match *event {
            Event::Response { stream, end } => self.head(stream, end, end),
            Event::Informational { stream } => self.head(stream, false, false),
            Event::Data { stream, data, end } => {
                if let Some(slot) = self.slot(stream) {
                    slot.data.extend_from_slice(data);
                    slot.finished |= end;
                    slot.wake();
                }
            }
            Event::Trailers { stream } => {
                let mut trailers = Headers::new();
                self.codec.take_trailers(&mut trailers);
                if let Some(slot) = self.slot(stream) {
                    slot.trailers = Some(trailers);
                    slot.finished = true;
                    slot.wake();
                }
            }
            Event::Reset {
                stream,
                code,
                cause,
            } => {
                let broken = reason(code, cause);
                if let Some(slot) = self.slot(stream) {
                    slot.broken = Some(broken);
                    slot.wake();
                    if slot.left {
                        self.remove(stream);
                    }
                }
            }
            Event::Writable { stream } => self.send_rest(stream),
            _ => {}
        }
    }

    /// The connection has ended: every stream is told.
    pub(super) fn end(&mut self) {
        self.ended = true;
        let streams = self.streams.iter_mut().flatten();
        for slot in streams.chain(self.displaced.values_mut()) {
            slot.broken.get_or_insert(Broken::Connection);
            slot.wake();
        }
        self.wake_openers();
    }

    fn head(&mut self, stream: StreamId, end: bool, finished: bool) {
        let mut head = ResponseHead::default();
        self.codec.take_response(&mut head);
        if let Some(slot) = self.slot(stream) {
            slot.heads.push_back((head, end));
            slot.finished |= finished;
            slot.wake();
        }
    }

    fn slot(&mut self, id: StreamId) -> Option<&mut Slot> {
        match self.streams.get_mut(id.slot())? {
            Some(slot) if slot.id == id => Some(slot),
            _ => self.displaced.get_mut(&id.number()),
        }
    }

    /// The next head of a response, and whether nothing follows it.
    pub(super) fn poll_head(
        &mut self,
        id: StreamId,
        context: &Context<'_>,
    ) -> Poll<Result<(ResponseHead, bool), Broken>> {
        let Some(slot) = self.slot(id) else {
            return Poll::Ready(Err(Broken::Connection));
        };
        if let Some(head) = slot.heads.pop_front() {
            return Poll::Ready(Ok(head));
        }
        if let Some(broken) = slot.broken {
            return Poll::Ready(Err(broken));
        }
        keep(&mut slot.reader, context);
        Poll::Pending
    }

    /// Takes what there is of a body.
    pub(super) fn poll_body(
        &mut self,
        id: StreamId,
        context: &Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        let Some(slot) = self.slot(id) else {
            return Poll::Ready(Err(Broken::Connection));
        };
        let count = slot.data.len();
        data.append(&mut slot.data);
        let outcome = if slot.finished {
            if let Some(own) = slot.trailers.take() {
                *trailers = own;
            }
            Poll::Ready(Ok(BodyEvent::End))
        } else if let Some(broken) = slot.broken {
            Poll::Ready(Err(broken))
        } else if count > 0 {
            Poll::Ready(Ok(BodyEvent::Data))
        } else {
            keep(&mut slot.reader, context);
            Poll::Pending
        };
        if count > 0 {
            self.codec.release(id, count);
            self.wake_driver();
        }
        outcome
    }

    /// Queues data, and the end if `end` says so.
    pub(super) fn send_data(&mut self, id: StreamId, data: &[u8], end: bool) {
        let Some(slot) = self.slot(id) else { return };
        if end {
            slot.complete = true;
            slot.unsent_end = Some(Headers::new());
        }
        if slot.unsent.is_empty() {
            let sent = self.codec.send_data(id, data, end);
            let sent = sent.unwrap_or(data.len());
            let Some(slot) = self.slot(id) else { return };
            slot.unsent.extend_from_slice(&data[sent..]);
            if slot.unsent.is_empty() {
                slot.unsent_end = None;
            }
        } else {
            slot.unsent.extend_from_slice(data);
        }
        self.wake_driver();
    }

    /// Queues trailers, which end the message.
    pub(super) fn send_trailers(&mut self, id: StreamId, trailers: &Headers) {
        let Some(slot) = self.slot(id) else { return };
        slot.complete = true;
        if slot.unsent.is_empty() {
            // A stream that has ended meanwhile says so when it is read.
            let _: Result<(), SendError> = self.codec.send_trailers(id, trailers);
        } else {
            slot.unsent_end = Some(trailers.clone());
        }
        self.wake_driver();
    }

    /// Ready when there is room for more.
    pub(super) fn poll_room(
        &mut self,
        id: StreamId,
        context: &Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        let Some(slot) = self.slot(id) else {
            return Poll::Ready(Err(Broken::Connection));
        };
        if let Some(broken) = slot.broken {
            return Poll::Ready(Err(broken));
        }
        if slot.unsent.len() < HIGH_WATERMARK {
            return Poll::Ready(Ok(()));
        }
        keep(&mut slot.writer, context);
        Poll::Pending
    }

    /// Ready when a stream has been broken off.
    pub(super) fn poll_broken(&mut self, id: StreamId, context: &Context<'_>) -> Poll<Broken> {
        let Some(slot) = self.slot(id) else {
            return Poll::Ready(Broken::Connection);
        };
        if let Some(broken) = slot.broken {
            return Poll::Ready(broken);
        }
        keep(&mut slot.reader, context);
        Poll::Pending
    }

    /// Sends what windows or the socket held back.
    fn send_rest(&mut self, id: StreamId) {
        let Some(slot) = self.slot(id) else { return };
        let mut unsent = std::mem::take(&mut slot.unsent);
        let end = slot.unsent_end.take();
        let plain_end = end.as_ref().is_some_and(Headers::is_empty);
        let sent = self.codec.send_data(id, &unsent, plain_end);
        unsent.drain(..sent.unwrap_or(unsent.len()));
        let all = unsent.is_empty();
        if all && let Some(trailers) = end.as_ref().filter(|it| !it.is_empty()) {
            let _: Result<(), SendError> = self.codec.send_trailers(id, trailers);
        }
        let Some(slot) = self.slot(id) else { return };
        slot.unsent = unsent;
        slot.unsent_end = end.filter(|_| !all);
        if all && slot.left {
            self.forget(id, ErrorCode::NO_ERROR);
            return;
        }
        if slot.unsent.len() < HIGH_WATERMARK
            && let Some(writer) = slot.writer.take()
        {
            writer.wake();
        }
    }
}

fn keep(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}
