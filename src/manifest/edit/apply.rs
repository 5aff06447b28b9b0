//! Applies byte changes to a text, and finds places of the result again in the original.

use std::rc::Rc;

/// Bytes taken out of a text and bytes put in at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The byte of the original at which it happens.
    pub at: usize,
    /// How many bytes of the original go.
    pub remove: usize,
    /// What comes in their place.
    pub insert: Rc<str>,
}

impl Splice {
    /// An insertion.
    pub fn insert(at: usize, text: impl Into<Rc<str>>) -> Self {
        Self {
            at,
            remove: 0,
            insert: text.into(),
        }
    }

    /// A removal of `from..to`.
    pub fn remove(from: usize, to: usize) -> Self {
        Self {
            at: from,
            remove: to - from,
            insert: Rc::default(),
        }
    }
}

/// Appends `text` with `splices` (in order of place, not overlapping) to `out`.
pub fn apply(text: &str, splices: &[Splice], out: &mut String) {
    let grown: usize = splices.iter().map(|splice| splice.insert.len()).sum();
    out.reserve(text.len() + grown);
    let mut done = 0;
    for splice in splices {
        out.push_str(&text[done..splice.at]);
        out.push_str(&splice.insert);
        done = splice.at + splice.remove;
    }
    out.push_str(&text[done..]);
}

/// Finds places of an edited text again in the original.
#[derive(Debug)]
pub struct WayBack {
    /// For each splice: where it begins now, where it was, and the ends of what it put in and of
    /// what it took out.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    now: usize,
    at: usize,
    end_now: usize,
    end_then: usize,
}

impl WayBack {
    /// The way back from the text that `splices` made.
    pub fn of(splices: &[Splice]) -> Self {
        let (mut removed, mut inserted) = (0, 0);
        let steps = splices.iter().map(|splice| {
            let now = splice.at + inserted - removed;
            removed += splice.remove;
            inserted += splice.insert.len();
            Step {
                now,
                at: splice.at,
                end_now: now + splice.insert.len(),
                end_then: splice.at + splice.remove,
            }
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// The byte of the original for byte `offset` of the edited text.
    pub fn original(&self, offset: usize) -> usize {
        let behind = self.steps.partition_point(|step| step.now <= offset);
        match self.steps[..behind].last() {
            None => offset,
            Some(step) if offset < step.end_now => step.at,
            Some(step) => step.end_then + (offset - step.end_now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_way_back() {
        let splices = [Splice::insert(2, "XY"), Splice::remove(4, 6)];
        let mut out = String::new();
        apply("abcdefgh", &splices, &mut out);
        assert_eq!(out, "abXYcdgh");
        let back: Vec<usize> = (0..out.len())
            .map(|at| WayBack::of(&splices).original(at))
            .collect();
        assert_eq!(back, [0, 1, 2, 2, 2, 3, 6, 7]);
    }
}
