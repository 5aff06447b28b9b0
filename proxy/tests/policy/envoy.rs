//! Runs the real Envoy before an upstream that answers with what it saw.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// An Envoy with one listener for each connection manager; ends when dropped.
pub(crate) struct Envoy {
    process: Child,
    directory: tempfile::TempDir,
    ports: Vec<u16>,
}

impl Envoy {
    /// Starts Envoy with connection managers that write their access logs by `log`.
    pub(crate) fn start(program: &Path, managers: &[Value], log: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let listeners: Vec<_> = managers
            .iter()
            .enumerate()
            .map(|(index, manager)| listener(index, manager, &path("access"), log))
            .collect();
        let config = json!({
            "node": { "id": "node", "cluster": "cluster" },
            "admin": { "address": socket(0) },
            "static_resources": { "listeners": listeners, "clusters": clusters() },
        });
        let process = Command::new(program)
            .args([
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "error",
            ])
            .args(["--file-flush-interval-msec", "20"])
            .arg("--admin-address-path")
            .arg(path("admin"))
            .args(["--config-yaml", &config.to_string()])
            .stderr(fs::File::create(path("log")).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut envoy = Self {
            process,
            directory,
            ports: Vec::new(),
        };
        envoy.ports = envoy.wait(|envoy| envoy.find_ports(managers.len()));
        envoy
    }

    pub(crate) fn port(&self, index: usize) -> u16 {
        self.ports[index]
    }

    /// The lines of the access log, once there are as many as wanted.
    pub(crate) fn log(&self, wanted: usize) -> Vec<String> {
        let path = self.directory.path().join("access");
        self.wait(|_| {
            let text = fs::read_to_string(&path).ok()?;
            let lines: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
            (lines.len() >= wanted).then_some(lines)
        })
    }

    fn find_ports(&self, wanted: usize) -> Option<Vec<u16>> {
        let address = fs::read_to_string(self.directory.path().join("admin")).ok()?;
        let port = address.trim().rsplit(':').next()?.parse().ok()?;
        let request = "GET /listeners?format=json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answer = exchange(port, request.as_bytes());
        let json = &answer[answer.find('{')?..=answer.rfind('}')?];
        let json: Value = serde_json::from_str(json).ok()?;
        let mut found: Vec<_> = json["listener_statuses"].as_array()?.iter().collect();
        found.sort_by_key(|it| it["name"].as_str().unwrap_or_default().to_owned());
        let port = |it: &&Value| {
            let port = it["local_address"]["socket_address"]["port_value"].as_u64()?;
            u16::try_from(port).ok()
        };
        let ports: Vec<_> = found.iter().filter_map(port).collect();
        (ports.len() == wanted).then_some(ports)
    }

    /// Asks until there is an answer; 30 s is the deadline, not the wait.
    fn wait<T>(&self, ask: impl Fn(&Self) -> Option<T>) -> T {
        for _ in 0..1_000 {
            if let Some(answer) = ask(self) {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        panic!("no answer within 30 s\n{log}");
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The path of Envoy, or SKIPPED.
pub(crate) fn program(test: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("MESHCTL_ENVOY") {
        return Some(path.into());
    }
    let allowed = std::env::var("MESHCTL_ALLOW_SKIP").unwrap_or_default();
    let allowed = allowed.split([',', ' ']).any(|tier| tier == "judge");
    assert!(
        allowed || std::env::var("CI").as_deref() != Ok("true"),
        "{test} needs Envoy 1.40 at MESHCTL_ENVOY, and CI=true allows no skip of the tier judge"
    );
    let line = format!("SKIPPED {test}: MESHCTL_ENVOY is not set (the path of Envoy 1.40)\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    None
}

/// Sends a request and reads the whole answer.
pub(crate) fn exchange(port: u16, request: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return String::new();
    };
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let mut reader = BufReader::new(stream);
    while reader.read_until(b'\n', &mut answer).unwrap_or(0) > 2 {}
    let head = String::from_utf8_lossy(&answer).to_lowercase();
    let length = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length: "));
    let is_head = request.starts_with(b"HEAD") || head.starts_with("http/1.1 204");
    match length.filter(|_| !is_head) {
        Some(length) => {
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            answer.extend(body);
        }
        None if is_head => {}
        None => {
            reader.read_to_end(&mut answer).unwrap();
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn listener(index: usize, manager: &Value, log_path: &Path, log: &str) -> Value {
    let kind = |name: &str| format!("type.googleapis.com/envoy.extensions.{name}");
    let mut manager = manager.clone();
    let manager_kind = "filters.network.http_connection_manager.v3.HttpConnectionManager";
    manager["@type"] = kind(manager_kind).into();
    manager["stat_prefix"] = "judged".into();
    manager["route_config"]["validate_clusters"] = false.into();
    let router = json!({ "@type": kind("filters.http.router.v3.Router") });
    manager["http_filters"] = json!([{ "name": "router", "typed_config": router }]);
    manager["access_log"] = json!([{ "name": "log", "typed_config": {
        "@type": kind("access_loggers.file.v3.FileAccessLog"),
        "path": log_path,
        "log_format": { "text_format_source": { "inline_string": log } },
    }}]);
    let filter = json!({ "name": "manager", "typed_config": manager });
    json!({
        "name": format!("{index:03}"),
        "address": socket(0),
        "filter_chains": [{ "filters": [filter] }],
    })
}

/// `up` answers, at `dead` nobody listens, `empty` has no endpoint.
fn clusters() -> Value {
    let dead = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let cluster = |name: &str, port: Option<u16>| {
        let endpoints: Vec<_> = port
            .map(|port| json!({ "endpoint": { "address": socket(port) } }))
            .into_iter()
            .collect();
        json!({
            "name": name,
            "connect_timeout": "5s",
            "type": "STATIC",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{ "lb_endpoints": endpoints }],
            },
        })
    };
    json!([
        cluster("up", Some(upstream())),
        cluster("dead", Some(dead)),
        cluster("empty", None)
    ])
}

fn socket(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

/// Answers with the head of the request as its body.
fn upstream() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(stream: TcpStream) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while reader.read_until(b'\n', &mut head).unwrap_or(0) > 2 {}
        if head.is_empty() {
            return;
        }
        let status =
            "HTTP/1.1 200 OK\r\nserver: up\r\nvia: x\r\nx-up: 1\r\nkeep-alive: 1\r\nvia: y\r\n";
        let length = format!("content-length: {}\r\n\r\n", head.len());
        let answer = [status.as_bytes(), length.as_bytes(), &head].concat();
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}
