//! The real API server takes every injected manifest: strict server-side dry run, as `kubectl` sends it.

use std::collections::BTreeSet;
use std::fs;

use k8s_openapi::api::core::v1;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::cluster::{Namespace, in_namespace, meshctl, run};
use crate::files::{self, Manifest};

/// Every kind of sidecar that a flag makes.
const VARIANTS: &[(&str, &[&str])] = &[
    ("default", &[]),
    ("strict", &["--mtls", "strict", "--rewrite-probes"]),
    ("envoy", &["--proxy", "envoy"]),
    ("no interception", &["--intercept", "none"]),
    ("classic", &["--sidecar", "container"]),
    (
        "classic envoy",
        &["--sidecar", "container", "--proxy", "envoy"],
    ),
    (
        "limits",
        &["--proxy-cpu-limit", "200m", "--proxy-memory-limit", "128Mi"],
    ),
];

#[test]
fn the_projects_own_manifests() {
    in_namespace("own-manifests", async |test| {
        all_are_taken(test, &files::own()).await;
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "says what was not run")]
fn given_manifests() {
    let Some(given) = files::given() else {
        println!("NOT RUN manifests of MESHCTL_MANIFESTS: it is not set");
        return;
    };
    in_namespace("given-manifests", async |test| {
        all_are_taken(test, &given).await;
    });
}

async fn all_are_taken(test: &Namespace, manifests: &[Manifest]) {
    let originals = manifests.iter().flat_map(|it| objects(&["uninject"], it));
    let made = prepare(test, &originals.collect::<Vec<_>>()).await;
    for (variant, flags) in VARIANTS {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sidecars = 0;
        for manifest in manifests {
            let injected = served(manifest, flags);
            sidecars += usize::from(injected.contains("meshctl.dev/injected"));
            fs::write(folder.path().join(&manifest.name), injected).expect("a file");
        }
        assert!(
            sidecars > manifests.len() / 3,
            "{variant}: only {sidecars} with a sidecar"
        );
        let mut kubectl = test.bare_kubectl();
        kubectl.args(["create", "--dry-run=server", "--validate=strict"]);
        kubectl
            .args(["--output=name", "--filename"])
            .arg(folder.path());
        let ran = run(&mut kubectl, "");
        // What a manifest creates itself has to be there for the rest of it, because nothing is kept.
        let there =
            |line: &&str| line.contains("namespaces \"") && line.ends_with("already exists");
        let troubles: Vec<_> = ran.stderr.lines().filter(|it| !there(it)).collect();
        assert!(troubles.is_empty(), "{variant}\n{}", troubles.join("\n"));
        assert!(ran.stdout.lines().count() >= sidecars, "{}", ran.stdout);
    }
    for namespace in made {
        let namespaces = Api::<v1::Namespace>::all(test.client.clone());
        let _ = namespaces
            .delete(&namespace, &DeleteParams::default())
            .await;
    }
}

/// The injected text as it is; but of kinds that only an extension serves, the pod template alone.
fn served(manifest: &Manifest, flags: &[&str]) -> String {
    let command = [&["inject", "--keep-going"], flags].concat();
    let objects = objects(&command, manifest);
    if objects.iter().all(is_built_in) {
        return edited(&command, manifest);
    }
    let items: Vec<Value> = objects.iter().filter_map(core_form).collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// What an edit makes of a manifest.
fn edited(command: &[&str], manifest: &Manifest) -> String {
    let ran = meshctl(command, &manifest.text);
    // 3: a workload that this variant is refused for, such as a Job with a classic sidecar.
    assert!(
        matches!(ran.code, Some(0 | 3)),
        "{}: {}",
        manifest.name,
        ran.stderr
    );
    ran.stdout
}

/// The same as objects, those of lists one by one.
fn objects(command: &[&str], manifest: &Manifest) -> Vec<Value> {
    let converted = edited(&[command, &["--output", "json"]].concat(), manifest);
    if converted.is_empty() {
        return Vec::new();
    }
    flat(&serde_json::from_str(&converted).expect("JSON"))
}

fn flat(object: &Value) -> Vec<Value> {
    match object["items"].as_array() {
        Some(items) => items.iter().flat_map(flat).collect(),
        None => vec![object.clone()],
    }
}

fn core_form(document: &Value) -> Option<Value> {
    if is_built_in(document) {
        return Some(document.clone());
    }
    let mut template = document["spec"].get("template")?.clone();
    // Kubernetes takes no name here, and what Knative adds to a pod it takes out again.
    template["metadata"]["name"] = Value::Null;
    if document["apiVersion"] == "serving.knative.dev/v1" {
        let spec = template["spec"].as_object_mut().expect("a pod");
        spec.remove("containerConcurrency");
        spec.remove("timeoutSeconds");
        let containers = spec["containers"].as_array_mut().expect("containers");
        containers
            .iter_mut()
            .filter(|it| it["name"].is_null())
            .for_each(|it| it["name"] = "user-container".into());
    }
    Some(json!({
        "apiVersion": "v1", "kind": "PodTemplate",
        "metadata": {"generateName": "template-"}, "template": template,
    }))
}

fn is_built_in(document: &Value) -> bool {
    let group = document["apiVersion"].as_str().unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// Makes what a dry run looks for: the namespaces, and the service accounts of bare pods. Gives what it made.
async fn prepare(test: &Namespace, documents: &[Value]) -> Vec<String> {
    let of = |document: &Value| {
        document["metadata"]["namespace"]
            .as_str()
            .map(str::to_owned)
    };
    let wanted: BTreeSet<_> = documents.iter().filter_map(of).collect();
    let namespaces = Api::<v1::Namespace>::all(test.client.clone());
    let mut made = Vec::new();
    for name in wanted {
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}}));
        if namespaces
            .create(&PostParams::default(), &namespace.expect("a namespace"))
            .await
            .is_ok()
        {
            made.push(name);
        }
    }
    for pod in documents.iter().filter(|it| it["kind"] == "Pod") {
        let namespace = of(pod).unwrap_or_else(|| "default".to_owned());
        let account = pod["spec"]["serviceAccountName"]
            .as_str()
            .unwrap_or("default");
        let accounts = Api::<v1::ServiceAccount>::namespaced(test.client.clone(), &namespace);
        let value = serde_json::from_value(json!({"metadata": {"name": account}}));
        // It may be there already.
        let _ = accounts
            .create(&PostParams::default(), &value.expect("an account"))
            .await;
    }
    made
}
