//! First bytes of connections, and the filter chains that they lead to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use mesh_proxy::config::model::listener::FilterChainMatch;
use mesh_proxy::tls::{
    Chains, Incoming, Inspected, InspectedHttp, InspectorCounter, inspect_http, inspect_tls,
};
use rustls::crypto::aws_lc_rs::default_provider;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::judge::Running;
use crate::{address, cluster, start, tcp_proxy};

/// The first bytes of a client of TLS.
fn hello(sni: &str, protocols: &[&str]) -> Vec<u8> {
    let mut configuration = rustls::ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    configuration.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
    let name = sni.to_owned().try_into().unwrap();
    let mut client = rustls::ClientConnection::new(configuration.into(), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// The records of a message, each of `size` bytes.
fn split(hello: &[u8], size: usize) -> Vec<u8> {
    let mut records = Vec::new();
    for chunk in hello[5..].chunks(size) {
        records.extend_from_slice(&[22, 3, 1]);
        records.extend_from_slice(&u16::try_from(chunk.len()).unwrap().to_be_bytes());
        records.extend_from_slice(chunk);
    }
    records
}

#[expect(clippy::too_many_lines, reason = "a list of inputs")]
fn inputs() -> Vec<Vec<u8>> {
    let whole = hello("Cart.shop.example", &["meshctl", "h2"]);
    let changed = |at: usize, to: u8| {
        let mut changed = whole.clone();
        changed[at] = to;
        changed
    };
    let endless = |length: u16, size: usize| {
        let [high, low] = length.to_be_bytes();
        let mut endless = vec![22, 3, 1, high, low, 1, 0, high, low];
        endless.resize(size, 0);
        endless
    };
    let mut inputs = vec![
        hello("10.1.2.3", &[]),
        hello("a.shop.example", &["h2"]),
        hello("shop.example", &["other", "http/1.1"]),
        hello("x.y.other", &["http/1.1", "meshctl"]),
        split(&whole, 1),
        split(&whole, 100),
        whole[..whole.len() - 1].to_vec(),
        whole[..3].to_vec(),
        // Another kind of record, version, message and legacy version.
        changed(0, 21),
        changed(0, 23),
        changed(1, 2),
        changed(2, 4),
        changed(5, 2),
        changed(43, 33),
        endless(0x3ff0, 16 * 1024),
        endless(0x4000, 9),
        endless(0x4100, 9),
        endless(0x4200, 9),
        vec![22, 3, 1, 0, 4, 1, 0, 0x40, 1],
        vec![22, 3, 1, 0, 4, 1, 0, 0x40, 0],
        vec![22, 3, 1, 0, 0, 22, 3, 1, 0, 0],
        whole,
    ];
    let texts: [&[u8]; 32] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.0\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET / HTTP/1.2\r\n",
        b"GET / HTTP/0.9\r\n",
        b"GET /\r\n",
        b"GET  /  HTTP/1.1\r\n",
        b" GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1 \r\n",
        b"GET / HTTP/1.1 more\r\n",
        b"GET / more HTTP/1.1\r\n",
        b"GET\t/\tHTTP/1.1\r\n",
        b"GET\r\n\r\n",
        b"GET a HTTP/1.1\r\n",
        b"get / HTTP/1.1\r\n",
        b"BREW /pot HTTP/1.1\r\n",
        b"G@T / HTTP/1.1\r\n",
        b"GET / http/1.1\r\n",
        b"GET / HTTX/1.1\r\n",
        b"GET / XHTTP/1.1\r\n",
        b"GET /\x80 HTTP/1.1\r\n",
        b"GET http://a/b HTTP/1.1\r\n",
        b"CONNECT a:80 HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"\r\nGET / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\0\0\0\0\0\0\0\n",
        b"\x01\x02\x03\x04\x05",
    ];
    inputs.extend(texts.into_iter().map(<[u8]>::to_vec));
    let parts: [&[u8]; 11] = [
        b"G\x01\x02\x03\x04\x05",
        b"G@T/ / / ",
        b"\x80abcd",
        b"{abcd",
        b"@abcd",
        b"\"abcd",
        b"1abcd",
        b"-abcd",
        b"GET \x01\x02",
        b"GET a b c",
        b"GET\0\0\0",
    ];
    inputs.extend(parts.into_iter().map(<[u8]>::to_vec));
    inputs.extend([
        b"GET".to_vec(),
        b"GET / HTTP/1.1".to_vec(),
        vec![b'a'; 70_000],
    ]);
    for length in [16_384, 16_385] {
        let path = vec![b'a'; length - 16];
        inputs.push([&b"GET /"[..], &path, b" HTTP/1.1\r\n"].concat());
    }
    inputs.push([&b"GET /"[..], &vec![b'a'; 70_000]].concat());
    inputs.push(
        [
            &b"GET /"[..],
            &vec![b'a'; 65_000],
            b" HTTP/1.1
",
        ]
        .concat(),
    );
    inputs
}

/// What chains match: the same for both.
fn matches() -> Vec<(Value, FilterChainMatch)> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let nothing = FilterChainMatch::default;
    let tls = || FilterChainMatch {
        transport_protocol: "tls".into(),
        ..nothing()
    };
    let mesh = FilterChainMatch {
        application_protocols: names(&["meshctl"]),
        ..tls()
    };
    let h2 = FilterChainMatch {
        application_protocols: names(&["h2", "http/1.1"]),
        ..tls()
    };
    let plain = FilterChainMatch {
        application_protocols: names(&["http/1.0", "http/1.1", "h2c"]),
        transport_protocol: "raw_buffer".into(),
        ..nothing()
    };
    let wild = FilterChainMatch {
        server_names: names(&["*.shop.example"]),
        ..tls()
    };
    let exact = FilterChainMatch {
        server_names: names(&["cart.shop.example"]),
        ..mesh.clone()
    };
    vec![
        (
            json!({ "transport_protocol": "tls", "application_protocols": ["meshctl"] }),
            mesh,
        ),
        (
            json!({ "transport_protocol": "tls", "application_protocols": ["h2", "http/1.1"] }),
            h2,
        ),
        (
            json!({
                "transport_protocol": "raw_buffer",
                "application_protocols": ["http/1.0", "http/1.1", "h2c"],
            }),
            plain,
        ),
        (
            json!({ "transport_protocol": "tls", "server_names": ["*.shop.example"] }),
            wild,
        ),
        (
            json!({
                "transport_protocol": "tls",
                "application_protocols": ["meshctl"],
                "server_names": ["cart.shop.example"],
            }),
            exact,
        ),
    ]
}

