//! Delays requests, answers them in the upstream's stead, and slows responses down, as far as faults are asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::super::request::Request;
use super::Passed;
use crate::config::model::fault::Fault;
use crate::http::fault;
use crate::http::flags::Flag;
use crate::http::local_reply::LocalReply;
use crate::http::message::RequestHead;
use crate::stats::{Counter, FaultStats, Handle, Scope, Single, Writer};
use crate::stream::Downstream;
use crate::timer::Timer;

/// The filter.
pub(super) struct Filter {
    config: Arc<Fault>,
    stats: Handle<FaultStats>,
    writer: Writer,
    callers: RefCell<HashMap<Vec<u8>, Caller>>,
}

/// What is counted of the faults of a cluster that asks.
#[derive(Clone)]
struct Caller {
    delays: Handle<Single<Counter>>,
    aborts: Handle<Single<Counter>>,
}

/// Clusters that are counted by name: names come from requests, and would else take memory without bound.
const MOST_CALLERS: usize = 1000;

/// A request that a fault is injected into, for as long as it lasts.
pub(in crate::manager) struct Injected(Handle<FaultStats>);

impl Drop for Injected {
    fn drop(&mut self) {
        self.0.active_faults.sub(1);
    }
}

/// Deadlines during a delay.
const DELAY: usize = 0;
const IDLE: usize = 1;

impl Filter {
    pub(super) fn new(config: &Arc<Fault>, scope: &Scope, writer: Writer) -> Self {
        Self {
            config: Arc::clone(config),
            stats: scope.child("fault").handle(writer),
            writer,
            callers: RefCell::default(),
        }
    }

    pub(super) fn config(&self) -> &Arc<Fault> {
        &self.config
    }

    /// Another fault, unless there are as many at once as may be.
    fn begin(&self, config: &Fault) -> Option<Injected> {
        let stats = &self.stats;
        if let Some(most) = config.max_active {
            let active = |one: &FaultStats| one.active_faults.value();
            if stats.scope().total(active) >= u64::from(most) {
                stats.faults_overflow.increment();
                return None;
            }
        }
        stats.active_faults.add(1);
        Some(Injected(stats.clone()))
    }

    /// The counters of the cluster that a request says it comes from.
    fn caller(&self, config: &Fault, head: &RequestHead) -> Option<Caller> {
        if config.disable_downstream_cluster_stats {
            return None;
        }
        let name = head.headers.get(b"x-envoy-downstream-service-cluster")?;
        let mut callers = self.callers.borrow_mut();
        if let Some(known) = callers.get(name) {
            return Some(known.clone());
        }
        if name.is_empty() || callers.len() >= MOST_CALLERS {
            return None;
        }
        let scope = self.stats.scope().child(&String::from_utf8_lossy(name));
        let caller = Caller {
            delays: scope.counter(self.writer, "delays_injected"),
            aborts: scope.counter(self.writer, "aborts_injected"),
        };
        callers.insert(name.to_vec(), caller.clone());
        Some(caller)
    }
}

impl<'m> Request<'m> {
    pub(super) async fn inject<D: Downstream>(
        &mut self,
        filter: &Filter,
        config: &Fault,
        cluster: &str,
        (down, head, end): (&mut D, &RequestHead, bool),
    ) -> Passed<'m> {
        if !fault::concerns(config, head, cluster) {
            return Passed::On;
        }
        let worker = &self.manager.worker;
        let caller = filter.caller(config, head);
        let mut injected = None;
        let mut may = || {
            injected = injected.take().or_else(|| filter.begin(config));
            injected.is_some()
        };
        if let Some(rate) = fault::rate_limit(config, head, worker.draw())
            && may()
        {
            filter.stats.response_rl_injected.increment();
            self.rate_limit = Some(rate);
        }
        if let Some(wait) = fault::delay(config, head, worker.draw())
            && may()
        {
            filter.stats.delays_injected.increment();
            if let Some(caller) = &caller {
                caller.delays.increment();
            }
            self.flags.set(Flag::DelayInjected);
            match self.wait(down, wait).await {
                Waited::Over => {}
                Waited::Gone => return Passed::Gone,
                Waited::Silent => {
                    return Passed::Answered(LocalReply::stream_idle_timeout(end).into());
                }
            }
        }
        let reply = fault::abort(config, head, worker.draw()).filter(|_| may());
        self.injected.extend(injected);
        let Some(reply) = reply else {
            return Passed::On;
        };
        filter.stats.aborts_injected.increment();
        if let Some(caller) = &caller {
            caller.aborts.increment();
        }
        Passed::Answered(reply.into())
    }

    async fn wait<D: Downstream>(&self, down: &mut D, wait: Duration) -> Waited {
        let mut timer = Timer::<2>::default();
        timer.set(DELAY, Some(wait));
        timer.set(IDLE, self.manager.config.stream_idle_timeout);
        poll_fn(|context| {
            if down.poll_gone(context).is_ready() {
                return Poll::Ready(Waited::Gone);
            }
            timer.poll(context).map(|kind| {
                if kind == DELAY {
                    return Waited::Over;
                }
                let stats = &self.manager.stats;
                stats.downstream_rq_idle_timeout.increment();
                Waited::Silent
            })
        })
        .await
    }
}

enum Waited {
    Over,
    Gone,
    Silent,
}
