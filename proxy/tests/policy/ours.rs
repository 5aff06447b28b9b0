//! Does what the connection task does, without connections: a request's head in, what Envoy would send out.

use std::sync::Arc;
use std::time::Duration;

use mesh_proxy::access_log;
use mesh_proxy::config::cursor::Spot;
use mesh_proxy::config::model::access_log::{AccessLog, LogFormat, Sink};
use mesh_proxy::config::model::address::Address;
use mesh_proxy::config::model::http::{Router, Routes};
use mesh_proxy::facts::{Downstream, LogContext};
use mesh_proxy::http::change::{Scratch, join_request_fields, join_response_fields};
use mesh_proxy::http::flags::{Flag, Flags};
use mesh_proxy::http::headers::Headers;
use mesh_proxy::http::local_reply::{LocalReply, VIA_UPSTREAM};
use mesh_proxy::http::message::{Protocol, RequestHead, ResponseHead};
use mesh_proxy::http::policy::{Policy, Prepared, connection};
use mesh_proxy::http::reset::Reset;
use mesh_proxy::http::retry::{Decision, RetryState};
use mesh_proxy::http::route::timeout::Timeouts;
use mesh_proxy::http::route::{Found, RouteTable, Selected, direct};
use serde_json::Value;

use crate::manager::connection_manager;
use crate::model::format;

/// A connection manager of ours.
pub(crate) struct Ours {
    policy: Policy,
    table: RouteTable,
    log: AccessLog,
    downstream: Downstream,
}

/// What becomes of one request.
struct Stream<'o> {
    ours: &'o Ours,
    request: RequestHead,
    response: ResponseHead,
    scratch: Scratch,
    flags: Flags,
    details: String,
    status: u16,
    attempts: u32,
    cluster: String,
    route: String,
    client: Address,
}

impl Ours {
    pub(crate) fn new(manager: &Value, port: u16, address: &str, log: &str) -> Self {
        let manager = connection_manager(manager);
        let Routes::Inline(routes) = &manager.routes else {
            panic!("only inline routes are judged")
        };
        let table = RouteTable::new(Arc::clone(routes));
        let socket = |text: &str| Address::Socket(text.parse().unwrap());
        Self {
            policy: Policy::new(Arc::new(manager), "node", "cluster", address.parse().ok()),
            table,
            log: AccessLog {
                sink: Sink::Stdout,
                format: LogFormat::Text(format(log)),
                filter: None,
                spot: Spot::default(),
            },
            downstream: Downstream {
                id: 1,
                peer: socket("127.0.0.1:9"),
                local: socket(&format!("127.0.0.1:{port}")),
                destination: None,
                server_name: String::new(),
                tls: None,
                filter_chain: String::new(),
                transport_failure: String::new(),
            },
        }
    }

    /// The answer to a request and the line of the access log.
    pub(crate) fn answer(&self, text: &str) -> (String, String) {
        let mut stream = Stream {
            ours: self,
            request: parse(text),
            response: ResponseHead::default(),
            scratch: Scratch::default(),
            flags: Flags::default(),
            details: String::new(),
            status: 0,
            attempts: 0,
            cluster: String::new(),
            route: String::new(),
            client: self.downstream.peer.clone(),
        };
        let body = stream.run();
        self.policy
            .change_response(&mut stream.response, &stream.request, b"DATE");
        let mut line = Vec::new();
        access_log::line(&self.log, &stream.context(), &mut line);
        let head = show(&stream.response.headers);
        let body = String::from_utf8_lossy(&body);
        let answer = format!("{}\n{head}\n{body}", stream.response.status);
        (answer, String::from_utf8_lossy(&line).into_owned())
    }
}

