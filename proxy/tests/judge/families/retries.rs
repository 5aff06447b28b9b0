//! What is tried again, how often, and with which body.

mod conditions;
mod endings;
mod limits;

use serde_json::{Value, json};

use crate::harness::case::{Case, merge};
use crate::harness::program::Variation;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = conditions::cases();
    cases.extend(limits::cases());
    cases.extend(endings::cases());
    cases
}

/// A case whose first route has this policy.
fn with_policy(case: Case, retry_on: &str, more: Value) -> Case {
    let mut policy = json!({
        "retry_on": retry_on,
        "retry_back_off": { "base_interval": "0.001s", "max_interval": "0.002s" },
    });
    merge(&mut policy, more);
    case.action(json!({ "retry_policy": policy }))
}

/// A case in which something is tried again, so that it fails where nothing is.
fn retried(case: Case) -> Case {
    case.tells(Variation::RetriesOff)
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
