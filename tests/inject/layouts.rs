//! Every way in which the places that injection touches can be written.

use mesh_api::settings::Setting;
use meshctl::manifest::outcome::Options;

use crate::support::cases::{added, deployment, flags};

fn show(text: &str) -> String {
    added(text, &Options::default())
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n{spec}")
}

#[test]
fn init_containers_absent_with_a_comment_above_the_containers() {
    insta::assert_snapshot!(show(&pod("  # The one that matters.\n  containers:\n    - name: app\n      image: a\n      # the last word on app\n  # of the pod\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers","volumes","annotations"]
       name: web
     spec:
    +  initContainers:
    +    - name: mesh-init
    +    - name: mesh-proxy
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       # The one that matters.
       containers:
         - name: app
           image: a
           # the last word on app
       # of the pod
    "#);
}

#[test]
fn init_containers_in_block_style() {
    insta::assert_snapshot!(show(&pod("  containers:\n    - name: app\n  initContainers:\n    # first\n    - name: prepare\n    # second\n    - name: fill\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["volumes","annotations"]
       name: web
     spec:
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
       initContainers:
    +    - name: mesh-init
    +    - name: mesh-proxy
         # first
         - name: prepare
         # second
         - name: fill
    "#);
    insta::assert_snapshot!(show(&pod("  initContainers:\n  - name: prepare\n  containers:\n  - name: app\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["volumes","annotations"]
       name: web
     spec:
       initContainers:
    +  - name: mesh-init
    +  - name: mesh-proxy
       - name: prepare
    +  volumes:
    +  - name: mesh-identity
    +  - name: mesh-token
    +  - name: mesh-trust
       containers:
       - name: app
    "#);
}

#[test]
fn init_containers_in_flow_style_and_empty() {
    insta::assert_snapshot!(show(&pod("  initContainers: [{name: prepare, image: a}]\n  containers: [{name: app}]\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["volumes","annotations"]
       name: web
     spec:
    -  initContainers: [{name: prepare, image: a}]
    +  initContainers: [{"name": "mesh-init", "image": "mesh-proxy:0.1.0",  …  prepare, image: a}]
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers: [{name: app}]
    "#);
    insta::assert_snapshot!(show(&pod("  initContainers: []   # none yet\n  containers:\n    - name: app\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers=[]
       name: web
     spec:
    -  initContainers: []   # none yet
    +  initContainers: #[]   # none yet
    +    - name: mesh-init
    +    - name: mesh-proxy
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
    "#);
}

#[test]
fn init_containers_null_in_every_spelling() {
    for null in [
        "null",
        "~",
        "Null",
        "NULL",
        "null   # later",
        "~ # [1] {2}",
        "",
        "# note: #[12]",
        "#null",
        " #~",
        "  # x",
        "[]",
        "[ ] # x",
        "[\n  ]",
        "[] #[]",
    ] {
        let text = pod(&format!(
            "  initContainers: {null}\n  containers:\n    - name: app\n"
        ));
        added(&text, &Options::default());
        let last = pod(&format!(
            "  containers:\n    - name: app\n  initContainers: {null}"
        ));
        added(&last, &Options::default());
    }
}

#[test]
fn a_null_is_covered_and_comments_stay() {
    insta::assert_snapshot!(show(&pod("  initContainers: ~ # later\n  containers:\n    - name: app\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers=null","volumes","annotations"]
       name: web
     spec:
    -  initContainers: ~ # later
    +  initContainers: #~ # later
    +    - name: mesh-init
    +    - name: mesh-proxy
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
    "#);
    insta::assert_snapshot!(show(&pod("  initContainers: # later\n    # or never\n\n  containers:\n    - name: app\n")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers=","volumes","annotations"]
       name: web
     spec:
       initContainers: # later
    +    - name: mesh-init
    +    - name: mesh-proxy
         # or never
     
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
    "#);
}

#[test]
fn the_end_of_a_file_without_a_line_break() {
    insta::assert_snapshot!(show(&pod("  containers:\n    - name: app\n      image: a")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers","volumes","annotations"]
       name: web
     spec:
    +  initContainers:
    +    - name: mesh-init
    +    - name: mesh-proxy
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
           image: a
    "#);
    insta::assert_snapshot!(show(&pod("  containers:\n    - name: app\n  initContainers:")), @r#"
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    meshctl.dev/injected: "created":["initContainers=","volumes","annotations"]
       name: web
     spec:
    +  volumes:
    +    - name: mesh-identity
    +    - name: mesh-token
    +    - name: mesh-trust
       containers:
         - name: app
    -  initContainers:
    +  initContainers:
    +    - name: mesh-init
    +    - name: mesh-proxy
    "#);
    for options in [
        Options::default(),
        flags(&[(Setting::Sidecar, "container")]),
        flags(&[(Setting::Intercept, "none")]),
    ] {
        for end in [
            "args:\n        - |\n          one\n          two",
            "args: [\"a\"]",
            "env: []",
            "env:",
            "env: ~",
            "args:\n        - >-\n          x",
            "args:\n        - |+\n          x\n\n",
        ] {
            added(
                &pod(&format!("  containers:\n    - name: app\n      {end}")),
                &options,
            );
        }
    }
}

#[test]
fn annotations_and_metadata_in_every_form() {
    let forms = [
        "metadata:\n  name: web\n  annotations:\n    a: b\n",
        "metadata:\n  name: web\n  annotations: {}\n",
        "metadata:\n  name: web\n  annotations: {a: b}\n",
        "metadata:\n  name: web\n  annotations: ~  # none\n",
        "metadata:\n  name: web\n  annotations:\n",
        "metadata:\n  annotations: null\n  name: web\n",
        "metadata: {name: web}\n",
        "metadata: {}\n",
        "metadata: null\n",
        "metadata:\n",
        "metadata: # none\n",
        "",
    ];
    for metadata in forms {
        for intercept in ["init", "none"] {
            let options = flags(&[(Setting::Intercept, intercept)]);
            let pod = format!(
                "apiVersion: v1\nkind: Pod\n{metadata}spec:\n  containers:\n  - name: app\n"
            );
            added(&pod, &options);
            let nested = metadata.replace('\n', "\n    ");
            let deployment = format!(
                "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    {nested}spec:\n      containers:\n      - name: app\n"
            );
            added(&deployment, &options);
            let first = format!(
                "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n    {}\n",
                nested.trim_end()
            );
            added(&first, &options);
        }
    }
}

#[test]
fn metadata_absent_null_or_with_annotations_in_flow_style() {
    insta::assert_snapshot!(show("kind: Deployment\napiVersion: apps/v1\nspec:\n  template:\n    spec:\n      containers: [{name: app}]\n"), @r#"
     kind: Deployment
     apiVersion: apps/v1
     spec:
       template:
    +    metadata:
    +      annotations:
    +        meshctl.dev/injected: "created":["initContainers","volumes","metadata"]
         spec:
    +      initContainers:
    +        - name: mesh-init
    +        - name: mesh-proxy
    +      volumes:
    +        - name: mesh-identity
    +        - name: mesh-token
    +        - name: mesh-trust
           containers: [{name: app}]
    "#);
    insta::assert_snapshot!(show("kind: Deployment\napiVersion: apps/v1\nspec:\n  template:\n    metadata: null # none\n    spec:\n      containers: [{name: app}]\n"), @r#"
     kind: Deployment
     apiVersion: apps/v1
     spec:
       template:
    -    metadata: null # none
    +    metadata: #null # none
    +      annotations:
    +        meshctl.dev/injected: "created":["initContainers","volumes","metadata=null"]
         spec:
    +      initContainers:
    +        - name: mesh-init
    +        - name: mesh-proxy
    +      volumes:
    +        - name: mesh-identity
    +        - name: mesh-token
    +        - name: mesh-trust
           containers: [{name: app}]
    "#);
    insta::assert_snapshot!(show(&deployment("      annotations: {a: b}\n", "")), @r#"
     apiVersion: apps/v1
     kind: Deployment
     metadata:
       name: web
     spec:
       template:
         metadata:
           labels: {app: web}
    -      annotations: {a: b}
    +      annotations: {"meshctl.dev/injected
         spec:
    +      initContainers:
    +        - name: mesh-init
    +        - name: mesh-proxy
    +      volumes:
    +        - name: mesh-identity
    +        - name: mesh-token
    +        - name: mesh-trust
           containers:
             - name: app
               image: example/app:1
    "#);
}

#[test]
fn volumes_in_every_form() {
    for volumes in [
        "volumes: []",
        "volumes: ~",
        "volumes:",
        "volumes: # x",
        "volumes:\n    - name: v\n      emptyDir: {}",
        "volumes:\n  - name: v\n    # why\n    emptyDir: {}",
        "volumes: [{name: v, emptyDir: {}}]",
        "volumes: [\n    {name: v, emptyDir: {}},\n  ]",
        "volumes: [{name: v},]",
    ] {
        added(
            &pod(&format!("  {volumes}\n  containers:\n    - name: app\n")),
            &Options::default(),
        );
        added(
            &pod(&format!("  containers:\n    - name: app\n  {volumes}")),
            &Options::default(),
        );
    }
}
