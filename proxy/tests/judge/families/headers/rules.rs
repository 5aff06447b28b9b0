//! Rules that add and remove headers, at each level.

use serde_json::{Value, json};

use crate::harness::case::{Case, case};
use crate::harness::program::Variation;
use crate::harness::script::answer;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = actions();
    cases.extend(levels());
    cases.extend(values());
    cases.extend(removals());
    cases
}

fn rule(value: &str, action: &str) -> Value {
    json!({ "header": { "key": "x-rule", "value": value }, "append_action": action })
}

const APPEND: &str = "APPEND_IF_EXISTS_OR_ADD";
const ABSENT: &str = "ADD_IF_ABSENT";
const OVERWRITE: &str = "OVERWRITE_IF_EXISTS_OR_ADD";
const EXISTING: &str = "OVERWRITE_IF_EXISTS";

/// Name, action, whether the header is there already, and what must be seen of it.
type Action = (&'static str, &'static str, bool, &'static str);

const ACTIONS: &[Action] = &[
    ("append to what is there", APPEND, true, "x-rule: new"),
    ("append to nothing", APPEND, false, "x-rule: new"),
    ("overwrite what is there", OVERWRITE, true, "x-rule: new"),
    ("overwrite nothing", OVERWRITE, false, "x-rule: new"),
    (
        "overwrite only what is there",
        EXISTING,
        true,
        "x-rule: new",
    ),
    ("add only if absent", ABSENT, false, "x-rule: new"),
];

/// The same for rules that do nothing, so that no one can tell that they are gone.
const IDLE_ACTIONS: &[Action] = &[
    (
        "overwrite only what is not there",
        EXISTING,
        false,
        "200 OK",
    ),
    (
        "add only if absent, but it is there",
        ABSENT,
        true,
        "x-rule: old",
    ),
];

fn actions() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, tells) in [(ACTIONS, true), (IDLE_ACTIONS, false)] {
        for (name, action, there, seen) in rows {
            let line = if *there { "x-rule: old\r\n" } else { "" };
            let add = json!([rule("new", action)]);
            let request = case(leaked(&format!("{name}, in a request")))
                .route(json!({ "request_headers_to_add": add }))
                .get("/", line)
                .expect(seen);
            let response = case(leaked(&format!("{name}, in a response")))
                .route(json!({ "response_headers_to_add": add }))
                .replies([answer(200, line, "ok")])
                .get("/", "")
                .expect(seen);
            cases.extend([request, response].map(|case| {
                if tells {
                    case.tells(Variation::RuleRemoved)
                } else {
                    case
                }
            }));
        }
    }
    cases
}

/// A name that lives as long as the suite.
fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

fn levels() -> Vec<Case> {
    let add = |value: &str, action: &str| {
        json!({
            "request_headers_to_add": [rule(value, action)],
            "response_headers_to_add": [rule(value, action)],
        })
    };
    let everywhere = |case: Case, action: &str| {
        case.configuration(add("configuration", action))
            .host(add("host", action))
            .route(add("route", action))
            .get("/", "")
            .tells(Variation::RuleRemoved)
    };
    let weighted = json!({
        "cluster": null,
        "weighted_clusters": { "clusters": [{
            "name": "@a",
            "weight": 1,
            "request_headers_to_add": [rule("cluster", APPEND)],
            "response_headers_to_add": [rule("cluster", APPEND)],
        }] },
    });
    vec![
        case("rules of the route configuration")
            .configuration(add("configuration", APPEND))
            .get("/", "")
            .expect("x-rule: configuration")
            .tells(Variation::RuleRemoved),
        case("rules of the virtual host")
            .host(add("host", APPEND))
            .get("/", "")
            .expect("x-rule: host")
            .tells(Variation::RuleRemoved),
        case("rules of a weighted cluster")
            .action(weighted.clone())
            .get("/", "")
            .expect("x-rule: cluster")
            .tells(Variation::RuleRemoved),
        everywhere(case("rules of all levels append in order"), APPEND)
            .action(weighted)
            .expect("x-rule: route"),
        everywhere(case("rules of all levels overwrite each other"), OVERWRITE)
            .expect("x-rule: configuration"),
        everywhere(case("the most specific rules can be the last"), OVERWRITE)
            .configuration(json!({ "most_specific_header_mutations_wins": true }))
            .expect("x-rule: route"),
        case("rules of the route on a direct response")
            .routes(json!([{ "match": { "prefix": "/" }, "direct_response": { "status": 200 } }]))
            .route(json!({ "response_headers_to_add": [rule("direct", APPEND)] }))
            .get("/", "")
            .expect("x-rule: direct")
            .tells(Variation::RuleRemoved),
        case("rules of the route on a redirect")
            .routes(json!([{ "match": { "prefix": "/" }, "redirect": { "host_redirect": "o" } }]))
            .route(json!({ "response_headers_to_add": [rule("redirect", APPEND)] }))
            .get("/", "")
            .expect("x-rule: redirect")
            .tells(Variation::RuleRemoved),
        case("rules of the route on a reply of the proxy")
            .upstream(crate::harness::case::Upstream::refusing("a"))
            .route(json!({ "response_headers_to_add": [rule("local", APPEND)] }))
            .get("/", "")
            .expect("x-rule: local")
            .tells(Variation::RuleRemoved),
        case("rules of the configuration when no route is found")
            .routes(json!([]))
            .configuration(json!({ "response_headers_to_add": [rule("none", APPEND)] }))
            .get("/", "")
            .lack("x-rule: none"),
    ]
}

