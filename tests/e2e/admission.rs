//! What Kubernetes says when it will not have a pod: the words that `diagnose` reads.

use super::app;
use crate::cluster::{in_labelled_namespace, meshctl};

/// A namespace in which Pod Security's `baseline` holds.
const BASELINE: &[(&str, &str)] = &[("pod-security.kubernetes.io/enforce", "baseline")];

#[test]
fn pod_security_baseline_denies_the_init_container_in_an_event() {
    in_labelled_namespace("denied", BASELINE, async |test| {
        test.inject_and_apply(&app::service("web"), &[]);
        let event = test.event("FailedCreate").await;
        assert_eq!(event.involved_object.kind.as_deref(), Some("ReplicaSet"));
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        let message = event.message.unwrap_or_default();
        assert!(
            message.contains("violates PodSecurity \"baseline:latest\""),
            "{message}"
        );
        assert!(
            message.contains("container \"mesh-init\" must not include \"NET_ADMIN\" in securityContext.capabilities.add"),
            "{message}"
        );
    });
}

#[test]
fn without_interception_the_pod_passes_baseline_and_comes_up() {
    in_labelled_namespace("baseline", BASELINE, async |test| {
        test.inject_and_apply(&app::service("web"), &["--intercept", "none"]);
        test.available("web").await;
    });
}

#[test]
fn explain_says_what_the_real_admission_does() {
    let told = meshctl(&["inject", "--explain"], &app::service("web")).success();
    assert!(told.contains("baseline rejects what is added"), "{told}");
    assert!(
        told.contains("container mesh-init: capabilities.add: NET_ADMIN"),
        "{told}"
    );
    let told = meshctl(
        &["inject", "--explain", "--intercept", "none"],
        &app::service("web"),
    )
    .success();
    assert!(
        told.contains("baseline, with and without the sidecar"),
        "{told}"
    );
}
