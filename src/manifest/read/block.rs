//! Reads a literal or folded block scalar: where it ends, and its value.

use std::borrow::Cow;

use crate::manifest::tree::Style;

/// A block scalar's extent and value.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// Literal or folded.
    pub style: Style,
    /// One past its last byte, as [`crate::manifest::tree::Node::end`] has it.
    pub end: usize,
    /// The start of the line that no longer belongs to it: `end`, behind trailing blank lines.
    pub after: usize,
    /// Its value.
    pub value: Cow<'a, str>,
}

/// Reads the block scalar whose `|` or `>` is the byte `at` of `text`, inside a block collection
/// at column `parent`. Nothing if it is malformed or doubtful.
pub(super) fn read(text: &str, at: usize, parent: Option<usize>) -> Option<Block<'_>> {
    let header = Header::read(text.as_bytes(), at)?;
    let indent = match header.increment {
        Some(increment) => parent.unwrap_or(0) + increment,
        None => detect_indent(text.as_bytes(), header.end, parent)?,
    };
    let lines = Lines::read(text.as_bytes(), header.end, indent)?;
    let rest = spaces(&text.as_bytes()[lines.after..]);
    if lines.content.is_empty() && header.increment.is_some() && rest > parent.unwrap_or(0) {
        return None;
    }
    let value = match lines.borrowed(text, header.chomp) {
        Some(line) => Cow::Borrowed(line),
        None => Cow::Owned(lines.join(text, &header)?),
    };
    let end = if header.chomp == Chomp::Keep {
        lines.after
    } else {
        lines.end
    };
    Some(Block {
        style: header.style,
        end,
        after: lines.after,
        value,
    })
}

/// What happens to the line breaks behind the last line of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomp {
    /// One stays.
    Clip,
    /// `-`: none stays.
    Strip,
    /// `+`: all stay.
    Keep,
}

/// `|` or `>` with its indicators, up to the start of the next line.
#[derive(Debug)]
struct Header {
    style: Style,
    chomp: Chomp,
    increment: Option<usize>,
    end: usize,
}

impl Header {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let style = match bytes.get(at)? {
            b'|' => Style::Literal,
            b'>' => Style::Folded,
            _ => return None,
        };
        let (mut chomp, mut increment, mut end) = (None, None, at + 1);
        loop {
            match bytes.get(end) {
                Some(b'+') if chomp.is_none() => chomp = Some(Chomp::Keep),
                Some(b'-') if chomp.is_none() => chomp = Some(Chomp::Strip),
                Some(digit @ b'1'..=b'9') if increment.is_none() => {
                    increment = Some(usize::from(digit - b'0'));
                }
                _ => break,
            }
            end += 1;
        }
        let blanks = bytes[end..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        end += blanks;
        if blanks > 0 && bytes.get(end) == Some(&b'#') {
            end = line_end(bytes, end).0;
        }
        if end < bytes.len() && !at_break(bytes, end) {
            return None;
        }
        let end = line_end(bytes, end).1;
        Some(Self {
            style,
            chomp: chomp.unwrap_or(Chomp::Clip),
            increment,
            end,
        })
    }
}

/// The indentation that the first line of content sets. Nothing if a blank line before it is
/// longer, which readers disagree about.
fn detect_indent(bytes: &[u8], mut at: usize, parent: Option<usize>) -> Option<usize> {
    let least = parent.map_or(1, |column| column + 1);
    let mut longest_blank = 0;
    while at < bytes.len() {
        let spaces = spaces(&bytes[at..]);
        let content = at + spaces;
        if content < bytes.len() && !at_break(bytes, content) {
            if bytes[content] == b'\t' {
                return None;
            }
            if spaces < least {
                break;
            }
            return (longest_blank <= spaces).then_some(spaces);
        }
        longest_blank = longest_blank.max(spaces);
        at = line_end(bytes, content).1;
    }
    Some(least.max(longest_blank))
}

