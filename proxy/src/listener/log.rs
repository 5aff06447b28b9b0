//! Writes the access log of a listener: a line for each connection at its end.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::access_log::{self, file::LogFile};
use crate::config::model::access_log::AccessLog;
use crate::facts::{Ended, LogContext, Times, Upstream};
use crate::manager::{self, Logs};
use crate::socket::own_name;

/// The logs of a listener.
pub(super) struct ConnectionLogs {
    logs: Vec<(AccessLog, Arc<LogFile>)>,
    hostname: String,
}

/// When a connection began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    at: Instant,
    since: Duration,
}

impl Begun {
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            at: Instant::now(),
            since: since.unwrap_or_default(),
        }
    }
}

impl ConnectionLogs {
    pub(super) fn new(logs: &[AccessLog], opened: &Logs) -> Self {
        Self {
            logs: manager::opened(logs, opened),
            hostname: own_name(),
        }
    }

    /// Writes a line for a connection that has ended.
    pub(super) fn write(&self, ended: &Ended, begun: Begun) {
        if self.logs.is_empty() {
            return;
        }
        let mut context = LogContext::new(&ended.downstream);
        context.protocol = ended.protocol;
        context.bytes_received = ended.received;
        context.bytes_sent = ended.sent;
        context.flags = ended.flags;
        context.details = ended.details;
        context.hostname = &self.hostname;
        context.termination_details = &ended.termination;
        context.cluster = &ended.cluster;
        context.upstream_failure = &ended.upstream_failure;
        context.attempts = ended.attempts;
        context.upstream = ended.host.as_ref().map(|host| Upstream {
            host: &host.address,
            local: ended.local.as_ref(),
            remote: ended.connected.then_some(&host.address),
            protocol: None,
            tls: None,
        });
        context.times = Times {
            start: begun.since,
            end: Some(begun.at.elapsed()),
            ..Times::default()
        };
        let mut line = Vec::new();
        for (log, file) in &self.logs {
            line.clear();
            if access_log::line(log, &context, &mut line) {
                file.write(&line);
            }
        }
    }
}
