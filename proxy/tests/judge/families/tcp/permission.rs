//! Which connections may go on: the access rules of a filter chain.

use serde_json::{Value, json};

use super::{LOG, on_connection};
use crate::families::tls::{server_socket, validation};
use crate::harness::case::{Case, Client, case};
use crate::harness::certificates::ClientTls;
use crate::harness::config::typed;
use crate::harness::script::Act::{Finished, HalfClose as Shut, Received};
use crate::harness::script::Step::{End, Ended, HalfClose, Read, Response};
use crate::harness::script::{give, send};

const GET: &str = "GET / HTTP/1.1\r\nhost: a.test\r\n\r\n";
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = bytes();
    cases.extend(conditions());
    cases.extend(requests());
    cases.extend(principals());
    cases
}

fn any() -> Value {
    json!({ "any": true })
}

fn rules(action: &str, permission: &Value, principal: &Value) -> Value {
    json!({ "action": action, "policies": {
        "the first": { "permissions": [permission], "principals": [principal] },
    } })
}

/// The filter with these rules and statistics of its own.
fn rbac(prefix: &str, fields: Value) -> Value {
    let mut config = fields;
    config["stat_prefix"] = prefix.into();
    json!({
        "name": "rbac",
        "typed_config": typed("envoy.extensions.filters.network.rbac.v3.RBAC", config),
    })
}

/// A case whose bytes are passed on if these filters let them.
fn passing(name: &'static str, mut filters: Vec<Value>) -> Case {
    filters.push("@tcp".into());
    case(name)
        .chains(json!([{ "filters": filters }]))
        .log(LOG)
        .replies([on_connection([Received(8), give("answer"), Finished, Shut])])
}

fn allowed(case: Case) -> Case {
    case.steps([send("question"), Read("answer"), HalfClose, End])
}

fn denied(case: Case) -> Case {
    case.steps([send("question"), End, Ended("a", 1)])
}

fn enforcing(name: &'static str, prefix: &str, rules: Value) -> Case {
    passing(name, vec![rbac(prefix, json!({ "rules": rules }))])
}

fn bytes() -> Vec<Case> {
    let allow = rules("ALLOW", &any(), &any());
    let deny = rules("DENY", &any(), &any());
    vec![
        allowed(enforcing("everybody may connect", "@p1", allow.clone())).expect("rbac.allowed: 1"),
        denied(enforcing("nobody may connect", "@p2", deny.clone()))
            .expect("rbac.denied: 1")
            .expect("rbac_access_denied_matched_policy[the_first]"),
        denied(enforcing(
            "no policy allows nobody to connect",
            "@p3",
            json!({}),
        ))
        .expect("rbac_access_denied_matched_policy[none]"),
        allowed(passing(
            "no rules for connections",
            vec![rbac("@p4", json!({}))],
        )),
        allowed(passing(
            "rules for connections that are only counted",
            vec![rbac("@p5", json!({ "shadow_rules": deny, "rules": allow }))],
        ))
        .expect("rbac.shadow_denied: 1"),
        allowed(passing(
            "rules for connections that are counted by another name",
            vec![rbac(
                "@p6",
                json!({ "shadow_rules": allow, "shadow_rules_stat_prefix": "mine_" }),
            )],
        ))
        .expect("shadow_allowed: 1"),
        denied(passing(
            "the second filter refuses a connection",
            vec![
                rbac("@p7", json!({ "rules": allow })),
                rbac("@p8", json!({ "rules": deny })),
                rbac("@p9", json!({ "rules": allow })),
            ],
        ))
        .expect("p8.rbac.denied: 1"),
        enforcing(
            "a server speaks before it is known who may connect",
            "@p10",
            deny.clone(),
        )
        .upstream(crate::harness::case::Upstream::new(
            "b",
            [on_connection([give("220 hello\r\n"), Finished])],
        ))
        .proxy(json!({ "cluster": "@b" }))
        .steps([Read("220 hello\r\n"), send("QUIT"), End, Ended("b", 1)])
        .expect("rbac.denied: 1"),
        enforcing(
            "a client ends without a byte before it is refused",
            "@p11",
            deny,
        )
        .steps([HalfClose, End])
        .expect("rbac"),
    ]
}

fn conditions() -> Vec<Case> {
    let allow = |permission: Value| rules("ALLOW", &permission, &any());
    let from = |field: &str, address: &str| {
        let range = json!({ field: { "address_prefix": address, "prefix_len": 32 } });
        rules("ALLOW", &any(), &range)
    };
    let high = json!({ "destination_port_range": { "start": 1, "end": 65535 } });
    vec![
        denied(enforcing(
            "a connection to another port",
            "@p20",
            allow(json!({ "destination_port": 1 })),
        ))
        .expect("rbac.denied: 1"),
        allowed(enforcing(
            "a connection to one of many ports",
            "@p21",
            allow(high.clone()),
        ))
        .expect("rbac.allowed: 1"),
        denied(enforcing(
            "a connection not to one of many ports",
            "@p22",
            allow(json!({ "not_rule": high })),
        ))
        .expect("rbac.denied: 1"),
        allowed(enforcing(
            "a connection from an address",
            "@p23",
            from("direct_remote_ip", "127.0.0.1"),
        ))
        .expect("rbac.allowed: 1"),
        denied(enforcing(
            "a connection from another address",
            "@p24",
            from("remote_ip", "127.0.0.9"),
        ))
        .expect("rbac.denied: 1"),
        denied(enforcing(
            "a connection of which a name is wanted",
            "@p25",
            rules("ALLOW", &any(), &json!({ "authenticated": {} })),
        ))
        .expect("rbac.denied: 1"),
    ]
}

fn serving(name: &'static str, prefix: &str, rules: Value) -> Case {
    let filters = json!([rbac(prefix, json!({ "rules": rules })), "@manager"]);
    case(name).chains(json!([{ "filters": filters }]))
}

fn requests() -> Vec<Case> {
    let allow = rules("ALLOW", &any(), &any());
    let deny = rules("DENY", &any(), &any());
    vec![
        serving("everybody may connect for requests", "@p30", allow)
            .steps([send(GET), Response, send(GET), Response])
            .expect("rbac.allowed: 1"),
        serving("nobody may connect for requests", "@p31", deny.clone())
            .steps([send(GET), End])
            .expect("rbac.denied: 1"),
        serving(
            "a client for requests ends without a byte before it is refused",
            "@p32",
            deny,
        )
        .steps([HalfClose, End])
        .lack("rbac.denied: 1"),
    ]
}

fn principals() -> Vec<Case> {
    let secured = |name: &'static str, prefix: &str, rules: Value| {
        let filters = json!([rbac(prefix, json!({ "rules": rules })), "@manager"]);
        let common = json!({ "validation_context": validation(json!({})) });
        let socket = server_socket(
            "server",
            common,
            json!({ "require_client_certificate": true }),
        );
        case(name).chains(json!([{ "filters": filters, "transport_socket": socket }]))
    };
    let named = |name: &str| {
        let name = json!({ "authenticated": { "principal_name": { "contains": name } } });
        rules("ALLOW", &any(), &name)
    };
    let client = |last| {
        let tls = ClientTls {
            server_name: Some("server.test"),
            certificate: Some("client"),
            ..ClientTls::default()
        };
        Client::raw([send(GET), last]).tls(tls)
    };
    vec![
        secured("a client that has proven its name", "@p40", named("client"))
            .client(client(Response))
            .expect("rbac.allowed: 1"),
        secured(
            "a client that has proven another name",
            "@p41",
            named("nobody"),
        )
        .client(client(End))
        .expect("rbac.denied: 1"),
    ]
}
