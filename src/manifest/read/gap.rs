//! Walks what lies between two nodes: blanks, comments, indicators, anchors and tags.

use std::ops::Range;

use super::{SyntaxError, full::unsure};

/// Where a node's anchor and tag stand.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub anchor: Option<Range<usize>>,
    pub tag: Option<Range<usize>>,
}

impl Properties {
    pub(super) fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }

    fn in_order(&self) -> impl Iterator<Item = &Range<usize>> {
        let start = |range: &Option<Range<usize>>| range.as_ref().map(|range| range.start);
        let (first, second) = if start(&self.anchor) <= start(&self.tag) {
            (&self.anchor, &self.tag)
        } else {
            (&self.tag, &self.anchor)
        };
        first.iter().chain(second)
    }

    /// Where a node begins whose content begins at `start`.
    pub(super) fn outer(&self, start: usize) -> usize {
        self.in_order().next().map_or(start, |range| range.start)
    }
}

/// A place in the text; everything before it belongs to nodes that were seen.
#[derive(Debug)]
pub(super) struct Gap<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Gap<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn jump(&mut self, at: usize) {
        self.at = at;
    }

    /// The next byte that is neither blank nor comment.
    pub(super) fn next(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b'#' => {
                    let rest = memchr::memchr2(b'\n', b'\r', &bytes[at..]);
                    at = rest.map_or(bytes.len(), |length| at + length);
                }
                _ => break,
            }
        }
        at
    }

    /// Passes `indicator` if it comes next. `tight` indicators need no blank behind them.
    pub(super) fn pass(&mut self, indicator: u8, tight: bool) -> bool {
        let next = self.next();
        let bytes = self.text.as_bytes();
        let loose = || {
            matches!(
                bytes.get(next + 1),
                None | Some(b' ' | b'\t' | b'\r' | b'\n')
            )
        };
        let found = bytes.get(next) == Some(&indicator) && (tight || loose());
        if found {
            self.at = next + 1;
        }
        found
    }

    /// Passes a node's anchor and tag, and says where its content begins.
    pub(super) fn content(
        &mut self,
        properties: &Properties,
        expected: Option<usize>,
    ) -> Result<usize, SyntaxError> {
        for property in properties.in_order() {
            if self.next() != property.start {
                return Err(unsure(property.start));
            }
            self.at = property.end;
        }
        let start = self.next();
        match expected {
            Some(expected) if expected != start => Err(unsure(expected)),
            _ => Ok(start),
        }
    }
}