/// What mesh-proxy counts for the first bytes of a connection.
fn ours(bytes: &[u8], chains: &Chains) -> BTreeMap<String, u64> {
    let mut counted = Vec::new();
    let found = |incoming: Incoming<'_>| match chains.find(&incoming) {
        Some(chain) => format!("tcp.chain{chain}.downstream_cx_total"),
        None => "tcp.default.downstream_cx_total".to_owned(),
    };
    let incoming = Incoming {
        destination: Some(([127, 0, 0, 1], 1).into()),
        source: Some(([127, 0, 0, 1], 2).into()),
        direct_source: Some([127, 0, 0, 1].into()),
        server_name: "",
        transport_protocol: "raw_buffer",
        application_protocols: &[],
    };
    let (tls, _) = inspect_tls(bytes, false);
    let names = tls.counters().into_iter().map(InspectorCounter::name);
    counted.extend(names.map(|name| format!("tls_inspector.{name}")));
    match tls {
        Inspected::Tls(hello) => {
            let offered: Vec<_> = hello.protocols.iter().map(Vec::as_slice).collect();
            counted.push(found(Incoming {
                server_name: hello.server_name.as_deref().unwrap_or_default(),
                transport_protocol: "tls",
                application_protocols: &offered,
                ..incoming
            }));
        }
        Inspected::NotTls => {
            let http = inspect_http(bytes);
            counted.extend(http.counter().map(|name| format!("http_inspector.{name}")));
            match http {
                InspectedHttp::Http(version) => {
                    let offered = [version.protocol().as_bytes()];
                    counted.push(found(Incoming {
                        application_protocols: &offered,
                        ..incoming
                    }));
                }
                InspectedHttp::NotHttp => counted.push(found(incoming)),
                InspectedHttp::Incomplete => {}
            }
        }
        Inspected::Incomplete | Inspected::TooLarge | Inspected::Unreadable { .. } => {}
    }
    counted.into_iter().map(|name| (name, 1)).collect()
}

