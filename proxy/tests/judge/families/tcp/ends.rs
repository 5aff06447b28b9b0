//! How connections end: by either side, by both, in time and too early.

use serde_json::{Value, json};

use super::{on_connection, tcp};
use crate::harness::case::{Case, Upstream};
use crate::harness::script::Act::{Finished, HalfClose as Shut, Received, Reset as Cut};
use crate::harness::script::Step::{
    Close, End, Ended, HalfClose, Read, Release, Reset, Seen, Wait,
};
use crate::harness::script::{Act, give, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = orderly();
    cases.extend(resets());
    cases.extend(limits());
    cases.extend(amounts());
    cases.extend(logs());
    cases
}

fn orderly() -> Vec<Case> {
    vec![
        tcp("a question and an answer, and the client ends first")
            .replies([on_connection([Received(8), give("answer"), Finished, Shut])])
            .steps([send("question"), Read("answer"), HalfClose, End])
            .expect("tcp.@.downstream_cx_rx_bytes_total: 8"),
        tcp("a question and an answer, and the upstream ends first")
            .replies([on_connection([Received(8), give("answer"), Shut, Finished])])
            .steps([send("question"), Read("answer"), End, Ended("a", 1)])
            .expect("tcp.@.downstream_cx_tx_bytes_total: 6"),
        tcp("the client half closes and reads on")
            .replies([on_connection([Finished, give("the rest"), Shut])])
            .steps([send("all"), HalfClose, Read("the rest"), End])
            .expect("client: closed"),
        tcp("the upstream half closes and reads on")
            .replies([on_connection([give("all"), Shut, Received(8), Finished])])
            .steps([
                Read("all"),
                send("the "),
                Wait(30),
                send("rest"),
                Seen("a", "the rest"),
                HalfClose,
                End,
            ])
            .expect("the rest"),
        tcp("the server speaks first")
            .replies([on_connection([
                give("220 hello\r\n"),
                Received(4),
                give("221 bye\r\n"),
                Shut,
                Finished,
            ])])
            .steps([
                Read("220 hello\r\n"),
                send("QUIT"),
                Read("221 bye\r\n"),
                End,
                HalfClose,
            ])
            .expect("221 bye"),
        tcp("the client ends without a byte")
            .replies([on_connection([Finished, Shut])])
            .steps([HalfClose, End])
            .expect("tcp.@.downstream_cx_total: 1"),
        tcp("the client closes while nothing is under way")
            .replies([on_connection([give("hello"), Finished, Shut])])
            .steps([Read("hello"), Close, Ended("a", 1)])
            .expect("upstream a: closed"),
        tcp("the upstream closes at once")
            .replies([on_connection([Act::Close])])
            .steps([End])
            .expect("client: closed"),
        tcp("the upstream closes with the answer")
            .replies([on_connection([Received(4), give("bye"), Act::Close])])
            .steps([send("quit"), Read("bye"), End])
            .expect("client: closed"),
        tcp("two connections side by side")
            .replies([
                on_connection([Received(1), give("one"), Finished, Shut]),
                on_connection([Received(1), give("two"), Finished, Shut]),
            ])
            .steps([
                send("1"),
                Read("one"),
                crate::harness::script::Step::On(1),
                send("2"),
                Read("two"),
                HalfClose,
                End,
                crate::harness::script::Step::On(0),
                HalfClose,
                End,
            ])
            .expect("cluster.@a.upstream_cx_total: 2"),
    ]
}

fn resets() -> Vec<Case> {
    vec![
        tcp("the client resets")
            .replies([on_connection([give("hello"), Finished])])
            .steps([
                Read("hello"),
                send("x"),
                Seen("a", "x"),
                Reset,
                Ended("a", 1),
            ])
            .expect("client: reset by the client"),
        tcp("the upstream resets")
            .replies([on_connection([give("hello"), Received(1), Cut])])
            .steps([Read("hello"), send("x"), End])
            .expect("upstream a: reset by the upstream"),
        tcp("the upstream resets before a byte")
            .replies([on_connection([Act::Held, Cut])])
            .steps([send("x"), Seen("a", "x"), Release("a"), End])
            .expect("upstream a: reset by the upstream"),
        tcp("the upstream resets after the client has half closed")
            .replies([on_connection([Finished, Cut])])
            .steps([send("x"), HalfClose, End])
            .expect("upstream a: "),
        tcp("the client resets after the upstream has half closed")
            .replies([on_connection([give("all"), Shut, Finished])])
            .steps([Read("all"), Wait(30), Reset, Ended("a", 1)])
            .expect("client: reset by the client"),
    ]
}

