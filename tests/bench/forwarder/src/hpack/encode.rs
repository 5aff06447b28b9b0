//! Writes fields as HPACK, by the static table and a dynamic one of its own.

use std::hash::Hasher as _;

use super::table::{Dynamic, STATIC};

const BUCKETS: usize = 64;
/// How many fields the encoder remembers at most, a power of two.
const REMEMBERED: usize = 64;

/// Compresses the blocks of one direction of a connection.
#[derive(Debug)]
pub(crate) struct Encoder {
    /// Chains of the static table: the first entry of each name, by a hash of the name.
    names: [[u8; 4]; BUCKETS],
    table: Option<Dynamic>,
    /// A limit that the other side has yet to hear of.
    told: Option<usize>,
    recent: [usize; REMEMBERED],
}

impl Encoder {
    /// An encoder; one that is `dynamic` fills the other side's table.
    pub(crate) fn new(dynamic: bool) -> Self {
        let mut names = [[0; 4]; BUCKETS];
        for (index, (name, _)) in STATIC.iter().enumerate() {
            if index > 0 && STATIC[index - 1].0 == *name {
                continue;
            }
            let chain = &mut names[bucket(name.as_bytes())];
            if let Some(free) = chain.iter_mut().find(|free| **free == 0) {
                *free = u8::try_from(index + 1).unwrap_or(0);
            }
        }
        Self {
            names,
            table: dynamic.then(|| Dynamic::new(super::TABLE)),
            told: None,
            recent: [usize::MAX; REMEMBERED],
        }
    }

    /// Keeps the other side's table within what it holds.
    pub(crate) fn limit(&mut self, limit: usize) {
        if let Some(table) = &mut self.table
            && limit < super::TABLE
        {
            table.resize(limit);
            self.told = Some(limit);
        }
    }

    /// Writes what must stand before the first field of a block.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(limit) = self.told.take() {
            integer(0x20, 5, limit, out);
        }
    }

    /// Writes one field behind `out`.
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        let (index, exact) = self.lookup(name, value);
        if exact {
            integer(0x80, 7, index, out);
            return;
        }
        let Some(table) = self
            .table
            .as_mut()
            .filter(|_| name != b":path" && name != b"content-length")
        else {
            literal(0, 4, index, name, value, out);
            return;
        };
        let slot = hash(name, value) % REMEMBERED;
        let age = table
            .inserted()
            .wrapping_sub(self.recent[slot])
            .wrapping_sub(1);
        if table.get(age) == Some((name, value)) {
            integer(0x80, 7, STATIC.len() + 1 + age, out);
            return;
        }
        self.recent[slot] = table.inserted();
        table.insert(name, value);
        literal(0x40, 6, index, name, value, out);
    }

    /// The place in the static table, and whether the value is there too.
    fn lookup(&self, name: &[u8], value: &[u8]) -> (usize, bool) {
        for &first in self.names[bucket(name)]
            .iter()
            .take_while(|first| **first != 0)
        {
            let first = usize::from(first);
            if STATIC[first - 1].0.as_bytes() != name {
                continue;
            }
            let group = STATIC[first - 1..]
                .iter()
                .take_while(|entry| entry.0.as_bytes() == name);
            let found = group
                .zip(first..)
                .find(|(entry, _)| entry.1.as_bytes() == value);
            return found.map_or((first, false), |(_, index)| (index, true));
        }
        (0, false)
    }
}

fn bucket(name: &[u8]) -> usize {
    let ends = name.first().map_or(0, |&byte| usize::from(byte)) * 5
        + name.last().map_or(0, |&byte| usize::from(byte));
    (ends + name.len() * 3) % BUCKETS
}

fn hash(name: &[u8], value: &[u8]) -> usize {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(name);
    hasher.write(value);
    usize::try_from(hasher.finish() & 0xffff).unwrap_or(0)
}

fn literal(mark: u8, prefix: u8, index: usize, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    integer(mark, prefix, index, out);
    if index == 0 {
        integer(0, 7, name.len(), out);
        out.extend_from_slice(name);
    }
    integer(0, 7, value.len(), out);
    out.extend_from_slice(value);
}

fn integer(mark: u8, prefix: u8, value: usize, out: &mut Vec<u8>) {
    let full = (1usize << prefix) - 1;
    if value < full {
        out.push(mark | low(value));
        return;
    }
    out.push(mark | low(full));
    let mut rest = value - full;
    while rest >= 0x80 {
        out.push(0x80 | low(rest));
        rest >>= 7;
    }
    out.push(low(rest));
}

fn low(value: usize) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or(0)
}
