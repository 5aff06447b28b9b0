//! Shows an edit as a unified diff that `patch` and `git apply` read.

use std::fmt::Write as _;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};
use similar::TextDiff;

use crate::manifest::outcome::Piece;
use crate::output::{Paint, Style};

/// The difference that an edit makes in the file called `name`; empty if it makes none.
///
/// The pieces tell where the edit is, so only the lines around those places are compared.
pub(crate) fn unified(name: &str, before: &str, after: &[Piece<'_>], paint: Paint) -> String {
    let name = name
        .trim_start_matches("./")
        .trim_start_matches('/')
        .trim_matches(['<', '>']);
    let mut text = String::new();
    let (mut counted, mut old_line, mut new_line) = (0, 1, 1);
    for window in windows(before, after) {
        let lines = newlines(&before[counted..window.range.start]);
        old_line += lines;
        new_line += lines;
        let old = &before[window.range.clone()];
        let new = window.text_after(before);
        hunks(old, &new, old_line, new_line, &mut text);
        old_line += newlines(old);
        new_line += newlines(&new);
        counted = window.range.end;
    }
    if text.is_empty() {
        return text;
    }
    let text = format!("--- a/{name}\n+++ b/{name}\n{text}");
    match paint {
        Paint::Plain => text,
        Paint::Coloured => text.split_inclusive('\n').map(coloured).collect(),
    }
}

/// Whole lines of the old text with every change in them, and their surroundings.
struct Window {
    range: Range<usize>,
    changes: Vec<(Range<usize>, String)>,
}

impl Window {
    fn text_after(&self, before: &str) -> String {
        let mut text = String::new();
        let mut at = self.range.start;
        for (range, new) in &self.changes {
            text.push_str(&before[at..range.start]);
            text.push_str(new);
            at = range.end;
        }
        text.push_str(&before[at..self.range.end]);
        text
    }
}

/// The windows around all changes, in order; those that would touch are one.
fn windows(before: &str, after: &[Piece<'_>]) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    // Many changes may stand in one long line: its end is looked for once.
    let (mut line_end, mut end) = (0, 0);
    for (range, new) in changes(before, after) {
        let start = lines_above(before, end, range.start);
        if windows.is_empty() || range.end > line_end {
            line_end = memchr(b'\n', &before.as_bytes()[range.end..])
                .map_or(before.len(), |length| range.end + length);
            end = lines_below(before, line_end);
        }
        match windows.last_mut().filter(|last| start <= last.range.end) {
            Some(last) => {
                last.range.end = end;
                last.changes.push((range, new));
            }
            None => windows.push(Window {
                range: start..end,
                changes: vec![(range, new)],
            }),
        }
    }
    windows
}

/// What is taken out of the old text and what takes its place.
fn changes(before: &str, after: &[Piece<'_>]) -> Vec<(Range<usize>, String)> {
    let mut changes = Vec::new();
    let mut at = 0;
    let mut new = String::new();
    for piece in after {
        match piece {
            Piece::New(text) => new.push_str(text),
            Piece::Old("") => {}
            Piece::Old(text) => {
                // An old piece is a part of `before`, so its address tells its place.
                let start = text.as_ptr().addr() - before.as_ptr().addr();
                if start > at || !new.is_empty() {
                    changes.push((at..start, std::mem::take(&mut new)));
                }
                at = start + text.len();
            }
        }
    }
    if at < before.len() || !new.is_empty() {
        changes.push((at..before.len(), new));
    }
    changes
}

/// The start of the line that lies [`CONTEXT`] lines above the one at `offset`, but not before
/// `floor`, which begins a line.
fn lines_above(text: &str, floor: usize, offset: usize) -> usize {
    let mut start = offset;
    for _ in 0..=CONTEXT {
        let above = text.as_bytes().get(floor..start).unwrap_or_default();
        match memrchr(b'\n', above) {
            Some(newline) => start = floor + newline,
            None => return floor,
        }
    }
    start + 1
}

/// The end of the line that lies [`CONTEXT`] lines below the one at `offset`.
fn lines_below(text: &str, offset: usize) -> usize {
    let mut end = offset;
    for _ in 0..=CONTEXT {
        match memchr(b'\n', &text.as_bytes()[end..]) {
            Some(newline) => end += newline + 1,
            None => return text.len(),
        }
    }
    end
}

fn newlines(text: &str) -> usize {
    memchr_iter(b'\n', text.as_bytes()).count()
}

/// Adds the hunks of a window whose first lines have these numbers.
fn hunks(old: &str, new: &str, old_line: usize, new_line: usize, text: &mut String) {
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let ranges = hunk.ops().iter().map(|op| (op.old_range(), op.new_range()));
        let (olds, news): (Vec<_>, Vec<_>) = ranges.unzip();
        let _ = writeln!(
            text,
            "@@ -{} +{} @@",
            span(&olds, old_line),
            span(&news, new_line)
        );
        let shown = hunk.to_string();
        text.push_str(shown.split_once('\n').map_or("", |(_, lines)| lines));
    }
}

/// Line numbers as a hunk's header gives them: an empty range names the line before it.
fn span(ranges: &[Range<usize>], first: usize) -> String {
    let start = ranges.first().map_or(0, |range| range.start);
    let end = ranges.last().map_or(0, |range| range.end);
    match end - start {
        0 => format!("{},0", start + first - 1),
        1 => format!("{}", start + first),
        length => format!("{},{length}", start + first),
    }
}

fn coloured(line: &str) -> String {
    let (text, end) = match line.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        None => (line, ""),
    };
    let style = match text.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::Strong,
        [b'+', ..] => Style::Good,
        [b'-', ..] => Style::Removed,
        [b'@', ..] => Style::Hint,
        _ => return line.to_owned(),
    };
    format!("{}{end}", Paint::Coloured.apply(style, text))
}

