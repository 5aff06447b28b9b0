//! Clients that nobody here wrote, through mesh-proxy and through the real Envoy to servers that nobody here wrote.
//!
//! Each client says itself whether what it got is right, and prints what it saw; both proxies must let it see the same.
//! `tests/run judge` installs the clients; one that is not there prints SKIPPED.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "clients/bootstrap.rs"]
mod bootstrap;
#[path = "clients/programs.rs"]
mod programs;

use std::process::Command;

use programs::{Proxies, Server, found, python, script};

/// The servers of HTTP/1 and of HTTP/2, and both proxies before them.
fn web() -> Option<Proxies> {
    let first = Server::uvicorn()?;
    let second = Server::hypercorn()?;
    Proxies::start(vec![first, second])
}

#[test]
fn httpx() {
    let Some(proxies) = web() else { return };
    proxies.compare(|ports| {
        let mut command = python("httpx_client.py");
        command.args(ports);
        command
    });
}

#[test]
fn h2() {
    let Some(proxies) = web() else { return };
    proxies.compare(|ports| {
        let mut command = python("h2_client.py");
        command.args(ports);
        command
    });
}

#[test]
fn websockets() {
    let Some(proxies) = web() else { return };
    proxies.compare(|ports| {
        let mut command = python("websockets_client.py");
        command.arg(&ports[0]);
        command
    });
}

#[test]
fn grpcio() {
    let Some(proxies) = Server::grpc().and_then(|it| Proxies::start(vec![it])) else {
        return;
    };
    proxies.compare(|ports| {
        let mut command = python("grpc_client.py");
        command.args(ports);
        command
    });
}

#[test]
fn node() {
    let Some(node) = found("node") else { return };
    let Some(proxies) = web() else { return };
    proxies.compare(|ports| {
        let mut command = Command::new(&node);
        command.arg(script("node_client.mjs")).args(ports);
        command
    });
}

#[test]
fn java() {
    // A JRE alone cannot read a source file.
    if found("javac").is_none() {
        return;
    }
    let Some(java) = found("java") else { return };
    let Some(proxies) = web() else { return };
    proxies.compare(|ports| {
        let mut command = Command::new(&java);
        // It is one class for one run: the second compiler has nothing to win.
        command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
        command.arg(script("JavaClient.java")).args(ports);
        command
    });
}

/// What curl says of each answer.
const SAID: &str =
    "%{http_version} %{response_code} %{size_download} %{num_connects} %{num_redirects}\n";

/// Arguments of curl, in which `URL` is the proxy, and what it must print of them.
const CURL: &[(&str, &[&str], &str)] = &[
    ("a page", &["URL/headers?a=b%20c"], "1.1 200"),
    (
        "HTTP/1.0",
        &["--http1.0", "-i", "URL/chunks/100"],
        "1.0 200",
    ),
    ("HEAD", &["-I", "URL/length/77"], "content-length: 77"),
    (
        "one connection",
        &["URL/length/1000", "URL/chunks/10", "URL/length/5"],
        "1.1 200 5 0 0",
    ),
    (
        "one after the other",
        &["-o", "/dev/null", "URL/length/[1000-1040]"],
        "1.1 200 1040 0 0",
    ),
    ("redirects", &["-L", "URL/redirect/5"], " 5\n"),
    (
        // curl waits for 100 before a body of more than a megabyte.
        "a large body",
        &["-v", "--data-binary", "@FILE", "URL/count"],
        "\"length\": 3000000",
    ),
    (
        "an expectation",
        &["-v", "-H", "Expect: 100-continue", "-d", "abc", "URL/count"],
        "< HTTP/1.1 100 Continue",
    ),
    (
        "a body of unknown length",
        &[
            "-H",
            "Transfer-Encoding: chunked",
            "-T",
            "FILE",
            "URL/count",
        ],
        "\"length\": 3000000",
    ),
    (
        "a slow body",
        &["--limit-rate", "2M", "-T", "FILE", "URL/count"],
        "\"length\": 3000000",
    ),
    (
        "a slow answer",
        &[
            "--limit-rate",
            "4M",
            "-o",
            "/dev/null",
            "URL/length/2000000",
        ],
        "1.1 200 2000000",
    ),
    ("drop by drop", &["-N", "URL/slow/5"], "slow 4"),
    (
        "the connection is to close",
        &["-i", "-H", "Connection: close", "URL/length/3"],
        "connection: close",
    ),
    ("no body", &["-i", "URL/status/204"], "1.1 204 0"),
    ("not modified", &["-i", "URL/status/304"], "1.1 304 0"),
    (
        "prior knowledge",
        &["--http2-prior-knowledge", "-i", "URL/headers"],
        "HTTP/2 200",
    ),
    (
        "prior knowledge, upload",
        &["--http2-prior-knowledge", "-T", "FILE", "URL/count"],
        "\"length\": 3000000",
    ),
    (
        "an upgrade to HTTP/2 that is not taken",
        &["--http2", "URL/headers"],
        "1.1 200",
    ),
    (
        "no such method",
        &["-i", "-X", "FROBNICATE", "URL/count"],
        "1.1 ",
    ),
];

