//! An injected workload on a real node: order of containers, rules of redirection, traffic, and a Job's end.
//!
//! The sidecar is the stand-in of `tests/cluster/stand-in`: redirection and order are real, the proxying is not.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};
use serde_json::{Value, json};

use super::app;
use crate::cluster::{Namespace, in_namespace};

#[test]
fn the_rules_are_set_then_the_sidecar_starts_then_the_application() {
    in_namespace("order", async |test| {
        test.inject_and_apply(&app::service("web"), &[]);
        let pod = test.available("web").await;
        let status = pod.status.as_ref().expect("a status");
        let init = status
            .init_container_statuses
            .as_deref()
            .expect("init containers");
        let names: Vec<_> = init.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["mesh-init", "mesh-proxy"]);

        let rules = finished(&init[0]);
        assert_eq!(rules.0, 0, "mesh-init's exit code");
        let (sidecar, application) = (
            &init[1],
            &status.container_statuses.as_deref().expect("containers")[0],
        );
        assert!(
            sidecar.ready && sidecar.started == Some(true),
            "{sidecar:?}"
        );
        assert_eq!(application.name, "app");
        // Kubernetes keeps whole seconds.
        assert!(rules.1 <= started(sidecar), "{init:?}");
        assert!(
            started(sidecar) <= started(application),
            "{sidecar:?} {application:?}"
        );
    });
}

#[test]
fn the_pods_network_has_the_rules() {
    in_namespace("rules", async |test| {
        test.inject_and_apply(&app::service("web"), &["--skip-inbound-ports", "4567"]);
        let pod = name(&test.available("web").await);
        let container = json!({
            "name": "rules",
            "image": app::mesh_image(),
            "command": ["nft", "list", "ruleset"],
            "securityContext": {
                "runAsUser": 0, "runAsNonRoot": false,
                "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]},
            },
        });
        let rules = test.debug(&pod, &container).await;
        for rule in [
            "redirect to :15001",
            "redirect to :15006",
            "skuid 1337 return",
            "4567",
        ] {
            assert!(rules.contains(rule), "no '{rule}' in\n{rules}");
        }
    });
}

#[test]
fn traffic_between_two_pods_passes_both_sidecars() {
    in_namespace("traffic", async |test| {
        test.inject_and_apply(&app::service("server"), &[]);
        test.inject_and_apply(&app::service("client"), &[]);
        let (server, client) = (
            name(&test.available("server").await),
            name(&test.available("client").await),
        );
        test.routed(&client, "http://server/").await;
        let (before_out, before_in) =
            (counters(test, &client).await, counters(test, &server).await);

        let report = test
            .client(
                &client,
                "app",
                &["get", "http://server/hello", "--count", "3"],
            )
            .await;
        assert_eq!(report[3]["succeeded"], 3, "{report:?}");
        // The application is dialled by its own sidecar, and not by who called it.
        assert_eq!(report[0]["body"]["peer"], "127.0.0.6", "{report:?}");
        assert_eq!(report[0]["body"]["server"], server, "{report:?}");

        let (after_out, after_in) = (counters(test, &client).await, counters(test, &server).await);
        assert!(
            number(&after_out, "outbound") > number(&before_out, "outbound"),
            "{before_out} {after_out}"
        );
        assert!(
            number(&after_in, "inbound") > number(&before_in, "inbound"),
            "{before_in} {after_in}"
        );
    });
}

#[test]
fn every_protocol_passes_both_sidecars() {
    in_namespace("protocols", async |test| {
        test.inject_and_apply(&app::service("server"), &[]);
        test.inject_and_apply(&app::service("client"), &[]);
        let (server, client) = (
            test.available("server").await,
            test.available("client").await,
        );
        assert_ne!(name(&server), name(&client));
        let client = name(&client);
        test.routed(&client, "http://server/").await;
        let ask = async |arguments: &[&str]| test.client(&client, "app", arguments).await.remove(0);

        let http2 = ask(&["get", "http://server/", "--http2", "--body", "x"]).await;
        assert_eq!(http2["body"]["protocol"], "HTTP/2.0", "{http2}");
        assert_eq!(http2["body"]["body"], "x", "{http2}");

        let grpc = [
            "--http2",
            "--header",
            "content-type: application/grpc",
            "--body",
            "message",
        ];
        let grpc = ask(&[&["get", "http://server/echo.Echo/Say"], &grpc[..]].concat()).await;
        assert_eq!(
            (&grpc["body"], &grpc["trailers"]["grpc-status"]),
            (&json!("message"), &json!("0")),
            "{grpc}"
        );

        let faulty = ask(&["get", "http://server/?fault=status=503"]).await;
        assert_eq!(faulty["status"], 503, "{faulty}");
        let broken = ask(&["get", "http://server/?fault=abort=body"]).await;
        assert!(broken["error"].is_string(), "{broken}");

        let echo = ask(&["tcp", "server:5000", "--text", "ping"]).await;
        assert_eq!(echo["received"], "ping", "{echo}");
        let greeting = ask(&["tcp", "server:3306", "--text", "quit"]).await;
        assert_eq!(greeting["received"], "220 ready\r\nquit", "{greeting}");
    });
}

#[test]
fn a_job_with_a_native_sidecar_completes() {
    in_namespace("job", async |test| {
        test.apply(&app::service("server"));
        test.available("server").await;
        test.inject_and_apply(&app::job("once", "http://server/hello"), &[]);
        let job = test.ended("once").await;
        let status = job.status.expect("a status");
        assert_eq!(
            (status.succeeded, status.failed),
            (Some(1), None),
            "{status:?}"
        );
    });
}

fn name(pod: &Pod) -> String {
    pod.metadata.name.clone().expect("a name")
}

/// How many connections the stand-in relayed, by direction.
async fn counters(test: &Namespace, pod: &str) -> Value {
    let (status, body) = test.get(pod, mesh_api::ports::STATUS, "/stand-in").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

fn number(counters: &Value, direction: &str) -> u64 {
    counters[direction].as_u64().expect("a number")
}

/// The exit code of a container that has ended, and when it did, in seconds.
fn finished(status: &ContainerStatus) -> (i32, i64) {
    let ended = state(status).terminated.expect("it has ended");
    (
        ended.exit_code,
        ended.finished_at.expect("a time").0.as_second(),
    )
}

/// When a running container was started, in seconds.
fn started(status: &ContainerStatus) -> i64 {
    let running = state(status).running.expect("it runs");
    running.started_at.expect("a time").0.as_second()
}

fn state(status: &ContainerStatus) -> ContainerState {
    status.state.clone().expect("a state")
}
