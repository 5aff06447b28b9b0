//! Who may ask for what.

use serde_json::{Value, json};

use crate::harness::case::{Case, Client, case, merge};
use crate::harness::config::{inside, typed};
use crate::harness::script::Step::Response;
use crate::harness::script::send;

const RBAC: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";
const NAME: &str = "rbac";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = rules();
    cases.extend(routes());
    cases.extend(shadows());
    cases
}

/// One policy of this action.
fn policy(action: &str, permission: &Value, principal: &Value) -> Value {
    json!({ "rules": { "action": action, "policies": {
        "the first": { "permissions": [permission], "principals": [principal] },
    } } })
}

fn any() -> Value {
    json!({ "any": true })
}

fn asked(name: &'static str, config: Value) -> Case {
    case(name).details().filter(NAME, RBAC, config)
}

fn of_route(config: Value) -> Value {
    let rbac = json!({ "rbac": config });
    let per_route = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute";
    json!({ "typed_per_filter_config": { NAME: typed(per_route, rbac) } })
}

fn rules() -> Vec<Case> {
    let allow = |permission: Value| policy("ALLOW", &permission, &any());
    let deny = |permission: Value| policy("DENY", &permission, &any());
    let header = json!({ "header": { "name": "x-who", "string_match": { "exact": "me" } } });
    let path = |text: &str| json!({ "url_path": { "path": { "prefix": text } } });
    let from = |field: &str, address: &str| {
        let range = json!({ field: { "address_prefix": address, "prefix_len": 32 } });
        policy("ALLOW", &any(), &range)
    };
    vec![
        asked("everybody is allowed", allow(any()))
            .get("/", "")
            .expect("http.@.rbac.allowed: 1"),
        asked("nobody is allowed", allow(json!({ "not_rule": any() })))
            .get("/", "")
            .expect("RBAC: access denied")
            .expect("rbac_access_denied_matched_policy[none]"),
        asked("everybody is denied", deny(any()))
            .get("/", "")
            .expect("rbac_access_denied_matched_policy[the_first]")
            .expect("http.@.rbac.denied: 1"),
        asked("no policy allows nobody", json!({ "rules": {} }))
            .get("/", "")
            .expect("403 Forbidden"),
        asked("no policy denies nobody", json!({ "rules": { "action": "DENY" } }))
            .get("/", "")
            .expect("200 OK"),
        asked("no rules at all", json!({}))
            .get("/", "")
            .lack("http.@.rbac"),
        asked("a header is allowed", allow(header.clone()))
            .get("/", "x-who: me\r\n")
            .get("/", "x-who: you\r\n")
            .get("/", "")
            .expect("http.@.rbac.denied: 2"),
        asked("a path is denied, with or without a query", deny(path("/admin")))
            .get("/admin?x", "")
            .get("/other?/admin", "")
            .expect("http.@.rbac.denied: 1"),
        asked(
            "one of two rules",
            allow(json!({ "or_rules": { "rules": [header, path("/open")] } })),
        )
        .get("/open", "")
        .get("/", "x-who: me\r\n")
        .get("/", "")
        .expect("http.@.rbac.denied: 1"),
        asked(
            "both of two rules",
            allow(json!({ "and_rules": { "rules": [path("/a"), { "not_rule": path("/a/b") }] } })),
        )
        .get("/a/c", "")
        .get("/a/b", "")
        .expect("http.@.rbac.denied: 1"),
        asked("a method is allowed", allow(json!({ "header": { "name": ":method", "string_match": { "exact": "GET" } } })))
            .get("/", "")
            .send("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n")
            .expect("http.@.rbac.denied: 1"),
        asked("a peer by its address", from("direct_remote_ip", "127.0.0.7"))
            .client(Client::raw([send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), Response]).from(7))
            .get("/", "")
            .expect("http.@.rbac.denied: 1"),
        asked("a client by x-forwarded-for", from("remote_ip", "10.1.2.3"))
            .manager(inside())
            .get("/", "x-forwarded-for: 10.1.2.3\r\n")
            .get("/", "")
            .expect("http.@.rbac.denied: 1"),
        asked("nobody is authenticated without TLS", policy("ALLOW", &any(), &json!({ "authenticated": {} })))
            .get("/", "")
            .expect("403 Forbidden"),
        asked("a port range", allow(json!({ "destination_port_range": { "start": 1, "end": 65536 } })))
            .get("/", "")
            .expect("200 OK"),
        asked("what is refused has a body that is not read", deny(any()))
            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            .expect("403 Forbidden"),
        asked("who asks for no route is refused first", deny(any()))
            .hosts(json!([{ "name": "one", "domains": ["one"], "routes": [] }]))
            .get("/", "")
            .expect("403 Forbidden")
            .lack("no_route"),
        asked("who would be redirected is refused first", deny(any()))
            .routes(json!([{ "match": { "prefix": "/" }, "redirect": { "path_redirect": "/b" } }]))
            .get("/", "")
            .expect("403 Forbidden"),
        asked("headers of the route are on a refusal", deny(any()))
            .route(json!({ "response_headers_to_add": [{ "header": { "key": "x-added", "value": "1" } }] }))
            .get("/", "")
            .expect("x-added: 1"),
        asked("who calls by gRPC is told so", deny(any()))
            .get("/s/m", "content-type: application/grpc\r\n")
            .expect("grpc-status: 7"),
    ]
}

