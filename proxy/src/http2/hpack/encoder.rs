//! Writes the fields of header blocks (RFC 7541 §6), so that what repeats takes one byte.

use super::table::Table;
use super::{DEFAULT_TABLE_SIZE, huffman, integer, static_table};

/// The writing half of a connection's HPACK state.
///
/// A field enters the dynamic table when it is sent for the second time within a short while. So what changes with
/// each message, such as an identifier, pushes nothing out.
#[derive(Debug)]
pub(in super::super) struct Encoder {
    /// Each entry with its hash.
    table: Table<u32>,
    /// The numbers of entries of the table, by their hash; [`WAYS`] places for each.
    index: Vec<u32>,
    /// Hashes of fields that were sent as literals of late.
    recent: Vec<u32>,
    /// The largest table that the owner wants, whatever the peer allows.
    wanted: u32,
    /// The smallest and the last size since the last block, if the peer has changed it.
    resized: Option<(u32, u32)>,
    huffman: bool,
}

/// How a literal is to be treated by those who pass it on (RFC 7541 §6.2).
#[derive(Clone, Copy)]
enum Literal {
    Indexed,
    Plain,
    Secret,
}

const INDEX_SIZE: usize = 256;
const WAYS: usize = 4;
const RECENT_SIZE: usize = 128;

/// A cookie shorter than this could be found by trying (RFC 7541 §7.1.3).
const SHORT_COOKIE: usize = 20;

impl Encoder {
    pub(in super::super) fn new(wanted: u32, huffman: bool) -> Self {
        let limit = wanted.min(DEFAULT_TABLE_SIZE);
        Self {
            table: Table::new(limit as usize),
            index: vec![u32::MAX; INDEX_SIZE],
            recent: vec![0; RECENT_SIZE],
            wanted,
            resized: (limit < DEFAULT_TABLE_SIZE).then_some((limit, limit)),
            huffman,
        }
    }

    /// Takes up the largest table that the peer allows.
    pub(in super::super) fn set_allowed(&mut self, allowed: u32) {
        let limit = allowed.min(self.wanted);
        if limit as usize == self.table.limit() && self.resized.is_none() {
            return;
        }
        let smallest = self
            .resized
            .map_or(limit, |(smallest, _)| smallest.min(limit));
        self.resized = Some((smallest, limit));
        self.table.set_limit(limit as usize);
    }

    /// Begins a block.
    pub(in super::super) fn begin(&mut self, output: &mut Vec<u8>) {
        if let Some((smallest, last)) = self.resized.take() {
            if smallest < last {
                integer::write(smallest as usize, 5, 0x20, output);
            }
            integer::write(last as usize, 5, 0x20, output);
        }
    }

    /// Adds a field to the block.
    pub(in super::super) fn field(&mut self, name: &[u8], value: &[u8], output: &mut Vec<u8>) {
        let name_hash = static_table::hash(name, 0);
        let static_name = static_table::find_name(name, name_hash);
        if let Some(index) = static_name.and_then(|it| static_table::find_value(it, value)) {
            integer::write(index, 7, 0x80, output);
            return;
        }
        let hash = fold(static_table::hash(value, name_hash));
        if let Some(place) = self.find(name, value, hash) {
            integer::write(static_table::LENGTH + 1 + place, 7, 0x80, output);
            return;
        }
        let kind = self.kind(static_name, name, value, hash);
        let (prefix, flags) = match kind {
            Literal::Indexed => (6, 0x40),
            Literal::Plain => (4, 0x00),
            Literal::Secret => (4, 0x10),
        };
        integer::write(static_name.unwrap_or(0), prefix, flags, output);
        if static_name.is_none() {
            self.string(name, output);
        }
        self.string(value, output);
        if matches!(kind, Literal::Indexed) {
            self.keep(name, value, hash);
        }
    }

    fn find(&self, name: &[u8], value: &[u8], hash: u32) -> Option<usize> {
        ways(hash).find_map(|slot| {
            let place = self.table.place(self.index[slot])?;
            let (own_name, own_value, own_hash) = self.table.get(place)?;
            (own_hash == hash && own_name == name && own_value == value).then_some(place)
        })
    }

    fn kind(
        &mut self,
        static_name: Option<usize>,
        name: &[u8],
        value: &[u8],
        hash: u32,
    ) -> Literal {
        // authorization, proxy-authorization and set-cookie
        let secret = matches!(static_name, Some(23 | 49 | 55))
            || static_name == Some(32) && value.len() < SHORT_COOKIE;
        if secret {
            return Literal::Secret;
        }
        if name.len() + value.len() + 32 > self.table.limit() / 2 {
            return Literal::Plain;
        }
        let recent = &mut self.recent[hash as usize % RECENT_SIZE];
        if *recent == hash {
            return Literal::Indexed;
        }
        *recent = hash;
        Literal::Plain
    }

    fn keep(&mut self, name: &[u8], value: &[u8], hash: u32) {
        let Some(number) = self.table.insert(name, value, hash) else {
            return;
        };
        let free = ways(hash).find(|&slot| {
            let old = self.index[slot];
            old == number || self.table.place(old).is_none()
        });
        let slot = free.unwrap_or(hash as usize % INDEX_SIZE);
        self.index[slot] = number;
    }

    fn string(&self, text: &[u8], output: &mut Vec<u8>) {
        if self.huffman {
            let length = huffman::encoded_length(text);
            if length < text.len() {
                integer::write(length, 7, 0x80, output);
                huffman::encode(text, output);
                return;
            }
        }
        integer::write(text.len(), 7, 0, output);
        output.extend_from_slice(text);
    }
}

/// The places of the index that an entry may be in.
fn ways(hash: u32) -> impl Iterator<Item = usize> {
    (0..WAYS).map(move |it| (hash as usize + it) % INDEX_SIZE)
}

fn fold(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0) | 1
}
