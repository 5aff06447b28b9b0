//! Finds what was selected on the command line but stands nowhere in the input.

use crate::command::edit::Edit;
use crate::error::Diagnostic;
use crate::manifest::outcome::{Options, Outcome, Selector};
use crate::report::Report;

/// A warning for each `--only` and `--exclude` that no workload in `texts` fits.
pub(super) fn in_vain<'t>(
    edit: &Edit,
    texts: impl Iterator<Item = &'t str>,
    report: &Report,
) -> Vec<Diagnostic> {
    let Options { only, exclude, .. } = &edit.options;
    let reported = report.entries.iter().map(|entry| &entry.outcome);
    let mut missed: Vec<(&str, &Selector)> = only
        .iter()
        .map(|selector| ("--only", selector))
        .chain(exclude.iter().map(|selector| ("--exclude", selector)))
        .collect();
    missed.retain(|(_, selector)| !reported.clone().any(|outcome| fits(selector, outcome)));
    if !missed.is_empty() && !exclude.is_empty() {
        // What is excluded is in no report, so it has to be looked for.
        let options = Options {
            only: missed
                .iter()
                .map(|(_, selector)| (*selector).clone())
                .collect(),
            exclude: Vec::new(),
            details: false,
            ..edit.options.clone()
        };
        for text in texts {
            let found = (edit.apply)(text, &options).outcomes;
            missed.retain(|(_, selector)| !found.iter().any(|outcome| fits(selector, outcome)));
        }
    }
    let warning = |(flag, selector): (&str, &Selector)| {
        let Selector { kind, name } = selector;
        Diagnostic::new("no-match", format!("{flag} {kind}/{name} fits no workload"))
    };
    missed.into_iter().map(warning).collect()
}

fn fits(selector: &Selector, outcome: &Outcome) -> bool {
    (selector.kind == "*" || selector.kind.eq_ignore_ascii_case(&outcome.kind))
        && (selector.name == "*" || selector.name == outcome.name)
}
