//! Serves the admin on a thread of its own.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::count::Counts;
use super::reply::{Payload, refusal};
use super::route;
use super::source::Source;
use crate::log::Levels;
use crate::stats::{Registry, Snapshot};

/// What the bootstrap says of the admin and of statistics.
#[derive(Debug, Clone)]
pub struct Config {
    /// `admin.address`.
    pub address: SocketAddr,
    /// `stats_flush_interval`: how often histograms take on what was recorded.
    pub flush_interval: Duration,
    /// `stats_flush_on_admin`: do it whenever somebody reads, too.
    pub flush_on_admin: bool,
}

impl Config {
    /// With Envoy's defaults.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            flush_interval: Duration::from_secs(5),
            flush_on_admin: false,
        }
    }
}

/// An admin whose port is bound.
pub struct Admin {
    listener: TcpListener,
    parts: Parts,
}

struct Parts {
    config: Config,
    registry: Registry,
    levels: Levels,
    source: Arc<dyn Source>,
}

impl Admin {
    /// Binds the port; connections wait until the admin is started.
    pub fn bind(
        config: Config,
        registry: Registry,
        levels: Levels,
        source: Arc<dyn Source>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address)?;
        listener.set_nonblocking(true)?;
        let parts = Parts {
            config,
            registry,
            levels,
            source,
        };
        Ok(Self { listener, parts })
    }

    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Starts its thread.
    pub fn start(self) -> io::Result<Running> {
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("admin".to_owned())
            .spawn(move || {
                let shared = Rc::new(Shared::new(self.parts));
                let tasks = LocalSet::new();
                let serving = tasks.run_until(serve(self.listener, shared, stopped));
                if let Err(error) = runtime.block_on(serving) {
                    tracing::error!(target: "admin", "the admin cannot listen: {error}");
                }
            })?;
        Ok(Running {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// An admin that serves until this is dropped.
#[derive(Debug)]
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the admin has been reported by then, and ends nothing else.
            let _ = thread.join();
        }
    }
}

/// What all connections of the admin share, on its thread.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) registry: Registry,
    pub(super) levels: Levels,
    pub(super) source: Arc<dyn Source>,
    counts: Counts,
    connections: Cell<usize>,
}

impl Shared {
    fn new(parts: Parts) -> Self {
        let shared = Self {
            counts: Counts::open(&parts.registry),
            config: parts.config,
            registry: parts.registry,
            levels: parts.levels,
            source: parts.source,
            connections: Cell::new(0),
        };
        shared.counts.refresh(&*shared.source);
        shared
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        if self.config.flush_on_admin {
            self.flush();
        } else {
            self.counts.refresh(&*self.source);
        }
        self.registry.snapshot()
    }

    fn flush(&self) {
        self.counts.refresh(&*self.source);
        self.registry.flush();
    }
}

/// Beyond them, connections are closed at once.
const MOST_CONNECTIONS: usize = 256;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

async fn serve(
    listener: TcpListener,
    shared: Rc<Shared>,
    mut stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut flush = tokio::time::interval(shared.config.flush_interval);
    flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once.
    flush.tick().await;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if shared.connections.get() < MOST_CONNECTIONS => {
                    tokio::task::spawn_local(connection(stream, Rc::clone(&shared)));
                }
                Ok(_) => {}
                // Out of descriptors, most likely: some come back when connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            _ = flush.tick() => shared.flush(),
            _ = &mut stopped => return Ok(()),
        }
    }
}

async fn connection(stream: tokio::net::TcpStream, shared: Rc<Shared>) {
    shared.connections.set(shared.connections.get() + 1);
    let counted = shared.counts.connection();
    let service = service_fn(|request: Request<Incoming>| {
        let response = shared.counts.request(|| respond(&shared, &request));
        if asks_to_close(&request) {
            counted.closes();
        }
        async move { Ok::<_, Infallible>(response) }
    });
    // That the client goes away is no event.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(counted);
    shared.connections.set(shared.connections.get() - 1);
}

fn respond(shared: &Shared, request: &Request<Incoming>) -> Response<Payload> {
    if request.version() == Version::HTTP_10 {
        return refusal(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
    }
    if !request.headers().contains_key(HOST) {
        return refusal(StatusCode::BAD_REQUEST, "");
    }
    if request.uri().scheme().is_some() {
        return refusal(StatusCode::NOT_FOUND, "");
    }
    let path = merged(request.uri().path());
    let query = request.uri().query().unwrap_or_default();
    route::answer(shared, request.method(), &path, query).into_response()
}

fn asks_to_close(request: &Request<Incoming>) -> bool {
    let field = request.headers().get(CONNECTION);
    field.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

/// A path whose slashes in a row are one.
fn merged(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !merged.ends_with('/') {
            merged.push(character);
        }
    }
    merged
}
