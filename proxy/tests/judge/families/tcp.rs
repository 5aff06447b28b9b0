//! Connections whose bytes are passed on: the TCP proxy.

mod connect;
mod ends;
mod permission;
mod routes;
mod tunneling;
mod upgrades;

use serde_json::json;

use crate::harness::case::{Case, case};
use crate::harness::script::{Act, Reply, Trigger, acts};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = ends::cases();
    cases.extend(routes::cases());
    cases.extend(upgrades::cases());
    cases.extend(connect::cases());
    cases.extend(tunneling::cases());
    cases.extend(permission::cases());
    cases
}

/// What is told of a connection.
const LOG: &str = "%UPSTREAM_CLUSTER% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %RESPONSE_CODE% \
     %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% %UPSTREAM_TRANSPORT_FAILURE_REASON% \
     %UPSTREAM_REQUEST_ATTEMPT_COUNT% %PROTOCOL% %ROUTE_NAME%";

/// A case whose listener passes bytes on.
fn tcp(name: &'static str) -> Case {
    case(name).chains(json!([{ "filters": ["@tcp"] }])).log(LOG)
}

/// What an upstream does on each connection.
fn on_connection(what: impl IntoIterator<Item = Act>) -> Reply {
    acts(what).on(Trigger::Connection)
}
