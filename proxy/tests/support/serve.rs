//! Runs upstream servers, and an Envoy before them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};

use super::judge::{Running, count};

/// How many upstream servers there are.
const SERVERS: usize = 6;

/// Servers that answer with their own number.
pub(crate) struct Servers {
    pub(crate) ports: Vec<u16>,
}

impl Servers {
    /// Starts them.
    pub(crate) fn start() -> Self {
        let start = |number: usize| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    std::thread::spawn(move || serve(stream, number));
                }
            });
            port
        };
        Self {
            ports: (0..SERVERS).map(start).collect(),
        }
    }
}

fn serve(mut stream: TcpStream, number: usize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// An Envoy with these clusters, each under `/name`, and a connection to it.
pub(crate) struct Envoy {
    running: Running,
    client: BufReader<TcpStream>,
}

impl Envoy {
    /// Starts it.
    pub(crate) fn start(path: &Path, cases: Vec<(&str, Value)>) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let url = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
        let listener = listener(port, cases.iter().map(|(name, _)| *name));
        let clusters = cases.into_iter().map(|(_, mut cluster)| {
            cluster["@type"] = json!(url);
            cluster
        });
        let clusters = json!({ "resources": clusters.collect::<Vec<_>>() });
        let listeners = json!({ "resources": [listener] });
        let config = json!({
            "node": { "id": "judge", "cluster": "judge" },
            "admin": {
                "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } }
            },
        });
        let resources = [("cds.json", clusters), ("lds.json", listeners)];
        let running = Running::start(path, config, &resources);
        let client = running.wait("listener", |_| TcpStream::connect(("127.0.0.1", port)).ok());
        Self {
            running,
            client: BufReader::new(client),
        }
    }

    /// The number of the server that answers.
    pub(crate) fn ask(&mut self, cluster: &str, key: &str) -> usize {
        let request = format!("GET /{cluster} HTTP/1.1\r\nhost: judge\r\nx-key: {key}\r\n\r\n");
        self.client.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(
                self.client.read_line(&mut line).unwrap() > 0,
                "Envoy has closed"
            );
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.client.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        body.parse().unwrap_or_else(|_| panic!("{cluster}: {body}"))
    }

    /// A number of Envoy's statistics.
    pub(crate) fn gauge(&self, name: &str) -> u64 {
        self.running
            .wait(name, |admin| count(&admin.get("/stats")?, name))
    }
}

fn listener<'a>(port: u16, clusters: impl Iterator<Item = &'a str>) -> Value {
    let routes = clusters.map(|cluster| {
        json!({
            "match": { "path": format!("/{cluster}") },
            "route": { "cluster": cluster, "hash_policy": [{ "header": { "header_name": "x-key" } }] },
        })
    });
    let last = json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    });
    let manager =
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let manager = json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": format!("type.googleapis.com/{manager}"),
            "stat_prefix": "judge",
            "http_filters": [last],
            "route_config": {
                "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes.collect::<Vec<_>>() }],
            },
        },
    });
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "judge",
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": port } },
        "filter_chains": [{ "filters": [manager] }],
    })
}
