//! Which route a request takes, and what the route does to it.

mod actions;
mod matching;

use serde_json::{Value, json};

use crate::harness::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = matching::cases();
    cases.extend(actions::cases());
    cases
}

/// A route that answers with a name, by which it is known.
fn named(matcher: Value, name: &str) -> Value {
    json!({
        "match": matcher,
        "direct_response": { "status": 200, "body": { "inline_string": name } },
    })
}

/// A virtual host that answers with a name.
fn host(name: &str, domains: &[&str]) -> Value {
    json!({
        "name": name,
        "domains": domains,
        "routes": [named(json!({ "prefix": "/" }), name)],
    })
}
