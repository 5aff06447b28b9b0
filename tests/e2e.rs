//! Tries every claim about Kubernetes on a real one: `tests/run cluster`.

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/files.rs"]
#[expect(dead_code, unreachable_pub, reason = "it uses a part of it")]
mod files;

mod e2e {
    mod admission;
    mod app;
    mod identity;
    mod manifests;
    mod reach;
    mod sidecar;
    mod version;
}
