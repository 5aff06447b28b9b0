//! Headers that tell of the client, the proxy and the way between them.

use serde_json::{Value, json};

use crate::harness::case::{Case, case};
use crate::harness::config::{inside, protocol_options, typed};
use crate::harness::script::{answer, raw};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = addresses();
    cases.extend(request_ids());
    cases.extend(names());
    cases.extend(capitals());
    cases.extend(hop_by_hop());
    cases.extend(internal());
    cases
}

/// Name, fields of the manager, lines of headers, and what must be seen.
type Row = (&'static str, Value, &'static str, &'static str);

fn of_row((name, manager, lines, seen): Row) -> Case {
    case(name)
        .manager(manager)
        .log("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%")
        .get("/", lines)
        .expect(seen)
}

fn addresses() -> Vec<Case> {
    let edge = || json!({ "use_remote_address": true });
    let hops = |edge: bool, count: u32| json!({ "use_remote_address": edge, "xff_num_trusted_hops": count });
    let rows: Vec<Row> = vec![
        (
            "x-forwarded-for is passed on",
            json!({}),
            "x-forwarded-for: 1.2.3.4\r\n",
            "x-forwarded-for: 1.2.3.4\\r",
        ),
        (
            "x-forwarded-for of an edge",
            edge(),
            "",
            "upstream a: x-forwarded-for: ",
        ),
        (
            "x-forwarded-for of an edge is appended",
            edge(),
            "x-forwarded-for: 1.2.3.4\r\n",
            "upstream a: x-forwarded-for: 1.2.3.4,",
        ),
        (
            "x-forwarded-for of two fields",
            edge(),
            "x-forwarded-for: 1.2.3.4\r\nx-forwarded-for: 5.6.7.8\r\n",
            "upstream a: x-forwarded-for: 1.2.3.4,5.6.7.8,",
        ),
        (
            "x-forwarded-for of an edge that does not append",
            json!({ "use_remote_address": true, "skip_xff_append": true }),
            "x-forwarded-for: 1.2.3.4\r\n",
            "x-forwarded-for: 1.2.3.4\\r",
        ),
        (
            "the last address is the client's",
            json!({}),
            "x-forwarded-for: 1.2.3.4, 5.6.7.8\r\n",
            "access log: 5.6.7.8",
        ),
        (
            "a trusted hop behind an edge",
            hops(true, 1),
            "x-forwarded-for: 1.2.3.4, 5.6.7.8\r\n",
            "access log: 5.6.7.8",
        ),
        (
            "a trusted hop",
            hops(false, 1),
            "x-forwarded-for: 1.2.3.4, 5.6.7.8\r\n",
            "access log: 1.2.3.4",
        ),
        (
            "more trusted hops than addresses",
            hops(true, 3),
            "x-forwarded-for: 1.2.3.4\r\n",
            "access log: 127.0.0.1",
        ),
        (
            "x-forwarded-for that holds no address",
            json!({}),
            "x-forwarded-for: nobody\r\n",
            "access log: 127.0.0.1",
        ),
        (
            "x-forwarded-for with an address of version 6",
            json!({}),
            "x-forwarded-for: 2001:db8::1\r\n",
            "access log: 2001:db8::1",
        ),
        (
            "x-forwarded-proto is passed on",
            json!({}),
            "x-forwarded-proto: https\r\n",
            "x-forwarded-proto: https",
        ),
        (
            "x-forwarded-proto of an edge",
            edge(),
            "x-forwarded-proto: https\r\n",
            "x-forwarded-proto: http\\r",
        ),
        (
            "x-forwarded-proto that is no scheme",
            json!({}),
            "x-forwarded-proto: gopher\r\n",
            "x-forwarded-proto",
        ),
        (
            "the scheme can be set",
            json!({ "scheme_header_transformation": { "scheme_to_overwrite": "https" } }),
            "",
            "x-forwarded-proto: http",
        ),
    ];
    rows.into_iter().map(of_row).collect()
}

fn request_ids() -> Vec<Case> {
    let id = "x-request-id: my-own\r\n";
    let edge =
        |keep: bool| json!({ "use_remote_address": true, "preserve_external_request_id": keep });
    let rows: Vec<Row> = vec![
        (
            "x-request-id is made",
            json!({}),
            "",
            "x-request-id: <uuid>",
        ),
        (
            "x-request-id is passed on",
            json!({}),
            id,
            "x-request-id: my-own",
        ),
        (
            "x-request-id is made anew by an edge",
            edge(false),
            id,
            "x-request-id: ",
        ),
        (
            "x-request-id is kept by an edge that is told so",
            edge(true),
            id,
            "x-request-id: my-own",
        ),
        (
            "x-request-id of a client from outside",
            json!({ "use_remote_address": true, "xff_num_trusted_hops": 1 }),
            "x-request-id: my-own\r\nx-forwarded-for: 1.2.3.4\r\n",
            "x-request-id: <uuid>",
        ),
        (
            "x-request-id is returned",
            json!({ "always_set_request_id_in_response": true }),
            id,
            "client: x-request-id: my-own",
        ),
    ];
    let mut cases: Vec<_> = rows.into_iter().map(of_row).collect();
    cases.push(
        case("x-request-id is not made")
            .manager(json!({ "generate_request_id": false }))
            .get("/", "")
            .lack("x-request-id"),
    );
    cases
}

fn names() -> Vec<Case> {
    let served = |name: &'static str, manager: Value, line: &str| {
        case(name)
            .manager(manager)
            .replies([answer(200, line, "ok")])
            .get("/", "")
    };
    let mode = |mode: &str| json!({ "server_header_transformation": mode });
    let proper =
        json!({ "http_protocol_options": { "header_key_format": { "proper_case_words": {} } } });
    vec![
        served(
            "the server's name is the proxy's",
            json!({}),
            "server: mine\r\n",
        )
        .expect("server: envoy"),
        served(
            "the server's name can be chosen",
            json!({ "server_name": "mesh" }),
            "server: mine\r\n",
        )
        .expect("server: mesh"),
        served(
            "the server's own name if it has one",
            mode("APPEND_IF_ABSENT"),
            "server: mine\r\n",
        )
        .expect("server: mine"),
        served(
            "the server's own name, but it has none",
            mode("APPEND_IF_ABSENT"),
            "",
        )
        .expect("server: envoy"),
        served(
            "the server's name passes through",
            mode("PASS_THROUGH"),
            "server: mine\r\n",
        )
        .expect("server: mine"),
        served("no server's name passes through", mode("PASS_THROUGH"), "").lack("server:"),
        served("via is added both ways", json!({ "via": "mesh" }), "").expect("via: mesh"),
        served(
            "via is appended",
            json!({ "via": "mesh" }),
            "via: 1.0 old\r\n",
        )
        .expect("via: 1.0 old"),
        served(
            "words of names begin with capitals",
            proper,
            "x-some-name: 1\r\n",
        )
        .expect("X-Some-Name: 1"),
    ]
}