fn counters(running: &Running) -> BTreeMap<String, u64> {
    let stats = running.wait("statistics", |admin| admin.get("/stats"));
    let lines = stats.lines().filter_map(|line| line.split_once(": "));
    let wanted = |name: &str| {
        name.starts_with("tls_inspector.")
            || name.starts_with("http_inspector.")
            || (name.starts_with("tcp.") && name.ends_with(".downstream_cx_total"))
    };
    let known = lines.filter(|(name, _)| wanted(name));
    known
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}

/// What Envoy counts for them. It is waited for what is expected, else for long enough.
async fn theirs(
    running: &Running,
    address: SocketAddr,
    bytes: &[u8],
    expected: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let before = counters(running);
    let mut stream = TcpStream::connect(address).await.unwrap();
    for piece in bytes.chunks(8 * 1024) {
        // Envoy closes what is too much.
        let _ = stream.write_all(piece).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut counted = BTreeMap::new();
    for round in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let difference = |(name, now): (String, u64)| {
            let then = before.get(&name).copied().unwrap_or(0);
            (now > then).then_some((name, now - then))
        };
        counted = counters(running)
            .into_iter()
            .filter_map(difference)
            .collect();
        if counted == *expected && (round > 2 || !expected.is_empty()) {
            break;
        }
    }
    counted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_bytes_lead_to_the_same_chains() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hello = cluster("hello", target.local_addr().unwrap());
    let chain = |name: &str, matcher: &Value| {
        let mut filter = tcp_proxy("hello", &json!([]));
        filter["typed_config"]["stat_prefix"] = json!(name);
        json!({ "filters": [filter], "filter_chain_match": matcher })
    };
    let (theirs_match, ours_match): (Vec<_>, Vec<_>) = matches().into_iter().unzip();
    let chains: Vec<_> = theirs_match
        .iter()
        .enumerate()
        .map(|(index, matcher)| chain(&format!("chain{index}"), matcher))
        .collect();
    let inspector = |name: &str| {
        let package =
            format!("type.googleapis.com/envoy.extensions.filters.listener.{name}_inspector");
        let kind = if name == "tls" {
            "TlsInspector"
        } else {
            "HttpInspector"
        };
        json!({
            "name": format!("envoy.filters.listener.{name}_inspector"),
            "typed_config": { "@type": format!("{package}.v3.{kind}") },
        })
    };
    let listener = json!({
        "name": "inspected",
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "listener_filters": [inspector("tls"), inspector("http")],
        "listener_filters_timeout": "0s",
        "filter_chains": chains,
        "default_filter_chain": chain("default", &json!({})),
    });
    let Some(running) = start(&[listener], &[hello]) else {
        return;
    };
    let address = address(&running, "inspected");
    let compiled = Chains::new(&ours_match);
    let inputs = inputs();
    let mut unlike = Vec::new();
    for bytes in &inputs {
        let ours = ours(bytes, &compiled);
        let theirs = theirs(&running, address, bytes, &ours).await;
        if ours != theirs {
            let shown = bytes[..bytes.len().min(40)].escape_ascii();
            unlike.push(format!("{shown}\nEnvoy {theirs:?}\nmesh-proxy {ours:?}\n"));
        }
    }
    let (count, all) = (unlike.len(), inputs.len());
    assert!(
        unlike.is_empty(),
        "{count} of {all} unlike\n{}",
        unlike.join("\n")
    );
}
