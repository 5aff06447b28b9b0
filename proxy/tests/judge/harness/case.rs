//! Describes a case: how a proxy is configured, what its peers do, and what Envoy must be seen to do.

use serde_json::{Value, json};

use super::certificates::{ClientTls, ServerTls};
use super::client_h2::Exchange;
use super::program::Variation;
use super::script::{Reply, Step, ok};
use super::upstream_h2::StreamReply;

/// One row of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) listener: Value,
    pub(crate) manager: Value,
    pub(crate) route_config: Value,
    pub(crate) filters: Vec<Value>,
    /// Filter chains in place of the one that is made of the connection manager.
    pub(crate) chains: Option<Value>,
    /// Fields of the TCP proxy that `@tcp` stands for.
    pub(crate) tcp: Value,
    pub(crate) clusters: Vec<(&'static str, Value)>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) clients: Vec<Client>,
    pub(crate) log_format: String,
    /// What the real Envoy's observation must hold, so that the case is about what its name says.
    pub(crate) expected: Vec<&'static str>,
    pub(crate) unexpected: Vec<&'static str>,
    /// The variations of Envoy that must be told from Envoy by this case.
    pub(crate) tells: Vec<Variation>,
}

/// What every access log of the suite says, unless the case has a format of its own.
const LOG_FORMAT: &str = "%PROTOCOL% %REQ(:METHOD)% %REQ(:AUTHORITY)% %REQ(:PATH)% %RESPONSE_CODE% \
     %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER%";

pub(crate) fn case(name: &'static str) -> Case {
    Case {
        name,
        listener: json!({}),
        manager: json!({}),
        route_config: json!({
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "@a" } }],
            }],
        }),
        filters: Vec::new(),
        chains: None,
        tcp: json!({ "cluster": "@a" }),
        clusters: Vec::new(),
        upstreams: Vec::new(),
        clients: Vec::new(),
        log_format: LOG_FORMAT.to_owned(),
        expected: Vec::new(),
        unexpected: Vec::new(),
        tells: Vec::new(),
    }
}

impl Case {
    /// Virtual hosts in place of the one for `*`.
    pub(crate) fn hosts(mut self, hosts: Value) -> Self {
        self.route_config["virtual_hosts"] = hosts;
        self
    }

    /// Routes in place of the one that sends everything to the upstream `a`.
    pub(crate) fn routes(mut self, routes: Value) -> Self {
        self.route_config["virtual_hosts"][0]["routes"] = routes;
        self
    }

    /// Fields of the first route.
    pub(crate) fn route(mut self, fields: Value) -> Self {
        merge(
            &mut self.route_config["virtual_hosts"][0]["routes"][0],
            fields,
        );
        self
    }

    /// Fields of the first route's action.
    pub(crate) fn action(mut self, fields: Value) -> Self {
        let route = &mut self.route_config["virtual_hosts"][0]["routes"][0];
        merge(&mut route["route"], fields);
        self
    }

    /// Fields of the first virtual host.
    pub(crate) fn host(mut self, fields: Value) -> Self {
        merge(&mut self.route_config["virtual_hosts"][0], fields);
        self
    }

    /// Fields of the route configuration.
    pub(crate) fn configuration(mut self, fields: Value) -> Self {
        merge(&mut self.route_config, fields);
        self
    }

    /// Fields of the HTTP connection manager.
    pub(crate) fn manager(mut self, fields: Value) -> Self {
        merge(&mut self.manager, fields);
        self
    }

    /// Fields of the listener.
    pub(crate) fn listener(mut self, fields: Value) -> Self {
        merge(&mut self.listener, fields);
        self
    }

    /// An HTTP filter before the router.
    pub(crate) fn filter(mut self, name: &str, kind: &str, mut fields: Value) -> Self {
        fields["@type"] = format!("type.googleapis.com/{kind}").into();
        self.filters
            .push(json!({ "name": name, "typed_config": fields }));
        self
    }

    /// Fields of the TCP proxy.
    pub(crate) fn proxy(mut self, fields: Value) -> Self {
        merge(&mut self.tcp, fields);
        self
    }

    /// Filter chains, in which the strings `@manager` and `@tcp` stand for the filter of the connection manager and that
    /// of the TCP proxy.
    pub(crate) fn chains(mut self, chains: Value) -> Self {
        self.chains = Some(chains);
        self
    }

