//! Says what is shown of a request.

use serde_json::{Map, Value};

use crate::config::model::listener::Direction;
use crate::facts::{LogContext, Tls};
use crate::format::time;
use crate::http::flags::Flag;
use crate::http::headers::Headers;
use crate::http::message::Protocol;

/// When a request is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Its head has come.
    Begin,
    /// It is over.
    End,
}

/// A request at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// When.
    pub moment: Moment,
    /// The listener's name.
    pub listener: &'a str,
    /// The listener's direction.
    pub direction: Direction,
    /// What is known of the request.
    pub context: LogContext<'a>,
}

impl Seen<'_> {
    /// What is shown: no value of a header but of those that are asked for.
    pub(super) fn fields(&self, headers: &[String]) -> Map<String, Value> {
        let mut fields = Map::new();
        let context = &self.context;
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                fields.insert(name.to_owned(), value);
            }
        };
        let event = match self.moment {
            Moment::Begin => "begin",
            Moment::End => "end",
        };
        put("event", event.into());
        let mut text = Vec::new();
        time::write("", context.times.start, &mut text);
        put("time", shown(&text));
        put("listener", self.listener.into());
        let direction = match self.direction {
            Direction::Unspecified => Value::Null,
            Direction::Inbound => "inbound".into(),
            Direction::Outbound => "outbound".into(),
        };
        put("direction", direction);
        let downstream = context.downstream;
        put("connection", downstream.id.into());
        put("peer", downstream.peer.to_string().into());
        put("client", context.client.to_string().into());
        put("identity", identity(downstream.tls.as_ref()));
        put("server_name", some(&downstream.server_name));
        put("protocol", context.protocol.map_or(Value::Null, protocol));
        if let Some(head) = context.request {
            put("method", shown(&head.method));
            put("authority", shown(&head.authority));
            put("path", shown(&head.path));
            put("request_headers", asked(&head.headers, headers));
        }
        if self.moment == Moment::End {
            self.put_end(headers, &mut put);
        }
        fields
    }

    fn put_end(&self, headers: &[String], put: &mut impl FnMut(&str, Value)) {
        let context = &self.context;
        put("status", context.status.into());
        let flags: Vec<_> = context.flags.iter().map(Flag::short).collect();
        put("flags", flags.join(",").into());
        put("details", some(context.details));
        put("route", some(context.route));
        put("virtual_host", some(context.virtual_host));
        put("cluster", some(context.cluster));
        if let Some(upstream) = &context.upstream {
            put("endpoint", upstream.host.to_string().into());
            put(
                "upstream_protocol",
                upstream.protocol.map_or(Value::Null, protocol),
            );
            put("upstream_identity", identity(upstream.tls));
        }
        put("upstream_failure", some(context.upstream_failure));
        put("attempts", context.attempts.into());
        put("request_bytes", context.bytes_received.into());
        put("response_bytes", context.bytes_sent.into());
        let times = context.times;
        let milliseconds = |it: std::time::Duration| it.as_secs_f64() * 1000.0;
        put(
            "request_ms",
            times.request_received.map(milliseconds).into(),
        );
        put("response_ms", times.response_begun.map(milliseconds).into());
        put("duration_ms", times.end.map(milliseconds).into());
        if let Some(head) = context.response {
            put("response_headers", asked(&head.headers, headers));
        }
    }
}

fn some(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    text.into()
}

fn shown(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

fn protocol(protocol: Protocol) -> Value {
    let name = match protocol {
        Protocol::Http10 => "HTTP/1.0",
        Protocol::Http11 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2",
    };
    name.into()
}

/// The name that a peer has proven.
fn identity(tls: Option<&Tls>) -> Value {
    let Some(peer) = tls.and_then(|it| it.peer.as_ref()) else {
        return Value::Null;
    };
    let first = peer.uris.first().or(peer.dns.first());
    some(first.unwrap_or(&peer.subject))
}

fn asked(headers: &Headers, names: &[String]) -> Value {
    let value = |name: &String| {
        let all: Vec<_> = headers
            .get_all(name.as_bytes())
            .map(String::from_utf8_lossy)
            .collect();
        (!all.is_empty()).then(|| (name.clone(), Value::from(all.join(","))))
    };
    let found: Map<_, _> = names.iter().filter_map(value).collect();
    if found.is_empty() {
        return Value::Null;
    }
    Value::Object(found)
}
