//! Tells whether one text is another with nothing but insertions, without asking who made it.

use similar::{Algorithm, ChangeTag, TextDiff};

/// Whether `before` can be had from `after` by leaving characters out.
pub fn is_contained(before: &str, after: &str) -> bool {
    let mut rest = after.chars();
    before.chars().all(|wanted| rest.any(|got| got == wanted))
}

/// How many lines of `before` are no lines of `after`: those that something was put inside of.
pub fn cut_lines(before: &str, after: &str) -> usize {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Lcs)
        .diff_lines(before, after);
    diff.iter_all_changes()
        .filter(|change| change.tag() == ChangeTag::Delete)
        .count()
}
