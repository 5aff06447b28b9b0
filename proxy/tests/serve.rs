//! Runs mesh-proxy as a user would: what it answers, what it refuses before it serves, and how it ends.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "serve/draining.rs"]
mod draining;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// A proxy that runs; ends when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

/// A bootstrap with one listener that answers `/` itself, forwards `/up` and relays nothing else.
fn bootstrap(admin: u16, listener: u16, upstream: u16) -> Value {
    let package = "type.googleapis.com/envoy.extensions.filters";
    json!({
        "admin": {"address": address(admin)},
        "static_resources": {
            "listeners": [{"name": "web", "address": address(listener), "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": {
                    "@type": format!("{package}.network.http_connection_manager.v3.HttpConnectionManager"),
                    "stat_prefix": "web",
                    "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                        {"match": {"prefix": "/up"}, "route": {"cluster": "up"}},
                        {"match": {"prefix": "/"}, "direct_response":
                            {"status": 200, "body": {"inline_string": "hello"}}},
                    ]}]},
                    "http_filters": [{
                        "name": "envoy.filters.http.router",
                        "typed_config": {"@type": format!("{package}.http.router.v3.Router")},
                    }],
                },
            }]}]}],
            "clusters": [{
                "name": "up", "type": "STATIC", "connect_timeout": "1s",
                "load_assignment": {"cluster_name": "up", "endpoints": [{"lb_endpoints": [
                    {"endpoint": {"address": address(upstream)}},
                ]}]},
            }],
        },
    })
}

fn command(bootstrap: &Value, folder: &Path) -> Command {
    let path = folder.join("bootstrap.json");
    std::fs::write(&path, bootstrap.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-proxy"));
    command.arg("-c").arg(path).args(["--concurrency", "1"]);
    command
}

/// Starts a proxy and waits until its listener takes connections.
fn start(bootstrap: &Value, port: u16, folder: &Path) -> Running {
    let mut running = Running(command(bootstrap, folder).spawn().unwrap());
    loop {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return running;
        }
        assert!(running.0.try_wait().unwrap().is_none(), "it has ended");
        std::thread::yield_now();
    }
}

fn refused(bootstrap: &Value, folder: &Path) -> Output {
    let mut command = command(bootstrap, folder);
    command.stderr(Stdio::piped()).output().unwrap()
}

/// The answer to one request, whose connection then ends.
fn ask(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_answers_forwards_counts_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port) = (free_port(), free_port());
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = upstream.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (stream, _) = upstream.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0);
        }
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nup"
        )
        .unwrap();
        head
    });
    let mut running = start(&bootstrap(admin, port, own), port, folder.path());

    let direct = ask(port, "/");
    assert!(direct.starts_with("HTTP/1.1 200 OK\r\n"), "{direct}");
    assert!(direct.ends_with("\r\n\r\nhello"), "{direct}");
    let forwarded = ask(port, "/up?a=b");
    assert!(
        forwarded.starts_with("HTTP/1.1 201 Created\r\n"),
        "{forwarded}"
    );
    assert!(forwarded.ends_with("\r\n\r\nup"), "{forwarded}");
    let head = server.join().unwrap();
    assert!(
        head.starts_with("GET /up?a=b HTTP/1.1\r\nhost: shop\r\n"),
        "{head}"
    );

    let statistics = ask(admin, "/stats?filter=upstream_rq_201");
    assert!(
        statistics.contains("cluster.up.upstream_rq_201: 1\n"),
        "{statistics}"
    );
    let dump = ask(admin, "/config_dump");
    assert!(
        dump.contains("envoy.admin.v3.BootstrapConfigDump"),
        "{dump}"
    );

    let pid = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn without_an_admin_it_serves_until_it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut bootstrap = bootstrap(1, port, 1);
    bootstrap.as_object_mut().unwrap().remove("admin");
    let mut running = start(&bootstrap, port, folder.path());
    for _ in 0..3 {
        assert!(ask(port, "/").starts_with("HTTP/1.1 200 OK"));
    }
    assert!(running.0.try_wait().unwrap().is_none(), "it has ended");
}

/// They wait for up to ten seconds to be written together.
#[test]
fn lines_of_access_logs_that_wait_are_written_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut bootstrap = bootstrap(free_port(), port, 1);
    let log = folder.path().join("access.log");
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    bootstrap.pointer_mut(manager).unwrap()["access_log"] = json!([{
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": log,
        },
    }]);
    let mut running = start(&bootstrap, port, folder.path());
    ask(port, "/first");
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    assert!(running.0.wait().unwrap().success());
    let lines = std::fs::read_to_string(log).unwrap();
    assert!(lines.contains("GET /first"), "{lines}");
}

#[test]
fn a_port_in_use_is_named_before_anything_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = refused(&bootstrap(free_port(), port, 1), folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected =
        format!("error: listener web cannot listen on 127.0.0.1:{port}: Address already in use");
    assert!(said.starts_with(&expected), "{said}");
    assert!(
        said.contains("hint: another process listens there"),
        "{said}"
    );
}

#[test]
fn what_is_not_served_yet_is_refused_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut bootstrap = bootstrap(free_port(), free_port(), 1);
    let cluster = &mut bootstrap["static_resources"]["clusters"][0];
    cluster["close_connections_on_host_health_failure"] = true.into();
    let output = refused(&bootstrap, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let what = "cluster up: close_connections_on_host_health_failure";
    assert!(
        said.starts_with(&format!("error: not served yet: {what}\n")),
        "{said}"
    );
}