#[test]
fn curl() {
    let Some(curl) = found("curl") else { return };
    let Some(proxies) = web() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, vec![b'd'; 3_000_000]).unwrap();
    for (name, arguments, expected) in CURL {
        for server in 0..2 {
            let seen = proxies.compare_seen(name, |ports| {
                let mut command = Command::new(&curl);
                command.args(["-sS", "--stderr", "-", "--max-time", "60", "-w", SAID]);
                let url = format!("http://127.0.0.1:{}", ports[server]);
                command.args(arguments.iter().map(|it| {
                    it.replace("URL", &url)
                        .replace("FILE", file.to_str().unwrap())
                }));
                command
            });
            assert!(
                seen.contains(expected),
                "{name}: no {expected:?} in\n{seen}"
            );
        }
    }
}

/// nghttpd, which serves one file and sends back what is uploaded.
fn nghttpd() -> Option<(Proxies, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "hello from a file").unwrap();
    let server = Server::nghttpd(folder.path())?;
    Some((Proxies::start(vec![server])?, folder))
}

#[test]
fn nghttp() {
    let Some(nghttp) = found("nghttp") else {
        return;
    };
    let Some((proxies, folder)) = nghttpd() else {
        return;
    };
    let file = folder.path().join("data");
    std::fs::write(&file, vec![b'd'; 2_000_000]).unwrap();
    let file = file.to_str().unwrap();
    let runs: &[&[&str]] = &[
        &["URL/index.html"],
        &["-m", "50", "URL/index.html"],
        &["--no-dep", "-w", "16", "-W", "18", "URL/index.html"],
        &[
            "-d",
            file,
            "-H",
            "trailer: x",
            "--trailer",
            "x-last: 1",
            "URL/echo",
        ],
        &["-b", "20", "--expect-continue", "-d", file, "URL/echo"],
    ];
    for arguments in runs {
        proxies.compare_seen(&arguments.join(" "), |ports| {
            let url = format!("http://127.0.0.1:{}", ports[0]);
            let mut command = Command::new(&nghttp);
            command.args(arguments.iter().map(|it| it.replace("URL", &url)));
            command
        });
    }
}

/// Every one of many requests is answered, over few connections with many streams and over many with one.
#[test]
fn h2load() {
    let Some(h2load) = found("h2load") else {
        return;
    };
    let Some((proxies, _folder)) = nghttpd() else {
        return;
    };
    let runs: &[(&str, &[&str])] = &[
        ("20000", &["-c", "8", "-m", "32"]),
        ("20000", &["-c", "1", "-m", "100", "-w", "16", "-W", "16"]),
        ("20000", &["-c", "64", "--h1"]),
        ("2000", &["-c", "500", "-m", "4"]),
    ];
    for (count, arguments) in runs {
        let mut command = Command::new(&h2load);
        command.args(["-n", count]).args(*arguments);
        command.arg(format!("http://127.0.0.1:{}/index.html", proxies.ours()[0]));
        let seen = programs::run(&command);
        let all = format!("status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx");
        assert!(seen.contains(&all), "{arguments:?}: {seen}");
        let whole = format!("{count} done, {count} succeeded, 0 failed, 0 errored, 0 timeout");
        assert!(seen.contains(&whole), "{arguments:?}: {seen}");
    }
}
