//! Lines, columns and habits of the text around a place.

use std::cell::OnceCell;

use super::rendered::Rendered;
use crate::manifest::render::Block;
use crate::manifest::tree::{NodeId, Shape, Style, Tree};

/// A document with what its layout tells.
pub(super) struct Layout<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    pub(super) text: &'a str,
    pub(super) rendered: &'t Rendered,
    unit: OnceCell<(usize, usize)>,
}

impl<'t, 'a> Layout<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>, rendered: &'t Rendered) -> Self {
        Self {
            tree,
            text: tree.text,
            rendered,
            unit: OnceCell::new(),
        }
    }

    /// Where the line of byte `at` begins (behind a byte order mark).
    pub(super) fn line_start(&self, at: usize) -> usize {
        let start = memchr::memrchr(b'\n', &self.text.as_bytes()[..at]).map_or(0, |end| end + 1);
        if start == 0 && self.text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8().min(at)
        } else {
            start
        }
    }

    /// Where the line of byte `at` ends: behind its line break, or at the end of the text.
    pub(super) fn line_end(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.text.as_bytes()[at..])
            .map_or(self.text.len(), |end| at + end + 1)
    }

    /// The column of byte `at`, in bytes. Only blanks are counted on by callers.
    pub(super) fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// Whether only blanks stand before byte `at` on its line.
    pub(super) fn leads_its_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at]
            .bytes()
            .all(|byte| byte == b' ')
    }

    /// Whether the text ends its lines with CR LF around byte `at`.
    pub(super) fn crlf(&self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        let line_break = memchr::memrchr(b'\n', &bytes[..at])
            .or_else(|| memchr::memchr(b'\n', &bytes[at..]).map(|next| at + next));
        line_break.is_some_and(|at| at > 0 && bytes[at - 1] == b'\r')
    }

    /// The block style to write at byte `at`.
    pub(super) fn block(&self, at: usize) -> Block {
        let (unit, dash) = *self.unit.get_or_init(|| self.habits());
        Block {
            unit,
            dash,
            crlf: self.crlf(at),
        }
    }

    /// The first line of the comments that sit right above the line of byte `at`, at its column.
    pub(super) fn above_comments(&self, at: usize) -> usize {
        let (mut start, column) = (self.line_start(at), self.column(at));
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = &self.text[above..start];
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if above == start || blanks != column || !line[blanks..].starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }

    /// The dash of item `index` of a block sequence.
    pub(super) fn dash(&self, sequence: NodeId, index: usize) -> usize {
        let Some(before) = index.checked_sub(1) else {
            return self.tree.node(sequence).start as usize;
        };
        let previous = self.tree.items(sequence).nth(before);
        let mut at = previous.map_or(0, |item| self.tree.node(item).end as usize);
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'-' => break,
                b'#' => at = self.line_end(at),
                _ => at += 1,
            }
        }
        at
    }

    /// The columns that this document puts between a key and its children, and between a key and
    /// its dashes: the first of each that it shows.
    fn habits(&self) -> (usize, usize) {
        let (mut unit, mut dash) = (None, None);
        for index in 0..self.tree.nodes.len() {
            let id = NodeId(u32::try_from(index).unwrap_or(u32::MAX));
            let node = self.tree.node(id);
            if node.shape != Shape::Mapping || node.style != Style::Block {
                continue;
            }
            let column = self.column(node.start as usize);
            for (_, value) in self.tree.entries(id) {
                let child = self.tree.node(value);
                let offset = self.column(child.start as usize).checked_sub(column);
                match (child.shape, child.style) {
                    (Shape::Mapping, Style::Block) => {
                        unit = unit.or(offset.filter(|offset| *offset > 0));
                    }
                    (Shape::Sequence, Style::Block) => dash = dash.or(offset),
                    _ => {}
                }
            }
            if unit.is_some() && dash.is_some() {
                break;
            }
        }
        let unit = unit.unwrap_or(2);
        (unit, dash.unwrap_or(unit))
    }
}
