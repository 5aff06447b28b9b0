//! Reads, edits and proves one document of a stream.

use crate::manifest::edit::{self, Edit, Rendered, Splice};
use crate::manifest::outcome::{Edited, Outcome, Piece, Problem};
use crate::manifest::prove;
use crate::manifest::read::{self, SyntaxError};
use crate::manifest::stream;
use crate::manifest::tree::{Shape, Tree};

/// What edits of a whole stream share.
#[derive(Debug, Default)]
pub struct Desk {
    opinion: SecondOpinion,
    rendered: Rendered,
}

/// Checks what the quick reader saw with the full one, as long as that costs little.
#[derive(Debug)]
struct SecondOpinion {
    bytes_left: usize,
}

impl Default for SecondOpinion {
    /// A quarter of a mebibyte: a hundredth of a second, and the manifests of a dozen workloads.
    fn default() -> Self {
        Self {
            bytes_left: 1 << 18,
        }
    }
}

impl SecondOpinion {
    /// Whether the full reader sees the same tree, or is not asked.
    fn agrees(&mut self, tree: &Tree<'_>) -> bool {
        match self.bytes_left.checked_sub(tree.text.len()) {
            Some(left) => {
                self.bytes_left = left;
                read::full::read(tree.text).is_ok_and(|full| full.nodes == tree.nodes)
            }
            None => true,
        }
    }
}

/// Reads a document.
///
/// # Errors
/// A [`Problem`] for what is no YAML, for a template that is not rendered yet, and for duplicate
/// keys.
pub fn read(text: &str) -> Result<Tree<'_>, Problem> {
    let tree = read::read(text).map_err(|error| unreadable(text, error))?;
    if let Some(offset) = template_in(&tree) {
        return Err(template_problem(offset));
    }
    if let Some((first, second)) = tree.duplicate_key() {
        let line = 1 + text[..tree.span(first).start].matches('\n').count();
        let key = tree.scalar(second).unwrap_or_default();
        return Err(Problem {
            code: "duplicate-key",
            message: format!("the key {key:?} is given twice in one mapping"),
            offset: tree.span(second).start,
            hint: Some(format!(
                "remove one of the two; the first is in line {line} of this document"
            )),
        });
    }
    Ok(tree)
}

fn unreadable(text: &str, error: SyntaxError) -> Problem {
    let line_start = text[..error.offset].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[error.offset..]
        .find('\n')
        .map_or(text.len(), |at| error.offset + at);
    let templated = unquoted_braces(&text[line_start..line_end])
        .map(|at| line_start + at)
        .or_else(|| template_line(text));
    match templated {
        Some(offset) => template_problem(offset),
        None => Problem {
            code: "syntax",
            message: error.message,
            offset: error.offset,
            hint: Some("correct the YAML here; nothing was changed".into()),
        },
    }
}

/// Where `{{` stands in a line outside of quotes.
fn unquoted_braces(line: &str) -> Option<usize> {
    let is_unquoted = |before: &str| {
        before.matches('"').count().is_multiple_of(2)
            && before.matches('\'').count().is_multiple_of(2)
    };
    line.match_indices("{{")
        .map(|(at, _)| at)
        .find(|at| is_unquoted(&line[..*at]))
}

/// Where a line begins with `{{`, or a key's or an item's value does: no YAML that a person wrote.
fn template_line(text: &str) -> Option<usize> {
    memchr::memmem::find_iter(text.as_bytes(), b"{{").find(|at| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default();
        let line = line.trim_end_matches(' ');
        line.is_empty() || line.ends_with(':') || line.ends_with('-')
    })
}

/// What is said of a template.
pub fn template_problem(offset: usize) -> Problem {
    Problem {
        code: "template",
        message: "this is a template, not a manifest: {{ … }} is not filled in yet".into(),
        offset,
        hint: Some("render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject".into()),
    }
}

