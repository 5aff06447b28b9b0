//! Collects what is wrong with a configuration, to be told all at once.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::place::{Place, Source};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, such as `static_resources.listeners[0].address`; empty for the whole.
    pub path: String,
    /// What is wrong; one line, no full stop.
    pub message: String,
    /// Where it stands; what came over the wire stands nowhere.
    pub place: Option<Place>,
    /// What to do; one line, no full stop; may be empty.
    pub hint: String,
}

impl Problem {
    /// A problem of a text as a whole.
    pub(crate) fn of_text(message: impl Into<String>, place: Place, hint: &str) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
            place: Some(place),
            hint: hint.to_owned(),
        }
    }

    /// The problem as people read it, with the line of `sources` that it stands in.
    pub fn render(&self, sources: &[Source]) -> String {
        let mut shown = match &*self.path {
            "" => format!("error: {}\n", printable(&self.message)),
            path => format!("error: {}: {}\n", printable(path), printable(&self.message)),
        };
        let place = self
            .place
            .and_then(|place| Some((place, sources.get(place.source as usize)?)));
        if let Some((place, source)) = place {
            let at = source.excerpt(place.offset as usize);
            let margin = " ".repeat(at.line.to_string().len());
            let name = printable(&source.name);
            let _ = writeln!(shown, "{margin} --> {name}:{}:{}", at.line, at.column);
            let _ = writeln!(shown, "{margin} |");
            let _ = writeln!(shown, "{} | {}", at.line, at.text);
            let _ = writeln!(shown, "{margin} | {}^", " ".repeat(at.indent));
        }
        if !self.hint.is_empty() {
            let _ = writeln!(shown, "\nhint: {}", printable(&self.hint));
        }
        shown
    }
}

/// Text that may go to a terminal.
fn printable(text: &str) -> String {
    let shown = |character: char| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    };
    text.chars().map(shown).collect()
}

/// Everything that is wrong, in the order of the text.
#[derive(Debug, Default)]
pub struct Problems {
    found: RefCell<Vec<Problem>>,
}

impl Problems {
    /// Adds one.
    pub fn add(&self, problem: Problem) {
        self.found.borrow_mut().push(problem);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// All of them, sorted by place, none twice.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.place);
        let mut seen = BTreeSet::new();
        found.retain(|problem| seen.insert((problem.path.clone(), problem.message.clone())));
        found
    }
}

/// All problems as people read them, with their number at the end.
pub fn render(problems: &[Problem], sources: &[Source]) -> String {
    let mut shown = String::new();
    for problem in problems {
        let _ = writeln!(shown, "{}", problem.render(sources));
    }
    let _ = match problems.len() {
        1 => writeln!(shown, "1 error"),
        many => writeln!(shown, "{many} errors"),
    };
    shown
}
