//! Shows what went wrong, where, and what to do about it.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use crate::output::{Paint, Style, plain};
use crate::place::{Excerpt, Lines, Place};

/// One problem, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// A stable name for reports.
    pub(crate) code: &'static str,
    /// What is wrong; one line, no full stop.
    pub(crate) message: String,
    /// The file (or `<stdin>`) it is about.
    pub(crate) file: Option<String>,
    /// Where in the file.
    pub(crate) spot: Option<Box<Spot>>,
    /// What to do; one line, no full stop.
    pub(crate) hint: Option<String>,
}

/// A place in a file with the line that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Line and column.
    pub(crate) place: Place,
    /// The line.
    pub(crate) excerpt: Excerpt,
}

impl Spot {
    /// The place of the byte at `offset`.
    pub(crate) fn of(lines: &Lines<'_>, offset: usize) -> Self {
        Self {
            place: lines.place(offset),
            excerpt: lines.excerpt(offset),
        }
    }
}

impl Diagnostic {
    /// A problem without a place.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            file: None,
            spot: None,
            hint: None,
        }
    }

    /// Adds what to do.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the file and the place in it.
    pub(crate) fn at(mut self, file: impl Into<String>, spot: Spot) -> Self {
        self.file = Some(file.into());
        self.spot = Some(Box::new(spot));
        self
    }

    /// Adds the file.
    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The message as it appears on a terminal `width` columns wide.
    pub(crate) fn render(&self, paint: Paint, width: usize) -> String {
        let mut shown = format!(
            "{} {}\n",
            paint.apply(Style::Error, "error:"),
            plain(&self.message)
        );
        if let (Some(file), Some(spot)) = (&self.file, &self.spot) {
            let Place { line, column } = spot.place;
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let (source, indent) = window(&spot.excerpt, width.saturating_sub(number.len() + 3));
            let arrow = paint.apply(Style::Margin, "-->");
            let bar = paint.apply(Style::Margin, "|");
            let caret = paint.apply(Style::Error, "^");
            let _ = writeln!(shown, "{margin} {arrow} {}:{line}:{column}", plain(file));
            let _ = writeln!(shown, "{margin} {bar}");
            let _ = writeln!(
                shown,
                "{} {bar} {source}",
                paint.apply(Style::Margin, &number)
            );
            let _ = writeln!(shown, "{margin} {bar} {}{caret}", " ".repeat(indent));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(
                shown,
                "\n{} {}",
                paint.apply(Style::Hint, "hint:"),
                plain(hint)
            );
        }
        shown
    }
}

/// The part of a line that fits into `width` columns around its place, and the place's column.
fn window(excerpt: &Excerpt, width: usize) -> (String, usize) {
    let width = width.max(MINIMUM_WINDOW);
    let cells: Vec<(usize, String)> = excerpt
        .text
        .char_indices()
        .map(|(at, c)| (at, cell(c)))
        .collect();
    let caret = cells.partition_point(|(at, _)| *at < excerpt.at);
    let before: usize = cells[..caret].iter().map(|(_, cell)| columns(cell)).sum();
    let whole: usize = before
        + cells[caret..]
            .iter()
            .map(|(_, cell)| columns(cell))
            .sum::<usize>();
    if whole <= width {
        return (cells.into_iter().map(|(_, cell)| cell).collect(), before);
    }
    let mut shown = String::new();
    let mut first = caret;
    let mut indent = 0;
    let room = if before < width * 2 / 3 {
        before
    } else {
        width / 2
    };
    while first > 0 && indent + columns(&cells[first - 1].1) <= room {
        first -= 1;
        indent += columns(&cells[first].1);
    }
    if first > 0 {
        shown.push('…');
        indent += 1;
    }
    let mut used = columns(&shown);
    let mut rest = cells[first..].iter().peekable();
    while let Some((_, cell)) = rest.next() {
        let ellipsis = usize::from(rest.peek().is_some());
        if used + columns(cell) + ellipsis > width {
            shown.push('…');
            break;
        }
        used += columns(cell);
        shown.push_str(cell);
    }
    (shown.trim_end().to_owned(), indent)
}

/// A character as it is shown: tabs as spaces, control characters as a visible stand-in.
fn cell(character: char) -> String {
    match character {
        '\t' => " ".repeat(TAB),
        c if c.is_control() => "\u{fffd}".to_owned(),
        c => c.to_string(),
    }
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

const TAB: usize = 4;
const MINIMUM_WINDOW: usize = 20;

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Spot};
    use crate::output::Paint;
    use crate::place::Lines;

    fn shown(text: &str, at: &str, width: usize) -> String {
        let offset = text.find(at).unwrap();
        Diagnostic::new("test", "this is wrong")
            .at("a.yaml", Spot::of(&Lines::of(text), offset))
            .with_hint("do this")
            .render(Paint::Plain, width)
    }

    #[test]
    fn points_at_the_place() {
        insta::assert_snapshot!(shown("a: 1\nimage: b\r\nc: 3\n", "b\r", 80), @r"
        error: this is wrong
          --> a.yaml:2:8
          |
        2 | image: b
          |        ^

        hint: do this
        ");
    }

    #[test]
    fn widens_tabs_and_wide_characters() {
        insta::assert_snapshot!(shown("\t\"日本\": x", "x", 80), @r#"
        error: this is wrong
          --> a.yaml:1:8
          |
        1 |     "日本": x
          |             ^

        hint: do this
        "#);
    }

    #[test]
    fn trims_a_long_line_around_the_place() {
        let text = format!("args: [{}, HERE, {}]", "a".repeat(500), "b".repeat(500));
        insta::assert_snapshot!(shown(&text, "HERE", 60), @r"
        error: this is wrong
          --> a.yaml:1:510
          |
        1 | …aaaaaaaaaaaaaaaaaaaaaaaaaa, HERE, bbbbbbbbbbbbbbbbbbbb…
          |                              ^

        hint: do this
        ");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let text = shown("a: \u{1b}[31mred", "red", 80);
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_place_at_the_end_of_the_text_has_a_caret_too() {
        let text = "a: [1";
        let message = Diagnostic::new("test", "not closed")
            .at("a.yaml", Spot::of(&Lines::of(text), text.len()))
            .render(Paint::Plain, 80);
        assert!(message.ends_with("1 | a: [1\n  |      ^\n"), "{message}");
    }
}