/// Where a readable document turns out to be a template: `{{ … }}` reads as a mapping whose key is
/// a mapping, and in a name it is no name.
fn template_in(tree: &Tree<'_>) -> Option<usize> {
    tree.text.find("{{")?;
    for (index, node) in tree.nodes.iter().enumerate() {
        if node.shape == Shape::Mapping
            && tree.nodes.get(index + 1).is_some_and(|key| {
                key.shape == Shape::Mapping
                    && (key.next as usize) < node.next as usize
                    && tree.text[node.start as usize..].starts_with("{{")
            })
        {
            return Some(node.start as usize);
        }
    }
    let root = tree.root()?;
    [
        &["kind"][..],
        &["metadata", "name"],
        &["metadata", "namespace"],
    ]
    .iter()
    .find_map(|path| {
        let value = tree.at(root, path)?;
        let at = tree.scalar(value)?.find("{{")?;
        Some(tree.span(value).start + at)
    })
}

/// Makes `edits` in a document and proves the result: the same value with the edits and nothing
/// else. Returns the byte changes.
///
/// # Errors
/// A [`Problem`] when the layout leaves no room, or when the proof fails; then nothing may change.
pub fn edit(tree: &Tree<'_>, edits: &mut [Edit], desk: &mut Desk) -> Result<Vec<Splice>, Problem> {
    let splices = edit::splices(tree, edits, &desk.rendered).map_err(|obstacle| Problem {
        code: obstacle.code,
        message: obstacle.message,
        offset: obstacle.offset,
        hint: Some(obstacle.hint.to_owned()),
    })?;
    let mut text = String::new();
    edit::apply(tree.text, &splices, &mut text);
    let proven = read::read(&text).is_ok_and(|output| {
        prove::holds(tree, edits, &output)
            && desk.opinion.agrees(tree)
            && desk.opinion.agrees(&output)
    });
    if proven {
        return Ok(splices);
    }
    let first = splices.first().map_or(0, |splice| splice.at);
    Err(Problem {
        code: "proof",
        message: "the edit could not be proven to change nothing else here".into(),
        offset: first,
        hint: Some("please report this manifest; until then, write the part around this line in block style".into()),
    })
}

/// What becomes of a document.
#[derive(Debug)]
pub enum Fate {
    /// It stays byte for byte.
    Keep,
    /// It changes in these places.
    Splice(Vec<Splice>),
    /// It becomes another text.
    Replace(String),
    /// It is refused, and left out of the output.
    LeaveOut,
}

/// Edits each document of `text`; those of a kind that is of no interest are passed on unread.
pub fn each<'a>(
    text: &'a str,
    is_of_interest: impl Fn(&str) -> bool,
    mut edit: impl FnMut(&'a str) -> (Fate, Vec<Outcome>),
) -> Edited<'a> {
    let mut edited = Edited::default();
    for (index, range) in stream::documents(text).into_iter().enumerate() {
        let slice = &text[range.clone()];
        if stream::quick_kind(slice).is_some_and(|kind| !is_of_interest(kind)) {
            keep(&mut edited, slice);
            continue;
        }
        let (fate, outcomes) = edit(slice);
        match fate {
            Fate::Keep => keep(&mut edited, slice),
            Fate::Replace(new) => edited.pieces.push(Piece::New(new.into())),
            Fate::LeaveOut => {}
            Fate::Splice(splices) => {
                let mut done = 0;
                for splice in splices {
                    keep(&mut edited, &slice[done..splice.at]);
                    if !splice.insert.is_empty() {
                        edited.pieces.push(Piece::New(splice.insert));
                    }
                    done = splice.at + splice.remove;
                }
                keep(&mut edited, &slice[done..]);
            }
        }
        edited
            .outcomes
            .extend(outcomes.into_iter().map(|mut outcome| {
                outcome.document = index;
                outcome.move_offsets(|offset| range.start + offset);
                outcome
            }));
    }
    edited
}

fn keep<'a>(edited: &mut Edited<'a>, text: &'a str) {
    if !text.is_empty() {
        edited.pieces.push(Piece::Old(text));
    }
}
