//! Keeps the open streams of a connection, found by number or by place in constant time.

use std::hash::{BuildHasher, RandomState};

/// Names a stream of one connection. It stays valid, and names nothing, when the stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    number: u32,
    slot: u32,
}

impl StreamId {
    /// The number that frames carry.
    pub fn number(self) -> u32 {
        self.number
    }

    /// A small number that no other open stream of the connection has, for the owner's own tables. It is given again
    /// when the stream has ended.
    pub fn slot(self) -> usize {
        self.slot as usize
    }
}

/// How far one direction of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The head is still to come.
    Head,
    /// The head was there; the body or trailers may follow.
    Body,
    /// All was there.
    Ended,
}

/// What a sender waits for that has more than it was allowed to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    No,
    /// For the window of its stream.
    Stream,
    /// For the window of the connection, or for the socket.
    Connection,
}

/// An open stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) number: u32,
    pub(super) receiving: Progress,
    pub(super) sending: Progress,
    pub(super) waiting: Waiting,
    /// Whether the message that comes has no body, whatever its head says.
    pub(super) bodiless: bool,
    /// Whether the request was HEAD, or CONNECT; only a client knows.
    pub(super) asked: Asked,
    /// How much we may send; below nothing if the peer has shrunk its window.
    pub(super) send_window: i64,
    /// How much the peer may send.
    pub(super) receive_window: i64,
    /// How much of what the peer has sent is used, and not yet given back to it.
    pub(super) consumed: u32,
    /// How much of what the peer has sent the owner still has.
    pub(super) held: u32,
    pub(super) content_length: Option<u64>,
    pub(super) received: u64,
    /// How much the owner offered in vain.
    pub(super) offered: u64,
}

/// The kinds of requests whose responses are special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Head,
    Connect,
    Other,
}

/// All open streams.
#[derive(Debug)]
pub(super) struct Streams {
    slots: Vec<Stream>,
    free: Vec<u32>,
    /// A hash table of slots plus one, with 0 for an empty place.
    index: Vec<u32>,
    /// Random, so that no peer can choose numbers that meet in one place.
    factor: u32,
    open: usize,
}

/// The number of a free slot; no stream has it.
const FREE: u32 = 0;

impl Streams {
    pub(super) fn new() -> Self {
        let random = RandomState::new().hash_one(0_u32).to_le_bytes();
        let [a, b, c, d, ..] = random;
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: vec![0; 8],
            factor: u32::from_le_bytes([a, b, c, d]) | 1,
            open: 0,
        }
    }

    /// How many streams are open.
    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn insert(&mut self, stream: Stream) -> StreamId {
        if (self.open + 1) * 2 > self.index.len() {
            self.grow();
        }
        let number = stream.number;
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = stream;
            slot
        } else {
            self.slots.push(stream);
            u32::try_from(self.slots.len() - 1).unwrap_or(0)
        };
        self.open += 1;
        self.place(number, slot);
        StreamId { number, slot }
    }

    pub(super) fn find(&self, number: u32) -> Option<StreamId> {
        let mut at = self.home(number);
        loop {
            let slot = self.index[at].checked_sub(1)?;
            if self.slots[slot as usize].number == number {
                return Some(StreamId { number, slot });
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&Stream> {
        let stream = self.slots.get(id.slot());
        stream.filter(|it| it.number == id.number)
    }

    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        let stream = self.slots.get_mut(id.slot());
        stream.filter(|it| it.number == id.number)
    }

    /// Forgets a stream and returns what it was.
    pub(super) fn remove(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.get(id)?.clone();
        self.displace(id.number);
        self.slots[id.slot()].number = FREE;
        self.free.push(id.slot);
        self.open -= 1;
        Some(stream)
    }

    /// The open streams, one after the other.
    pub(super) fn ids(&self) -> impl Iterator<Item = StreamId> {
        let numbers = (0..).zip(&self.slots);
        numbers
            .filter(|(_, it)| it.number != FREE)
            .map(|(slot, it)| StreamId {
                number: it.number,
                slot,
            })
    }

    fn home(&self, number: u32) -> usize {
        let hash = number.wrapping_mul(self.factor);
        (hash >> (32 - self.index.len().trailing_zeros())) as usize
    }

    fn place(&mut self, number: u32, slot: u32) {
        let mut at = self.home(number);
        while self.index[at] != 0 {
            at = (at + 1) & (self.index.len() - 1);
        }
        self.index[at] = slot + 1;
    }

    /// Takes a number out of the index, and moves up those that stand behind it only for want of room.
    fn displace(&mut self, number: u32) {
        let mask = self.index.len() - 1;
        let number_at = |index: &[u32], slots: &[Stream], at: usize| {
            let slot = index[at].checked_sub(1)?;
            Some(slots[slot as usize].number)
        };
        let mut hole = self.home(number);
        while number_at(&self.index, &self.slots, hole).is_some_and(|it| it != number) {
            hole = (hole + 1) & mask;
        }
        let mut next = (hole + 1) & mask;
        while let Some(other) = number_at(&self.index, &self.slots, next) {
            let wanted = self.home(other);
            if next.wrapping_sub(wanted) & mask >= next.wrapping_sub(hole) & mask {
                self.index[hole] = self.index[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.index[hole] = 0;
    }

    fn grow(&mut self) {
        let streams: Vec<_> = self.ids().collect();
        self.index = vec![0; self.index.len() * 2];
        for id in streams {
            self.place(id.number, id.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn stream(number: u32) -> Stream {
        Stream {
            number,
            receiving: Progress::Head,
            sending: Progress::Head,
            waiting: Waiting::No,
            bodiless: false,
            asked: Asked::Other,
            send_window: 0,
            receive_window: 0,
            consumed: 0,
            held: 0,
            content_length: None,
            received: 0,
            offered: 0,
        }
    }

    #[test]
    fn ended_streams_are_forgotten_and_their_slots_used_again() {
        let mut streams = Streams::new();
        let first = streams.insert(stream(1));
        assert!(streams.remove(first).is_some());
        assert!(streams.remove(first).is_none());
        let second = streams.insert(stream(3));
        assert_eq!(second.slot(), first.slot());
        assert!(streams.get(first).is_none());
        assert_eq!(streams.find(1), None);
        assert_eq!(streams.find(3), Some(second));
        assert_eq!(streams.len(), 1);
    }

    proptest! {
        #[test]
        fn streams_are_found_as_in_a_map(
            steps in prop::collection::vec((any::<bool>(), 0_u32..200), 0..600),
        ) {
            let mut streams = Streams::new();
            let mut map = BTreeMap::new();
            for (insert, pick) in steps {
                let number = pick * 2 + 1;
                if insert {
                    map.entry(number).or_insert_with(|| streams.insert(stream(number)));
                } else if let Some(id) = map.remove(&number) {
                    prop_assert_eq!(streams.remove(id).map(|it| it.number), Some(number));
                }
                prop_assert_eq!(streams.len(), map.len());
            }
            for number in 0..402 {
                prop_assert_eq!(streams.find(number), map.get(&number).copied());
            }
            let mut all: Vec<_> = streams.ids().collect();
            all.sort_unstable();
            let expected: Vec<_> = map.into_values().collect();
            prop_assert_eq!(all, expected);
        }
    }
}
