//! Where connections go, and what becomes of them when there is nowhere to go.

use serde_json::{Value, json};

use super::{on_connection, tcp};
use crate::harness::case::{Case, Client, Upstream};
use crate::harness::config::members;
use crate::harness::script::Act::{Finished, HalfClose as Shut};
use crate::harness::script::Step::{Close, End, Ended, HalfClose, On, Read, Wait};
use crate::harness::script::{Reply, give, send};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = failures();
    cases.extend(choices());
    cases.extend(breakers());
    cases
}

fn answers(text: &str) -> Reply {
    on_connection([give(text), Finished, Shut])
}

fn attempts(most: u32) -> Value {
    json!({ "max_connect_attempts": most })
}

fn failures() -> Vec<Case> {
    let quick = || json!({ "connect_timeout": "0.2s" });
    let none = || json!({ "load_assignment": { "cluster_name": "@a", "endpoints": [] } });
    vec![
        tcp("nothing listens")
            .upstream(Upstream::refusing("a"))
            .steps([End])
            .expect("cluster.@a.upstream_cx_connect_fail: 1"),
        tcp("an upstream that does not answer")
            .cluster("a", quick())
            .upstream(Upstream::silent("a"))
            .steps([End])
            .expect("cluster.@a.upstream_cx_connect_timeout: 1"),
        tcp("three attempts in vain")
            .proxy(attempts(3))
            .upstream(Upstream::refusing("a"))
            .steps([End])
            .expect("cluster.@a.upstream_cx_connect_attempts_exceeded: 1"),
        tcp("two attempts in vain at an upstream that does not answer")
            .proxy(attempts(2))
            .cluster("a", quick())
            .upstream(Upstream::silent("a"))
            .steps([End])
            .expect("cluster.@a.upstream_cx_connect_timeout: 2"),
        tcp("two attempts with time between them")
            .proxy(attempts(2))
            .proxy(
                json!({ "backoff_options": { "base_interval": "0.01s", "max_interval": "0.02s" } }),
            )
            .upstream(Upstream::refusing("a"))
            .steps([End])
            .expect("cluster.@a.upstream_cx_connect_fail: 2"),
        tcp("a cluster that is not there")
            .proxy(json!({ "cluster": "absent" }))
            .steps([End])
            .expect("tcp.@.downstream_cx_no_route: 1"),
        tcp("a cluster without hosts")
            .cluster("a", none())
            .steps([End])
            .expect("cluster.@a.upstream_cx_none_healthy: 1"),
        tcp("the client leaves while the upstream is dialled")
            .cluster("a", json!({ "connect_timeout": "0.4s" }))
            .upstream(Upstream::silent("a"))
            .steps([send("early"), Wait(50), Close])
            .expect("cluster.@a.upstream_cx_total: 1"),
        tcp("the client resets while the upstream is dialled")
            .cluster("a", json!({ "connect_timeout": "0.4s" }))
            .upstream(Upstream::silent("a"))
            .steps([
                send("early"),
                Wait(50),
                crate::harness::script::Step::Reset,
                Wait(50),
            ])
            .expect("cluster.@a.upstream_cx_total: 1"),
        tcp("bytes that come before the upstream is connected")
            .replies([on_connection([
                crate::harness::script::Act::Received(5),
                give("late"),
                Finished,
                Shut,
            ])])
            .steps([send("early"), Read("late"), HalfClose, End])
            .expect("early"),
        tcp("an end that comes before the upstream is connected")
            .replies([on_connection([Finished, give("late"), Shut])])
            .steps([send("early"), HalfClose, Read("late"), End])
            .expect("early"),
    ]
}