    /// Fields of a cluster: of the upstream with that name, or of one that names its endpoints.
    pub(crate) fn cluster(mut self, name: &'static str, fields: Value) -> Self {
        self.clusters.push((name, fields));
        self
    }

    pub(crate) fn upstream(mut self, upstream: Upstream) -> Self {
        self.upstreams.push(upstream);
        self
    }

    /// What the upstream `a` answers, one request after another; the last reply stays.
    pub(crate) fn replies(self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.upstream(Upstream::new("a", replies))
    }

    /// A connection that sends `bytes` and reads one response.
    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps([Step::Send(bytes.as_ref().to_vec()), Step::Response])
    }

    /// A connection that sends one request without a body, with these lines of headers.
    pub(crate) fn get(self, path: &str, headers: &str) -> Self {
        self.send(format!(
            "GET {path} HTTP/1.1\r\nHost: host\r\n{headers}\r\n"
        ))
    }

    pub(crate) fn steps(self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.client(Client::raw(steps))
    }

    pub(crate) fn h2(self, exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        self.client(Client::h2(exchanges))
    }

    pub(crate) fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds what the proxy says of a response of its own to the access log.
    pub(crate) fn details(mut self) -> Self {
        self.log_format.push_str(" %RESPONSE_CODE_DETAILS%");
        self
    }

    pub(crate) fn log(mut self, format: &str) -> Self {
        format.clone_into(&mut self.log_format);
        self
    }

    pub(crate) fn expect(mut self, text: &'static str) -> Self {
        self.expected.push(text);
        self
    }

    pub(crate) fn lack(mut self, text: &'static str) -> Self {
        self.unexpected.push(text);
        self
    }

    pub(crate) fn tells(mut self, variation: Variation) -> Self {
        self.tells.push(variation);
        self
    }

    /// Fills in what a case need not say.
    pub(crate) fn completed(mut self) -> Self {
        if self.upstreams.is_empty() {
            self.upstreams.push(Upstream::new("a", [ok("ok")]));
        }
        self
    }
}

/// A scripted upstream.
pub(crate) struct Upstream {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) tls: Option<ServerTls>,
}

pub(crate) enum Kind {
    /// Bytes over TCP.
    Raw(Vec<Reply>),
    /// HTTP/2 in frames.
    H2(Vec<StreamReply>),
    /// Nothing listens.
    Refusing,
    /// Connections are never accepted, nor refused.
    Silent,
}

impl Upstream {
    pub(crate) fn new(name: &'static str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let kind = Kind::Raw(replies.into_iter().collect());
        Self {
            name,
            kind,
            tls: None,
        }
    }

    pub(crate) fn h2(name: &'static str, replies: impl IntoIterator<Item = StreamReply>) -> Self {
        let kind = Kind::H2(replies.into_iter().collect());
        Self {
            name,
            kind,
            tls: None,
        }
    }

    pub(crate) fn refusing(name: &'static str) -> Self {
        let kind = Kind::Refusing;
        Self {
            name,
            kind,
            tls: None,
        }
    }

    pub(crate) fn silent(name: &'static str) -> Self {
        let kind = Kind::Silent;
        Self {
            name,
            kind,
            tls: None,
        }
    }

    pub(crate) fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// A scripted client, which may open several connections.
pub(crate) struct Client {
    pub(crate) script: Script,
    pub(crate) tls: Option<ClientTls>,
    /// The last number of the 127.0.0.0/24 address that it comes from.
    pub(crate) from: u8,
}

pub(crate) enum Script {
    Raw(Vec<Step>),
    H2(Vec<Exchange>),
}

impl Client {
    pub(crate) fn raw(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Script::Raw(steps.into_iter().collect());
        Self {
            script,
            tls: None,
            from: 1,
        }
    }

    pub(crate) fn h2(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        let script = Script::H2(exchanges.into_iter().collect());
        Self {
            script,
            tls: None,
            from: 1,
        }
    }

    pub(crate) fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    pub(crate) fn from(mut self, last: u8) -> Self {
        self.from = last;
        self
    }
}

/// Puts the fields of `from` into `into`, objects field by field; a null takes a field out.
pub(crate) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                if value.is_null() {
                    into.remove(&key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, from) => *into = from,
    }
}
