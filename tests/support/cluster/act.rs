//! Acts on pods: runs programs in them, reads their logs, reaches their ports.

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{AttachParams, LogParams};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Namespace, Ran};

impl Namespace {
    /// Runs a program in a container, and waits for its end.
    pub(crate) async fn exec(&self, pod: &str, container: &str, command: &[&str]) -> Ran {
        let parameters = AttachParams::default().container(container);
        let started = self
            .api::<Pod>()
            .exec(pod, command.to_vec(), &parameters)
            .await;
        let mut process =
            started.unwrap_or_else(|error| panic!("exec in {pod}/{container}: {error}"));
        let status = process.take_status().expect("a status");
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let (stdout, stderr, status) = tokio::join!(read(stdout), read(stderr), status);
        let status = status.expect("the program ends");
        let code = match (status.status.as_deref(), status.details) {
            (Some("Success"), _) => Some(0),
            (_, details) => details
                .and_then(|it| it.causes)
                .and_then(|all| {
                    all.into_iter()
                        .find(|it| it.reason.as_deref() == Some("ExitCode"))
                })
                .and_then(|it| it.message?.parse().ok()),
        };
        Ran {
            code,
            stdout,
            stderr,
        }
    }

    /// Runs the test application as a client in a container; gives what it reported, line by line.
    pub(crate) async fn client(
        &self,
        pod: &str,
        container: &str,
        arguments: &[&str],
    ) -> Vec<Value> {
        let command = [&["mesh-test-app"], arguments].concat();
        let ran = self.exec(pod, container, &command).await;
        let lines: Result<_, _> = ran.stdout.lines().map(serde_json::from_str).collect();
        lines.unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// Waits until the node routes a Service: an answer from it is the only sign that Kubernetes gives of that.
    pub(crate) async fn routed(&self, pod: &str, url: &str) {
        let report = self
            .client(pod, "app", &["get", url, "--await", "30000"])
            .await;
        assert_eq!(report[0]["status"], 200, "{url} is not routed: {report:?}");
    }

    /// What a container has logged.
    pub(crate) async fn logs(&self, pod: &str, container: &str) -> String {
        let parameters = LogParams {
            container: Some(container.to_owned()),
            ..LogParams::default()
        };
        let logs = self.api::<Pod>().logs(pod, &parameters).await;
        logs.unwrap_or_else(|error| format!("(no logs: {error})"))
    }

    /// GET by port-forward: the websocket that enters by the pod's loopback.
    pub(crate) async fn get(&self, pod: &str, port: u16, path: &str) -> (StatusCode, String) {
        let mut forwarded = self
            .api::<Pod>()
            .portforward(pod, &[port])
            .await
            .expect("a port-forward");
        let stream = forwarded.take_stream(port).expect("a stream");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("a connection");
        let connection = tokio::spawn(connection);
        let request = Request::get(path)
            .header("host", "localhost")
            .body(Empty::<Bytes>::new())
            .expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        connection.abort();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await.expect("output");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
