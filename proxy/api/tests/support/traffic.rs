//! Traffic through the real Envoy: one process is both ends of a mesh connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use mesh_api::identity::SpiffeId;
use mesh_api::resources::{
    Endpoint, Protocol, ServicePort, clusters, load_assignment, outbound_listeners,
    route_configurations,
};
use mesh_api::settings::{Mesh, Setting};
use mesh_api::sidecar::{Handler, Probe};
use serde_json::{Value, json};

use crate::judge::{Running, count, envoy};
use crate::sample;

#[test]
fn mesh_traffic_reaches_the_application_as_it_was_sent() {
    let Some(envoy) = envoy("mesh_traffic_reaches_the_application_as_it_was_sent") else {
        return;
    };
    let shop = Shop::open(&envoy, &[], &[]);

    let answer = shop.get(
        "outbound/shop/cart/8080/10.96.0.1",
        "/a",
        "meshctl-orig-proto: HTTP/2",
    );
    assert!(answer.contains("GET /a HTTP/1.1"), "{answer}");
    assert!(!answer.contains("meshctl-orig-proto"), "{answer}");
    assert!(answer.contains("peer 127.0.0.6"), "{answer}");
    shop.expect("http.inbound-mesh.downstream_cx_http2_total", 1);

    assert_eq!(shop.echo("outbound/shop/cart/8080/10.96.0.1"), BYTES);
    shop.expect("tcp.inbound-mesh-tcp.downstream_cx_total", 1);
    assert_eq!(shop.echo("tunnel"), BYTES);
    shop.expect("tcp.inbound-mesh-tcp.downstream_cx_total", 1);
    shop.expect("http.inbound-mesh.downstream_rq_2xx", 2);

    let answer = shop.get("inbound", "/b", "meshctl-orig-proto: HTTP/1.1");
    assert!(
        answer.contains("GET /b HTTP/1.1") && !answer.contains("meshctl-orig"),
        "{answer}"
    );
    assert_eq!(shop.echo("inbound"), BYTES);
}

#[test]
fn one_service_may_have_meshed_and_unmeshed_endpoints() {
    let Some(envoy) = envoy("one_service_may_have_meshed_and_unmeshed_endpoints") else {
        return;
    };
    let shop = Shop::open(&envoy, &[], &[]);
    let (mut meshed, mut plain) = (0, 0);
    for _ in 0..200 {
        let answer = shop.get("outbound/shop/mixed/8080/10.96.0.2", "/", "a: b");
        assert!(answer.contains("GET / HTTP/1.1"), "{answer}");
        *(if answer.contains("peer 127.0.0.6") {
            &mut meshed
        } else {
            &mut plain
        }) += 1;
        if meshed > 0 && plain > 0 {
            return;
        }
    }
    panic!("{meshed} requests under mTLS, {plain} in plaintext");
}

#[test]
fn strict_lets_mesh_traffic_and_declared_probes_in() {
    let Some(envoy) = envoy("strict_lets_mesh_traffic_and_declared_probes_in") else {
        return;
    };
    let port = free_port();
    let handler = Handler::Http {
        path: "/healthz?full=1".to_owned(),
        https: false,
    };
    let (container, kind) = ("app".to_owned(), "livenessProbe".to_owned());
    let probe = Probe {
        container,
        kind,
        handler,
        port,
    };
    let shop = Shop::open_on(port, &envoy, &[(Setting::Mtls, "strict")], &[probe]);

    let answer = shop.get("outbound/shop/cart/8080/10.96.0.1", "/a", "a: b");
    assert!(answer.contains("GET /a HTTP/1.1"), "{answer}");
    assert_eq!(shop.echo("outbound/shop/cart/8080/10.96.0.1"), BYTES);

    let answer = shop.get("inbound", "/healthz?full=1", "a: b");
    assert!(answer.contains("GET /healthz?full=1"), "{answer}");
    for path in ["/", "/healthz", "/healthz?full=2", "/healthz/../a"] {
        let answer = shop.get("inbound", path, "a: b");
        assert!(answer.starts_with("HTTP/1.1 403"), "{path}: {answer}");
    }
    assert_eq!(shop.echo("inbound"), b"", "plaintext passed strict");
    shop.expect("http.probes.downstream_rq_2xx", 1);
    shop.expect("http.probes.downstream_rq_4xx", 4);
}

/// Not HTTP, not TLS.
const BYTES: &[u8] = b"\x01\x00raw bytes";

/// An application behind Envoy's inbound listener, and Envoy's outbound listeners towards it.
struct Shop {
    running: Running,
}

impl Shop {
    fn open(envoy: &std::path::Path, values: &[(Setting, &str)], probes: &[Probe]) -> Self {
        Self::open_on(free_port(), envoy, values, probes)
    }

