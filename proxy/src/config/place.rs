//! Knows where in which text something stands, and shows the line.

use unicode_width::UnicodeWidthChar;

/// A text with configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How messages call it: a path, or the flag that gave it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A byte of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which source, counted from 0.
    pub source: u16,
    /// Which byte of its text.
    pub offset: u32,
}

impl Place {
    /// The byte at `offset` of a source. Texts of 4 GiB are refused before they are read.
    pub(crate) fn new(source: u16, offset: usize) -> Self {
        Self {
            source,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
        }
    }
}

/// A line of a source as a message shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The character of the line, counted from 1.
    pub(crate) column: usize,
    /// The line; of a long one what is around the place.
    pub(crate) text: String,
    /// How many columns of `text` stand before the place.
    pub(crate) indent: usize,
}

impl Source {
    /// The line that holds the byte at `offset`.
    pub(crate) fn excerpt(&self, offset: usize) -> Excerpt {
        let text = self
            .text
            .strip_prefix(BYTE_ORDER_MARK)
            .unwrap_or(&self.text);
        let skipped = self.text.len() - text.len();
        let offset = text.floor_char_boundary(offset.saturating_sub(skipped));
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = text[offset..]
            .find('\n')
            .map_or(text.len(), |at| offset + at);
        let (before, after) = (
            &text[start..offset],
            text[offset..end].trim_end_matches('\r'),
        );
        let (left, cut_left) = last(before, AROUND);
        let (right, cut_right) = first(after, AROUND);
        let mark = |cut: bool| if cut { "…" } else { "" };
        Excerpt {
            line: text[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            indent: columns(&left) + usize::from(cut_left),
            text: format!("{}{left}{right}{}", mark(cut_left), mark(cut_right)),
        }
    }
}

/// The first characters of a text, and whether some were left out.
fn first(text: &str, most: usize) -> (String, bool) {
    let shown: String = text.chars().take(most).map(visible).collect();
    (shown, text.chars().nth(most).is_some())
}

/// The last characters of a text, and whether some were left out.
fn last(text: &str, most: usize) -> (String, bool) {
    let kept = text
        .char_indices()
        .rev()
        .take(most)
        .last()
        .map_or(text.len(), |(at, _)| at);
    (
        text[kept..].chars().map(visible).collect(),
        kept > 0 && !text.is_empty(),
    )
}

/// A character as a terminal may see it.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        other if other.is_control() => '\u{fffd}',
        other => other,
    }
}

fn columns(text: &str) -> usize {
    text.chars()
        .map(|character| character.width().unwrap_or(0))
        .sum()
}

/// How many characters are shown on each side of a place.
const AROUND: usize = 60;

/// Text editors on Windows put it in front of UTF-8.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::Source;

    fn source(text: &str) -> Source {
        Source {
            name: "a.yaml".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn counts_from_one() {
        let excerpt = source("a: 1\nüb: 2\r\nc").excerpt(7);
        assert_eq!((excerpt.line, excerpt.column, excerpt.indent), (2, 2, 1));
        assert_eq!(excerpt.text, "üb: 2");
        let end = source("a").excerpt(99);
        assert_eq!((end.line, end.column), (1, 2));
    }

    #[test]
    fn shortens_a_long_line() {
        let text = format!("{}X{}", "a".repeat(200), "b".repeat(200));
        let excerpt = source(&text).excerpt(200);
        assert_eq!(excerpt.column, 201);
        assert_eq!(excerpt.text.chars().nth(excerpt.indent), Some('X'));
        assert!(excerpt.text.starts_with("…a") && excerpt.text.ends_with("b…"));
    }
}
