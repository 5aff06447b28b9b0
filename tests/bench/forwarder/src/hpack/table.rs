//! Holds the fields that HPACK names by number.

use std::collections::VecDeque;

/// RFC 7541, appendix A.
#[rustfmt::skip]
pub(crate) const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// What an entry counts beyond its bytes.
const OVERHEAD: usize = 32;

/// The fields that a connection has seen, the newest first.
#[derive(Debug)]
pub(crate) struct Dynamic {
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
    spare: Vec<Vec<u8>>,
    inserted: usize,
}

#[derive(Debug)]
struct Entry {
    bytes: Vec<u8>,
    name: usize,
}

impl Dynamic {
    /// An empty table.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            limit,
            spare: Vec::new(),
            inserted: 0,
        }
    }

    /// Changes how much it may hold.
    pub(crate) fn resize(&mut self, limit: usize) {
        self.limit = limit;
        self.evict(0);
    }

    /// The field at an index, from 0.
    pub(crate) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        self.entries
            .get(index)
            .map(|entry| entry.bytes.split_at(entry.name))
    }

    /// How many fields were ever put in.
    pub(crate) fn inserted(&self) -> usize {
        self.inserted
    }

    /// Puts a field in, and drops the oldest ones for it.
    pub(crate) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + OVERHEAD;
        self.inserted += 1;
        self.evict(size);
        if size > self.limit {
            return;
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(value);
        self.size += size;
        self.entries.push_front(Entry {
            bytes,
            name: name.len(),
        });
    }

    fn evict(&mut self, room: usize) {
        while self.size + room > self.limit {
            let Some(entry) = self.entries.pop_back() else {
                return;
            };
            self.size -= entry.bytes.len() + OVERHEAD;
            self.spare.push(entry.bytes);
        }
    }
}
