//! Turns byte offsets of a text into lines and columns.

use std::cell::OnceCell;

use memchr::memchr_iter;

/// A place in a text, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The line.
    pub(crate) line: usize,
    /// The character of the line.
    pub(crate) column: usize,
}

/// One line of a text with a place in it, as an error message shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The line, without its line ending and without a byte order mark; of a long line what is
    /// around the place.
    pub(crate) text: String,
    /// The byte of `text` that is meant.
    pub(crate) at: usize,
}

/// The lines of a text.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// How many characters begin before every [`STEP`]th byte; only long lines need it.
    counts: OnceCell<Vec<usize>>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of `text`.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut starts = vec![if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        }];
        starts.extend(memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self {
            text,
            starts,
            counts: OnceCell::new(),
        }
    }

    /// Where the byte at `offset` is.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let (line, start) = self.line_start(offset);
        let offset = offset.clamp(start, self.text.len());
        let column = if offset - start <= STEP {
            characters(&self.text.as_bytes()[start..offset])
        } else {
            self.characters_before(offset) - self.characters_before(start)
        };
        Place {
            line: line + 1,
            column: column + 1,
        }
    }

    /// The line that holds the byte at `offset`.
    pub(crate) fn excerpt(&self, offset: usize) -> Excerpt {
        let (line, start) = self.line_start(offset);
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |next| next - 1);
        let text = self.text[start..end].trim_end_matches('\r');
        let at = text.floor_char_boundary(offset.saturating_sub(start));
        let first = text.ceil_char_boundary(at.saturating_sub(REACH));
        let last = text.floor_char_boundary(at + REACH);
        Excerpt {
            text: text[first..last].to_owned(),
            at: at - first,
        }
    }

    /// How many characters begin before the byte at `offset`.
    fn characters_before(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let counts = self.counts.get_or_init(|| {
            let steps = bytes.chunks(STEP).scan(0, |count, step| {
                *count += characters(step);
                Some(*count)
            });
            std::iter::once(0).chain(steps).collect()
        });
        let step = offset / STEP;
        counts[step] + characters(&bytes[step * STEP..offset])
    }

    fn line_start(&self, offset: usize) -> (usize, usize) {
        let line = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        (line, self.starts[line])
    }
}

/// How many characters of UTF-8 begin in `bytes`.
fn characters(bytes: &[u8]) -> usize {
    let begins = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    bytes.iter().filter(begins).count()
}

const STEP: usize = 4096;

/// How many bytes before and behind a place are shown at most: more than a terminal has columns.
const REACH: usize = 1024;

/// Text editors on Windows put it in front of UTF-8.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::{Lines, Place, REACH, STEP};

    #[test]
    fn counts_characters_from_one() {
        let lines = Lines::of("a: ü1\r\nbc: 2");
        assert_eq!(lines.place(0), Place { line: 1, column: 1 });
        assert_eq!(lines.place(5), Place { line: 1, column: 5 });
        assert_eq!(lines.place(8), Place { line: 2, column: 1 });
        assert_eq!(lines.place(13), Place { line: 2, column: 6 });
    }

    #[test]
    fn leaves_line_endings_and_byte_order_marks_out_of_the_excerpt() {
        let text = "\u{feff}a: 1\r\nb: 2\r\n";
        let lines = Lines::of(text);
        assert_eq!(lines.place(3), Place { line: 1, column: 1 });
        assert_eq!(lines.excerpt(3).text, "a: 1");
        assert_eq!(lines.excerpt(9).text, "b: 2");
        assert_eq!(lines.excerpt(text.len()).text, "");
        assert_eq!(lines.excerpt(0).at, 0);
    }

    #[test]
    fn counts_characters_of_long_lines() {
        let text = format!("\u{feff}x: 1\nüa{}\nb", "日ab".repeat(STEP));
        let lines = Lines::of(&text);
        let start = "\u{feff}x: 1\n".len();
        let near = |at: usize| at - 9..at + 9;
        for offset in near(start + STEP)
            .chain(near(2 * STEP))
            .chain(near(3 * STEP))
            .chain(near(text.len() - 10))
        {
            let begin = text[start..].char_indices();
            let column = begin.take_while(|(at, _)| start + at < offset).count() + 1;
            assert_eq!(lines.place(offset), Place { line: 2, column }, "{offset}");
        }
        assert_eq!(lines.place(text.len()), Place { line: 3, column: 2 });
        assert_eq!(lines.place(text.len() + 9), Place { line: 3, column: 2 });
    }

    /// Counting every place from the start of the line would take minutes.
    #[test]
    fn finds_many_places_in_one_line() {
        let text = "ü".repeat(8 << 20);
        let lines = Lines::of(&text);
        for character in (0..8 << 20).step_by(400) {
            assert_eq!(lines.place(character * 2).column, character + 1);
            assert!(lines.excerpt(character * 2).text.len() <= 2 * REACH);
        }
    }
}
