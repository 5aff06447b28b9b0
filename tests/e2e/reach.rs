//! Reaches what listens on a pod's loopback by the port-forward websocket, as `top` will reach the admin port.

use super::app;
use crate::cluster::in_namespace;

#[test]
fn port_forward_reaches_a_port_that_only_the_pod_can_reach() {
    in_namespace("port-forward", async |test| {
        test.apply(&app::service("web"));
        let pod = test.available("web").await;
        let pod = pod.metadata.name.as_deref().expect("a name");
        let (status, body) = test.get(pod, 9999, "/hello").await;
        assert_eq!(status, 200, "{body}");
        let seen: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(seen["target"], "/hello");
        assert_eq!(seen["peer"], "127.0.0.1");
    });
}