fn routes() -> Vec<Case> {
    let deny = policy("DENY", &any(), &any());
    let off = json!({ "typed_per_filter_config": {
        NAME: typed("envoy.config.route.v3.FilterConfig", json!({ "disabled": true })),
    } });
    let mut disabled = deny.clone();
    disabled["@type"] = format!("type.googleapis.com/{RBAC}").into();
    vec![
        asked("a route allows what the filter denies", deny.clone())
            .route(of_route(json!({})))
            .get("/", "")
            .expect("200 OK"),
        asked("a route denies what the filter allows", json!({}))
            .route(of_route(deny.clone()))
            .get("/", "")
            .expect("http.@.rbac.denied: 1"),
        asked("a virtual host denies, and its route does not", json!({}))
            .host(of_route(deny.clone()))
            .route(of_route(json!({})))
            .get("/", "")
            .expect("200 OK"),
        asked("a filter is off on a route", deny.clone())
            .route(off)
            .get("/", "")
            .lack("http.@.rbac"),
        case("a filter is off but for a route")
            .details()
            .manager(json!({ "http_filters": [
                { "name": NAME, "disabled": true, "typed_config": disabled },
                { "name": "router", "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", json!({})) },
            ] }))
            .hosts(json!([{ "name": "all", "domains": ["*"], "routes": [
                { "match": { "prefix": "/on" }, "route": { "cluster": "@a" }, "typed_per_filter_config": {
                    NAME: typed("envoy.config.route.v3.FilterConfig", json!({ "config": typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", json!({ "rbac": deny })) })),
                } },
                { "match": { "prefix": "/" }, "route": { "cluster": "@a" } },
            ] }]))
            .get("/on", "")
            .get("/off", "")
            .expect("http.@.rbac.denied: 1"),
        case("a share of the traffic denies")
            .details()
            .filter(NAME, RBAC, json!({}))
            .action(json!({ "cluster": null, "weighted_clusters": { "clusters": [
                { "name": "@a", "weight": 1, "typed_per_filter_config": of_route(deny)["typed_per_filter_config"] },
            ] } }))
            .get("/", "")
            .expect("403 Forbidden"),
    ]
}

fn shadows() -> Vec<Case> {
    let shadow = |action: &str| {
        let rules = policy(action, &any(), &any())["rules"].take();
        json!({ "shadow_rules": rules })
    };
    let mut named = policy("ALLOW", &any(), &any());
    merge(&mut named, shadow("DENY"));
    merge(
        &mut named,
        json!({ "shadow_rules_stat_prefix": "would", "rules_stat_prefix": "does" }),
    );
    let mut dotted = shadow("ALLOW");
    merge(&mut dotted, json!({ "shadow_rules_stat_prefix": "would." }));
    vec![
        asked("what would be denied is counted", shadow("DENY"))
            .get("/", "")
            .expect("200 OK")
            .expect("http.@.rbac.shadow_denied: 1"),
        asked("what would be allowed is counted", shadow("ALLOW"))
            .get("/", "")
            .expect("http.@.rbac.shadow_allowed: 1"),
        asked("rules are counted by names of their own", named)
            .get("/", "")
            .expect("shadow_denied: 1"),
        asked("a name that ends with a dot", dotted)
            .get("/", "")
            .expect("shadow_allowed: 1"),
    ]
}
