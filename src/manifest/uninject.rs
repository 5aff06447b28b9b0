//! Takes our sidecar, Linkerd's and Istio's out of every workload of a stream.

use crate::manifest::document::{self, Desk, Fate};
use crate::manifest::edit::Edit;
use crate::manifest::inject::{Refusal, outcome};
use crate::manifest::outcome::{Change, Edited, Options, Outcome, Problem, Verdict};
use crate::manifest::patch;
use crate::manifest::removal;
use crate::manifest::tree::Tree;
use crate::manifest::workload::{self, Resource, Role};

/// Takes every sidecar it knows out of the workloads of `text`.
pub fn uninject<'a>(text: &'a str, options: &Options) -> Edited<'a> {
    let mut desk = Desk::default();
    document::each(
        text,
        |kind| workload::is_of_interest(kind, options),
        |slice| without_sidecars(slice, options, &mut desk),
    )
}

fn without_sidecars(text: &str, options: &Options, desk: &mut Desk) -> (Fate, Vec<Outcome>) {
    let tree = match document::read(text) {
        Ok(tree) => tree,
        Err(problem) => return Refusal::new(Outcome::of_document(), problem).fate(),
    };
    let (mut edits, mut outcomes) = (Vec::new(), Vec::new());
    for (index, resource) in workload::resources(&tree).iter().enumerate() {
        let mut outcome = outcome(&tree, resource);
        outcome.resource = Some(index);
        if !workload::is_selected(resource.kind, &outcome.name, options) {
            continue;
        }
        let removal = match workload::role(resource, options) {
            Role::Workload(_) => without(&tree, resource, options),
            Role::Namespace | Role::Service => match removal::marks(&tree, resource, options) {
                Ok(None) => continue,
                marks => marks.map(|marks| Some(("meshctl", marks?.edits))),
            },
            Role::Other => continue,
        };
        match removal {
            Ok(Some((mesh, removals))) => {
                outcome.verdict = Verdict::Uninjected { mesh };
                if options.details {
                    outcome.patch = patch::operations(&tree, resource.id, &removals);
                    outcome.changes = changes(&outcome);
                }
                edits.extend(removals);
            }
            Ok(None) => {}
            Err(problem) => return Refusal::new(outcome, problem).fate(),
        }
        outcomes.push(outcome);
    }
    if edits.is_empty() {
        return (Fate::Keep, outcomes);
    }
    match document::edit(&tree, &mut edits, desk) {
        Ok(splices) => (Fate::Splice(splices), outcomes),
        Err(problem) => Refusal::new(Outcome::of_document(), problem).fate(),
    }
}

/// What takes a sidecar out of a workload, ours or another mesh's, with the mesh's name.
fn without(
    tree: &Tree<'_>,
    resource: &Resource<'_>,
    options: &Options,
) -> Result<Option<(&'static str, Vec<Edit>)>, Problem> {
    match removal::ours(tree, resource, options)? {
        Some(ours) => Ok(Some(("meshctl", ours.edits))),
        None => removal::foreign(tree, resource, options),
    }
}

/// What a removal takes away, as the patch tells it.
fn changes(outcome: &Outcome) -> Vec<Change> {
    let removed = outcome.patch.iter().map(|operation| Change {
        path: operation
            .path
            .trim_start_matches('/')
            .replace('/', ".")
            .replace("~1", "/")
            .replace("~0", "~"),
        why: if operation.op == "remove" {
            "removed"
        } else {
            "as it was before"
        }
        .to_owned(),
    });
    removed.collect()
}
