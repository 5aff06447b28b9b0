//! Requests for another protocol, such as WebSocket, in both versions of HTTP.

use serde_json::{Value, json};

use crate::harness::case::{Case, Upstream, case};
use crate::harness::client_h2::{Exchange, fetch};
use crate::harness::config::http2_upstream;
use crate::harness::program::Variation;
use crate::harness::script::Act::{Finished, Held};
use crate::harness::script::Step::{
    Close, End, Ended, HalfClose, Read, Release, Reset, Response, Seen,
};
use crate::harness::script::{Act, acts, answer, give, send};
use crate::harness::upstream_h2::{StreamAct, stream};

const ASK: &str =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const AGREE: &str =
    "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = configured();
    cases.extend(ends());
    cases.extend(versions());
    cases
}

fn upgrades(list: Value) -> Value {
    json!({ "upgrade_configs": list })
}

fn websocket() -> Value {
    upgrades(json!([{ "upgrade_type": "websocket" }]))
}

fn configured() -> Vec<Case> {
    let talks = || [acts([give(AGREE), Held, give("pong"), Act::Close])];
    let talk = |case: Case| {
        case.steps([
            send(ASK),
            Response,
            send("ping"),
            Seen("a", "ping"),
            Release("a"),
            Read("pong"),
            End,
        ])
    };
    vec![
        talk(case("an upgrade that a route takes"))
            .action(websocket())
            .replies(talks())
            .expect("http.@.downstream_cx_upgrades_total: 1"),
        case("an upgrade that a route refuses")
            .details()
            .manager(websocket())
            .action(upgrades(
                json!([{ "upgrade_type": "websocket", "enabled": false }]),
            ))
            .send(ASK)
            .expect("403 Forbidden"),
        case("an upgrade that the manager refuses")
            .details()
            .manager(upgrades(
                json!([{ "upgrade_type": "websocket", "enabled": false }]),
            ))
            .send(ASK)
            .expect("403 Forbidden"),
        talk(case("an upgrade in other letters"))
            .manager(upgrades(json!([{ "upgrade_type": "WebSocket" }])))
            .replies(talks())
            .expect("pong"),
        case("a request that is no upgrade where upgrades are taken")
            .manager(websocket())
            .get("/", "")
            .expect("200 OK"),
        case("an upgrade that the upstream answers otherwise")
            .manager(websocket())
            .replies([answer(200, "", "plain")])
            .steps([send(ASK), Response, End])
            .expect("200 OK"),
        case("an upgrade that the upstream answers with another place")
            .details()
            .manager(websocket())
            .replies([answer(302, "location: /there\r\nx-a: b\r\n", "moved")])
            .steps([send(ASK), Response, End])
            .expect("302 Found"),
        case("an upgrade that the upstream fails at")
            .details()
            .manager(websocket())
            .replies([answer(503, "x-a: b\r\n", "fails")])
            .steps([send(ASK), Response, End])
            .expect("503 Service Unavailable"),
        case("an upgrade that is answered with nothing")
            .details()
            .manager(websocket())
            .replies([answer(204, "x-a: b\r\n", "")])
            .steps([send(ASK), Response, End])
            .expect("204 No Content"),
        case("bytes behind an upgrade that the upstream refuses")
            .manager(websocket())
            .replies([answer(403, "", "no")])
            .steps([send(format!("{ASK}early")), Response, End])
            .expect("403 Forbidden"),
        case("an upgrade that no host can be asked for")
            .details()
            .manager(websocket())
            .upstream(Upstream::refusing("a"))
            .steps([send(ASK), Response, End])
            .expect("503 Service Unavailable"),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        case("the client closes an upgraded connection")
            .manager(websocket())
            .replies([acts([give(AGREE), give("hello"), Finished])])
            .steps([send(ASK), Response, Read("hello"), Close, Ended("a", 1)])
            .expect("hello"),
        case("the upstream closes an upgraded connection")
            .manager(websocket())
            .replies([acts([give(AGREE), give("hello"), Held, Act::Close])])
            .steps([send(ASK), Response, Read("hello"), Release("a"), End])
            .expect("hello"),
        case("the upstream resets an upgraded connection")
            .details()
            .manager(websocket())
            .replies([acts([give(AGREE), give("hello"), Held, Act::Reset])])
            .steps([send(ASK), Response, Read("hello"), Release("a"), End])
            .expect("hello"),
        case("the client resets an upgraded connection")
            .details()
            .manager(websocket())
            .replies([acts([give(AGREE), give("hello"), Finished])])
            .steps([
                send(ASK),
                Response,
                Read("hello"),
                send("x"),
                Seen("a", "\r\n\r\nx"),
                Reset,
                Ended("a", 1),
            ])
            .expect("hello"),
        case("silence on an upgraded connection")
            .details()
            .manager(websocket())
            .manager(json!({ "stream_idle_timeout": "0.2s" }))
            .replies([acts([give(AGREE), give("hello"), Finished])])
            .steps([send(ASK), Response, Read("hello"), End, Ended("a", 1)])
            .expect("http.@.downstream_rq_idle_timeout: 1"),
        case("an upgraded connection outlives the timeout of its route")
            .tells(Variation::AnotherTimeout)
            .manager(websocket())
            .action(json!({ "timeout": "0.1s" }))
            .replies([acts([
                give(AGREE),
                Act::Wait(300),
                give("late"),
                Act::Close,
            ])])
            .steps([send(ASK), Response, Read("late"), End])
            .expect("late"),
    ]
}

