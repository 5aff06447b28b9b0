//! CONNECT: tunnels that are passed on, and tunnels that end in the proxy.

use serde_json::{Value, json};

use super::on_connection;
use crate::harness::case::{Case, Upstream, case};
use crate::harness::client_h2::{exchange, post};
use crate::harness::config::http2_upstream;
use crate::harness::script::Act::{Finished, HalfClose as Shut, Held, Received};
use crate::harness::script::Step::{
    Close, End, Ended, HalfClose, Read, Release, Reset, Response, Seen, Wait,
};
use crate::harness::script::{Act, acts, answer, give, send};
use crate::harness::upstream_h2::{StreamAct, stream};

const ASK: &str = "CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\n\r\n";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = passed_on();
    cases.extend(ended_here());
    cases.extend(ends());
    cases
}

/// A case whose only route takes CONNECT.
fn connects(name: &'static str, connect: Option<Value>) -> Case {
    let mut upgrade = json!({ "upgrade_type": "CONNECT" });
    if let Some(connect) = connect {
        upgrade["connect_config"] = connect;
    }
    case(name)
        .details()
        .routes(json!([{
            "match": { "connect_matcher": {} },
            "route": { "cluster": "@a", "upgrade_configs": [upgrade] },
        }]))
        .manager(json!({ "http2_protocol_options": { "allow_connect": true } }))
}

fn here(name: &'static str) -> Case {
    connects(name, Some(json!({})))
}

fn on(name: &'static str) -> Case {
    connects(name, None)
}

fn agreed(more: Vec<StreamAct>) -> crate::harness::upstream_h2::StreamReply {
    let head = StreamAct::Headers(200, Vec::new(), false);
    stream(std::iter::once(head).chain(more)).early()
}

fn passed_on() -> Vec<Case> {
    vec![
        on("CONNECT of HTTP/1 goes to HTTP/1")
            .replies([acts([
                give("HTTP/1.1 200 OK\r\n\r\n"),
                give("hello"),
                Held,
                give("bye"),
                Act::Close,
            ])])
            .steps([
                send(ASK),
                Read("200 OK"),
                Read("hello"),
                send("ping"),
                Seen("a", "ping"),
                Release("a"),
                End,
            ])
            .expect("CONNECT host:443 HTTP/1.1"),
        on("CONNECT of HTTP/1 goes to HTTP/2")
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2(
                "a",
                [agreed(vec![
                    StreamAct::Data("hello".into(), false),
                    StreamAct::Held,
                    StreamAct::Data("bye".into(), true),
                ])],
            ))
            .steps([
                send(ASK),
                Read("200 OK"),
                Read("hello"),
                send("ping"),
                Release("a"),
                End,
            ])
            .expect("CONNECT host:443"),
        on("CONNECT of HTTP/2 goes to HTTP/1")
            .replies([acts([
                give("HTTP/1.1 200 OK\r\n\r\n"),
                give("hello"),
                Finished,
                give("bye"),
                Act::Close,
            ])])
            .h2([exchange("CONNECT", "host:443").answered().last("ping")])
            .expect("CONNECT host:443 HTTP/1.1"),
        on("CONNECT of HTTP/2 goes to HTTP/2")
            .log("%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_SENT%")
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2(
                "a",
                [agreed(vec![
                    StreamAct::Data("hello".into(), false),
                    StreamAct::Held,
                    StreamAct::Data("bye".into(), true),
                ])],
            ))
            .h2([exchange("CONNECT", "host:443")
                .answered()
                .last("ping")
                .ended("a")
                .release("a")])
            .expect("data hello"),
        on("CONNECT that the upstream refuses")
            .replies([answer(403, "", "no")])
            .steps([send(ASK), Response, End])
            .expect("403 Forbidden"),
        on("bytes behind a CONNECT that the upstream refuses")
            .replies([answer(403, "", "no")])
            .steps([send(format!("{ASK}early")), Response, End])
            .expect("403 Forbidden"),
        on("bytes behind a CONNECT wait for the answer")
            .replies([acts([
                Act::Wait(50),
                give("HTTP/1.1 200 OK\r\n\r\n"),
                give("hello"),
                Held,
                Act::Close,
            ])])
            .steps([
                send(format!("{ASK}early")),
                Read("hello"),
                Seen("a", "early"),
                Release("a"),
                End,
            ])
            .expect("early"),
        on("CONNECT to a host that refuses")
            .upstream(Upstream::refusing("a"))
            .steps([send(ASK), Response, End])
            .expect("503 Service Unavailable"),
    ]
}