fn values() -> Vec<Case> {
    let rows = [
        (
            "a value with the protocol",
            "%PROTOCOL%",
            "x-rule: HTTP/1.1",
        ),
        (
            "a value with a header of the request",
            "<%REQ(x-asked)%>",
            "x-rule: <asked>",
        ),
        (
            "a value with a header that is not there",
            "<%REQ(x-missing)%>",
            "x-rule: <>",
        ),
        (
            "a value with a second choice",
            "%REQ(x-missing?x-asked)%",
            "x-rule: asked",
        ),
        ("a value that is cut", "%REQ(x-asked):3%", "x-rule: ask\\r"),
        (
            "a value with the address of the client",
            "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
            "x-rule: 127.0.0.1",
        ),
        ("a value with a percent sign", "100%%", "x-rule: 100%\\r"),
        (
            "a value with the name of the cluster",
            "%UPSTREAM_CLUSTER%",
            "x-rule: @a",
        ),
    ];
    let mut cases = Vec::new();
    for (name, value, seen) in rows {
        cases.push(
            case(name)
                .route(json!({ "request_headers_to_add": [rule(value, APPEND)] }))
                .get("/", "x-asked: asked\r\n")
                .expect(seen)
                .tells(Variation::RuleRemoved),
        );
    }
    cases.push(
        case("a value with the status of the response")
            .route(json!({ "response_headers_to_add": [rule("%RESPONSE_CODE%", APPEND)] }))
            .get("/", "")
            .expect("x-rule: 200")
            .tells(Variation::RuleRemoved),
    );
    let mut empty = rule("%REQ(x-missing)%", APPEND);
    cases.push(
        case("an empty value is not added")
            .route(json!({ "request_headers_to_add": [empty.clone()] }))
            .get("/", "")
            .lack("x-rule:"),
    );
    empty["keep_empty_value"] = true.into();
    cases.push(
        case("an empty value can be kept")
            .route(json!({ "request_headers_to_add": [empty] }))
            .get("/", "")
            .expect("x-rule: \\r")
            .tells(Variation::RuleRemoved),
    );
    cases
}

fn removals() -> Vec<Case> {
    vec![
        case("a header of the request is removed")
            .route(json!({ "request_headers_to_remove": ["x-gone", "x-never"] }))
            .get("/", "x-gone: 1\r\nx-stays: 1\r\nX-Gone: 2\r\n")
            .lack("x-gone"),
        case("a header of the response is removed")
            .route(json!({ "response_headers_to_remove": ["x-gone"] }))
            .replies([answer(200, "X-Gone: 1\r\nx-stays: 1\r\n", "ok")])
            .get("/", "")
            .lack("client: x-gone"),
        case("removal comes before or after addition")
            .route(json!({
                "request_headers_to_remove": ["x-rule"],
                "request_headers_to_add": [rule("new", APPEND)],
            }))
            .get("/", "x-rule: old\r\n")
            .expect("x-rule: new")
            .tells(Variation::RuleRemoved),
        case("removal at the virtual host, addition at the route")
            .host(json!({ "request_headers_to_remove": ["x-rule"] }))
            .route(json!({ "request_headers_to_add": [rule("new", APPEND)] }))
            .get("/", "x-rule: old\r\n")
            .expect("200 OK"),
        case("the server's name is removed from responses")
            .route(json!({ "response_headers_to_remove": ["server", "date"] }))
            .get("/", "")
            .expect("200 OK"),
    ]
}
