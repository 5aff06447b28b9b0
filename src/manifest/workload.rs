//! Finds the resources of a document, and in each workload its pod template.

use crate::manifest::outcome::{Options, Selector};
use crate::manifest::tree::{NodeId, Shape, Tree};
use crate::manifest::view::View;

/// One resource of a document: the document itself, or an item of a list.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'t> {
    /// The mapping.
    pub id: NodeId,
    /// `apiVersion`, or that of the list around it.
    pub api_version: &'t str,
    /// `kind`, or what the kind of the list around it says.
    pub kind: &'t str,
}

/// How a kind holds its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The keys from the resource to its pod template (none for a Pod).
    Workload(Vec<String>),
    /// `Namespace`
    Namespace,
    /// The core `Service`
    Service,
    /// Anything else.
    Other,
}

/// A list within a list within …: no tool writes them this deep.
const DEEPEST_LIST: usize = 8;

/// Every resource of a document, lists opened, in order.
pub fn resources<'t>(tree: &'t Tree<'_>) -> Vec<Resource<'t>> {
    let mut found = Vec::new();
    if let Some(root) = tree.root() {
        collect(tree, root, ("", ""), 0, &mut found);
    }
    found
}

fn collect<'t>(
    tree: &'t Tree<'_>,
    id: NodeId,
    inherited: (&'t str, &'t str),
    depth: usize,
    found: &mut Vec<Resource<'t>>,
) {
    if tree.node(id).shape == Shape::Alias {
        // Seen, so that the edit can say why it cannot be made here.
        let view = View::new(tree, id);
        let text = |key| view.text_at(&[key]).unwrap_or_default();
        found.push(Resource {
            id,
            api_version: text("apiVersion"),
            kind: text("kind"),
        });
        return;
    }
    if tree.node(id).shape != Shape::Mapping {
        return;
    }
    let view = View::new(tree, id);
    let text = |key| view.text_at(&[key]).filter(|text| !text.is_empty());
    let (api_version, kind) = (
        text("apiVersion").unwrap_or(inherited.0),
        text("kind").unwrap_or(inherited.1),
    );
    let items = tree
        .get(id, "items")
        .filter(|items| tree.node(*items).shape == Shape::Sequence);
    match (kind.strip_suffix("List"), items) {
        (Some(item_kind), Some(items)) if depth < DEEPEST_LIST => {
            // Items of a typed list may leave their kind out, as the API server does.
            let inherited = if matches!(item_kind, "" | "Resource") {
                ("", "")
            } else {
                (api_version, item_kind)
            };
            for item in tree.items(items) {
                collect(tree, item, inherited, depth + 1, found);
            }
        }
        _ => found.push(Resource {
            id,
            api_version,
            kind,
        }),
    }
}

/// What a resource is to the injector.
pub fn role(resource: &Resource<'_>, options: &Options) -> Role {
    let group = resource
        .api_version
        .rsplit_once('/')
        .map_or("", |(group, _)| group);
    let unknown = resource.api_version.is_empty();
    let path: &[&str] = match (resource.kind, group) {
        ("Pod", "") => &[],
        ("ReplicationController", "")
        | ("Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet", "apps" | "extensions")
        | ("Job", "batch" | "extensions")
        | ("Rollout", "argoproj.io")
        | ("Service", "serving.knative.dev")
        | ("DeploymentConfig", "apps.openshift.io" | "") => &["spec", "template"],
        ("Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job", _) if unknown => {
            &["spec", "template"]
        }
        ("CronJob", "batch") => &["spec", "jobTemplate", "spec", "template"],
        ("CronJob", _) if unknown => &["spec", "jobTemplate", "spec", "template"],
        ("Namespace", "") => return Role::Namespace,
        ("Service", "") => return Role::Service,
        _ => {
            let given = options.template_paths.iter().find(|given| {
                given
                    .kind
                    .as_deref()
                    .map_or(!resource.kind.is_empty(), |kind| kind == resource.kind)
            });
            return given.map_or(Role::Other, |given| Role::Workload(given.path.clone()));
        }
    };
    Role::Workload(path.iter().map(|key| (*key).to_owned()).collect())
}

/// Whether a document of this kind can need an edit; if not, it is not parsed.
pub fn is_of_interest(kind: &str, options: &Options) -> bool {
    kind.ends_with("List")
        || !options.template_paths.is_empty()
        || matches!(
            kind,
            "Pod"
                | "ReplicationController"
                | "Deployment"
                | "StatefulSet"
                | "DaemonSet"
                | "ReplicaSet"
                | "Job"
                | "CronJob"
                | "Rollout"
                | "DeploymentConfig"
                | "Service"
                | "Namespace"
        )
}

/// `metadata.name`, or `generateName`; empty if neither.
pub fn name<'t>(tree: &'t Tree<'_>, resource: NodeId) -> &'t str {
    let view = View::new(tree, resource);
    ["name", "generateName"]
        .iter()
        .find_map(|key| view.text_at(&["metadata", key]))
        .unwrap_or_default()
}

/// Whether the selections let this resource be edited.
pub fn is_selected(kind: &str, name: &str, options: &Options) -> bool {
    let fits = |selector: &Selector| {
        (selector.kind == "*" || selector.kind.eq_ignore_ascii_case(kind))
            && (selector.name == "*" || selector.name == name)
    };
    (options.only.is_empty() || options.only.iter().any(fits)) && !options.exclude.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_of(api_version: &str, kind: &str) -> Role {
        role(
            &Resource {
                id: NodeId(0),
                api_version,
                kind,
            },
            &Options::default(),
        )
    }

    #[test]
    fn tells_a_service_from_a_service() {
        assert_eq!(role_of("v1", "Service"), Role::Service);
        assert!(matches!(
            role_of("serving.knative.dev/v1", "Service"),
            Role::Workload(_)
        ));
        assert_eq!(role_of("batch.volcano.sh/v1alpha1", "Job"), Role::Other);
    }

    #[test]
    fn selects_by_kind_and_name() {
        let selector = |kind: &str, name: &str| Selector {
            kind: kind.into(),
            name: name.into(),
        };
        let options = Options {
            only: vec![selector("deployment", "*")],
            exclude: vec![selector("*", "db")],
            ..Options::default()
        };
        assert!(is_selected("Deployment", "web", &options));
        assert!(!is_selected("Deployment", "db", &options));
        assert!(!is_selected("Job", "web", &options));
    }
}