fn capitals() -> Vec<Case> {
    let options =
        || json!({ "header_key_format": { "proper_case_words": {} }, "enable_trailers": true });
    let upstream = || {
        protocol_options(json!({ "explicit_http_config": { "http_protocol_options": options() } }))
    };
    let chunked = "Transfer-Encoding: chunked\r\nX-1a-b_c: D-e\r\n\r\n2\r\nhi\r\n0\r\nx-some-trailer: 1\r\n\r\n";
    vec![
        case("words of names begin with capitals upstream")
            .cluster("a", upstream())
            .get("/", "x-some--name: a-b\r\n-x-1a_b: 1\r\n")
            .expect("X-Some--Name: a-b"),
        case("capitals upstream with a chunked body and trailers")
            .cluster("a", upstream())
            .manager(json!({ "http_protocol_options": { "enable_trailers": true } }))
            .send(format!("POST / HTTP/1.1\r\nHost: host\r\n{chunked}"))
            .expect("Transfer-Encoding: chunked"),
        case("capitals downstream with a chunked body and trailers")
            .cluster("a", upstream())
            .manager(json!({ "http_protocol_options": options() }))
            .replies([raw(format!("HTTP/1.1 200 OK\r\n{chunked}"))])
            .get("/", "")
            .expect("X-1a-B_C: D-e"),
        case("capitals of a local reply that closes")
            .manager(json!({ "http_protocol_options": options() }))
            .send("GET / HTTP/1.1\r\n\r\n")
            .expect("Connection: close"),
        case("capitals of an informational response")
            .manager(json!({
                "proxy_100_continue": true, "http_protocol_options": options(),
            }))
            .replies([raw("HTTP/1.1 100 Continue\r\nx-early-name: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")])
            .send("POST / HTTP/1.1\r\nHost: host\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
            .expect("Content-Length: 0"),
    ]
}

fn hop_by_hop() -> Vec<Case> {
    let rows: Vec<Row> = vec![
        (
            "Connection and Keep-Alive are for the proxy",
            json!({}),
            "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n",
            "200 OK",
        ),
        (
            "fields that Connection names",
            json!({}),
            "Connection: x-hop, keep-alive\r\nx-hop: 1\r\n",
            "200 OK",
        ),
        (
            "Connection: close of the client",
            json!({}),
            "Connection: close\r\n",
            "connection: close",
        ),
        (
            "TE that asks for trailers",
            json!({}),
            "TE: trailers\r\n",
            "te: trailers",
        ),
        (
            "TE that asks for more",
            json!({}),
            "TE: gzip, trailers;q=0.5\r\n",
            "200 OK",
        ),
        (
            "TE that asks for something else",
            json!({}),
            "TE: deflate\r\n",
            "200 OK",
        ),
        (
            "Trailer is passed on",
            json!({}),
            "Trailer: x\r\n",
            "trailer: x",
        ),
        (
            "Proxy-Authorization is passed on",
            json!({}),
            "Proxy-Authorization: Basic abc\r\n",
            "proxy-authorization: Basic abc",
        ),
        (
            "Upgrade without Connection",
            json!({}),
            "Upgrade: websocket\r\n",
            "200 OK",
        ),
    ];
    rows.into_iter().map(of_row).collect()
}

fn internal() -> Vec<Case> {
    let edge = || json!({ "use_remote_address": true });
    let outside = "x-forwarded-for: 1.2.3.4\r\n";
    let mut cases: Vec<_> = [
        ("a client of an edge is outside unless it is said to be inside", edge(), "", "x-envoy-external-address: 127.0.0.1"),
        ("a client that says it is inside", json!({}), "x-envoy-internal: true\r\n", "200 OK"),
        ("x-envoy-internal of a client inside", inside(), "x-forwarded-for: 10.0.0.1\r\nx-envoy-internal: true\r\n", "x-envoy-internal: true"),
        ("x-envoy-external-address of a client outside", json!({ "use_remote_address": true, "xff_num_trusted_hops": 1 }), outside, "x-envoy-external-address: 1.2.3.4"),
        ("headers for the proxy of a client outside", json!({ "use_remote_address": true, "xff_num_trusted_hops": 1 }), "x-forwarded-for: 1.2.3.4\r\nx-envoy-max-retries: 3\r\nx-envoy-upstream-rq-timeout-ms: 5000\r\nx-envoy-decorator-operation: x\r\n", "200 OK"),
        ("x-envoy-expected-rq-timeout-ms of a client", json!({}), "x-envoy-expected-rq-timeout-ms: 77\r\n", "x-envoy-expected-rq-timeout-ms: 15000"),
    ]
    .into_iter()
    .map(of_row)
    .collect();
    let router = json!([{
        "name": "envoy.filters.http.router",
        "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", json!({ "suppress_envoy_headers": true })),
    }]);
    cases.push(
        case("headers of the proxy can be left out")
            .manager(json!({ "http_filters": router }))
            .get("/", "")
            .lack("x-envoy"),
    );
    cases.push(
        case("the time of the upstream is told")
            .get("/", "")
            .expect("x-envoy-upstream-service-time"),
    );
    cases
}
