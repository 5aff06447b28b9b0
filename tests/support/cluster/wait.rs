//! Waits for a condition of an object by watching it, never by sleeping.

use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Namespace;

/// How long a condition may take. A pod takes seconds; a loaded machine more.
const LIMIT: Duration = Duration::from_secs(90);

/// A kind of object that lives in a namespace and can be watched.
pub(crate) trait Watched:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Clone
    + Debug
    + Send
    + Serialize
    + DeserializeOwned
    + 'static
{
}

impl<K> Watched for K where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + Send
        + Serialize
        + DeserializeOwned
        + 'static
{
}

impl Namespace {
    /// The first object that the selected watch shows in the wanted state.
    pub(crate) async fn wait<K: Watched>(
        &self,
        selection: watcher::Config,
        what: &str,
        wanted: impl Fn(&K) -> bool,
    ) -> K {
        let mut last = None;
        let search = async {
            let mut objects = pin!(
                watcher(self.api::<K>(), selection)
                    .default_backoff()
                    .applied_objects()
            );
            loop {
                let next = objects.try_next().await.expect("the watch goes on");
                let object = next.expect("a watch has no end");
                if wanted(&object) {
                    return object;
                }
                last = Some(object);
            }
        };
        let found = tokio::time::timeout(LIMIT, search).await.ok();
        found.unwrap_or_else(|| {
            panic!(
                "waited {LIMIT:?} for: {what}\nlast seen: {}",
                shown(last.as_ref())
            )
        })
    }

    /// The named object, as soon as it is there.
    pub(crate) async fn present<K: Watched>(&self, name: &str) -> K {
        self.wait(named(name), &format!("{name} to be there"), |_| true)
            .await
    }

    /// The Deployment's one pod, as soon as the Deployment is available.
    pub(crate) async fn available(&self, name: &str) -> Pod {
        self.wait::<Deployment>(
            named(name),
            &format!("deployment {name} to be available"),
            |it| {
                let status = it.status.as_ref();
                status.and_then(|it| it.available_replicas) >= Some(1)
                    && status.and_then(|it| it.observed_generation) == it.metadata.generation
            },
        )
        .await;
        let selection = ListParams::default().labels(&format!("app={name}"));
        let pods = self.api::<Pod>().list(&selection).await.expect("pods");
        pods.into_iter().find(is_ready).expect("a ready pod")
    }

    /// The Job, as soon as it has completed or failed.
    pub(crate) async fn ended(&self, name: &str) -> Job {
        self.wait::<Job>(named(name), &format!("job {name} to end"), |it| {
            let conditions = it.status.as_ref().and_then(|it| it.conditions.as_ref());
            conditions.is_some_and(|all| {
                all.iter().any(|it| {
                    matches!(it.type_.as_str(), "Complete" | "Failed") && it.status == "True"
                })
            })
        })
        .await
    }

    /// The first event with this reason.
    pub(crate) async fn event(&self, reason: &str) -> Event {
        let selection = watcher::Config::default().fields(&format!("reason={reason}"));
        self.wait(
            selection,
            &format!("an event with the reason {reason}"),
            |_| true,
        )
        .await
    }
}

/// The selection of one object.
pub(crate) fn named(name: &str) -> watcher::Config {
    watcher::Config::default().fields(&format!("metadata.name={name}"))
}

/// Whether a pod's readiness condition is true.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|it| it.conditions.as_ref());
    conditions.is_some_and(|all| {
        all.iter()
            .any(|it| it.type_ == "Ready" && it.status == "True")
    })
}

fn shown<K: Watched>(object: Option<&K>) -> String {
    let Some(object) = object else {
        return "nothing".to_owned();
    };
    let mut object = object.clone();
    object.managed_fields_mut().clear();
    serde_json::to_string_pretty(&object).unwrap_or_default()
}
