//! Takes requests from a connection, through filters and routes, to an upstream and back: Envoy's HTTP connection
//! manager, once for each filter chain and worker.

mod books;
mod connection;
mod filters;
mod http1;
mod http2;
mod request;
mod tapped;
mod tries;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::access_log::file::{Gathering, LogFile};
use crate::config::model::Node;
use crate::config::model::access_log::AccessLog;
use crate::config::model::http::{HttpConnectionManager, HttpFilterKind, Router, Routes};
use crate::config::model::listener::Direction;
use crate::drain::Draining;
use crate::format::time::Calendar;
use crate::http::change::Scratch;
use crate::http::policy::Policy;
use crate::http::route::RouteTable;
use crate::socket;
use crate::stats::{
    Handle, Http1Stats, HttpStats, ListenerHttpStats, Registry, RouterStats, Scope, Writer,
};
use crate::tap::Tap;
use crate::worker::Worker;

/// A connection manager in a worker.
pub struct Manager {
    config: Arc<HttpConnectionManager>,
    place: Place,
    policy: Policy,
    routes: RouteTable,
    filters: Vec<filters::Filter>,
    router: Router,
    stats: Handle<HttpStats>,
    router_stats: Handle<RouterStats>,
    listener_stats: Handle<ListenerHttpStats>,
    http1_stats: Handle<Http1Stats>,
    http2_counts: http2::Counts,
    logs: Vec<(AccessLog, Arc<LogFile>)>,
    worker: Rc<Worker>,
    scratch: RefCell<Scratch>,
    date: RefCell<Date>,
    connections: Cell<u64>,
}

/// Where a connection manager is: where its requests are shown, as coming from where, and what drains it.
pub struct Place {
    /// Where they are shown.
    pub tap: Arc<Tap>,
    /// What is drained.
    pub draining: Arc<Draining>,
    /// The listener's name.
    pub listener: String,
    /// The listener's direction.
    pub direction: Direction,
}

/// The present time as `date` shows it, made anew each second.
#[derive(Default)]
struct Date {
    second: u64,
    text: Vec<u8>,
}

/// Log files by their sink, opened once for all workers.
pub type Logs = std::collections::HashMap<String, Arc<LogFile>>;

impl Manager {
    /// The connection manager of a listener whose statistics are below `listener`.
    ///
    /// # Errors
    /// Routes that are discovered: there is nobody yet who would bring them.
    pub fn new(
        config: Arc<HttpConnectionManager>,
        node: &Node,
        worker: Rc<Worker>,
        registry: &Registry,
        (listener, place): (&Scope, Place),
        logs: &Logs,
    ) -> Option<Self> {
        let Routes::Inline(routes) = &config.routes else {
            return None;
        };
        let writer: Writer = worker.writer();
        let address = socket::own_address();
        let scope = registry.http(&config.stat_prefix);
        let below = listener.child(&format!("http.{}", config.stat_prefix));
        let last = config.filters.iter().find_map(|it| match &it.kind {
            HttpFilterKind::Router(options) => Some(options.clone()),
            _ => None,
        });
        let logs = opened(&config.access_logs, logs);
        Some(Self {
            place,
            policy: Policy::new(Arc::clone(&config), &node.id, &node.cluster, address),
            routes: RouteTable::new(Arc::clone(routes)),
            filters: filters::open(&config, &scope, writer),
            router: last?,
            stats: scope.handle(writer),
            router_stats: scope.handle(writer),
            listener_stats: below.handle(writer),
            http1_stats: registry.scope("http1").handle(writer),
            http2_counts: http2::Counts::new(registry.scope("http2"), writer),
            logs,
            config,
            worker,
            scratch: RefCell::default(),
            date: RefCell::default(),
            connections: Cell::new(0),
        })
    }

    /// `date` as it is now.
    fn with_date<R>(&self, use_it: impl FnOnce(&[u8]) -> R) -> R {
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH);
        let since = since.unwrap_or_default();
        let second = since.as_secs();
        let mut date = self.date.borrow_mut();
        if date.second != second || date.text.is_empty() {
            date.second = second;
            date.text.clear();
            Calendar::new(since).write_http_date(&mut date.text);
        }
        use_it(&date.text)
    }

    fn next_connection(&self) -> u64 {
        let id = self.connections.get();
        self.connections.set(id + 1);
        id
    }
}

/// Logs with the files that were opened for them.
pub fn opened(configured: &[AccessLog], logs: &Logs) -> Vec<(AccessLog, Arc<LogFile>)> {
    let found = |it: &AccessLog| Some((it.clone(), Arc::clone(logs.get(&sink_name(it))?)));
    configured.iter().filter_map(found).collect()
}

/// Names a sink.
fn sink_name(log: &AccessLog) -> String {
    format!("{:?}", log.sink)
}

/// Opens the files of all logs once.
///
/// # Errors
/// A file that cannot be opened.
pub fn open_logs<'a>(
    logs: impl Iterator<Item = &'a AccessLog>,
    gathering: Gathering,
) -> std::io::Result<Logs> {
    let mut opened = Logs::new();
    for log in logs {
        let name = sink_name(log);
        if let std::collections::hash_map::Entry::Vacant(place) = opened.entry(name) {
            place.insert(Arc::new(LogFile::open(&log.sink, gathering)?));
        }
    }
    Ok(opened)
}
