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
mod certificates;
mod secrets;
mod shown;
mod unserved;
mod warm;

use std::future::pending;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::access_log::file::Gathering;
use crate::admin::{Admin, Config as AdminConfig, Running};
use crate::cli::Options;
use crate::config::model::Bootstrap;
use crate::config::model::address::Address;
use crate::config::model::listener::{Listener, NetworkFilter};
use crate::drain::Draining;
use crate::listener::{Acceptor, Common, Limit, Listeners, Prepared};
use crate::log::{self, Level, Levels};
use crate::manager::{Logs, open_logs};
use crate::stats::Registry;
use crate::upstream::{Cluster, Random, Surroundings, Transports};
use crate::validate;
use crate::worker::Worker;
use bound::Bound;
use certificates::Context;
use secrets::Discovered;
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
    listeners: Vec<Arc<Prepared>>,
    secrets: Discovered,
    contexts: Vec<Context>,
    registry: Registry,
    bound: Vec<Bound>,
    workers: usize,
    common: Arc<Common>,
    admin: Option<Admin>,
    /// Kept, so that nothing ends where there is no admin to hold it.
    end: watch::Sender<bool>,
    stage: watch::Sender<Stage>,
}

/// Reads the configuration and binds all addresses; nothing is served yet.
fn start(options: &Options) -> Result<Proxy, String> {
    let bootstrap = Arc::new(validate::load(options)?);
    unserved::refuse(&bootstrap)?;
    let workers = options.workers();
    let secrets = Discovered::new(&bootstrap)?;
    let listeners = listeners(&bootstrap, &secrets)?;
    let registry = Registry::default();
    let clusters = clusters(&bootstrap, workers, &registry, &secrets)?;
    let bound = bound::bind(&bootstrap, workers)?;
    let levels = Levels::new(options.level());
    log::install(&levels).map_err(|it| format!("error: {it}\n"))?;
    let common = Arc::new(Common {
        node: bootstrap.node.clone(),
        logs: logs(&bootstrap, options)?,
        tap: Arc::default(),
        draining: Arc::new(Draining::new(options.drain_time())),
        limit: Limit::new(bootstrap.max_downstream_connections),
    });
    let end = watch::Sender::new(false);
    let mut contexts = certificates::of_listeners(&listeners, &registry);
    contexts.extend(certificates::of_clusters(&clusters, &registry));
    let stage = watch::Sender::new(Stage::Warming);
    let orders = shown::Orders {
        end: end.clone(),
        tap: Arc::clone(&common.tap),
        draining: Arc::clone(&common.draining),
        stage: stage.subscribe(),
    };
    let shown = Shown::new(
        &bootstrap,
        options,
        &clusters,
        &bound,
        contexts.clone(),
        orders,
    );
    let admin = admin(&bootstrap, &registry, &levels, shown)?;
    Ok(Proxy {
        clusters,
        listeners,
        secrets,
        contexts,
        registry,
        bound,
        workers,
        common,
        admin,
        end,
        stage,
    })
}

/// Loads what listeners need.
fn listeners(bootstrap: &Bootstrap, secrets: &Discovered) -> Result<Vec<Arc<Prepared>>, String> {
    let prepare = |listener: &Arc<Listener>| {
        let prepared = Prepared::new(Arc::clone(listener), &secrets.secrets);
        prepared.map(Arc::new).map_err(|it| it.render(&[]))
    };
    bootstrap.listeners.iter().map(prepare).collect()
}

/// Opens the files of all access logs.
fn logs(bootstrap: &Bootstrap, options: &Options) -> Result<Logs, String> {
    let logs = bootstrap.listeners.iter().flat_map(|listener| {
        let chains = listener.chains.iter().chain(&listener.default_chain);
        let of_chains = chains.flat_map(|it| match &it.filter {
            NetworkFilter::Http(manager) => &manager.access_logs[..],
            NetworkFilter::TcpProxy(proxy) => &proxy.access_logs[..],
            NetworkFilter::Close => &[],
        });
        of_chains.chain(&listener.access_logs)
    });
    let mut gathering = Gathering::default();
    if let Some(milliseconds) = options.flush_interval {
        gathering.interval = Duration::from_millis(milliseconds);
    }
    open_logs(logs, gathering)
        .map_err(|error| format!("error: an access log cannot be opened: {error}\n"))
}

