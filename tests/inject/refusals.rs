//! Manifests that cannot be edited safely: nothing of them is printed, and the user is told where and what to do.

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};

use crate::support::cases::{deployment, flags, inject_told, injected, told};

/// What is said of `text`, which is left out of the output.
fn refused(text: &str) -> String {
    refused_with(text, &Options::default())
}

fn refused_with(text: &str, options: &Options) -> String {
    let edited = inject(text, options);
    assert!(edited.pieces.is_empty(), "not refused: {text}");
    told(text, &edited.outcomes)
}

#[test]
fn what_is_no_yaml() {
    insta::assert_snapshot!(refused("kind: Deployment\nspec:\n\treplicas: 1\n"), @r"
    / refused syntax: tabs disallowed within this context (block indentation)
      3:2 replicas: 1
      hint: correct the YAML here; nothing was changed
    ");
    insta::assert_snapshot!(refused("kind: Deployment\nspec: {replicas: 1\n"), @r"
    / refused syntax: unclosed bracket '{'
      2:7 {replicas: 1
      hint: correct the YAML here; nothing was changed
    ");
    insta::assert_snapshot!(refused("kind: Deployment\nmetadata:\n  name: web\n   labels: {}\n"), @r"
    / refused syntax: mapping values are not allowed in this context
      4:10 : {}
      hint: correct the YAML here; nothing was changed
    ");
    insta::assert_snapshot!(refused(&(deployment("", "") + "          image: example/app:2\n")), @r#"
    / refused duplicate-key: the key "image" is given twice in one mapping
      13:11 image: example/app:2
      hint: remove one of the two; the first is in line 12 of this document
    "#);
}

#[test]
fn a_syntax_error_is_no_template_because_of_braces_elsewhere() {
    let text = deployment("", "") + "          args: [\"--format={{.Name}}\"]\n\t\tcommand: [x]\n";
    insta::assert_snapshot!(refused(&text), @r"
    / refused syntax: tabs disallowed within this context (block indentation)
      14:3 command: [x]
      hint: correct the YAML here; nothing was changed
    ");
}

#[test]
fn aliases_anchors_and_merge_keys_on_the_path() {
    let list = "apiVersion: v1\nkind: List\nitems:\n  - &one\n    apiVersion: v1\n    kind: Pod\n    metadata: {name: one}\n    spec:\n      containers: [{name: app, image: a}]\n  - *one\n";
    insta::assert_snapshot!(refused(list), @r"
    Pod/one refused alias: the anchor &one on the path to the pod template is used elsewhere
      4:5 &one
      hint: write the value out where *one stands, and remove the anchor
    ");
    let template = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nx: &pod\n  spec:\n    containers: [{name: app, image: a}]\nspec:\n  template: *pod\n";
    insta::assert_snapshot!(refused(template), @r"
    Deployment/web refused alias: the alias *pod stands on the path to the pod template
      8:13 *pod
      hint: write the value out here: an edit would change every place that shares it
    ");
    let merged = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nx: &pod\n  containers: [{name: app, image: a}]\nspec:\n  template:\n    spec:\n      <<: *pod\n      restartPolicy: Always\n";
    insta::assert_snapshot!(refused(merged), @r"
    Deployment/web refused merge-key: a merge key (<<) stands on the path to the pod template
      9:7 <<: *pod
      hint: write the merged entries out here
    ");
    let containers = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  initContainers: &all\n    - {name: app, image: a}\n  containers: *all\n";
    insta::assert_snapshot!(refused(containers), @r"
    Pod/web refused alias: the anchor &all on the path to the pod template is used elsewhere
      5:19 &all
      hint: write the value out where *all stands, and remove the anchor
    ");
}

#[test]
fn an_alias_in_a_list_item_that_is_no_workload_is_fine() {
    let text = "apiVersion: v1\nkind: List\nitems:\n  - &map\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: one}\n  - *map\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: web}\n    spec:\n      containers:\n        - name: app\n";
    insta::assert_snapshot!(inject_told(text, &Options::default()), @"Pod/web Injected");
}

#[test]
fn anchors_aside_of_the_path_are_fine() {
    let text = deployment(
        "      annotations: &notes\n        a: b\n",
        "      nodeSelector: &where {disk: ssd}\n      imagePullSecrets: &none []\n",
    ) + "          env: &env\n            - {name: A, value: &word hello}\n            - {name: B, value: *word}\n        - name: two\n          image: b\n          env: *env\n";
    let after = injected(&text, &Options::default());
    insta::assert_snapshot!(inject_told(&text, &Options::default()), @"Deployment/web Injected");
    assert!(after.contains("env: *env\n") && after.contains("value: *word}"));
}

#[test]
fn templates_that_no_yaml_reader_takes() {
    let image =
        deployment("", "").replace("example/app:1", "{{ .Values.image }}:{{ .Values.tag }}");
    insta::assert_snapshot!(refused(&image), @r"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      12:18 {{ .Values.image }}:{{ .Values.tag }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    ");
    let line = deployment(
        "",
        "      {{- if .Values.wide }}\n      restartPolicy: Always\n      {{- end }}\n",
    );
    insta::assert_snapshot!(refused(&line), @r"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      10:7 {{- if .Values.wide }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    ");
    let first = format!(
        "{{{{- if .Values.on }}}}\n{}{{{{- end }}}}\n",
        deployment("", "")
    );
    insta::assert_snapshot!(refused(&first), @r"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      1:1 {{- if .Values.on }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    ");
    let include = deployment("", "      {{- include \"web.labels\" . | nindent 6 }}\n");
    insta::assert_snapshot!(refused(&include), @r#"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      10:7 {{- include "web.labels" . | nindent 6 }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    "#);
    let toyaml = deployment("", "").replace(
        "      labels: {app: web}\n",
        "      labels:\n        {{- toYaml .Values.labels | nindent 8 }}\n",
    );
    insta::assert_snapshot!(refused(&toyaml), @r"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      9:9 {{- toYaml .Values.labels | nindent 8 }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    ");
}

#[test]
fn templates_that_read_as_yaml() {
    let image = deployment("", "").replace("example/app:1", "{{ .Values.image }}");
    insta::assert_snapshot!(refused(&image), @r"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      12:18 {{ .Values.image }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    ");
    let name = deployment("", "").replace("  name: web\n", "  name: \"{{ .Release.Name }}-web\"\n");
    insta::assert_snapshot!(refused(&name), @r#"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      4:9 "{{ .Release.Name }}-web"
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    "#);
    let quoted = deployment("", "").replace("example/app:1", "\"example/app:{{ .Values.tag }}\"");
    insta::assert_snapshot!(refused(&quoted), @r#"
    Deployment/web refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      12:31 {{ .Values.tag }}"
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    "#);
    let replicas = deployment("", "").replace(
        "spec:\n  template",
        "spec:\n  replicas: {{ .Values.replicas }}\n  template",
    );
    insta::assert_snapshot!(refused(&replicas), @r"
    / refused template: this is a template, not a manifest: {{ … }} is not filled in yet
      6:13 {{ .Values.replicas }}
      hint: render it first, or inject as it is rendered: helm template --post-renderer meshctl --post-renderer-args inject
    ");
    // What an application's own templates look like is no reason.
    let own = deployment("", "") + "          args: [\"--format={{ .Name }}\"]\n";
    insta::assert_snapshot!(inject_told(&own, &Options::default()), @"Deployment/web Injected");
}

#[test]
fn bad_values_of_our_annotations() {
    let annotated = |line: &str| {
        deployment(
            &format!("      annotations:\n        meshctl.dev/{line}\n"),
            "",
        )
    };
    insta::assert_snapshot!(refused(&annotated("skip-inbound-ports: \"80, 90000\"")), @r#"
    Deployment/web refused annotation: meshctl.dev/skip-inbound-ports: a port is a number from 1 to 65535, not `90000`
      10:46 90000"
      hint: meshctl inject --help tells what --skip-inbound-ports takes
    "#);
    insta::assert_snapshot!(refused(&annotated("mtls: on")), @r"
    Deployment/web refused annotation: meshctl.dev/mtls: `on` is not one of `permissive`, `strict`
      10:27 on
      hint: meshctl inject --help tells what --mtls takes
    ");
    insta::assert_snapshot!(refused(&annotated("inject: maybe")), @r#"
    Deployment/web refused annotation: meshctl.dev/inject: "maybe" is neither enabled nor disabled
      10:29 maybe
      hint: write enabled or disabled
    "#);
    insta::assert_snapshot!(refused(&annotated("proxy-memory-limit: 128m")), @r"
    Deployment/web refused annotation: meshctl.dev/proxy-memory-limit: `128m` is not a whole number of bytes: did you mean 128Mi?
      10:44 m
      hint: meshctl inject --help tells what --proxy-memory-limit takes
    ");
    insta::assert_snapshot!(refused(&annotated("opaque-ports: [1, 2]")), @r"
    Deployment/web refused annotation: meshctl.dev/opaque-ports: an annotation's value is text, not a list or a mapping
      10:35 [1, 2]
      hint: write the value in quotes
    ");
    insta::assert_snapshot!(refused(&annotated("skip-outbound-cidrs: '10.0.0.0/8,10.0.0.0/99'")), @r"
    Deployment/web refused annotation: meshctl.dev/skip-outbound-cidrs: the prefix of `10.0.0.0/99` is a number from 0 to 32
      10:63 99'
      hint: meshctl inject --help tells what --skip-outbound-cidrs takes
    ");
    // A name that is nearly one of ours is only told of.
    insta::assert_snapshot!(inject_told(&annotated("skip-inbound-port: \"80\""), &Options::default()), @r#"
    Deployment/web Injected
      note unknown-annotation: meshctl.dev/skip-inbound-port is no setting (is meshctl.dev/skip-inbound-ports meant?)
        10:40 "80"
    "#);
}

#[test]
fn nulls_that_no_insertion_can_fill() {
    insta::assert_snapshot!(refused("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"initContainers\":null,\"containers\":[{\"name\":\"app\"}]}}"), @r#"
    Pod/web refused flow-null: this null cannot be filled by inserting alone: it is in flow style or JSON, or not alone behind its key
      1:84 null,"containers":[{"name":"app"}]}}
      hint: remove the key, or write [] or {} in the place of the null
    "#);
    insta::assert_snapshot!(refused("apiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: ~}\nspec:\n  containers:\n    - name: app\n"), @r"
    Pod/web refused flow-null: this null cannot be filled by inserting alone: it is in flow style or JSON, or not alone behind its key
      3:36 ~}
      hint: remove the key, or write [] or {} in the place of the null
    ");
}

#[test]
fn the_item_that_is_in_the_way_is_named() {
    let text = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: fine}\n    spec:\n      containers: [{name: app}]\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: out}\n    spec:\n      hostNetwork: true\n      containers: [{name: app}]\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: bad}\n    spec: {initContainers: null, containers: [{name: app}]}\n";
    insta::assert_snapshot!(refused(text), @r"
    Pod/out skipped host-network: it uses the node's network, where redirection would catch the node's own traffic
      spec.hostNetwork: true
      13:20 true
    Pod/bad refused flow-null: this null cannot be filled by inserting alone: it is in flow style or JSON, or not alone behind its key
      18:28 null, containers: [{name: app}]}
      hint: remove the key, or write [] or {} in the place of the null
    ");
}

#[test]
fn settings_that_contradict_each_other_or_the_pod() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec:\n  template:\n    metadata:\n      annotations:\n        meshctl.dev/sidecar: container\n    spec:\n      containers:\n        - name: app\n";
    insta::assert_snapshot!(refused(job), @r"
    Job/once refused settings: the pod of a Job would never complete, because a classic sidecar does not end with the application
      8:30 container
      hint: use `sidecar: native` (Kubernetes 1.29 and later)
    ");
    let plain = job.replace("        meshctl.dev/sidecar: container\n", "        a: b\n");
    insta::assert_snapshot!(refused_with(&plain, &flags(&[(Setting::Sidecar, "container")])), @r"
    Job/once refused settings: the pod of a Job would never complete, because a classic sidecar does not end with the application
      10:7 containers:
      hint: use `sidecar: native` (Kubernetes 1.29 and later)
    ");
    let limits = deployment(
        "      annotations:\n        meshctl.dev/proxy-cpu-request: \"2\"\n        meshctl.dev/proxy-cpu-limit: 500m\n",
        "",
    );
    insta::assert_snapshot!(refused(&limits), @r"
    Deployment/web refused settings: the sidecar's CPU limit 500m is below its request 2
      11:38 500m
      hint: raise the limit to 2 or more, or lower the request
    ");
}

#[test]
fn a_problem_of_an_injected_manifest_points_into_that_manifest() {
    let text = injected(
        &deployment("      annotations:\n        a: b\n", ""),
        &flags(&[]),
    );
    let text = text.replace(
        "        a: b\n",
        "        a: b\n        meshctl.dev/mtls: strict\n        meshctl.dev/intercept: none\n",
    );
    insta::assert_snapshot!(refused(&text), @r"
    Deployment/web refused settings: `mtls: strict` cannot be kept with `intercept: none`, which leaves incoming connections to the application
      12:27 strict
      hint: use `intercept: init`, or `mtls: permissive`
    ");
    let edited = inject(&text, &Options::default());
    assert!(matches!(&edited.outcomes[0].verdict, Verdict::Refused(_)));
    assert_eq!(edited.outcomes[0].name, "web");
}