const CONTEXT: usize = 3;

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use similar::TextDiff;

    use super::unified;
    use crate::manifest::outcome::Piece;
    use crate::output::Paint;

    enum Part<'a> {
        Kept(&'a str),
        New(&'a str),
        Removed(&'a str),
    }

    /// Reads a text in which `<…>` is new and `[…]` is removed.
    fn parts(mut marked: &str) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        while let Some(at) = marked.find(['<', '[']) {
            let end = at + marked[at..].find(['>', ']']).unwrap();
            let inner = &marked[at + 1..end];
            let is_new = marked[at..].starts_with('<');
            parts.push(Part::Kept(&marked[..at]));
            parts.push(if is_new {
                Part::New(inner)
            } else {
                Part::Removed(inner)
            });
            marked = &marked[end + 1..];
        }
        parts.push(Part::Kept(marked));
        parts
    }

    fn before_and_after(marked: &str) -> (String, String) {
        let (mut before, mut after) = (String::new(), String::new());
        for part in parts(marked) {
            match part {
                Part::Kept(text) => {
                    before.push_str(text);
                    after.push_str(text);
                }
                Part::New(text) => after.push_str(text),
                Part::Removed(text) => before.push_str(text),
            }
        }
        (before, after)
    }

    fn shown(marked: &str, paint: Paint) -> String {
        let (before, _) = before_and_after(marked);
        let mut rest = &*before;
        let mut pieces = Vec::new();
        for part in parts(marked) {
            match part {
                Part::Kept(text) => {
                    let (piece, behind) = rest.split_at(text.len());
                    pieces.push(Piece::Old(piece));
                    rest = behind;
                }
                Part::New(text) => pieces.push(Piece::New(Rc::from(text))),
                Part::Removed(text) => rest = &rest[text.len()..],
            }
        }
        unified("./a.yaml", &before, &pieces, paint)
    }

    #[test]
    fn no_difference_shows_nothing() {
        assert_eq!(shown("x\n", Paint::Plain), "");
    }

    #[test]
    fn shows_insertions_with_their_surroundings() {
        insta::assert_snapshot!(shown("a: 1\n<n: 3\n>b: 2", Paint::Plain), @r"
        --- a/a.yaml
        +++ b/a.yaml
        @@ -1,2 +1,3 @@
         a: 1
        +n: 3
         b: 2
        \ No newline at end of file
        ");
    }

    #[test]
    fn is_what_a_diff_of_the_whole_texts_is() {
        for marked in [
            "<new\n>1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n<new\n>11\n12\n",
            "1\n2\n3\n4\n5\n[6\n]7\n8\n9\n10\n11\n12\n<new>13\n",
            "1\n2\n3\n4\n5< x>\n6\n7\n8\n9\n10\n11\n12\n13\n14[\n15]\n",
            "1\n<a\n>2\n<b\n>3\n4\n5\n6\n7\n8\n9\n<c>",
            "[1\n2\n]",
            "<1\n>",
        ] {
            let (before, after) = before_and_after(marked);
            let whole = TextDiff::from_lines(&before, &after);
            let whole = whole
                .unified_diff()
                .header("a/a.yaml", "b/a.yaml")
                .to_string();
            assert_eq!(shown(marked, Paint::Plain), whole, "{marked}");
        }
    }

    #[test]
    fn colour_wraps_whole_lines() {
        let shown = shown("x\n<y\n>", Paint::Coloured);
        assert!(shown.ends_with("\u{1b}[32m+y\u{1b}[0m\n"), "{shown:?}");
    }
}
