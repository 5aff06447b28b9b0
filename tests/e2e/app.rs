//! The test application as Kubernetes objects.

/// The image; loaded by `tests/cluster/images/load`, or named by `MESHCTL_E2E_APP_IMAGE`.
pub(crate) fn image() -> String {
    std::env::var("MESHCTL_E2E_APP_IMAGE")
        .unwrap_or_else(|_| concat!("mesh-test-app:", env!("CARGO_PKG_VERSION")).to_owned())
}

/// The sidecar's image: what `meshctl inject` writes when nothing else is said.
pub(crate) fn mesh_image() -> String {
    std::env::var("MESHCTL_PROXY_IMAGE")
        .unwrap_or_else(|_| concat!("mesh-proxy:", env!("CARGO_PKG_VERSION")).to_owned())
}

/// A Deployment and a Service of this name: HTTP and gRPC on 8080 (80), an echo on 5000, a server that speaks first on
/// 3306, and HTTP on loopback alone on 9999. The kubelet asks over HTTP and over gRPC.
pub(crate) fn service(name: &str) -> String {
    let image = image();
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: app
          image: {image}
          args: [serve, --http, '8080', --http, '127.0.0.1:9999', --tcp, '5000', --speaks-first, '3306']
          ports: [{{name: http, containerPort: 8080}}]
          startupProbe:
            grpc: {{port: 8080}}
            periodSeconds: 1
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
            periodSeconds: 1
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{app: {name}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
    - {{name: tcp-echo, port: 5000}}
    - {{name: mysql, port: 3306}}
"
    )
}

/// A Job that asks a URL once.
pub(crate) fn job(name: &str, url: &str) -> String {
    let image = image();
    format!(
        "apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: client
          image: {image}
          args: [get, '{url}', --await, '10000']
"
    )
}
