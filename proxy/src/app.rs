//! Runs the proxy: reads the configuration, binds every address, starts workers and the admin, ends on a signal.
//!
//! ```text
//!            configuration ──► clusters (shared, owned by the main thread)
//!                                 │ choose, report
//!  connections ──► listener ──► worker 0…n: filter ──► connection to a host
//!                                 │ counts
//!                        statistics ──► admin (a thread of its own)
//! ```

mod bound;
mod shown;
mod unserved;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};

use crate::access_log::file::Gathering;
use crate::admin::{Admin, Config as AdminConfig, Running};
use crate::cli::Options;
use crate::config::model::Bootstrap;
use crate::config::model::address::Address;
use crate::config::model::listener::{Listener, NetworkFilter};
use crate::listener::{Acceptor, Common};
use crate::log::{self, Level, Levels};
use crate::manager::{Logs, open_logs};
use crate::socket;
use crate::stats::Registry;
use crate::upstream::{Cluster, Random, Surroundings};
use crate::validate;
use crate::worker::Worker;
use bound::Bound;
use shown::Shown;

/// Serves until a signal or `/quitquitquit`.
pub(crate) fn serve(options: &Options) -> ExitCode {
    match start(options).and_then(|proxy| proxy.run().map_err(|it| format!("error: {it}\n"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _ = write!(io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is bound and ready to start.
struct Proxy {
    clusters: Vec<Arc<Cluster>>,
    registry: Registry,
    bound: Vec<Bound>,
    workers: usize,
    common: Arc<Common>,
    admin: Option<Admin>,
    ending: watch::Receiver<bool>,
}

/// Reads the configuration and binds all addresses; nothing is served yet.
fn start(options: &Options) -> Result<Proxy, String> {
    let bootstrap = validate::load(options)?;
    unserved::refuse(&bootstrap)?;
    let workers = options.workers();
    let bound = bound::bind(&bootstrap, workers)?;
    let registry = Registry::default();
    let clusters = clusters(&bootstrap, workers, &registry);
    let levels = Levels::new(options.level());
    log::install(&levels).map_err(|it| format!("error: {it}\n"))?;
    let common = Arc::new(Common {
        node: bootstrap.node.clone(),
        logs: logs(&bootstrap, options)?,
    });
    let (end, ending) = watch::channel(false);
    let shown = Shown::new(&bootstrap, options, &clusters, &bound, end);
    let admin = admin(&bootstrap, &registry, &levels, shown)?;
    Ok(Proxy {
        clusters,
        registry,
        bound,
        workers,
        common,
        admin,
        ending,
    })
}

/// Opens the files of all access logs.
fn logs(bootstrap: &Bootstrap, options: &Options) -> Result<Logs, String> {
    let chains = |it: &Arc<Listener>| {
        let default = it.default_chain.iter();
        it.chains.iter().chain(default).cloned().collect::<Vec<_>>()
    };
    let chains: Vec<_> = bootstrap.listeners.iter().flat_map(chains).collect();
    let logs = chains.iter().flat_map(|it| match &it.filter {
        NetworkFilter::Http(manager) => &manager.access_logs[..],
        NetworkFilter::TcpProxy(proxy) => &proxy.access_logs[..],
        NetworkFilter::Close => &[],
    });
    let mut gathering = Gathering::default();
    if let Some(milliseconds) = options.flush_interval {
        gathering.interval = Duration::from_millis(milliseconds);
    }
    open_logs(logs, gathering)
        .map_err(|error| format!("error: an access log cannot be opened: {error}\n"))
}

fn clusters(bootstrap: &Bootstrap, workers: usize, registry: &Registry) -> Vec<Arc<Cluster>> {
    let surroundings = Surroundings {
        locality: Some(bootstrap.node.locality.clone()),
        own_cluster: None,
    };
    let cluster = |config: &Arc<_>| {
        let surroundings = surroundings.clone();
        Cluster::new(
            Arc::clone(config),
            workers,
            surroundings,
            Random::unforeseen(),
            registry,
        )
    };
    bootstrap.clusters.iter().map(cluster).collect()
}

fn admin(
    bootstrap: &Bootstrap,
    registry: &Registry,
    levels: &Levels,
    shown: Shown,
) -> Result<Option<Admin>, String> {
    let Some(admin) = &bootstrap.admin else {
        return Ok(None);
    };
    let Address::Socket(address) = admin.address else {
        return Err(format!(
            "error: the admin cannot listen on {}\n",
            admin.address
        ));
    };
    let config = AdminConfig::new(address);
    let source = Arc::new(shown);
    Admin::bind(config, registry.clone(), levels.clone(), source)
        .map(Some)
        .map_err(|error| bound::taken("the admin", address, &error))
}

impl Proxy {
    /// Serves until the end.
    fn run(self) -> io::Result<()> {
        let running = self.admin.map(Admin::start).transpose()?;
        let mut threads = Vec::new();
        let mut sockets: Vec<Vec<bound::Share>> = (0..self.workers).map(|_| Vec::new()).collect();
        for bound in self.bound {
            for (index, share) in bound.shares().into_iter().enumerate() {
                sockets[index].push(share);
            }
        }
        for (index, shares) in sockets.into_iter().enumerate() {
            let (clusters, registry) = (self.clusters.clone(), self.registry.clone());
            let common = Arc::clone(&self.common);
            let ending = self.ending.clone();
            let name = format!("worker-{index}");
            let body = move || work(index, shares, &clusters, &registry, &common, ending);
            threads.push(thread::Builder::new().name(name).spawn(body)?);
        }
        watch_over(&self.clusters, self.ending, running)?;
        drop(threads);
        Ok(())
    }
}

/// What the main thread does: owns the clusters, and waits for the end.
fn watch_over(
    clusters: &[Arc<Cluster>],
    mut ending: watch::Receiver<bool>,
    admin: Option<Running>,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        for cluster in clusters {
            spawn_local(Arc::clone(cluster).own());
        }
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = ending.wait_for(|it| *it) => {}
        }
        drop(admin);
        Ok(())
    })
}

/// What a worker does: takes connections on its share of every address.
fn work(
    index: usize,
    shares: Vec<bound::Share>,
    clusters: &[Arc<Cluster>],
    registry: &Registry,
    common: &Common,
    mut ending: watch::Receiver<bool>,
) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    LocalSet::new().block_on(&runtime, async {
        let worker = Rc::new(Worker::new(index, clusters));
        for share in shares {
            let acceptor = Acceptor::new(
                Arc::clone(&share.listener),
                share.address,
                Rc::clone(&worker),
                registry,
                common,
            );
            match socket::start(share.socket, share.listener.backlog) {
                Ok(listener) => {
                    spawn_local(acceptor.run(listener));
                }
                Err(error) => tracing::error!(target: "config", "{}: {error}", share.address),
            }
        }
        let _ = ending.wait_for(|it| *it).await;
    });
}

impl Options {
    /// How many workers: as told, else one for each processor.
    fn workers(&self) -> usize {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        let told = self.concurrency.and_then(|it| usize::try_from(it).ok());
        told.unwrap_or_else(processors).max(1)
    }

    fn level(&self) -> Level {
        self.log_level
            .as_deref()
            .and_then(|it| it.parse().ok())
            .unwrap_or(Level::Info)
    }
}