#[test]
fn certificates_that_are_no_good_are_refused_before_anything_is_bound() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let key = || rcgen::KeyPair::generate().unwrap();
    let (own, other) = (key(), key());
    let certificate =
        |parameters: rcgen::CertificateParams| parameters.self_signed(&own).unwrap().pem();
    let mut old = rcgen::CertificateParams::default();
    old.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let good = certificate(rcgen::CertificateParams::default());
    for (chain, key, told) in [
        (
            good.clone(),
            other.serialize_pem(),
            "does not match the certificate",
        ),
        (certificate(old), own.serialize_pem(), "expired at"),
        (
            "no certificate".to_owned(),
            own.serialize_pem(),
            "holds no certificate",
        ),
        (good, String::new(), "holds no private key"),
    ] {
        // The port is in use, which would be told if it were asked for.
        let mut wrong = bootstrap(free_port(), taken, 1);
        wrong["static_resources"]["listeners"][0]["filter_chains"][0]["transport_socket"] = json!({
            "name": "tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {"tls_certificates": [{
                    "certificate_chain": {"inline_string": chain},
                    "private_key": {"inline_string": key},
                }]},
            },
        });
        let refused = refused(&wrong, folder.path());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains(told), "{said}");
        assert!(said.contains("bootstrap.json:1:"), "{said}");
    }
}

/// The resident megabytes of a process.
fn resident(process: &Child) -> u64 {
    let path = format!("/proc/{}/statm", process.id());
    let text = std::fs::read_to_string(path).unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096 / 1_000_000
}

/// Asks for something else until `moved` has stood still for a hundred answers: whoever feeds the proxy is held back.
fn until_it_stands_still(port: u16, moved: &AtomicU64) {
    let (mut before, mut still) = (0, 0);
    while still < 100 {
        assert!(ask(port, "/").ends_with("hello"));
        let now = moved.load(Ordering::Relaxed);
        still = if now == before && now > 0 {
            still + 1
        } else {
            0
        };
        before = now;
    }
}

/// Writes up to half a gigabyte, and counts it.
fn pour(mut into: TcpStream, moved: &AtomicU64) {
    let block = [b'w'; 16 * 1024];
    while moved.load(Ordering::Relaxed) < 512_000_000 && into.write_all(&block).is_ok() {
        moved.fetch_add(block.len() as u64, Ordering::Relaxed);
    }
}

#[test]
fn a_side_that_does_not_read_holds_the_other_back_and_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port) = (free_port(), free_port());
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = upstream.local_addr().unwrap().port();
    let running = start(&bootstrap(admin, port, own), port, folder.path());
    assert!(ask(port, "/").ends_with("hello"));
    let before = resident(&running.0);
    let (down, up) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let mut reader = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(reader, "GET /up HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
        let (mut server, _) = upstream.accept().unwrap();
        write!(
            server,
            "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
        )
        .unwrap();
        let pouring = server.try_clone().unwrap();
        scope.spawn(|| pour(pouring, &down));

        let mut writer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(
            writer,
            "PUT /up HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000000\r\n\r\n"
        )
        .unwrap();
        let (idle, _) = upstream.accept().unwrap();
        let pouring = writer.try_clone().unwrap();
        scope.spawn(|| pour(pouring, &up));

        until_it_stands_still(port, &down);
        until_it_stands_still(port, &up);
        let grown = resident(&running.0).saturating_sub(before);
        for socket in [&server, &writer, &reader, &idle] {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        let moved = [&down, &up].map(|it| it.load(Ordering::Relaxed));
        assert!(
            moved.iter().all(|it| *it < 100_000_000),
            "{moved:?} bytes went into the proxy"
        );
        assert!(grown < 8, "{grown} MB more");
    });
}

#[test]
fn requests_are_shown_to_who_watches_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let (admin, port) = (free_port(), free_port());
    let _running = start(&bootstrap(admin, port, 1), port, folder.path());
    assert!(ask(admin, "/tap?filter=status%20==").starts_with("HTTP/1.1 400 "));
    let watching = TcpStream::connect(("127.0.0.1", admin)).unwrap();
    write!(
        &watching,
        "GET /tap?filter=path%20~%20shown&events=all HTTP/1.1\r\nHost: admin\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(watching).lines().map(Result::unwrap);
    // The watch has begun when its head is here.
    assert!(lines.any(|line| line.is_empty()));
    ask(port, "/other");
    ask(port, "/shown");
    let mut shown = lines.filter(|line| line.starts_with('{'));
    let mut next = || serde_json::from_str::<Value>(&shown.next().unwrap()).unwrap();
    let (begin, end) = (next(), next());
    assert_eq!(
        (&begin["event"], &begin["path"]),
        (&json!("begin"), &json!("/shown"))
    );
    assert_eq!(
        (&end["event"], &end["path"]),
        (&json!("end"), &json!("/shown"))
    );
    assert_eq!(
        (&end["status"], &end["details"]),
        (&json!(200), &json!("direct_response"))
    );
    assert_eq!(end["listener"], format!("127.0.0.1_{port}"));
    assert_eq!(end["response_bytes"], 5);
}
