//! The pod template of a workload, reached over a path on which every byte is the workload's own.

use crate::manifest::outcome::Problem;
use crate::manifest::tree::{NodeId, Shape, Tree};

/// The parts of a pod template that an edit may touch.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// The mapping that holds `metadata` and `spec`.
    pub template: NodeId,
    /// The value of `metadata`, which may be null.
    pub metadata: Option<NodeId>,
    /// The value of `metadata.annotations`, which may be null.
    pub annotations: Option<NodeId>,
    /// The pod's `spec`.
    pub spec: NodeId,
}

/// The pod template `path` below `resource`; nothing when the workload has none.
///
/// # Errors
/// A [`Problem`] where an alias, a shared anchor or a merge key stands in the way: an edit there
/// would change more than this workload.
pub fn locate(
    tree: &Tree<'_>,
    resource: NodeId,
    path: &[String],
) -> Result<Option<Template>, Problem> {
    let mut at = resource;
    for key in path {
        own(tree, at)?;
        unmerged(tree, at)?;
        match tree.get(at, key) {
            Some(next) if !tree.is_null(next) => at = next,
            _ => return Ok(None),
        }
    }
    own(tree, at)?;
    unmerged(tree, at)?;
    let spec = match tree.get(at, "spec") {
        Some(spec) if !tree.is_null(spec) => spec,
        _ => return Ok(None),
    };
    own(tree, spec)?;
    unmerged(tree, spec)?;
    if tree.node(spec).shape != Shape::Mapping {
        return Ok(None);
    }
    for list in ["initContainers", "containers", "volumes"] {
        if let Some(items) = tree.get(spec, list) {
            own(tree, items)?;
            shaped(tree, items, list, Shape::Sequence)?;
        }
    }
    let metadata = tree.get(at, "metadata");
    let annotations = metadata.and_then(|metadata| tree.get(metadata, "annotations"));
    for (name, node) in [("metadata", metadata), ("annotations", annotations)] {
        if let Some(node) = node {
            own(tree, node)?;
            shaped(tree, node, name, Shape::Mapping)?;
        }
    }
    if let Some(metadata) = metadata {
        unmerged(tree, metadata)?;
    }
    Ok(Some(Template {
        template: at,
        metadata,
        annotations,
        spec,
    }))
}

/// The metadata of a resource that holds no pods, in the form of a pod template; nothing when it
/// has none.
///
/// # Errors
/// A [`Problem`] as of [`locate`].
pub fn of_resource(tree: &Tree<'_>, resource: NodeId) -> Result<Option<Template>, Problem> {
    own(tree, resource)?;
    unmerged(tree, resource)?;
    let Some(metadata) = tree
        .get(resource, "metadata")
        .filter(|metadata| !tree.is_null(*metadata))
    else {
        return Ok(None);
    };
    own(tree, metadata)?;
    shaped(tree, metadata, "metadata", Shape::Mapping)?;
    unmerged(tree, metadata)?;
    for place in ["labels", "annotations"] {
        if let Some(mapping) = tree.get(metadata, place) {
            own(tree, mapping)?;
            shaped(tree, mapping, place, Shape::Mapping)?;
        }
    }
    Ok(Some(Template {
        template: resource,
        metadata: Some(metadata),
        annotations: tree.get(metadata, "annotations"),
        spec: resource,
    }))
}

/// What stands in the place of a collection without children, as `Injected::created` says it.
pub fn emptiness(tree: &Tree<'_>, id: NodeId) -> &'static str {
    match tree.node(id).shape {
        Shape::Sequence => "[]",
        Shape::Mapping => "{}",
        _ if tree.span(id).is_empty() => "",
        _ => "null",
    }
}

/// Refuses a value under `name` that is neither null nor of the shape that Kubernetes reads there.
pub(super) fn shaped(tree: &Tree<'_>, id: NodeId, name: &str, shape: Shape) -> Result<(), Problem> {
    if tree.node(id).shape == shape || tree.is_null(id) {
        return Ok(());
    }
    let wanted = if shape == Shape::Sequence {
        "list"
    } else {
        "mapping"
    };
    Err(Problem {
        code: "shape",
        message: format!("{name} holds something else than a {wanted}"),
        offset: tree.span(id).start,
        hint: Some(format!(
            "make it a {wanted}: the API server would refuse it too"
        )),
    })
}

/// Refuses a node that other places share.
pub(super) fn own(tree: &Tree<'_>, id: NodeId) -> Result<(), Problem> {
    let node = tree.node(id);
    if node.shape == Shape::Alias {
        return Err(Problem {
            code: "alias",
            message: format!(
                "the alias *{} stands on the path to the pod template",
                node.value
            ),
            offset: node.start as usize,
            hint: Some(
                "write the value out here: an edit would change every place that shares it".into(),
            ),
        });
    }
    let shared = node.anchor.filter(|anchor| tree.anchors().is_used(anchor));
    shared.map_or(Ok(()), |anchor| {
        Err(Problem {
            code: "alias",
            message: format!(
                "the anchor &{anchor} on the path to the pod template is used elsewhere"
            ),
            offset: node.outer as usize,
            hint: Some(
                "write the value out where *".to_owned()
                    + anchor
                    + " stands, and remove the anchor",
            ),
        })
    })
}

/// Refuses a mapping whose entries come partly from somewhere else.
pub(super) fn unmerged(tree: &Tree<'_>, id: NodeId) -> Result<(), Problem> {
    tree.entry(id, "<<").map_or(Ok(()), |(key, _)| {
        Err(Problem {
            code: "merge-key",
            message: "a merge key (<<) stands on the path to the pod template".into(),
            offset: tree.node(key).start as usize,
            hint: Some("write the merged entries out here".into()),
        })
    })
}