fn limits() -> Vec<Case> {
    let silent = || on_connection([give("hello"), Finished]);
    let idle = |time: &str| json!({ "idle_timeout": time });
    let duration = |time: &str| json!({ "max_downstream_connection_duration": time });
    vec![
        tcp("silence ends a connection")
            .proxy(idle("0.2s"))
            .replies([silent()])
            .steps([Read("hello"), End, Ended("a", 1)])
            .expect("tcp.@.idle_timeout: 1"),
        tcp("silence after bytes ends a connection")
            .proxy(idle("0.2s"))
            .replies([silent()])
            .steps([
                Read("hello"),
                Wait(120),
                send("a"),
                Wait(120),
                send("b"),
                End,
                Ended("a", 1),
            ])
            .expect("tcp.@.idle_timeout: 1"),
        tcp("bytes of the upstream keep a connection")
            .proxy(idle("0.3s"))
            .replies([on_connection([
                give("a"),
                Act::Wait(200),
                give("b"),
                Act::Wait(200),
                give("c"),
                Shut,
                Finished,
            ])])
            .steps([Read("a"), Read("b"), Read("c"), HalfClose, End])
            .lack("tcp.@.idle_timeout"),
        tcp("no limit on silence")
            .proxy(idle("0s"))
            .replies([silent()])
            .steps([Read("hello"), Wait(100), HalfClose, Ended("a", 1), Close])
            .lack("tcp.@.idle_timeout"),
        tcp("silence of one that has half closed ends a connection")
            .proxy(idle("0.2s"))
            .replies([on_connection([Act::Held])])
            .steps([send("x"), HalfClose, End, Ended("a", 1)])
            .expect("tcp.@.idle_timeout: 1"),
        tcp("a connection lasts too long")
            .proxy(duration("0.2s"))
            .replies([silent()])
            .steps([Read("hello"), End, Ended("a", 1)])
            .expect("tcp.@.max_downstream_connection_duration: 1"),
        tcp("a busy connection lasts too long")
            .proxy(duration("0.25s"))
            .replies([silent()])
            .steps([
                Read("hello"),
                send("a"),
                Wait(100),
                send("b"),
                Wait(50),
                send("c"),
                End,
                Ended("a", 1),
            ])
            .expect("tcp.@.max_downstream_connection_duration: 1"),
        tcp("a connection that does not last too long")
            .proxy(duration("5s"))
            .replies([on_connection([give("hello"), Shut, Finished])])
            .steps([Read("hello"), HalfClose, End])
            .lack("max_downstream_connection_duration"),
        tcp("silence while the upstream is dialled")
            .proxy(idle("0.2s"))
            .upstream(Upstream::silent("a"))
            .steps([End])
            .expect("tcp.@.idle_timeout: 1"),
        tcp("a limit on a connection while the upstream is dialled")
            .proxy(duration("0.2s"))
            .upstream(Upstream::silent("a"))
            .steps([send("early"), End])
            .expect("tcp.@.max_downstream_connection_duration: 1"),
    ]
}

fn amounts() -> Vec<Case> {
    let many = "m".repeat(3_000_000);
    let small = || json!({ "per_connection_buffer_limit_bytes": 1024 });
    let both = |case: Case| case.listener(small()).cluster("a", small());
    vec![
        tcp("many bytes up")
            .replies([on_connection([
                Received(3_000_000),
                give("ok"),
                Finished,
                Shut,
            ])])
            .steps([send(&many), Read("ok"), HalfClose, End])
            .expect("3000000 bytes"),
        tcp("many bytes down")
            .replies([on_connection([give(&many), Shut, Finished])])
            .steps([End, HalfClose])
            .expect("3000000 bytes"),
        tcp("many bytes both ways")
            .replies([on_connection([
                Act::Held,
                give(&many),
                Received(3_000_000),
                Shut,
                Finished,
            ])])
            .steps([Release("a"), send(&many), HalfClose, End])
            .expect("3000000 bytes"),
        both(tcp("many bytes up through small buffers"))
            .replies([on_connection([
                Received(3_000_000),
                give("ok"),
                Finished,
                Shut,
            ])])
            .steps([send(&many), Read("ok"), HalfClose, End])
            .expect("3000000 bytes"),
        both(tcp(
            "many bytes down to a client that does not read at once",
        ))
        .replies([on_connection([give(&many), Shut, Finished])])
        .steps([Wait(200), End, HalfClose])
        .expect("3000000 bytes"),
        tcp("an end behind many bytes waits for them")
            .replies([on_connection([give(&many), Act::Close])])
            .steps([Wait(200), End])
            .expect("3000000 bytes"),
        tcp("what a client sent before it closed reaches the upstream")
            .replies([on_connection([Received(3_000_000), Finished])])
            .steps([send(&many), Close, Ended("a", 1)])
            .expect("3000000 bytes"),
    ]
}

fn logs() -> Vec<Case> {
    let options = |fields: Value| json!({ "access_log_options": fields });
    let at = "%BYTES_RECEIVED% %BYTES_SENT% %RESPONSE_FLAGS% %UPSTREAM_CLUSTER%";
    vec![
        tcp("a line once the upstream is connected")
            .log(at)
            .proxy(options(json!({ "flush_access_log_on_connected": true })))
            .replies([on_connection([give("hello"), Finished, Shut])])
            .steps([Read("hello"), send("x"), Seen("a", "x"), HalfClose, End])
            .expect("access log: 0 0 - @a"),
        tcp("a line now and then")
            .log(at)
            .proxy(options(json!({ "access_log_flush_interval": "0.7s" })))
            .replies([on_connection([give("hello"), Finished, Shut])])
            .steps([Read("hello"), send("x"), Seen("a", "x"), Wait(1000), HalfClose, End])
            .expect("access log: 1 5 - @a"),
        tcp("the names of this side")
            .log("%HOSTNAME% [%UPSTREAM_LOCAL_ADDRESS%] %UPSTREAM_REMOTE_ADDRESS%")
            .replies([on_connection([give("hello"), Shut, Finished])])
            .steps([Read("hello"), HalfClose, End])
            .expect("hello"),
        tcp("the addresses of a connection")
            .log("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% %REQUESTED_SERVER_NAME% %RESPONSE_FLAGS_LONG% %REQ(x)% %RESP(x)% %UPSTREAM_PROTOCOL% %REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION% %FILTER_CHAIN_NAME% %DOWNSTREAM_TRANSPORT_FAILURE_REASON%")
            .replies([on_connection([give("hello"), Shut, Finished])])
            .steps([Read("hello"), HalfClose, End])
            .expect("access log: 127.0.0.1"),
    ]
}
