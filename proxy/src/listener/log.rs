//! Writes the access log of a listener: a line for each connection at its end.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::access_log::{self, file::LogFile};
use crate::config::model::access_log::AccessLog;
use crate::facts::{Ended, LogContext, Times, Upstream};
use crate::manager::{self, Logs};

/// The logs of a listener.
pub(super) struct ConnectionLogs(Vec<(AccessLog, Arc<LogFile>)>);

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
        Self(manager::opened(logs, opened))
    }

    /// Writes a line for a connection that has ended.
    pub(super) fn write(&self, ended: &Ended, begun: Begun) {
        if self.0.is_empty() {
            return;
        }
        let mut context = LogContext::new(&ended.downstream);
        context.protocol = ended.protocol;
        context.bytes_received = ended.received;
        context.bytes_sent = ended.sent;
        context.flags = ended.flags;
        context.details = ended.details;
        context.cluster = &ended.cluster;
        context.upstream_failure = &ended.upstream_failure;
        context.attempts = ended.attempts;
        context.upstream = ended.host.as_ref().map(|host| Upstream {
            host: &host.address,
            local: None,
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
        for (log, file) in &self.0 {
            line.clear();
            if access_log::line(log, &context, &mut line) {
                file.write(&line);
            }
        }
    }
}