    fn open_on(
        inbound: u16,
        envoy: &std::path::Path,
        values: &[(Setting, &str)],
        probes: &[Probe],
    ) -> Self {
        let application = application();
        let services = [
            service("cart", 1, Protocol::Detect, &[(inbound, true)]),
            service(
                "mixed",
                2,
                Protocol::Http,
                &[(inbound, true), (application, false)],
            ),
        ];
        let mut config = sample::bootstrap_with(values, &Mesh::default(), probes);
        config["admin"]["address"] = loopback(0);
        let statics = &mut config["static_resources"];
        statics["listeners"] = listeners(&statics["listeners"][1], inbound, &services);
        for cluster in statics["clusters"].as_array_mut().unwrap() {
            if cluster["type"] == "ORIGINAL_DST" {
                stand_in(cluster, application);
            }
        }
        let all = |resources: fn(&ServicePort) -> Vec<Value>| json!({ "resources": services.iter().flat_map(resources).collect::<Vec<_>>() });
        let resources = [
            ("lds.json", json!({ "resources": [] })),
            ("cds.json", all(clusters)),
            ("rds.json", all(route_configurations)),
            ("eds.json", all(|service| vec![load_assignment(service)])),
        ];
        Self {
            running: Running::start(envoy, config, &resources),
        }
    }

    /// The whole answer to a request.
    fn get(&self, listener: &str, path: &str, header: &str) -> String {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: cart\r\n{header}\r\nConnection: close\r\n\r\n");
        let mut stream = self.dial(listener);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// What comes back for [`BYTES`], nothing if the connection is closed.
    fn echo(&self, listener: &str) -> Vec<u8> {
        let mut stream = self.dial(listener);
        let mut answer = vec![0; BYTES.len()];
        match stream
            .write_all(BYTES)
            .and_then(|()| stream.read_exact(&mut answer))
        {
            Ok(()) => answer,
            Err(_) => Vec::new(),
        }
    }

    fn dial(&self, listener: &str) -> TcpStream {
        let address = self.running.wait(listener, |admin| {
            let all: Value = serde_json::from_str(&admin.get("/listeners?format=json")?).ok()?;
            let statuses = all["listener_statuses"].as_array()?;
            let status = statuses.iter().find(|status| status["name"] == listener)?;
            let port = status["local_address"]["socket_address"]["port_value"].as_u64()?;
            Some(SocketAddr::from((
                Ipv4Addr::LOCALHOST,
                u16::try_from(port).ok()?,
            )))
        });
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// Waits until the counter `name` has `value`.
    fn expect(&self, name: &str, value: u64) {
        self.running.wait(&format!("{name}: {value}"), |admin| {
            let stats = admin.get(&format!("/stats?filter={name}"))?;
            (count(&stats, name) == Some(value)).then_some(())
        });
    }
}

/// The inbound catch-all on its own port, every outbound listener, and a tunnel by CONNECT.
fn listeners(catch_all: &Value, inbound: u16, services: &[ServicePort]) -> Value {
    let mut catch_all = catch_all.clone();
    catch_all["address"] = loopback(inbound);
    catch_all
        .as_object_mut()
        .unwrap()
        .remove("additional_addresses");
    let mut listeners = vec![catch_all];
    for mut listener in services.iter().flat_map(outbound_listeners) {
        listener["address"] = loopback(0);
        let fields = listener.as_object_mut().unwrap();
        fields.remove("bind_to_port");
        fields.remove("@type");
        listeners.push(listener);
    }
    let url = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    listeners.push(json!({
        "name": "tunnel",
        "address": loopback(0),
        "filter_chains": [{ "filters": [{ "name": "tcp", "typed_config": {
            "@type": url,
            "stat_prefix": "tunnel",
            "cluster": "shop/cart/8080/http2",
            "tunneling_config": { "hostname": "cart.shop:8080" },
        } }] }],
    }));
    listeners.into()
}

/// Nothing is redirected here, so the original destination is the application's port.
fn stand_in(cluster: &mut Value, application: u16) {
    let name = cluster["name"].clone();
    let fields = cluster.as_object_mut().unwrap();
    fields.insert("type".to_owned(), "STATIC".into());
    fields.remove("lb_policy");
    let endpoint = json!({ "endpoint": { "address": loopback(application) } });
    let assignment = json!({ "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] });
    fields.insert("load_assignment".to_owned(), assignment);
}

fn service(name: &str, host: u8, protocol: Protocol, ports: &[(u16, bool)]) -> ServicePort {
    let endpoint = |(port, meshed): &(u16, bool)| Endpoint {
        address: (Ipv4Addr::LOCALHOST, *port).into(),
        identity: meshed.then(|| SpiffeId::new("cluster.local", "shop", "cart").unwrap()),
    };
    ServicePort {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        port: 8080,
        protocol,
        addresses: vec![Ipv4Addr::new(10, 96, 0, host).into()],
        endpoints: ports.iter().map(endpoint).collect(),
    }
}

fn loopback(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// An application that tells HTTP what it saw and sends other bytes back; its port.
fn application() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || stream.and_then(serve));
        }
    });
    port
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        seen.extend_from_slice(&buffer[..count]);
        if count == 0 {
            return Ok(());
        }
        if !seen.starts_with(b"GET ") {
            stream.write_all(&seen)?;
            seen.clear();
        } else if seen.ends_with(b"\r\n\r\n") {
            let peer = stream.peer_addr()?.ip();
            let body = format!("{}peer {peer}", String::from_utf8_lossy(&seen));
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
            )?;
            seen.clear();
        }
    }
}
