//! Keeps a message's header fields in one buffer, in their order, ready to be used again for the next message.

use std::fmt;

/// Header fields in the order in which they came. Names are in lower case, as Envoy hands them on.
///
/// All bytes are in one buffer: a list that is cleared and filled again allocates nothing.
#[derive(Default, Clone)]
pub struct Headers {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

/// Where a field lies in the buffer: its name, then its value.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    name: usize,
    value: usize,
}

impl Headers {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all fields and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of all names and values.
    pub fn byte_size(&self) -> usize {
        self.entries.iter().map(|it| it.name + it.value).sum()
    }

    /// Adds a field at the end. The name is stored in lower case.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes[start..].make_ascii_lowercase();
        self.bytes.extend_from_slice(value);
        self.entries.push(Entry {
            start,
            name: name.len(),
            value: value.len(),
        });
    }

    /// The first value of a name, which must be given in lower case.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Every value of a name, which must be given in lower case.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Makes `value` the only value of a name; it takes the place of the first one.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let Some(first) = self.entries.iter().position(|it| self.name(it) == name) else {
            self.push(name, value);
            return;
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.entries[first] = Entry {
            start,
            name: name.len(),
            value: value.len(),
        };
        if self.entries[first + 1..]
            .iter()
            .any(|it| self.name(it) == name)
        {
            let mut at = 0;
            self.retain(|own, _| {
                at += 1;
                own != name || at - 1 == first
            });
        }
    }

    /// Adds to the first value of a name, behind `separator`; adds the field if there is none.
    pub fn append(&mut self, name: &[u8], separator: &[u8], value: &[u8]) {
        let Some(first) = self.entries.iter().position(|it| self.name(it) == name) else {
            self.push(name, value);
            return;
        };
        let old = self.entries[first];
        let start = self.bytes.len();
        let end = old.start + old.name + old.value;
        self.bytes.extend_from_within(old.start..end);
        if old.value > 0 {
            self.bytes.extend_from_slice(separator);
        }
        self.bytes.extend_from_slice(value);
        self.entries[first] = Entry {
            start,
            name: old.name,
            value: self.bytes.len() - start - old.name,
        };
    }

    /// Makes `value` the only value of a name; it stands at the end.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes every field of a name; says whether there was one.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let found = self.contains(name);
        if found {
            self.retain(|own, _| own != name);
        }
        found
    }

    /// Keeps the fields for which `keep` is true. Their bytes stay in the buffer until [`Self::clear`].
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        let bytes = &self.bytes;
        self.entries.retain(|it| {
            let (name, value) = bytes[it.start..it.start + it.name + it.value].split_at(it.name);
            keep(name, value)
        });
    }

    /// Every field, name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .map(|it| self.bytes[it.start..it.start + it.name + it.value].split_at(it.name))
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.start..entry.start + entry.name]
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |it| String::from_utf8_lossy(it).into_owned();
        let fields = self.iter().map(|(name, value)| (text(name), text(value)));
        formatter.debug_list().entries(fields).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Headers {
    fn from(fields: [(&str, &str); N]) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name.as_bytes(), value.as_bytes());
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_names_are_lowered() {
        let headers = Headers::from([("Host", "a"), ("X-A", "1"), ("x-a", "2")]);
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(
            all,
            [(&b"host"[..], &b"a"[..]), (b"x-a", b"1"), (b"x-a", b"2")]
        );
        assert_eq!(headers.get_all(b"x-a").collect::<Vec<_>>(), [b"1", b"2"]);
    }

    #[test]
    fn set_replaces_all_values_in_the_place_of_the_first() {
        let mut headers = Headers::from([("a", "1"), ("b", "2"), ("a", "3")]);
        headers.set(b"a", b"new");
        assert_eq!(headers, Headers::from([("a", "new"), ("b", "2")]));
        headers.set(b"c", b"4");
        assert_eq!(
            headers,
            Headers::from([("a", "new"), ("b", "2"), ("c", "4")])
        );
    }

    #[test]
    fn append_joins_and_replace_moves_to_the_end() {
        let mut headers = Headers::from([("a", "1"), ("b", "2"), ("c", "")]);
        headers.append(b"a", b", ", b"x");
        headers.append(b"c", b", ", b"y");
        headers.append(b"d", b", ", b"z");
        headers.replace(b"b", b"3");
        let wanted = [("a", "1, x"), ("c", "y"), ("d", "z"), ("b", "3")];
        assert_eq!(headers, Headers::from(wanted));
    }

    #[test]
    fn remove_takes_every_field_of_the_name() {
        let mut headers = Headers::from([("a", "1"), ("b", "2"), ("a", "3")]);
        assert!(headers.remove(b"a"));
        assert!(!headers.remove(b"a"));
        assert_eq!(headers, Headers::from([("b", "2")]));
    }
}
