//! Splits a stream into its documents, and places bytes in lines and columns.

mod json;
mod kind;

use std::ops::Range;

use memchr::memmem;

pub use kind::quick_kind;

/// The documents of a stream, in order, as byte ranges that together cover all of `text`.
///
/// A document begins at its `---`, or at the directives, comments and blank lines before the
/// stream's first `---` or behind a `...`. JSON objects one behind the other are documents too.
/// The ranges of an empty text are none.
pub fn documents(text: &str) -> Vec<Range<usize>> {
    let mut documents = Vec::new();
    let mut start = 0;
    // Whether this document has its `---`.
    let mut begun = false;
    for marker in Markers::new(text) {
        if marker.ends {
            push(text, &mut documents, start..marker.next);
            (start, begun) = (marker.next, false);
        } else if begun || !is_prefix(&text[start..marker.at]) {
            push(text, &mut documents, start..marker.at);
            (start, begun) = (marker.at, true);
        } else {
            begun = true;
        }
    }
    match documents.last_mut() {
        // What follows the last `...` is no document of its own if it is only comments.
        Some(last) if !begun && is_blank(&text[start..]) => last.end = text.len(),
        _ => push(text, &mut documents, start..text.len()),
    }
    documents
}

fn push(text: &str, documents: &mut Vec<Range<usize>>, range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    let mut start = range.start;
    while let Some(length) = json::first_object(&text[start..range.end]) {
        documents.push(start..start + length);
        start += length;
    }
    documents.push(start..range.end);
}

/// A `---` or `...` at the start of a line.
struct Marker {
    at: usize,
    /// The start of the line behind it.
    next: usize,
    /// Whether it is `...`.
    ends: bool,
}

/// The markers of a stream, in order.
struct Markers<'a> {
    text: &'a str,
    starts: Places<'a>,
    ends: Places<'a>,
}

impl<'a> Markers<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            starts: Places::new(text, "\n---"),
            ends: Places::new(text, "\n..."),
        }
    }
}

impl Iterator for Markers<'_> {
    type Item = Marker;

    fn next(&mut self) -> Option<Marker> {
        let ends = match (self.starts.next, self.ends.next) {
            (Some(start), Some(end)) => end < start,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let at = if ends {
            self.ends.step()
        } else {
            self.starts.step()
        }?;
        let line = memchr::memchr(b'\n', &self.text.as_bytes()[at..]);
        let next = line.map_or(self.text.len(), |length| at + length + 1);
        Some(Marker { at, next, ends })
    }
}

/// The places at which one kind of marker stands.
struct Places<'a> {
    text: &'a str,
    needle: &'static str,
    finder: memmem::FindIter<'a, 'static>,
    next: Option<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str, needle: &'static str) -> Self {
        let finder = memmem::find_iter(text.as_bytes(), needle);
        let mut places = Self {
            text,
            needle,
            finder,
            next: None,
        };
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        if text[mark..].starts_with(&needle[1..]) && places.stands_alone(mark + 3) {
            places.next = Some(mark);
        } else {
            places.step();
        }
        places
    }

    /// The next place; the one behind it is looked for.
    fn step(&mut self) -> Option<usize> {
        let found = self.next.take();
        self.next = loop {
            match self.finder.next() {
                Some(at) if self.stands_alone(at + self.needle.len()) => break Some(at + 1),
                Some(_) => {}
                None => break None,
            }
        };
        found
    }

    fn stands_alone(&self, end: usize) -> bool {
        matches!(
            self.text.as_bytes().get(end),
            None | Some(b' ' | b'\t' | b'\r' | b'\n')
        )
    }
}

/// Whether `text` holds only what may stand before a document's `---`.
fn is_prefix(text: &str) -> bool {
    lines(text).all(|line| line.starts_with('%') || is_comment(line))
}

fn is_blank(text: &str) -> bool {
    lines(text).all(is_comment)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('\u{feff}').split(['\n', '\r'])
}

fn is_comment(line: &str) -> bool {
    let content = line.trim_start_matches([' ', '\t']);
    content.is_empty() || content.starts_with('#')
}

#[cfg(test)]
mod tests;
