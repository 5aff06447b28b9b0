//! Shows what a person would look at first when a test has failed: pods, events, logs.

use std::fmt::Write;

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use kube::ResourceExt;
use kube::api::ListParams;

use super::Namespace;

/// How many lines of each log are shown.
const LINES: usize = 30;

impl Namespace {
    /// Prints it all. Nothing here fails, because the failure to tell about is another.
    #[expect(clippy::print_stderr, reason = "the failed test's output")]
    pub(super) async fn tell(&self, test: &str) {
        let mut told = format!("--- {test} failed in namespace {}\n", self.name);
        let all = ListParams::default();
        let pods = self.api::<Pod>().list(&all).await.map(|it| it.items);
        let pods = pods.unwrap_or_default();
        for pod in &pods {
            pod_line(&mut told, pod);
        }
        let events = self.api::<Event>().list(&all).await.map(|it| it.items);
        let mut events = events.unwrap_or_default();
        events.sort_by_key(|it| it.metadata.creation_timestamp.clone());
        for event in events {
            event_line(&mut told, &event);
        }
        for pod in &pods {
            for status in statuses(pod) {
                let logs = self.logs(&pod.name_any(), &status.name).await;
                let _ = writeln!(told, "--- log of {}/{}", pod.name_any(), status.name);
                let lines: Vec<_> = logs.lines().collect();
                for line in &lines[lines.len().saturating_sub(LINES)..] {
                    let _ = writeln!(told, "{line}");
                }
            }
        }
        eprintln!("{told}");
    }
}

fn pod_line(told: &mut String, pod: &Pod) {
    let phase = pod.status.as_ref().and_then(|it| it.phase.clone());
    let _ = writeln!(
        told,
        "pod {}: {}",
        pod.name_any(),
        phase.unwrap_or_default()
    );
    for status in statuses(pod) {
        let state = serde_json::to_string(&status.state).unwrap_or_default();
        let _ = writeln!(
            told,
            "  {} ready={} restarts={} {state}",
            status.name, status.ready, status.restart_count
        );
    }
}

fn event_line(told: &mut String, event: &Event) {
    let object = &event.involved_object;
    let _ = writeln!(
        told,
        "event {} {}/{}: {}",
        event.reason.as_deref().unwrap_or_default(),
        object.kind.as_deref().unwrap_or_default(),
        object.name.as_deref().unwrap_or_default(),
        event.message.as_deref().unwrap_or_default(),
    );
}

/// The statuses of all containers, in the order in which they start.
fn statuses(pod: &Pod) -> Vec<ContainerStatus> {
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    [
        &status.init_container_statuses,
        &status.container_statuses,
        &status.ephemeral_container_statuses,
    ]
    .into_iter()
    .flatten()
    .flatten()
    .cloned()
    .collect()
}
