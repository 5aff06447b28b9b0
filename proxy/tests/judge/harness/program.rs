//! Starts the programs that are compared, and reads their admin endpoint.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::record::PATIENCE;

/// A program that takes a bootstrap and proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Envoy,
    /// Envoy with another configuration than the cases say, to prove that they tell the difference.
    Varied(Variation),
    MeshProxy,
}

/// A difference that the cases must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variation {
    /// No route retries.
    RetriesOff,
    /// Every timeout of a route is 6 s.
    AnotherTimeout,
    /// The rule that adds `x-rule` to requests or responses is gone.
    RuleRemoved,
}

impl Variation {
    pub(crate) const ALL: [Self; 3] = [Self::RetriesOff, Self::AnotherTimeout, Self::RuleRemoved];

    fn apply(self, value: &mut Value) {
        match value {
            Value::Array(items) => {
                if self == Self::RuleRemoved {
                    items.retain(|item| item.pointer("/header/key") != Some(&"x-rule".into()));
                }
                for item in items {
                    self.apply(item);
                }
            }
            Value::Object(fields) => {
                if self == Self::RetriesOff {
                    fields.remove("retry_policy");
                }
                if let (Self::AnotherTimeout, Some(route)) = (self, fields.get_mut("route"))
                    && let Some(timeout) = route.get_mut("timeout")
                {
                    *timeout = "6s".into();
                }
                for item in fields.values_mut() {
                    self.apply(item);
                }
            }
            _ => {}
        }
    }
}

impl Program {
    /// What the program is given when the cases say `bootstrap`.
    pub(crate) fn bootstrap(self, mut bootstrap: Value) -> Value {
        if let Self::Varied(variation) = self {
            variation.apply(&mut bootstrap);
        }
        bootstrap
    }

    /// Starts the program in a directory and waits until it is ready; else what it has said.
    pub(crate) async fn start(
        self,
        bootstrap: &Value,
        admin: SocketAddr,
        directory: &Path,
    ) -> Result<Running, String> {
        let config = directory.join("bootstrap.json");
        fs::write(&config, serde_json::to_vec_pretty(bootstrap).unwrap()).unwrap();
        let log = directory.join("log");
        let output = fs::File::create(&log).unwrap();
        let process = self
            .command()
            .arg("-c")
            .arg(config)
            .args(["--concurrency", "1"])
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut running = Running {
            process,
            admin,
            log,
        };
        if running.ready().await {
            Ok(running)
        } else {
            Err(running.log())
        }
    }

    fn command(self) -> Command {
        let mut command;
        match self {
            Self::Envoy | Self::Varied(_) => {
                command = Command::new(std::env::var_os("MESHCTL_ENVOY").unwrap());
                command.args(["--disable-hot-restart", "--log-level", "warning"]);
                // Envoy writes access logs every ten seconds unless it is told otherwise.
                command.args(["--file-flush-interval-msec", "20"]);
            }
            Self::MeshProxy => {
                let built = option_env!("CARGO_BIN_EXE_mesh-proxy").map(Into::into);
                let path = std::env::var_os("MESHCTL_MESH_PROXY").or(built);
                command = Command::new(path.expect("MESHCTL_MESH_PROXY is the path of mesh-proxy"));
                command.args(["--file-flush-interval-msec", "20"]);
            }
        }
        command
    }
}

/// A program that runs; ends when dropped.
pub(crate) struct Running {
    process: Child,
    admin: SocketAddr,
    log: PathBuf,
}

impl Running {
    /// Whether the program becomes ready within 30 s.
    async fn ready(&mut self) -> bool {
        for _ in 0..3000 {
            if self.get("/ready").await.is_some() {
                return true;
            }
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    /// What the program has said last.
    fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        // Envoy prints the whole configuration when it refuses it, and the reason behind it.
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(3)..].join("\n")
    }

    /// What it has said of panics.
    pub(crate) fn panics(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines = log.lines();
        let mut panics = Vec::new();
        while let Some(line) = lines.next() {
            if line.contains(" panicked at ") {
                panics.push(format!("{line} {}", lines.next().unwrap_or_default()));
            }
        }
        panics
    }

    /// Every statistic that is a number other than zero.
    pub(crate) async fn statistics(&self) -> Vec<(String, u64)> {
        let Some(text) = self.get("/stats?usedonly").await else {
            return vec![(format!("no statistics: {}", self.log()), 1)];
        };
        let mut found = Vec::new();
        for line in text.lines() {
            if let Some((name, value)) = line.rsplit_once(": ")
                && let Ok(value @ 1..) = value.parse()
            {
                found.push((name.to_owned(), value));
            }
        }
        found
    }

    async fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.admin).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        tokio::time::timeout(PATIENCE, read).await.ok()?.ok()?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let chunked = head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked");
        head.contains(" 200 ").then(|| {
            if chunked {
                unchunked(body)
            } else {
                body.to_owned()
            }
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, data)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        body.push_str(&data[..size]);
        rest = data[size..].trim_start_matches("\r\n");
    }
    body
}

/// Whether there is an Envoy to judge by; says SKIPPED if not.
pub(crate) fn has_envoy(test: &str) -> bool {
    if std::env::var_os("MESHCTL_ENVOY").is_some() {
        return true;
    }
    let allowed = std::env::var("MESHCTL_ALLOW_SKIP").unwrap_or_default();
    let allowed = allowed.split([',', ' ']).any(|tier| tier == "judge");
    assert!(
        allowed || std::env::var("CI").as_deref() != Ok("true"),
        "{test} needs Envoy 1.40 at MESHCTL_ENVOY, and CI=true allows no skip of the tier judge"
    );
    say(&format!(
        "SKIPPED {test}: MESHCTL_ENVOY is not set (the path of Envoy 1.40)"
    ));
    false
}

/// Writes a line to standard output, where tests/run reads it.
pub(crate) fn say(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
}
