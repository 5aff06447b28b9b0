//! `--rewrite-probes`, and what is said of probes without it.

use mesh_api::settings::Setting;
use meshctl::manifest::inject::inject;
use meshctl::manifest::outcome::{Options, Verdict};

use crate::support::cases::{added, flags, forms, inject_told, injected, told, uninjected, value};

fn pod(container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: app\n{container}"
    )
}

fn rewriting() -> Options {
    flags(&[(Setting::RewriteProbes, "true")])
}

const BLOCK: &str = "      ports:\n        - name: db\n          containerPort: 5432\n      livenessProbe:\n        # is it alive?\n        tcpSocket:\n          # by name\n          port: db   # the database\n\n        periodSeconds: 5\n      readinessProbe: # ready\n        tcpSocket: {port: 5432}\n";

#[test]
fn a_tcp_probe_is_warned_about() {
    insta::assert_snapshot!(inject_told(&pod(BLOCK), &Options::default()), @r"
    Pod/web Injected
      note tcp-probe: readinessProbe of app: the sidecar accepts TCP port 5432 even when the application is dead (--rewrite-probes asks the application itself)
        19:20 {port: 5432}
      note tcp-probe: livenessProbe of app: the sidecar accepts TCP port db even when the application is dead (--rewrite-probes asks the application itself)
        15:11 port: db   # the database
    ");
    let skipped = flags(&[(Setting::SkipInboundPorts, "5432")]);
    insta::assert_snapshot!(inject_told(&pod(BLOCK), &skipped), @"Pod/web Injected");
    let none = flags(&[(Setting::Intercept, "none")]);
    insta::assert_snapshot!(inject_told(&pod(BLOCK), &none), @"Pod/web Injected");
}

#[test]
fn block_style_is_set_aside_and_comes_back() {
    let shown = added(&pod(BLOCK), &rewriting());
    let from = shown.find("livenessProbe").expect("the probe");
    insta::assert_snapshot!(&shown[from..], @r"
    livenessProbe:
             # is it alive?
    -        tcpSocket:
    -          # by name
    -          port: db   # the database
    +        httpGet:
    +          path: /app-health/app/livez
    +          port: 15020
    +        #meshctl:tcpSocket:
    +        #meshctl:  # by name
    +        #meshctl:  port: db   # the database
     
             periodSeconds: 5
           readinessProbe: # ready
    -        tcpSocket: {port: 5432}
    +        httpGet:
    +          path: /app-health/app/readyz
    +          port: 15020
    +        #meshctl:tcpSocket: {port: 5432}
    ");
    let after = value(&injected(&pod(BLOCK), &rewriting()));
    let app = &after["spec"]["containers"][0];
    insta::assert_snapshot!(app["livenessProbe"], @r#"{"httpGet":{"path":"/app-health/app/livez","port":15020},"periodSeconds":5}"#);
    insta::assert_snapshot!(after["metadata"]["annotations"]["meshctl.dev/rewritten-probes"], @r#""{\"app/readinessProbe\":{\"tcpSocket\":{\"port\":5432}},\"app/livenessProbe\":{\"tcpSocket\":{\"port\":\"db\"}}}""#);
    let windows = pod(BLOCK).replace('\n', "\r\n");
    added(&windows, &rewriting());
}

#[test]
fn it_comes_back_after_a_reformatting_too() {
    let after = value(&injected(&pod(BLOCK), &rewriting()));
    for text in forms(&after) {
        assert_eq!(value(&uninjected(&text)), value(&pod(BLOCK)), "{text}");
    }
}

#[test]
fn flow_style_is_refused_with_its_place() {
    let text = pod("      livenessProbe: {tcpSocket: {port: 5432}}\n");
    let edited = inject(&text, &rewriting());
    insta::assert_snapshot!(told(&text, &edited.outcomes), @r"
    Pod/web refused flow-probe: a probe in flow style or JSON cannot be rewritten by inserting alone
      8:23 tcpSocket: {port: 5432}}
      hint: write the probe in block style, or leave --rewrite-probes out
    ");
    let json = value(&text).to_string();
    let edited = inject(&json, &rewriting());
    assert!(
        matches!(&edited.outcomes[0].verdict, Verdict::Refused(problem) if problem.code == "flow-probe")
    );
}

#[test]
fn an_https_probe_under_strict_mtls_is_made_by_the_sidecar() {
    let text = pod(
        "      readinessProbe:\n        httpGet:\n          path: /ready\n          port: 8443\n          scheme: HTTPS\n        periodSeconds: 5\n",
    );
    let strict = flags(&[(Setting::Mtls, "strict")]);
    insta::assert_snapshot!(inject_told(&text, &strict), @r"
    Pod/web refused settings: `mtls: strict` refuses the readinessProbe of container app, which is HTTPS without an identity of the mesh
      10:11 path: /ready
      hint: set `rewrite-probes: true`, so that the sidecar makes the probe
    ");
    let both = flags(&[(Setting::Mtls, "strict"), (Setting::RewriteProbes, "true")]);
    added(&text, &both);
    let after = value(&injected(&text, &both));
    insta::assert_snapshot!(after["spec"]["containers"][0]["readinessProbe"], @r#"{"httpGet":{"path":"/app-health/app/readyz","port":15020},"periodSeconds":5}"#);
    for form in forms(&after) {
        assert_eq!(value(&uninjected(&form)), value(&text));
    }
}

#[test]
fn probes_of_the_users_own_native_sidecars_count() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  initContainers:\n    - name: cache\n      restartPolicy: Always\n      startupProbe:\n        tcpSocket:\n          port: 6379\n  containers:\n    - name: app\n";
    insta::assert_snapshot!(inject_told(text, &Options::default()), @r"
    Pod/web Injected
      note tcp-probe: startupProbe of cache: the sidecar accepts TCP port 6379 even when the application is dead (--rewrite-probes asks the application itself)
        11:11 port: 6379
    ");
    added(text, &rewriting());
    let after = value(&injected(text, &rewriting()));
    let cache = after["spec"]["initContainers"].as_array().expect("a list");
    let cache = cache.iter().find(|it| it["name"] == "cache").expect("it");
    insta::assert_snapshot!(cache["startupProbe"], @r#"{"httpGet":{"path":"/app-health/cache/startupz","port":15020}}"#);
}

#[test]
fn an_unknown_named_port_is_left_alone() {
    let text = pod("      livenessProbe:\n        tcpSocket:\n          port: nowhere\n");
    assert!(!injected(&text, &rewriting()).contains("rewritten-probes: "));
    let strict = flags(&[(Setting::Mtls, "strict"), (Setting::RewriteProbes, "true")]);
    insta::assert_snapshot!(inject_told(&text, &strict), @r"
    Pod/web Injected
      note probe-port: livenessProbe of app names a port that the container does not declare: strict mTLS will refuse this probe
        10:17 nowhere
    ");
}
