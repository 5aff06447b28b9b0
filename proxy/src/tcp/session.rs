//! Follows one connection of the TCP proxy: its limits of time, what is counted of it, and the lines it leaves in logs.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use tokio::time::Instant;

use super::proxy::Filter;
use super::relay::Progress;
use crate::access_log;
use crate::config::model::address::Address;
use crate::facts::{Downstream, Ended, LogContext, Times, Upstream};
use crate::http::flags::{Flag, Flags};
use crate::timer::Timer;
use crate::upstream::Host;
use crate::wire::Wire;
use crate::worker::Counted;

/// Deadlines of a connection, by their place in the timer.
const IDLE: usize = 0;
const DURATION: usize = 1;
const LOG: usize = 2;

/// A limit of time that ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Nothing was sent for too long.
    Idle,
    /// It lasted too long.
    Duration,
}

/// A connection on its way.
pub(super) struct Session<'f> {
    filter: &'f Filter,
    pub(super) downstream: &'f Downstream,
    timer: Timer<3>,
    begun: Instant,
    start: SystemTime,
    pub(super) flags: Flags,
    pub(super) cluster: &'f str,
    pub(super) host: Option<Arc<Host>>,
    local: Option<Address>,
    hostname: &'f str,
    pub(super) attempts: u32,
    pub(super) failure: String,
    pub(super) termination: String,
    connected: bool,
    received: u64,
    sent: u64,
    moved: u64,
    downstream_waits: bool,
    upstream_waits: bool,
}

impl<'f> Session<'f> {
    /// A connection that has just come.
    pub(super) fn new(filter: &'f Filter, downstream: &'f Downstream, hostname: &'f str) -> Self {
        let config = &filter.config;
        let mut timer = Timer::default();
        timer.set(IDLE, config.idle_timeout);
        timer.set(DURATION, config.max_connection_duration);
        timer.set(LOG, config.log_flush_interval);
        Self {
            filter,
            downstream,
            timer,
            begun: Instant::now(),
            start: SystemTime::now(),
            flags: Flags::default(),
            cluster: "",
            host: None,
            local: None,
            hostname,
            attempts: 0,
            failure: String::new(),
            termination: String::new(),
            connected: false,
            received: 0,
            sent: 0,
            moved: 0,
            downstream_waits: false,
            upstream_waits: false,
        }
    }

    /// What the listener's logs tell of it.
    pub(super) fn ended(self, downstream: &Rc<Downstream>) -> Ended {
        Ended {
            received: self.received,
            sent: self.sent,
            flags: self.flags,
            cluster: self.cluster.to_owned(),
            host: self.host,
            local: self.local,
            connected: self.connected,
            upstream_failure: self.failure,
            termination: self.termination,
            attempts: self.attempts,
            ..Ended::new(Rc::clone(downstream))
        }
    }

    /// The upstream is connected, from this end.
    pub(super) fn connected(&mut self, local: Option<SocketAddr>) {
        self.local = local.map(Address::Socket);
        self.connected = true;
        self.timer.set(IDLE, self.filter.config.idle_timeout);
        if self.filter.config.log_on_connected {
            self.log();
        }
    }

    /// Ready when a limit of time is reached. Lines that are due are written meanwhile.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Limit> {
        loop {
            let kind = std::task::ready!(self.timer.poll(context));
            let stats = &self.filter.stats;
            match kind {
                IDLE => {
                    stats.idle_timeout.increment();
                    return Poll::Ready(Limit::Idle);
                }
                DURATION => {
                    stats.max_downstream_connection_duration.increment();
                    self.flags.set(Flag::DurationTimeout);
                    return Poll::Ready(Limit::Duration);
                }
                _ => {
                    self.log();
                    self.timer.set(LOG, self.filter.config.log_flush_interval);
                }
            }
        }
    }

    /// Counts what has moved since the last time.
    pub(super) fn note(&mut self, progress: &Progress<'_>, counted: &mut Counted) {
        let (down, up) = (progress.downstream, progress.upstream);
        let moved = down.received + down.sent + up.received + up.sent;
        if moved != self.moved {
            self.moved = moved;
            self.timer.set(IDLE, self.filter.config.idle_timeout);
            self.count(down);
            counted.note(up);
        }
        let stats = &self.filter.stats;
        if changed(&mut self.downstream_waits, progress.downstream_waits) {
            if self.downstream_waits {
                stats
                    .downstream_flow_control_paused_reading_total
                    .increment();
            } else {
                stats
                    .downstream_flow_control_resumed_reading_total
                    .increment();
            }
        }
        if changed(&mut self.upstream_waits, progress.upstream_waits) {
            counted.waits(self.upstream_waits);
        }
    }

    /// Counts what has moved since the last time on a connection that goes on as a stream.
    pub(super) fn tunnelled(&mut self, wire: &Wire) {
        let moved = wire.received + wire.sent;
        if moved != self.moved {
            self.moved = moved;
            self.timer.set(IDLE, self.filter.config.idle_timeout);
            self.count(wire);
        }
    }

    /// Counts what has moved on the downstream connection since the last time.
    pub(super) fn count(&mut self, wire: &Wire) {
        let stats = &self.filter.stats;
        let received = wire.received - self.received;
        let sent = wire.sent - self.sent;
        stats.downstream_cx_rx_bytes_total.add(received);
        stats.downstream_cx_tx_bytes_total.add(sent);
        (self.received, self.sent) = (wire.received, wire.sent);
        if let Some(refusal) = wire.refusal() {
            refusal.clone_into(&mut self.termination);
        }
    }

    /// Writes a line to each log that wants one.
    pub(super) fn log(&self) {
        if self.filter.logs.is_empty() {
            return;
        }
        let mut line = Vec::new();
        self.with_context(|context| {
            for (log, file) in &self.filter.logs {
                line.clear();
                if access_log::line(log, context, &mut line) {
                    file.write(&line);
                }
            }
        });
    }

    /// Shows what is known now, for logs and headers.
    pub(super) fn with_context(&self, show: impl FnOnce(&LogContext<'_>)) {
        let host: Option<&Address> = self.host.as_ref().map(|it| &it.address);
        let since = self.start.duration_since(SystemTime::UNIX_EPOCH);
        show(&LogContext {
            upstream: host.map(|host| Upstream {
                host,
                local: self.local.as_ref(),
                remote: self.connected.then_some(host),
                protocol: None,
                tls: None,
            }),
            cluster: self.cluster,
            hostname: self.hostname,
            upstream_failure: &self.failure,
            termination_details: &self.termination,
            flags: self.flags,
            bytes_received: self.received,
            bytes_sent: self.sent,
            attempts: self.attempts,
            times: Times {
                start: since.unwrap_or_default(),
                end: Some(self.begun.elapsed()),
                ..Times::default()
            },
            ..LogContext::new(self.downstream)
        });
    }
}

fn changed(known: &mut bool, now: bool) -> bool {
    std::mem::replace(known, now) != now
}