fn choices() -> Vec<Case> {
    let weighted =
        |clusters: Value| json!({ "cluster": null, "weighted_clusters": { "clusters": clusters } });
    let ring = || json!({ "lb_policy": "RING_HASH" });
    let by_source = || json!({ "hash_policy": [{ "source_ip": {} }], "cluster": "@all" });
    let client = |last: u8| Client::raw([Read("from"), HalfClose, End]).from(last);
    let hashed = |name: &'static str| {
        tcp(name)
            .proxy(by_source())
            .cluster("all", members("all", &["a", "b", "c"]))
            .cluster("all", ring())
            .upstream(Upstream::new("a", [answers("from a")]))
            .upstream(Upstream::new("b", [answers("from b")]))
            .upstream(Upstream::new("c", [answers("from c")]))
    };
    vec![
        tcp("the only weighted cluster")
            .proxy(weighted(json!([{ "name": "@a", "weight": 7 }])))
            .replies([answers("hello")])
            .steps([Read("hello"), HalfClose, End])
            .expect("access log: @a"),
        tcp("weighted clusters of which one is not there")
            .proxy(weighted(
                json!([{ "name": "absent", "weight": 4_000_000 }, { "name": "@a", "weight": 1 }]),
            ))
            .steps([End])
            .expect("tcp.@.downstream_cx_no_route: 1"),
        hashed("the source address chooses the host")
            .client(client(1))
            .client(client(2))
            .client(client(3))
            .client(client(4))
            .client(client(5))
            .expect("from"),
        hashed("the same source address chooses the same host")
            .client(client(9))
            .client(client(9))
            .client(client(9))
            .expect("cluster.@all.upstream_cx_total: 3"),
        tcp("hosts in turn")
            .proxy(json!({ "cluster": "@all" }))
            .cluster("all", members("all", &["a", "b"]))
            .upstream(Upstream::new("a", [answers("from one")]))
            .upstream(Upstream::new("b", [answers("from one")]))
            .client(client(1))
            .client(client(1))
            .client(client(1))
            .client(client(1))
            .expect("cluster.@all.upstream_cx_total: 4"),
        tcp("a host that refuses is ejected")
            .log("%UPSTREAM_CLUSTER% %BYTES_SENT%")
            .proxy(json!({ "cluster": "@all" }))
            .cluster("all", members("all", &["a", "b"]))
            .cluster(
                "all",
                json!({
                    "outlier_detection": {
                        "consecutive_5xx": 2,
                        "enforcing_consecutive_5xx": 100,
                        "max_ejection_percent": 100,
                        "base_ejection_time": "60s",
                    },
                }),
            )
            .proxy(attempts(2))
            .upstream(Upstream::new("a", [answers("from a")]))
            .upstream(Upstream::refusing("b"))
            .client(client(1))
            .client(client(1))
            .client(client(1))
            .client(client(1))
            .client(client(1))
            .expect("cluster.@all.outlier_detection.ejections_active: 1"),
        tcp("bytes over HTTP that nobody reads as HTTP")
            .replies([on_connection([
                crate::harness::script::Act::Received(18),
                give("HTTP/1.1 200 OK\r\n\r\n"),
                Shut,
                Finished,
            ])])
            .steps([
                send("GET / HTTP/1.1\r\n\r\n"),
                Read("200 OK"),
                HalfClose,
                End,
            ])
            .expect("GET / HTTP/1.1"),
    ]
}

fn breakers() -> Vec<Case> {
    let most = |connections: u32| json!({ "circuit_breakers": { "thresholds": [{ "max_connections": connections }] } });
    vec![
        tcp("one connection where one is allowed")
            .cluster("a", most(1))
            .replies([answers("hello")])
            .steps([Read("hello"), HalfClose, End])
            .lack("overflow"),
        tcp("a second connection where one is allowed")
            .cluster("a", most(1))
            .replies([answers("hello")])
            .steps([Read("hello"), On(1), End, On(0), HalfClose, End])
            .expect("cluster.@a.upstream_cx_overflow: 1"),
        tcp("a second connection after the first where one is allowed")
            .cluster("a", most(1))
            .replies([answers("hello")])
            .steps([
                Read("hello"),
                HalfClose,
                End,
                Ended("a", 1),
                Wait(30),
                On(1),
                Read("hello"),
                HalfClose,
                End,
            ])
            .lack("overflow"),
        tcp("no connection is allowed")
            .cluster("a", most(0))
            .steps([End])
            .expect("cluster.@a.upstream_cx_overflow: 1"),
        tcp("no pending connection is allowed")
            .cluster(
                "a",
                json!({ "circuit_breakers": { "thresholds": [{ "max_pending_requests": 0 }] } }),
            )
            .steps([End])
            .expect("cluster.@a."),
        tcp("no request is allowed")
            .cluster(
                "a",
                json!({ "circuit_breakers": { "thresholds": [{ "max_requests": 0 }] } }),
            )
            .replies([answers("hello")])
            .steps([Read("hello"), HalfClose, End])
            .expect("cluster.@a."),
    ]
}