/// One line of content, without indentation and line break.
#[derive(Debug, Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    /// Whether a line break follows (the text's last line may lack it).
    broken: bool,
    /// How many blank lines follow.
    blanks: usize,
}

/// The lines of one block scalar.
#[derive(Debug)]
struct Lines {
    /// How many blank lines precede the content.
    leading: usize,
    content: Vec<Line>,
    /// The start of the line after the last line of content.
    end: usize,
    /// The start of the first line that does not belong to the scalar.
    after: usize,
}

impl Lines {
    fn read(bytes: &[u8], start: usize, indent: usize) -> Option<Self> {
        let mut lines = Self {
            leading: 0,
            content: Vec::new(),
            end: start,
            after: start,
        };
        while lines.after < bytes.len() {
            let spaces = spaces(&bytes[lines.after..]).min(indent);
            let content = lines.after + spaces;
            let (end, next) = line_end(bytes, content);
            let blank = end == content;
            if !blank && spaces < indent {
                if bytes[content] == b'\t' {
                    return None;
                }
                break;
            }
            let broken = next > end;
            if !blank {
                lines.content.push(Line {
                    start: content,
                    end,
                    broken,
                    blanks: 0,
                });
                lines.end = next;
            } else if broken {
                match lines.content.last_mut() {
                    Some(line) => line.blanks += 1,
                    None => lines.leading += 1,
                }
            }
            lines.after = next;
        }
        Some(lines)
    }

    /// The value, if it stands in the text as it is.
    fn borrowed<'a>(&self, text: &'a str, chomp: Chomp) -> Option<&'a str> {
        let [line] = self.content.as_slice() else {
            return None;
        };
        let end = match chomp {
            _ if self.leading > 0 => return None,
            Chomp::Strip => line.end,
            Chomp::Clip if !line.broken => line.end,
            Chomp::Clip if text.as_bytes().get(line.end) == Some(&b'\n') => line.end + 1,
            Chomp::Clip | Chomp::Keep => return None,
        };
        text.get(line.start..end)
    }

    fn join(&self, text: &str, header: &Header) -> Option<String> {
        let mut value = String::with_capacity(self.after - header.end);
        breaks(&mut value, self.leading);
        for (index, line) in self.content.iter().enumerate() {
            value.push_str(text.get(line.start..line.end)?);
            match self.content.get(index + 1) {
                Some(next) => {
                    let starts_blank = |line: &Line| is_blank(text.as_bytes()[line.start]);
                    let folds =
                        header.style == Style::Folded && !starts_blank(line) && !starts_blank(next);
                    match (folds, line.blanks) {
                        (true, 0) => value.push(' '),
                        (true, blanks) => breaks(&mut value, blanks),
                        (false, blanks) => breaks(&mut value, blanks + 1),
                    }
                }
                None => match header.chomp {
                    Chomp::Strip => {}
                    Chomp::Clip => breaks(&mut value, usize::from(line.broken)),
                    Chomp::Keep => breaks(&mut value, usize::from(line.broken) + line.blanks),
                },
            }
        }
        if self.content.is_empty() && header.chomp != Chomp::Keep {
            value.clear();
        }
        Some(value)
    }
}

fn breaks(value: &mut String, count: usize) {
    value.extend(std::iter::repeat_n('\n', count));
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == b' ').count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn at_break(bytes: &[u8], at: usize) -> bool {
    bytes[at] == b'\n' || bytes[at..].starts_with(b"\r\n")
}

/// Where the line that `at` is on ends, without and with its line break.
fn line_end(bytes: &[u8], at: usize) -> (usize, usize) {
    match memchr::memchr(b'\n', &bytes[at..]) {
        Some(0) => (at, at + 1),
        Some(length) => {
            let end = at + length;
            (end - usize::from(bytes[end - 1] == b'\r'), end + 1)
        }
        None => (bytes.len(), bytes.len()),
    }
}
