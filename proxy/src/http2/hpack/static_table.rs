//! Holds the static table of HPACK (RFC 7541 appendix A) with a look-up by name.

/// The number of entries.
pub(super) const LENGTH: usize = 61;

/// The first entry has index 1, so this one stands for no entry.
const NONE: u8 = 0;

/// The entry of an index from 1 to 61: its name and its value.
pub(super) fn entry(index: usize) -> (&'static [u8], &'static [u8]) {
    let (name, value) = ENTRIES[index - 1];
    (name.as_bytes(), value.as_bytes())
}

/// The first index of a name.
pub(super) fn find_name(name: &[u8], name_hash: u64) -> Option<usize> {
    let mut slot = place(name_hash);
    loop {
        let index = usize::from(BY_NAME[slot]);
        if index == usize::from(NONE) {
            return None;
        }
        if entry(index).0 == name {
            return Some(index);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// The index of a name, whose first index is given, with a value.
pub(super) fn find_value(first: usize, value: &[u8]) -> Option<usize> {
    let name = ENTRIES[first - 1].0;
    (first..=LENGTH)
        .take_while(|&it| ENTRIES[it - 1].0 == name)
        .find(|&it| ENTRIES[it - 1].1.as_bytes() == value)
        .filter(|_| !value.is_empty())
}

/// A fast hash for strings of our own choice; whoever finds collisions gains nothing but longer heads.
pub(super) const fn hash(text: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = seed ^ (text.len() as u64).wrapping_mul(FACTOR);
    let mut rest = text;
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        state = (state ^ u64::from_le_bytes(*chunk)).wrapping_mul(FACTOR);
        state ^= state >> 29;
        rest = tail;
    }
    let mut last = 0_u64;
    while let Some((&byte, tail)) = rest.split_first() {
        last = last << 8 | byte as u64;
        rest = tail;
    }
    state = (state ^ last).wrapping_mul(FACTOR);
    state ^ state >> 32
}

const SLOTS: usize = 256;

#[expect(clippy::cast_possible_truncation, reason = "a remainder of 256")]
const fn place(name_hash: u64) -> usize {
    (name_hash % SLOTS as u64) as usize
}

/// Where each name's first index is found, by the hash of the name.
static BY_NAME: [u8; SLOTS] = by_name();

#[expect(clippy::cast_possible_truncation, reason = "the indices end at 61")]
const fn by_name() -> [u8; SLOTS] {
    let mut table = [NONE; SLOTS];
    let mut index = 1;
    while index <= LENGTH {
        let name = ENTRIES[index - 1].0.as_bytes();
        let again = index > 1 && same(name, ENTRIES[index - 2].0.as_bytes());
        if !again {
            let mut slot = place(hash(name, 0));
            while table[slot] != NONE {
                slot = (slot + 1) % SLOTS;
            }
            table[slot] = index as u8;
        }
        index += 1;
    }
    table
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

const ENTRIES: [(&str, &str); LENGTH] = [
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_its_name_and_value() {
        for index in 1..=LENGTH {
            let (name, value) = entry(index);
            let first = find_name(name, hash(name, 0)).unwrap();
            assert!(first <= index && entry(first).0 == name);
            let found = find_value(first, value);
            assert_eq!(found, (!value.is_empty()).then_some(index));
        }
        assert_eq!(find_name(b"x-unknown", hash(b"x-unknown", 0)), None);
        assert_eq!(find_value(2, b"PUT"), None);
    }
}
