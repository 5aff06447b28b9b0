//! What the access log says of a request by every operator, however the request ends.

use serde_json::json;

use crate::harness::case::{Case, Upstream, case};
use crate::harness::config::http2_upstream;
use crate::harness::program::Variation;
use crate::harness::script::Step::{Close, Response, Wait};
use crate::harness::script::{Act, Trigger, acts, answer, give, late, nothing, ok, send};
use crate::harness::upstream_h2::ok_h2;

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

/// Every operator that says the same each time. Of times and ports only whether they are there is told.
const EVERYTHING: &str = "%BYTES_RECEIVED% %BYTES_SENT% [%CONNECTION_ID%] \
     %CONNECTION_TERMINATION_DETAILS% [%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%] \
     %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_ADDRESS% \
     %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT% %DOWNSTREAM_LOCAL_URI_SAN% \
     %DOWNSTREAM_PEER_SUBJECT% [%DOWNSTREAM_REMOTE_ADDRESS%] \
     %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% [%DOWNSTREAM_REMOTE_PORT%] %DOWNSTREAM_TLS_VERSION% \
     %DOWNSTREAM_TRANSPORT_FAILURE_REASON% [%DURATION%] %FILTER_CHAIN_NAME% %GRPC_STATUS% \
     %GRPC_STATUS_NUMBER% %HOSTNAME% %PROTOCOL% [%REQUEST_DURATION%] [%REQUEST_TX_DURATION%] \
     %REQUESTED_SERVER_NAME% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% [%RESPONSE_DURATION%] \
     [%RESPONSE_TX_DURATION%] %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %ROUTE_NAME% \
     %UPSTREAM_CLUSTER% %UPSTREAM_HOST% [%UPSTREAM_LOCAL_ADDRESS%] %UPSTREAM_PROTOCOL% %UPSTREAM_REMOTE_ADDRESS% \
     %UPSTREAM_REQUEST_ATTEMPT_COUNT% %UPSTREAM_TLS_VERSION% %UPSTREAM_TRANSPORT_FAILURE_REASON% \
     %REQ(:METHOD)% %REQ(:PATH)% %REQ(X-NOT?HOST):3% %RESP(:STATUS)% \
     %RESP(CONTENT-LENGTH)% %TRAILER(X)%";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = answered();
    cases.extend(failed());
    cases.extend(times());
    cases
}

fn logged(name: &'static str) -> Case {
    case(name)
        .route(json!({ "name": "the-route" }))
        .log(EVERYTHING)
}

fn answered() -> Vec<Case> {
    vec![
        logged("an answer").replies([ok("fine")]).send(GET),
        logged("an answer to a request with a body")
            .replies([ok("fine")])
            .send(POST),
        logged("an answer to a request whose body comes later")
            .replies([ok("fine")])
            .steps([
                send(&POST[..POST.len() - 3]),
                Wait(50),
                send("llo"),
                Response,
            ]),
        logged("an answer to HEAD")
            .replies([answer(200, "", "")])
            .steps([
                send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"),
                crate::harness::script::Step::HeadResponse,
            ]),
        logged("an answer by HTTP/2")
            .upstream(Upstream::h2("a", [ok_h2("fine")]))
            .cluster("a", http2_upstream())
            .send(GET),
        logged("another name of the cluster")
            .cluster("a", json!({ "alt_stat_name": "@other" }))
            .replies([ok("fine")])
            .send(GET),
        logged("a direct response")
            .routes(json!([{ "name": "direct", "match": { "prefix": "/" }, "direct_response": { "status": 418, "body": { "inline_string": "tea" } } }]))
            .send(GET),
        logged("no route")
            .routes(json!([{ "match": { "prefix": "/other" }, "route": { "cluster": "@a" } }]))
            .send(GET),
        logged("no cluster")
            .routes(json!([{ "name": "lost", "match": { "prefix": "/" }, "route": { "cluster_header": "x-cluster" } }]))
            .send(GET),
        logged("no host, and attempts are counted")
            .host(json!({ "include_request_attempt_count": true, "include_attempt_count_in_response": true }))
            .cluster("a", json!({ "load_assignment": { "cluster_name": "@a", "endpoints": [] } }))
            .send(GET),
        logged("no host").cluster("a", json!({ "load_assignment": { "cluster_name": "@a", "endpoints": [] } })).send(GET),
        logged("an answer before the request is whole")
            .replies([answer(200, "", "early").on(Trigger::Head)])
            .steps([send(&POST[..POST.len() - 3]), Response]),
    ]
}

fn failed() -> Vec<Case> {
    let retries = json!({ "retry_policy": { "retry_on": "5xx", "num_retries": 2, "retry_back_off": { "base_interval": "0.001s" } } });
    vec![
        logged("a connection that is refused")
            .upstream(Upstream::refusing("a"))
            .send(GET),
        logged("a connection that is refused, tried again")
            .upstream(Upstream::refusing("a"))
            .action(retries.clone())
            .send(GET)
            .tells(Variation::RetriesOff),
        logged("an attempt that fails before one that does not")
            .replies([answer(503, "", "first"), ok("second")])
            .action(retries)
            .send(POST)
            .tells(Variation::RetriesOff),
        logged("a reset before the answer")
            .replies([acts([Act::Reset])])
            .send(GET),
        logged("a reset in the middle of the answer")
            .replies([acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
                Act::Wait(50),
                Act::Reset,
            ])])
            .send(POST),
        logged("the timeout of the route")
            .replies([nothing()])
            .action(json!({ "timeout": "0.2s" }))
            .send(POST)
            .tells(Variation::AnotherTimeout),
        logged("the timeout of a connection")
            .upstream(Upstream::silent("a"))
            .cluster("a", json!({ "connect_timeout": "0.2s" }))
            .send(GET),
        logged("a client that goes away")
            .replies([nothing()])
            .steps([
                send(GET),
                crate::harness::script::Step::Arrived("a", 1),
                Close,
            ]),
        logged("a request that is none").steps([send("what\r\n\r\n"), Response]),
    ]
}

fn times() -> Vec<Case> {
    vec![
        case("the times of a slow answer")
            .log("<%DURATION%> <%REQUEST_DURATION%> <%REQUEST_TX_DURATION%> <%RESPONSE_DURATION%> <%RESPONSE_TX_DURATION%>")
            .replies([late(1100)])
            .send(GET)
            .expect("access log: <1 s> <0 s> <0 s> <1 s> <0 s>"),
        case("the times of a slow request and a slow body")
            .log("<%DURATION%> <%REQUEST_DURATION%> <%REQUEST_TX_DURATION%> <%RESPONSE_DURATION%> <%RESPONSE_TX_DURATION%>")
            .replies([acts([
                give("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na"),
                Act::Wait(1100),
                give("bcd"),
            ])])
            .steps([
                send(&POST[..POST.len() - 3]),
                Wait(1100),
                send("llo"),
                Response,
            ])
            .expect("access log: <2 s> <1 s> <1 s> <1 s> <1 s>"),
    ]
}
