//! Connections whose bytes go on as a stream of HTTP: `tunneling_config`.

use serde_json::{Value, json};

use super::tcp;
use crate::harness::case::{Case, Upstream};
use crate::harness::config::http2_upstream;
use crate::harness::script::Act::{Finished, Held};
use crate::harness::script::Step::{Close, End, Ended, HalfClose, Read, Release, Reset, Wait};
use crate::harness::script::{Act, acts, answer, give, send};
use crate::harness::upstream_h2::{StreamAct, StreamReply, stream};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = over_http2();
    cases.extend(over_http1());
    cases
}

fn tunnel(name: &'static str, fields: Value) -> Case {
    let mut tunneling = json!({ "hostname": "host.test:443" });
    crate::harness::case::merge(&mut tunneling, fields);
    tcp(name).proxy(json!({ "tunneling_config": tunneling }))
}

fn h2(name: &'static str, fields: Value, reply: StreamReply) -> Case {
    tunnel(name, fields)
        .cluster("a", http2_upstream())
        .upstream(Upstream::h2("a", [reply]))
}

fn agreed(more: Vec<StreamAct>) -> StreamReply {
    let head = StreamAct::Headers(200, Vec::new(), false);
    stream(std::iter::once(head).chain(more)).early()
}

fn says(text: &str) -> StreamAct {
    StreamAct::Data(text.into(), false)
}

fn ends(text: &str) -> StreamAct {
    StreamAct::Data(text.into(), true)
}

fn over_http2() -> Vec<Case> {
    let none = || json!({});
    let header = json!({ "headers_to_add": [{ "header": { "key": "x-from", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" } }] });
    vec![
        h2(
            "a tunnel by CONNECT",
            none(),
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([
            Read("hello"),
            send("ping"),
            HalfClose,
            Release("a"),
            Read("bye"),
            End,
        ])
        .expect("CONNECT host.test:443"),
        h2(
            "a tunnel by POST",
            json!({ "use_post": true }),
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([
            Read("hello"),
            send("ping"),
            HalfClose,
            Release("a"),
            Read("bye"),
            End,
        ])
        .expect("POST"),
        h2(
            "a tunnel by POST to a path",
            json!({ "use_post": true, "post_path": "/tunnel" }),
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([Read("hello"), HalfClose, Release("a"), End])
        .expect("/tunnel"),
        h2(
            "a tunnel with headers",
            header,
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([Read("hello"), HalfClose, Release("a"), End])
        .expect("x-from: 127.0.0.1"),
        h2(
            "a tunnel to the host of a format",
            json!({ "hostname": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%:80" }),
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([Read("hello"), HalfClose, Release("a"), End])
        .expect("CONNECT 127.0.0.1:80"),
        h2(
            "the upstream ends a tunnel first",
            none(),
            agreed(vec![ends("bye")]),
        )
        .steps([Read("bye"), End, HalfClose, Wait(50)])
        .expect("bye"),
        h2(
            "a tunnel that is refused",
            none(),
            stream([StreamAct::Headers(403, Vec::new(), true)]).early(),
        )
        .steps([End])
        .expect("client: "),
        h2(
            "a tunnel that is refused twice",
            none(),
            stream([StreamAct::Headers(403, Vec::new(), true)]).early(),
        )
        .proxy(json!({ "max_connect_attempts": 2 }))
        .steps([End])
        .expect("client: "),
        h2(
            "a tunnel that is reset before an answer",
            none(),
            stream([StreamAct::Reset(h2::Reason::REFUSED_STREAM)]).early(),
        )
        .steps([End])
        .expect("client: "),
        h2(
            "a tunnel that the upstream resets",
            none(),
            agreed(vec![
                says("hello"),
                StreamAct::Held,
                StreamAct::Reset(h2::Reason::CANCEL),
            ]),
        )
        .steps([Read("hello"), Release("a"), End])
        .expect("hello"),
        h2(
            "a tunnel that the client closes",
            none(),
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([Read("hello"), Close, Wait(50), Release("a")])
        .expect("hello"),
        h2(
            "a tunnel that the client resets",
            none(),
            agreed(vec![
                says("hello"),
                StreamAct::Held,
                StreamAct::Wait(10_000),
            ]),
        )
        .steps([Read("hello"), Reset, Wait(100)])
        .expect("ended by"),
        h2(
            "silence in a tunnel of TCP",
            none(),
            agreed(vec![
                says("hello"),
                StreamAct::Held,
                StreamAct::Wait(10_000),
            ]),
        )
        .proxy(json!({ "idle_timeout": "0.2s" }))
        .steps([Read("hello"), End])
        .expect("tcp.@.idle_timeout: 1"),
        h2(
            "an upstream that does not answer a tunnel",
            none(),
            stream([StreamAct::Held]).early(),
        )
        .proxy(json!({ "idle_timeout": "0.3s" }))
        .steps([End])
        .expect("tcp.@.idle_timeout: 1"),
        tunnel("a tunnel by an upstream that refuses", none())
            .cluster("a", http2_upstream())
            .upstream(Upstream::refusing("a"))
            .steps([End])
            .expect("cluster.@a.upstream_cx_connect_fail: 1"),
        h2(
            "two tunnels by one connection",
            none(),
            agreed(vec![says("hello"), StreamAct::Held, ends("bye")]),
        )
        .steps([
            Read("hello"),
            crate::harness::script::Step::On(1),
            Read("hello"),
            HalfClose,
            Release("a"),
            Release("a"),
            End,
            crate::harness::script::Step::On(0),
            HalfClose,
            End,
        ])
        .expect("cluster.@a.upstream_cx_total: 1"),
    ]
}

fn over_http1() -> Vec<Case> {
    let agree = || give("HTTP/1.1 200 OK\r\n\r\n");
    vec![
        tunnel("a tunnel of HTTP/1", json!({}))
            .replies([acts([
                agree(),
                give("hello"),
                Held,
                give("bye"),
                Act::Close,
            ])])
            .steps([Read("hello"), send("ping"), Release("a"), Read("bye"), End])
            .expect("CONNECT host.test:443 HTTP/1.1"),
        tunnel("a tunnel of HTTP/1 that is refused", json!({}))
            .replies([answer(403, "", "no")])
            .steps([End])
            .expect("client: "),
        tunnel("a tunnel of HTTP/1 that the client ends", json!({}))
            .replies([acts([agree(), give("hello"), Finished])])
            .steps([Read("hello"), send("x"), Close, Ended("a", 1)])
            .expect("hello"),
    ]
}