fn clusters(
    bootstrap: &Bootstrap,
    workers: usize,
    registry: &Registry,
    secrets: &Discovered,
) -> Result<Vec<Arc<Cluster>>, String> {
    let cluster = |config: &Arc<_>| {
        let transports = Transports::new(config, &secrets.secrets, registry);
        let surroundings = Surroundings {
            locality: Some(bootstrap.node.locality.clone()),
            own_cluster: None,
            transports: transports.map_err(|it| it.render(&[]))?,
        };
        let config = Arc::clone(config);
        let random = Random::unforeseen();
        Ok(Cluster::new(
            config,
            workers,
            surroundings,
            random,
            registry,
        ))
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
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let local = LocalSet::new();
        // Nothing is served before secrets are there that can be.
        local.block_on(&runtime, self.secrets.begin(&self.registry));
        let mut sockets: Vec<Vec<bound::Share>> = (0..self.workers).map(|_| Vec::new()).collect();
        for bound in self.bound {
            for (index, share) in bound.shares().into_iter().enumerate() {
                sockets[index].push(share);
            }
        }
        let (listening, all_listen) = mpsc::channel(1);
        let mut workers = Vec::new();
        for (index, shares) in sockets.into_iter().enumerate() {
            let seat = Seat {
                index,
                clusters: self.clusters.clone(),
                listeners: self.listeners.clone(),
                registry: self.registry.clone(),
                common: Arc::clone(&self.common),
            };
            let times = Times {
                stage: self.stage.subscribe(),
                ending: self.end.subscribe(),
                listening: listening.clone(),
            };
            let name = format!("worker-{index}");
            let body = move || seat.work(&shares, times);
            workers.push(thread::Builder::new().name(name).spawn(body)?);
        }
        drop(listening);
        let running = self.admin.map(Admin::start).transpose()?;
        local.block_on(&runtime, async {
            for context in self.contexts {
                spawn_local(context.follow());
            }
            let begun = (&self.stage, all_listen);
            watch_over(&self.clusters, begun, self.end.subscribe(), running).await
        })?;
        // Workers let go of the access logs, whose last lines are written when nobody holds them any more.
        self.end.send_replace(true);
        for worker in workers {
            let _ = worker.join();
        }
        Ok(())
    }
}

/// What the main thread does: owns the clusters, and waits for the end.
async fn watch_over(
    clusters: &[Arc<Cluster>],
    (stage, mut all_listen): (&watch::Sender<Stage>, mpsc::Receiver<()>),
    mut ending: watch::Receiver<bool>,
    admin: Option<Running>,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let warmed = async {
        warm::up(clusters).await;
        stage.send_replace(Stage::Listening);
        // A worker says that it listens by letting go of its end.
        let _ = all_listen.recv().await;
        stage.send_replace(Stage::Live);
        pending::<()>().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = ending.wait_for(|it| *it) => {}
        () = warmed => {}
    }
    drop(admin);
    Ok(())
}

/// How far the start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Clusters are not ready yet.
    Warming,
    /// Workers begin to listen.
    Listening,
    /// All of them do.
    Live,
}

/// When a worker takes connections from, and until when.
struct Times {
    stage: watch::Receiver<Stage>,
    ending: watch::Receiver<bool>,
    /// Held until it listens.
    listening: mpsc::Sender<()>,
}

/// What a worker begins with.
struct Seat {
    index: usize,
    clusters: Vec<Arc<Cluster>>,
    listeners: Vec<Arc<Prepared>>,
    registry: Registry,
    common: Arc<Common>,
}

impl Seat {
    /// What a worker does: takes connections on its share of every address.
    fn work(self, shares: &[bound::Share], times: Times) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        LocalSet::new().block_on(&runtime, async {
            let Times {
                mut stage,
                mut ending,
                listening,
            } = times;
            tokio::select! {
                _ = stage.wait_for(|it| *it >= Stage::Listening) => {}
                _ = ending.wait_for(|it| *it) => return,
            }
            let worker = Rc::new(Worker::new(self.index, &self.clusters));
            for upstream in worker.upstreams() {
                spawn_local(Rc::clone(upstream).follow());
            }
            let all = Rc::new(Listeners::default());
            for listener in &self.listeners {
                let worker = Rc::clone(&worker);
                let acceptor =
                    Acceptor::new(Arc::clone(listener), worker, &self.registry, &self.common);
                let acceptor = Rc::new(acceptor);
                for address in &listener.config.addresses {
                    // What is bound is known by the address that it was given.
                    if let Address::Socket(address) = address
                        && !listener.config.bind_to_port
                    {
                        all.add(*address, &acceptor);
                    }
                }
                let own = |it: &&bound::Share| Arc::ptr_eq(&it.listener, &listener.config);
                for share in shares.iter().filter(own) {
                    share.begin(&acceptor, &all);
                }
            }
            drop(listening);
            let _ = ending.wait_for(|it| *it).await;
        });
    }
}

impl Options {
    /// How many workers: as told, else one for each processor.
    fn workers(&self) -> usize {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        let told = self.concurrency.and_then(|it| usize::try_from(it).ok());
        told.unwrap_or_else(processors).max(1)
    }

    /// How long a graceful drain takes; as long as Envoy's if nothing is told.
    fn drain_time(&self) -> Duration {
        self.drain_time
            .map_or(Duration::from_mins(10), Duration::from_secs)
    }

    fn level(&self) -> Level {
        self.log_level
            .as_deref()
            .and_then(|it| it.parse().ok())
            .unwrap_or(Level::Info)
    }
}
