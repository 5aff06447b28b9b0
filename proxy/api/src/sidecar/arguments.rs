//! Writes container arguments so that Kubernetes expands the pod's own facts, and nothing else.
//!
//! Kubernetes replaces `$(NAME)` in arguments and reads `$$` as `$`. Facts of the pod travel through
//! the builders as marked names; everything else that holds a `$` is escaped.

use serde_json::{Value, json};

use crate::agent::PodReference;

/// The pod as marks, which [`escape`] turns into references to [`environment`].
pub(super) fn pod_reference() -> PodReference {
    PodReference {
        name: mark("POD_NAME"),
        namespace: mark("POD_NAMESPACE"),
        service_account: mark("SERVICE_ACCOUNT"),
        address: mark("POD_IP"),
        node: mark("NODE_NAME"),
    }
}

/// `text` as an argument: every `$` doubled, every mark a reference.
pub(super) fn escape(text: &str) -> String {
    text.replace('$', "$$")
        .replace(BEGIN, "$(")
        .replace(END, ")")
}

/// The environment that the references read.
pub(super) fn environment() -> Value {
    let variable = |name: &str, path: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } });
    json!([
        variable("POD_NAME", "metadata.name"),
        variable("POD_NAMESPACE", "metadata.namespace"),
        variable("POD_IP", "status.podIP"),
        variable("SERVICE_ACCOUNT", "spec.serviceAccountName"),
        variable("NODE_NAME", "spec.nodeName"),
    ])
}

/// Unicode noncharacters, which no name, path or JSON text holds.
const BEGIN: char = '\u{FDD0}';
const END: char = '\u{FDD1}';

fn mark(name: &str) -> String {
    format!("{BEGIN}{name}{END}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_become_references() {
        let text = format!("a$(POD_NAME) $$ $x {}", pod_reference().name);
        assert_eq!(escape(&text), "a$$(POD_NAME) $$$$ $$x $(POD_NAME)");
    }

    #[test]
    fn every_mark_has_its_variable() {
        let PodReference {
            name,
            namespace,
            service_account,
            address,
            node,
        } = pod_reference();
        let environment = environment().to_string();
        for fact in [name, namespace, service_account, address, node] {
            let name = fact.trim_matches([BEGIN, END]);
            assert!(
                environment.contains(&format!("\"name\":\"{name}\"")),
                "{name}"
            );
        }
    }
}