fn ended_here() -> Vec<Case> {
    let allow = || connects("x", Some(json!({ "allow_post": true }))).route_config;
    let posts = |name: &'static str| {
        let mut case = case(name).details();
        case.route_config = allow();
        case.route_config["virtual_hosts"][0]["routes"][0]["match"] = json!({ "prefix": "/" });
        case.manager(json!({ "http2_protocol_options": { "allow_connect": true } }))
    };
    vec![
        here("CONNECT of HTTP/1 ends here")
            .replies([on_connection([Received(4), give("pong"), Act::Close])])
            .steps([send(ASK), Read("200 OK"), send("ping"), End])
            .expect("pong"),
        here("CONNECT of HTTP/2 ends here")
            .replies([on_connection([
                Received(4),
                give("pong"),
                Finished,
                Act::Close,
            ])])
            .h2([exchange("CONNECT", "host:443").answered().last("ping")])
            .expect("data pong"),
        here("the server behind a CONNECT speaks first")
            .replies([on_connection([
                give("220 hello"),
                Received(4),
                give("221 bye"),
                Act::Close,
            ])])
            .steps([send(ASK), Read("220 hello"), send("QUIT"), End])
            .expect("221 bye"),
        here("CONNECT that ends here, to a host that refuses")
            .upstream(Upstream::refusing("a"))
            .steps([send(ASK), Response, End])
            .expect("503 Service Unavailable"),
        here("CONNECT of HTTP/2 that ends here, to a host that refuses")
            .upstream(Upstream::refusing("a"))
            .h2([exchange("CONNECT", "host:443").answered()])
            .expect("status 503"),
        here("CONNECT that ends here, without hosts")
            .cluster(
                "a",
                json!({ "load_assignment": { "cluster_name": "@a", "endpoints": [] } }),
            )
            .steps([send(ASK), Response, End])
            .expect("503 Service Unavailable"),
        here("bytes behind a CONNECT that ends here")
            .replies([on_connection([Received(5), give("late"), Act::Close])])
            .steps([send(format!("{ASK}early")), Read("late"), End])
            .expect("early"),
        here("two tunnels of one connection")
            .replies([
                on_connection([Received(1), give("one"), Finished, Act::Close]),
                on_connection([Received(1), give("two"), Finished, Act::Close]),
            ])
            .h2([
                exchange("CONNECT", "host:443").answered().last("1"),
                exchange("CONNECT", "host:443").answered().last("2"),
            ])
            .expect("data two"),
        posts("POST of HTTP/2 ends here")
            .replies([on_connection([
                Received(4),
                give("pong"),
                Finished,
                Act::Close,
            ])])
            .h2([post("/", "ping")])
            .expect("data pong"),
        posts("POST of HTTP/1 ends here")
            .replies([on_connection([Received(4), give("pong"), Act::Close])])
            .steps([
                send(
                    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n",
                ),
                Response,
                End,
            ])
            .expect("pong"),
        posts("GET where POST ends here")
            .replies([answer(200, "", "plain")])
            .get("/", "")
            .expect("plain"),
    ]
}

fn ends() -> Vec<Case> {
    let many = "m".repeat(1_000_000);
    vec![
        here("the client closes a tunnel")
            .replies([on_connection([give("hello"), Finished])])
            .steps([send(ASK), Read("hello"), Close, Ended("a", 1)])
            .expect("hello"),
        here("the client half closes a tunnel")
            .replies([on_connection([
                give("hello"),
                Finished,
                give("bye"),
                Act::Close,
            ])])
            .steps([send(ASK), Read("hello"), HalfClose, End])
            .expect("hello"),
        here("the upstream half closes a tunnel")
            .replies([on_connection([give("hello"), Shut, Finished])])
            .steps([send(ASK), Read("hello"), End])
            .expect("hello"),
        here("the client resets a tunnel")
            .replies([on_connection([give("hello"), Finished])])
            .steps([
                send(ASK),
                Read("hello"),
                send("x"),
                Seen("a", "x"),
                Reset,
                Ended("a", 1),
            ])
            .expect("hello"),
        here("the upstream resets a tunnel")
            .replies([on_connection([give("hello"), Held, Act::Reset])])
            .steps([send(ASK), Read("hello"), Release("a"), End])
            .expect("hello"),
        here("silence in a tunnel")
            .manager(json!({ "stream_idle_timeout": "0.2s" }))
            .replies([on_connection([give("hello"), Finished])])
            .steps([send(ASK), Read("hello"), End, Ended("a", 1)])
            .expect("http.@.downstream_rq_idle_timeout: 1"),
        here("a tunnel outlives the timeout of its route")
            .action(json!({ "timeout": "0.1s" }))
            .replies([on_connection([Act::Wait(300), give("late"), Act::Close])])
            .steps([send(ASK), Read("late"), End])
            .expect("late"),
        here("many bytes down a tunnel")
            .replies([on_connection([give(&many), Act::Close])])
            .steps([send(ASK), Wait(50), End])
            .expect("1000"),
        here("many bytes up a tunnel")
            .replies([on_connection([Received(1_000_000), give("ok"), Act::Close])])
            .steps([send(ASK), Read("200 OK"), send(&many), Read("ok"), End])
            .expect("1000000 bytes"),
    ]
}
