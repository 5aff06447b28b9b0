//! Starts the servers, the proxies and the clients, and compares what the clients say.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::bootstrap::{Upstream, bootstrap};

/// A program that runs; ends when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that runs.
pub(crate) struct Server {
    upstream: Upstream,
    _running: Running,
}

/// Envoy and mesh-proxy before the same servers.
pub(crate) struct Proxies {
    envoy: Vec<String>,
    ours: Vec<String>,
    _running: [Running; 2],
    _servers: Vec<Server>,
    _folder: TempDir,
}

impl Server {
    /// The application over HTTP/1.
    pub(crate) fn uvicorn() -> Option<Self> {
        Self::start(false, |port| {
            let mut command = module("uvicorn")?;
            command.args([
                "app:app",
                "--http",
                "httptools",
                "--ws",
                "websockets-sansio",
            ]);
            // Its own names differ from version to version, and the frames of websockets are the client's to compress.
            command.args(["--no-server-header", "--no-date-header", "--no-access-log"]);
            command.args(["--no-proxy-headers", "--ws-per-message-deflate", "false"]);
            command.args(["--log-level", "error", "--port"]);
            command.arg(port.to_string());
            Some(command)
        })
    }

    /// The application over HTTP/2.
    pub(crate) fn hypercorn() -> Option<Self> {
        Self::start(true, |port| {
            let mut command = module("hypercorn")?;
            command.args([
                "app:app",
                "--workers",
                "0",
                "--log-level",
                "error",
                "--bind",
            ]);
            command.arg(format!("127.0.0.1:{port}"));
            Some(command)
        })
    }

    /// grpcio's server.
    pub(crate) fn grpc() -> Option<Self> {
        Self::start(true, |port| {
            interpreter()?;
            let mut command = python("grpc_server.py");
            command.arg(port.to_string());
            Some(command)
        })
    }

    /// nghttp2's server, with the files of a folder.
    pub(crate) fn nghttpd(folder: &Path) -> Option<Self> {
        Self::start(true, |port| {
            let mut command = Command::new(found("nghttpd")?);
            command.args(["--no-tls", "--echo-upload", "-a", "127.0.0.1", "-d"]);
            command.arg(folder).arg(port.to_string());
            Some(command)
        })
    }

    fn start(http2: bool, command: impl FnOnce(u16) -> Option<Command>) -> Option<Self> {
        let port = free_port();
        let running = start(&mut command(port)?, &[port]);
        Some(Self {
            upstream: Upstream { port, http2 },
            _running: running,
        })
    }
}

impl Proxies {
    /// Starts both; says SKIPPED when there is no Envoy.
    pub(crate) fn start(servers: Vec<Server>) -> Option<Self> {
        let Some(envoy) = std::env::var_os("MESHCTL_ENVOY") else {
            say("SKIPPED: MESHCTL_ENVOY is not set (the path of Envoy 1.40)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let run = |program: &OsString, arguments: &[&str]| {
            let ports: Vec<u16> = servers.iter().map(|_| free_port()).collect();
            let upstreams = servers.iter().map(|it| &it.upstream);
            let config = bootstrap(free_port(), &ports, upstreams);
            let path = folder.path().join(format!("{}.json", ports[0]));
            std::fs::write(&path, config.to_string()).unwrap();
            let mut command = Command::new(program);
            command.args(arguments).args(["--log-level", "error", "-c"]);
            command.arg(path).args(["--concurrency", "1"]);
            let running = start(&mut command, &ports);
            let ports = ports.iter().map(u16::to_string).collect();
            (running, ports)
        };
        let ours = OsString::from(env!("CARGO_BIN_EXE_mesh-proxy"));
        let (first, envoy) = run(&envoy, &["--disable-hot-restart"]);
        let (second, ours) = run(&ours, &[]);
        Some(Self {
            envoy,
            ours,
            _running: [first, second],
            _servers: servers,
            _folder: folder,
        })
    }

    /// The ports of mesh-proxy, one before each server.
    pub(crate) fn ours(&self) -> &[String] {
        &self.ours
    }

    /// Runs a client through both, and fails unless it ends well and says the same.
    pub(crate) fn compare(&self, client: impl Fn(&[String]) -> Command) {
        self.compare_seen("the client", client);
    }

    /// The same; gives what it says.
    pub(crate) fn compare_seen(&self, name: &str, client: impl Fn(&[String]) -> Command) -> String {
        let said = |ports: &[String]| {
            let mut text = steady(&run(&client(ports)));
            for (index, port) in ports.iter().enumerate() {
                text = text.replace(port, &format!("PORT-{index}"));
            }
            text
        };
        let envoy = said(&self.envoy);
        let ours = said(&self.ours);
        let differs = envoy.lines().zip(ours.lines()).find(|(a, b)| a != b);
        assert!(
            envoy == ours,
            "{name}: through Envoy it says\n{envoy}\nthrough mesh-proxy\n{ours}\nfirst difference: {differs:#?}"
        );
        ours
    }
}

/// Starts a program and waits until it listens on all its ports.
fn start(command: &mut Command, ports: &[u16]) -> Running {
    let mut running = Running(command.stdin(Stdio::null()).spawn().unwrap());
    for port in ports {
        while TcpStream::connect(("127.0.0.1", *port)).is_err() {
            let ended = running.0.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended with {ended:?}");
            std::thread::yield_now();
        }
    }
    running
}

/// What a client says when it ends well; a client that hangs ends after two minutes.
pub(crate) fn run(command: &Command) -> String {
    let mut limited = Command::new("timeout");
    limited.args(["--kill-after=5", "120"]);
    limited.arg(command.get_program()).args(command.get_args());
    let output = limited.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    let status = output.status;
    assert!(
        status.success(),
        "{command:?}: {status}\n{said}{complained}"
    );
    said
}

/// What is said without the header fields that differ from answer to answer.
fn steady(said: &str) -> String {
    let varies = |line: &&str| {
        let line = line.trim_start_matches(['<', ' ']).to_ascii_lowercase();
        line.starts_with("date: ") || line.starts_with("x-envoy-upstream-service-time: ")
    };
    let kept = said.lines().filter(|it| !varies(it));
    kept.flat_map(|line| [line, "\n"]).collect()
}

/// A program of the machine; says SKIPPED when it is not there.
pub(crate) fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|it| it.join(program))
        .find(|it| it.is_file());
    if path.is_none() {
        say(&format!("SKIPPED {program}: it is not installed"));
    }
    path
}

/// A script of this test.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// A script in Python.
pub(crate) fn python(name: &str) -> Command {
    let mut command = Command::new(interpreter().unwrap_or_default());
    command.arg("-B").arg(script(name));
    command
}

/// A server that is a module of Python, beside the application.
fn module(name: &str) -> Option<Command> {
    let mut command = Command::new(interpreter()?);
    command.current_dir(script("")).args(["-B", "-m", name]);
    Some(command)
}

/// The Python with the clients; says SKIPPED when there is none.
fn interpreter() -> Option<OsString> {
    let python = std::env::var_os("MESHCTL_PYTHON");
    if python.is_none() {
        say("SKIPPED: MESHCTL_PYTHON is not set; `tests/run judge` sets it");
    }
    python
}

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// Writes a line to standard output, where tests/run reads it.
fn say(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
}
