//! Counts the admin's own traffic, and works out the statistics of the server.

use std::cell::Cell;
use std::time::Instant;

use hyper::Response;

use super::certificates::days_until_first_expires;
use super::source::{Source, State};
use crate::stats::{
    Handle, HttpStats, ListenerHttpStats, ListenerStats, Registry, ServerStats, Writer,
};

/// The handles of the admin's thread.
pub(super) struct Counts {
    server: Handle<ServerStats>,
    listener: Handle<ListenerStats>,
    listener_http: Handle<ListenerHttpStats>,
    http: Handle<HttpStats>,
}

impl Counts {
    pub(super) fn open(registry: &Registry) -> Self {
        let main = Writer::Main;
        let listener = registry.listener("admin");
        Self {
            server: registry.scope("server").handle(main),
            listener_http: listener.child("http.admin").handle(main),
            listener: listener.handle(main),
            http: registry.http("admin").handle(main),
        }
    }

    /// Asks the source what the server's statistics are now.
    pub(super) fn refresh(&self, source: &dyn Source) {
        source.refresh_stats();
        let info = source.server();
        let memory = source.memory();
        let server = &self.server;
        let state = match info.state {
            State::Live => 0,
            State::Draining => 1,
            State::PreInitializing => 2,
            State::Initializing => 3,
        };
        server.state.set(state);
        server.live.set(u64::from(info.state == State::Live));
        server.uptime.set(info.uptime.as_secs());
        server.concurrency.set(info.command_line.concurrency.into());
        server.total_connections.set(info.connections);
        server.memory_allocated.set(memory.allocated);
        server.memory_heap_size.set(memory.heap_size);
        server.memory_physical_size.set(memory.total_physical_bytes);
        server.compilation_settings_fips_mode.set(0);
        server.stats_recent_lookups.set(0);
        let days = days_until_first_expires(&source.certificates());
        server.days_until_first_cert_expiring.set(days);
        let revision = info.version.get(..6).unwrap_or_default();
        let revision = u64::from_str_radix(revision, 16).unwrap_or(0);
        server.version.set(revision);
        server.static_unknown_fields.add(0);
        server.dynamic_unknown_fields.add(0);
        server.wip_protos.add(0);
    }

    /// Counts a connection until what is returned is dropped.
    pub(super) fn connection(&self) -> Connection<'_> {
        self.listener.downstream_cx_total.increment();
        self.listener.downstream_cx_active.add(1);
        self.listener.downstream_pre_cx_active.add(0);
        self.listener
            .connections_accepted_per_socket_event
            .record(1);
        self.http.downstream_cx_total.increment();
        self.http.downstream_cx_active.add(1);
        self.http.downstream_cx_http1_total.increment();
        self.http.downstream_cx_http1_active.add(1);
        Connection {
            counts: self,
            since: Instant::now(),
            closes: Cell::new(false),
        }
    }

    /// Counts a request that `answer` answers.
    pub(super) fn request<B>(&self, answer: impl FnOnce() -> Response<B>) -> Response<B> {
        let since = Instant::now();
        self.http.downstream_rq_total.increment();
        self.http.downstream_rq_http1_total.increment();
        self.http.downstream_rq_active.add(1);
        let response = answer();
        self.http.downstream_rq_active.sub(1);
        self.http.downstream_rq_time.record(milliseconds(since));
        let (http, listener) = (&self.http, &self.listener_http);
        http.downstream_rq_completed.increment();
        listener.downstream_rq_completed.increment();
        let by_class = match response.status().as_u16() / 100 {
            1 => [&http.downstream_rq_1xx, &listener.downstream_rq_1xx],
            2 => [&http.downstream_rq_2xx, &listener.downstream_rq_2xx],
            3 => [&http.downstream_rq_3xx, &listener.downstream_rq_3xx],
            4 => [&http.downstream_rq_4xx, &listener.downstream_rq_4xx],
            _ => [&http.downstream_rq_5xx, &listener.downstream_rq_5xx],
        };
        for counter in by_class {
            counter.increment();
        }
        response
    }
}

/// A connection to the admin.
pub(super) struct Connection<'a> {
    counts: &'a Counts,
    since: Instant,
    closes: Cell<bool>,
}

impl Connection<'_> {
    /// Notes that it is this side that closes.
    pub(super) fn closes(&self) {
        self.closes.set(true);
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let length = milliseconds(self.since);
        let (listener, http) = (&self.counts.listener, &self.counts.http);
        listener.downstream_cx_active.sub(1);
        listener.downstream_cx_destroy.increment();
        listener.downstream_cx_length_ms.record(length);
        http.downstream_cx_active.sub(1);
        http.downstream_cx_http1_active.sub(1);
        http.downstream_cx_destroy.increment();
        if self.closes.get() {
            http.downstream_cx_destroy_local.increment();
        } else {
            http.downstream_cx_destroy_remote.increment();
        }
        http.downstream_cx_length_ms.record(length);
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
