//! Runs a test in a namespace of its own on a real cluster, and shows what went wrong there when it fails.
//!
//! `tests/run cluster` names the cluster in `MESHCTL_E2E_KUBECONFIG`; without it these tests say SKIPPED.

#[path = "cluster/act.rs"]
mod act;
#[path = "cluster/debug.rs"]
mod debug;
#[path = "cluster/program.rs"]
mod program;
#[path = "cluster/tell.rs"]
mod tell;
#[path = "cluster/wait.rs"]
mod wait;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use k8s_openapi::api::core::v1;
use kube::api::{Api, DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, Resource};
use serde_json::json;

pub(crate) use program::{Ran, meshctl, run};

/// How long one test may take.
const TEST_LIMIT: Duration = Duration::from_mins(4);

/// A namespace on the cluster, and the cluster.
#[derive(Clone)]
pub(crate) struct Namespace {
    /// Its name.
    pub(crate) name: String,
    /// The cluster's API.
    pub(crate) client: Client,
    kubeconfig: PathBuf,
}

/// Runs a test in a new namespace, and removes it whatever happens.
pub(crate) fn in_namespace(test: &str, body: impl AsyncFnOnce(&Namespace)) {
    in_labelled_namespace(test, &[], body);
}

/// The same in a namespace with these labels. `MESHCTL_E2E_KEEP=1` keeps it for a look when the test fails.
pub(crate) fn in_labelled_namespace(
    test: &str,
    labels: &[(&str, &str)],
    body: impl AsyncFnOnce(&Namespace),
) {
    let Some(kubeconfig) = std::env::var_os("MESHCTL_E2E_KUBECONFIG") else {
        skipped(test);
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let namespace = Namespace::create(test, labels, kubeconfig.into()).await;
        let limited = tokio::time::timeout(TEST_LIMIT, body(&namespace));
        let outcome = AssertUnwindSafe(limited).catch_unwind().await;
        let failed = !matches!(outcome, Ok(Ok(())));
        if failed {
            namespace.tell(test).await;
        }
        if !(failed && std::env::var_os("MESHCTL_E2E_KEEP").is_some()) {
            namespace.delete().await;
        }
        match outcome {
            Ok(within) => within.expect("the test ends in time"),
            Err(panic) => resume_unwind(panic),
        }
    });
}

#[expect(clippy::print_stdout, reason = "tests/run counts these lines")]
fn skipped(test: &str) {
    println!("SKIPPED {test}: MESHCTL_E2E_KUBECONFIG is not set; `tests/run cluster` sets it");
}

impl Namespace {
    async fn create(test: &str, labels: &[(&str, &str)], kubeconfig: PathBuf) -> Self {
        let read =
            Kubeconfig::read_from(&kubeconfig).expect("MESHCTL_E2E_KUBECONFIG is a kubeconfig");
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
            .await
            .expect("a usable kubeconfig");
        let client = Client::try_from(config).expect("a client");
        let labels: serde_json::Map<_, _> = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect();
        let namespace = serde_json::from_value(json!({
            "metadata": {"generateName": format!("e2e-{test}-"), "labels": labels},
        }));
        let namespaces = Api::<v1::Namespace>::all(client.clone());
        let created = namespaces
            .create(&PostParams::default(), &namespace.expect("a namespace"))
            .await
            .expect("the cluster can be reached and takes a new namespace");
        let name = created.metadata.name.expect("a name");
        let namespace = Self {
            name,
            client,
            kubeconfig,
        };
        // A pod is refused until its namespace has this account.
        namespace.present::<v1::ServiceAccount>("default").await;
        namespace
    }

    /// The API of one kind in this namespace.
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    async fn delete(&self) {
        let namespaces = Api::<v1::Namespace>::all(self.client.clone());
        // Kubernetes goes on removing what is in it; nothing waits for that.
        let _ = namespaces
            .delete(&self.name, &DeleteParams::default())
            .await;
    }
}
