//! Counts calls of gRPC: how they end, and the messages on their way.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use crate::config::model::http::GrpcStats;
use crate::http::grpc::{self, service_and_method};
use crate::http::grpc_stats::{MessageCounter, outcome, prefix};
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::stats::{Counter, Handle, Histogram, Scope, Single, Writer};
use crate::worker::Upstream;

/// The filter.
pub(super) struct Filter {
    config: GrpcStats,
    writer: Writer,
    methods: RefCell<HashMap<Vec<u8>, Rc<Method>>>,
}

/// What is counted of a method, or of all of them together, in a cluster.
struct Method {
    scope: Scope,
    writer: Writer,
    prefix: String,
    counters: RefCell<Vec<Named>>,
    times: Option<Handle<Single<Histogram>>>,
}

/// A counter, by what stands behind the prefix.
type Named = (Box<str>, Handle<Single<Counter>>);

/// A call that is counted.
pub(in crate::manager) struct Call {
    method: Rc<Method>,
    requests: MessageCounter,
    responses: MessageCounter,
    is_answered: bool,
}

impl Filter {
    pub(super) fn new(config: &GrpcStats, writer: Writer) -> Self {
        Self {
            config: config.clone(),
            writer,
            methods: RefCell::default(),
        }
    }

    /// The call that a request is, if it is one to a cluster.
    pub(super) fn call(&self, head: &RequestHead, upstream: Option<&Rc<Upstream>>) -> Option<Call> {
        let upstream = upstream?;
        if !grpc::is_call(head) || service_and_method(&head.path).is_none() {
            return None;
        }
        let scope = upstream.stats.scope();
        let mut key = scope.name().as_bytes().to_vec();
        let start = key.len();
        prefix(&self.config, &head.path, &mut key);
        let mut methods = self.methods.borrow_mut();
        let method = methods.entry(key).or_insert_with_key(|key| {
            let prefix = String::from_utf8_lossy(&key[start..]).into_owned();
            Rc::new(Method::new(
                scope.clone(),
                self.writer,
                prefix,
                &self.config,
            ))
        });
        Some(Call {
            method: Rc::clone(method),
            requests: MessageCounter::default(),
            responses: MessageCounter::of_response(),
            is_answered: false,
        })
    }
}

impl Method {
    fn new(scope: Scope, writer: Writer, prefix: String, config: &GrpcStats) -> Self {
        let times = || scope.histogram(writer, &format!("{prefix}upstream_rq_time"));
        Self {
            times: config.upstream_time.then(times),
            scope,
            writer,
            prefix,
            counters: RefCell::default(),
        }
    }

    fn add(&self, name: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut counters = self.counters.borrow_mut();
        if let Some((_, counter)) = counters.iter().find(|(own, _)| **own == *name) {
            counter.add(count);
            return;
        }
        let whole = format!("{}{name}", self.prefix);
        let counter = self.scope.counter(self.writer, &whole);
        counter.add(count);
        counters.push((name.into(), counter));
    }
}

impl Call {
    /// A piece of the request's body came.
    pub(in crate::manager) fn request(&mut self, data: &[u8]) {
        let before = self.requests.count;
        self.requests.feed(data);
        let count = self.requests.count - before;
        self.method.add("request_message_count", count);
    }

    /// The head of the response goes down.
    pub(in crate::manager) fn answered(&mut self, head: &ResponseHead, end: bool) {
        self.is_answered = !end && head.status == 200 && grpc::is_content(&head.headers);
        self.status(&head.headers);
    }

    /// A piece of the response's body goes down.
    pub(in crate::manager) fn response(&mut self, data: &[u8]) {
        if self.is_answered {
            let before = self.responses.count;
            self.responses.feed(data);
            let count = self.responses.count - before;
            self.method.add("response_message_count", count);
        }
    }

    /// Reads how the call has ended, if the head or the trailers say so.
    pub(in crate::manager) fn status(&self, fields: &Headers) {
        let Some(text) = fields.get(b"grpc-status") else {
            return;
        };
        self.method.add(&String::from_utf8_lossy(text), 1);
        // What is no number is no success.
        let status = grpc::status(fields).unwrap_or(u64::MAX);
        for name in outcome(status) {
            self.method.add(name, 1);
        }
    }

    /// The upstream took so long, from the end of the request to the end of the response.
    pub(in crate::manager) fn took(&self, time: Duration) {
        if let Some(times) = &self.method.times {
            times.record(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        }
    }
}