fn versions() -> Vec<Case> {
    let allow = || json!({ "http2_protocol_options": { "allow_connect": true } });
    let agreed = |more: Vec<StreamAct>| {
        let head = StreamAct::Headers(200, Vec::new(), false);
        let acts = std::iter::once(head).chain(more);
        stream(acts).early()
    };
    let chat = || -> Exchange { fetch("/chat").protocol("websocket") };
    vec![
        case("an upgrade of HTTP/1 goes to HTTP/2")
            .manager(websocket())
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
                Response,
                Read("hello"),
                send("ping"),
                Release("a"),
                Read("bye"),
                End,
            ])
            .expect("101 Switching Protocols"),
        case("an upgrade of HTTP/1 that HTTP/2 refuses")
            .manager(websocket())
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2(
                "a",
                [stream([StreamAct::Headers(403, Vec::new(), true)]).early()],
            ))
            .steps([send(ASK), Response, End])
            .expect("403 Forbidden"),
        case("an upgrade of HTTP/2 goes to HTTP/1")
            .manager(websocket())
            .manager(allow())
            .replies([acts([
                give(AGREE),
                give("hello"),
                Held,
                give("bye"),
                Act::Close,
            ])])
            .h2([chat().answered().last("ping").release("a")])
            .expect("data hello"),
        case("an upgrade of HTTP/2 goes to HTTP/2")
            .log("%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_SENT%")
            .manager(websocket())
            .manager(allow())
            .cluster("a", http2_upstream())
            .upstream(Upstream::h2(
                "a",
                [agreed(vec![
                    StreamAct::Data("hello".into(), false),
                    StreamAct::Held,
                    StreamAct::Data("bye".into(), true),
                ])],
            ))
            .h2([chat().answered().last("ping").ended("a").release("a")])
            .expect("protocol websocket"),
        case("an upgrade of HTTP/2 that is not configured")
            .details()
            .manager(allow())
            .h2([chat().answered()])
            .expect("status 403"),
        case("an upgrade of HTTP/2 that HTTP/1 refuses")
            .manager(websocket())
            .manager(allow())
            .replies([answer(403, "", "no")])
            .h2([chat().answered()])
            .expect("status 403"),
        case("an upgraded stream ends and its connection goes on")
            .manager(websocket())
            .manager(allow())
            .replies([
                acts([give(AGREE), give("bye"), Act::Close]),
                answer(200, "", "next"),
            ])
            .h2([chat().answered().last("ping"), fetch("/next")])
            .expect("data next"),
        case("a stream of HTTP/2 is upgraded and half closed")
            .manager(websocket())
            .manager(allow())
            .replies([acts([give(AGREE), Held, give("bye"), Act::Close])])
            .h2([chat().answered().last("ping").release("a")])
            .expect("data bye"),
        case("an upgrade of HTTP/1 whose client half closes")
            .manager(websocket())
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
                Response,
                Read("hello"),
                send("ping"),
                HalfClose,
                Release("a"),
                End,
            ])
            .expect("hello"),
    ]
}
