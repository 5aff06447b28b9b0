//! Decides on colour and width, and writes to the streams.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use clap::ColorChoice;
use clap::builder::StyledStr;
use unicode_width::UnicodeWidthStr;

use crate::input::reason;

/// What the environment says about terminals, read once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// `NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
    /// `TERM` is `dumb`.
    pub(crate) dumb: bool,
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it is.
    Plain,
    /// With escape codes.
    Coloured,
}

/// What a piece of text means; its colour follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Something went wrong.
    Error,
    /// Something to look at.
    Warning,
    /// Something was done, or is new.
    Good,
    /// Something goes away.
    Removed,
    /// What to do.
    Hint,
    /// A frame around source lines.
    Margin,
    /// A heading.
    Strong,
}

impl Paint {
    /// `text` in the colour of `style`.
    pub(crate) fn apply(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Error => "1;31",
            Style::Warning => "33",
            Style::Good => "32",
            Style::Removed => "31",
            Style::Hint => "36",
            Style::Margin => "34",
            Style::Strong => "1",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The streams of the process.
#[derive(Debug)]
pub(crate) struct Output {
    /// The colour policy of standard output.
    pub(crate) data: Paint,
    /// The colour policy of standard error.
    pub(crate) messages: Paint,
    /// The width of the terminal, or a fixed one without a terminal.
    pub(crate) width: usize,
    /// The width of standard error, if that is a terminal.
    pub(crate) messages_width: Option<usize>,
}

/// Data could not be written to standard output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// Nobody reads any more, which is no error of ours.
    #[error("standard output is closed")]
    Closed,
    /// It could not be written.
    #[error("cannot write to standard output: {}", reason(_0))]
    Failed(io::Error),
}

impl Output {
    /// Settles the policy for this run.
    pub(crate) fn new(choice: ColorChoice, terminal: Terminal) -> Self {
        let policy = |is_terminal: bool| match choice {
            ColorChoice::Always => Paint::Coloured,
            ColorChoice::Auto if is_terminal && !terminal.no_color && !terminal.dumb => {
                Paint::Coloured
            }
            ColorChoice::Auto | ColorChoice::Never => Paint::Plain,
        };
        Self {
            data: policy(io::stdout().is_terminal()),
            messages: policy(io::stderr().is_terminal()),
            width: terminal_width(),
            messages_width: terminal_size::terminal_size_of(io::stderr()).map(|_| terminal_width()),
        }
    }

    /// Writes data to standard output.
    pub(crate) fn data(&self, text: &[u8]) -> Result<(), WriteError> {
        self.write(|stream| stream.write_all(text))
    }

    /// Writes text in many pieces to standard output.
    pub(crate) fn pieces<'p>(
        &self,
        mut pieces: impl Iterator<Item = &'p str>,
    ) -> Result<(), WriteError> {
        self.write(|stream| {
            let mut buffered = BufWriter::with_capacity(BUFFER, stream);
            pieces.try_for_each(|piece| buffered.write_all(piece.as_bytes()))?;
            buffered.flush()
        })
    }

    #[expect(clippy::unused_self, reason = "who writes needs the streams in hand")]
    fn write(
        &self,
        work: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut stream = io::stdout().lock();
        work(&mut stream)
            .and_then(|()| stream.flush())
            .map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => WriteError::Closed,
                _ => WriteError::Failed(error),
            })
    }

    /// Writes a message to standard error. If that fails there is nobody left to tell.
    #[expect(clippy::unused_self, reason = "who writes needs the streams in hand")]
    pub(crate) fn message(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Writes what clap has to say: help to standard output, errors to standard error.
    pub(crate) fn clap(&self, error: &clap::Error) -> Result<(), WriteError> {
        let shown = error.render();
        if error.use_stderr() {
            self.message(&styled(&shown, self.messages));
            return Ok(());
        }
        self.data(styled(&shown, self.data).as_bytes())
    }
}

/// `text` with every control character replaced, so that no manifest can drive the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// `text` in lines of at most `width` columns, each indented and ended.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut shown = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && indent + line.width() + 1 + word.width() > width {
            let _ = writeln!(shown, "{:indent$}{}", "", line.trim_end());
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(shown, "{:indent$}{line}", "");
    shown
}

fn styled(text: &StyledStr, paint: Paint) -> String {
    match paint {
        Paint::Plain => text.to_string(),
        Paint::Coloured => text.ansi().to_string(),
    }
}

fn terminal_width() -> usize {
    terminal_size::terminal_size_of(io::stderr())
        .or_else(|| terminal_size::terminal_size_of(io::stdout()))
        .map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0))
        .clamp(40, 200)
}

const DEFAULT_WIDTH: usize = 100;
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::{plain, wrapped};

    #[test]
    fn wraps_between_words() {
        assert_eq!(wrapped("one two three", 2, 9), "  one two\n  three\n");
        assert_eq!(wrapped("extraordinary", 2, 9), "  extraordinary\n");
    }

    #[test]
    fn escape_codes_become_harmless() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
