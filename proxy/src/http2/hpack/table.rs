//! Keeps the dynamic table of HPACK (RFC 7541 §2.3.2), all of its bytes in one buffer.

use std::collections::VecDeque;

/// What an entry takes beside its name and value (RFC 7541 §4.1).
const OVERHEAD: usize = 32;

/// A dynamic table, each entry with a note of its owner's.
#[derive(Debug)]
pub(super) struct Table<Note> {
    bytes: Vec<u8>,
    /// The oldest entry stands first.
    entries: VecDeque<Entry<Note>>,
    size: usize,
    limit: usize,
    /// How many entries there ever were.
    inserted: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry<Note> {
    start: usize,
    name: usize,
    value: usize,
    note: Note,
}

impl<Note: Copy> Table<Note> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            entries: VecDeque::new(),
            size: 0,
            limit,
            inserted: 0,
        }
    }

    /// The largest size that is allowed.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The present size (RFC 7541 §4.1).
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Sets the largest size, and drops the entries that no longer fit.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.evict(0);
    }

    /// The entry of a place, 0 being the youngest: its name, value and note.
    pub(super) fn get(&self, place: usize) -> Option<(&[u8], &[u8], Note)> {
        let index = self.entries.len().checked_sub(place + 1)?;
        let entry = self.entries.get(index)?;
        let text = &self.bytes[entry.start..entry.start + entry.name + entry.value];
        let (name, value) = text.split_at(entry.name);
        Some((name, value, entry.note))
    }

    /// Adds an entry and drops the oldest ones to make room; what is larger than the table empties it
    /// (RFC 7541 §4.4). Returns the entry's number, by which [`Self::place`] finds it.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8], note: Note) -> Option<u32> {
        let needed = name.len() + value.len() + OVERHEAD;
        self.evict(needed);
        if needed > self.limit {
            return None;
        }
        if self.bytes.len() + name.len() + value.len() > self.bytes.capacity() {
            self.compact();
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.entries.push_back(Entry {
            start,
            name: name.len(),
            value: value.len(),
            note,
        });
        self.size += needed;
        let number = self.inserted;
        self.inserted = self.inserted.wrapping_add(1);
        Some(number)
    }

    /// The place of an entry by its number, if it is still there.
    pub(super) fn place(&self, number: u32) -> Option<usize> {
        let place = self.inserted.wrapping_sub(number).wrapping_sub(1) as usize;
        (place < self.entries.len()).then_some(place)
    }

    fn evict(&mut self, needed: usize) {
        while self.size + needed > self.limit {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.size -= oldest.name + oldest.value + OVERHEAD;
        }
    }

    /// Moves the live bytes to the front, so that the buffer grows to twice the table's size at most.
    fn compact(&mut self) {
        let dead = self.entries.front().map_or(self.bytes.len(), |it| it.start);
        if dead < self.bytes.len() / 2 {
            return;
        }
        self.bytes.drain(..dead);
        for entry in &mut self.entries {
            entry.start -= dead;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_entries_make_room() {
        let mut table = Table::new(100);
        for (number, name) in (0..).zip([b"a", b"b", b"c", b"d"]) {
            assert_eq!(table.insert(name, b"1", number), Some(number));
        }
        assert_eq!(table.size(), 68);
        assert_eq!(table.get(0), Some((&b"d"[..], &b"1"[..], 3)));
        assert_eq!(table.get(1), Some((&b"c"[..], &b"1"[..], 2)));
        assert_eq!(table.get(2), None);
        assert_eq!(
            (table.place(3), table.place(2), table.place(1)),
            (Some(0), Some(1), None)
        );
        assert_eq!(table.insert(&[b'x'; 69], b"", 4), None);
        assert_eq!((table.size(), table.get(0)), (0, None));
    }

    #[test]
    fn buffer_stays_within_a_few_times_the_limit() {
        let mut table = Table::new(4096);
        for number in 0..100_000_u32 {
            let text = number.to_string();
            table.insert(text.as_bytes(), &[b'x'; 50], ());
            assert_eq!(table.get(0).unwrap().0, text.as_bytes());
        }
        assert!(
            table.bytes.capacity() <= 4 * 4096,
            "{}",
            table.bytes.capacity()
        );
    }
}