impl Stream<'_> {
    fn run(&mut self) -> Vec<u8> {
        let ours = self.ours;
        join_request_fields(&mut self.request.headers);
        if !connection::remove_nominated(&mut self.request.headers) {
            let reply = LocalReply::new(400, "Bad Request", "http1.connection_header_rejected");
            self.flags.set(Flag::DownstreamProtocolError);
            self.request = RequestHead::default();
            return self.reply(&reply, None, None);
        }
        match ours
            .policy
            .prepare(&mut self.request, None, &mut Vec::new())
        {
            Prepared::Continue => {}
            Prepared::Reply(reply) => return self.reply(&reply, None, None),
            Prepared::Redirect(reply, location) => {
                return self.reply(&reply, Some(&location), None);
            }
        }
        let internal_only = &ours.table.config().internal_only_headers;
        let client =
            ours.policy
                .change_request(&mut self.request, &ours.downstream, internal_only, [1, 2]);
        self.client = client.address;
        match ours.table.find(&self.request, 0) {
            Found::Nothing => self.reply(&LocalReply::route_not_found(), None, None),
            Found::RequireTls(_) => {
                let location = direct::tls_location(&self.request);
                let reply = LocalReply::new(301, "", "direct_response");
                self.reply(&reply, Some(&location), None)
            }
            Found::Route(selected) => self.take(&selected),
        }
    }

    fn take(&mut self, selected: &Selected<'_>) -> Vec<u8> {
        self.route.clone_from(&selected.route.name);
        let answer = direct::answer(selected, &mut self.request, false, &mut self.scratch);
        if let Some((reply, location)) = answer {
            return self.reply(&reply, location.as_deref(), Some(selected));
        }
        if !["up", "dead", "empty"].contains(&&*selected.cluster) {
            return self.reply(&LocalReply::cluster_not_found(503), None, Some(selected));
        }
        self.cluster = selected.cluster.clone().into_owned();
        let router = Router::default();
        let _ = Timeouts::new(selected, &mut self.request, &router);
        self.attempts = 1;
        selected.mark_attempt(&mut self.request, 1, None);
        let mut request = std::mem::take(&mut self.request);
        let mut scratch = std::mem::take(&mut self.scratch);
        selected.finalize_request(&mut request, &self.context(), false, &mut scratch);
        (self.request, self.scratch) = (request, scratch);
        let mut retry = RetryState::new(selected.retry_policy(), &mut self.request);
        match &*selected.cluster {
            "empty" => self.reply(&LocalReply::no_healthy_upstream(), None, Some(selected)),
            "dead" => {
                let reset = Reset::RemoteConnectionFailure;
                let mut decide = || Some(retry.as_mut()?.on_reset(reset, false, || true, 0));
                while let Some(Decision::Retry(_)) = decide() {
                    self.attempts += 1;
                }
                if self.attempts > 1 {
                    self.flags.set(Flag::UpstreamRetryLimitExceeded);
                }
                let failure = "delayed connect error: Connection refused";
                let reply = LocalReply::upstream_reset(reset, failure, self.attempts > 1);
                self.reply(&reply, None, Some(selected))
            }
            _ => self.upstream(selected),
        }
    }

    /// Answers as the upstream does.
    fn upstream(&mut self, selected: &Selected<'_>) -> Vec<u8> {
        let request = &self.request;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (method, path) = (text(&request.method), text(&request.path));
        let host = text(&request.authority);
        let headers = show(&request.headers);
        let body = format!("{method} {path} HTTP/1.1\nhost: {host}\n{headers}");
        VIA_UPSTREAM.clone_into(&mut self.details);
        (self.status, self.response.status) = (200, 200);
        self.response.headers = Headers::from([
            ("server", "up"),
            ("via", "x"),
            ("x-up", "1"),
            ("keep-alive", "1"),
            ("via", "y"),
        ]);
        join_response_fields(&mut self.response.headers);
        self.response
            .headers
            .push(b"x-envoy-upstream-service-time", b"0");
        self.finish(selected);
        body.into_bytes()
    }

    fn finish(&mut self, selected: &Selected<'_>) {
        let mut response = std::mem::take(&mut self.response);
        let mut scratch = std::mem::take(&mut self.scratch);
        selected.finalize_response(&mut response, &self.context(), &mut scratch);
        selected.mark_response(&mut response, self.attempts);
        (self.response, self.scratch) = (response, scratch);
    }

    fn reply(
        &mut self,
        reply: &LocalReply<'_>,
        location: Option<&[u8]>,
        selected: Option<&Selected<'_>>,
    ) -> Vec<u8> {
        if let Some(flag) = reply.flag {
            self.flags.set(flag);
        }
        self.details = reply.details.clone().into_owned();
        let request = self.request.clone();
        let mut response = ResponseHead::default();
        let body = reply.write(&request, &mut response, |response| {
            if let Some(location) = location {
                response.headers.push(b"location", location);
            }
            if let Some(selected) = selected {
                self.response = std::mem::take(response);
                self.finish(selected);
                *response = std::mem::take(&mut self.response);
            }
        });
        self.status = response.status;
        self.response = response;
        body.to_vec()
    }

    fn context(&self) -> LogContext<'_> {
        let mut context = LogContext::new(&self.ours.downstream);
        context.request = Some(&self.request);
        context.response = Some(&self.response);
        context.client = &self.client;
        context.protocol = Some(Protocol::Http11);
        context.status = self.status;
        context.details = &self.details;
        context.flags = self.flags;
        context.attempts = self.attempts;
        context.cluster = &self.cluster;
        context.route = &self.route;
        context.times.end = Some(Duration::ZERO);
        context
    }
}

/// Reads a request, one line a header, the first line as in HTTP/1.
fn parse(text: &str) -> RequestHead {
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
    let mut first = lines.next().unwrap().split(' ');
    let mut head = RequestHead {
        protocol: Protocol::Http11,
        method: first.next().unwrap().into(),
        path: first.next().unwrap().into(),
        ..RequestHead::default()
    };
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let value = value.trim();
        if name.eq_ignore_ascii_case("host") {
            head.authority = value.into();
        } else {
            head.headers.push(name.as_bytes(), value.as_bytes());
        }
    }
    head
}

fn show(headers: &Headers) -> String {
    let line = |(name, value): (&[u8], &[u8])| {
        let text = |it| String::from_utf8_lossy(it).into_owned();
        format!("{}: {}\n", text(name), text(value))
    };
    headers.iter().map(line).collect()
}
