//! Looks into a running pod with an ephemeral container, which sees its network and its volumes.

use k8s_openapi::api::core::v1::{ContainerState, Pod};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::Namespace;
use super::wait::named;

impl Namespace {
    /// Adds an ephemeral container (name, image, command and whatever else it needs) to a pod, waits for its end
    /// and gives its output.
    pub(crate) async fn debug(&self, pod: &str, container: &Value) -> String {
        let name = container["name"].as_str().expect("a name");
        let patch = json!({"spec": {"ephemeralContainers": [container]}});
        let pods = self.api::<Pod>();
        pods.patch_ephemeral_containers(pod, &PatchParams::default(), &Patch::Strategic(patch))
            .await
            .unwrap_or_else(|error| panic!("{name} cannot be added to {pod}: {error}"));
        let ended = self
            .wait::<Pod>(named(pod), &format!("{name} in {pod} to end"), |it| {
                state(it, name).is_some_and(|it| it.terminated.is_some())
            })
            .await;
        let output = self.logs(pod, name).await;
        let code = state(&ended, name)
            .and_then(|it| it.terminated)
            .map(|it| it.exit_code);
        assert_eq!(code, Some(0), "{name} in {pod}: {output}");
        output
    }
}

fn state(pod: &Pod, container: &str) -> Option<ContainerState> {
    let statuses = pod.status.as_ref()?.ephemeral_container_statuses.as_ref()?;
    statuses
        .iter()
        .find(|it| it.name == container)?
        .state
        .clone()
}
