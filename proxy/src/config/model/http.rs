//! The HTTP connection manager: requests from connections, through filters, by routes.

use std::sync::Arc;
use std::time::Duration;

use super::access_log::AccessLog;
use super::address::Network;
use super::fault::Fault;
use super::protocol::{CommonOptions, Http1Options, Http2Options};
use super::rbac::HttpRbac;
use super::route::RouteConfiguration;
use super::source::ConfigSource;

/// Takes requests from connections.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct HttpConnectionManager {
    /// What its statistics are called by.
    pub stat_prefix: String,
    /// Which protocol is spoken.
    pub codec: Codec,
    /// Where requests go.
    pub routes: Routes,
    /// What requests pass, in this order.
    pub filters: Vec<HttpFilter>,
    /// Options of HTTP/1.
    pub http1: Http1Options,
    /// Options of HTTP/2.
    pub http2: Http2Options,
    /// Options of both.
    pub common: CommonOptions,
    /// What is written into `server`.
    pub server_name: String,
    /// When it is.
    pub server_header: ServerHeader,
    /// What `:scheme` becomes, if given: `http` or `https`.
    pub scheme: Option<String>,
    /// `:scheme` becomes that of the upstream's transport.
    pub scheme_matches_upstream: bool,
    /// KiB of request headers.
    pub max_request_headers_kb: u32,
    /// Ends a stream that was silent for so long.
    pub stream_idle_timeout: Option<Duration>,
    /// How long the whole request may take to come.
    pub request_timeout: Option<Duration>,
    /// How long its headers may take to come.
    pub request_headers_timeout: Option<Duration>,
    /// How long new streams are still taken after the first GOAWAY.
    pub drain_timeout: Duration,
    /// How long a closed connection is read from, so that the client sees the answer.
    pub delayed_close_timeout: Option<Duration>,
    /// Logs of requests.
    pub access_logs: Vec<AccessLog>,
    /// A line is also written this often.
    pub log_flush_interval: Option<Duration>,
    /// A line is also written when a request comes.
    pub log_on_new_request: bool,
    /// How `x-forwarded-for` is treated.
    pub forwarded_for: ForwardedFor,
    /// Added to `via`; may be empty.
    pub via: String,
    /// `user-agent` and `x-envoy-downstream-service-cluster` are set from the node.
    pub add_user_agent: bool,
    /// How `x-request-id` is treated.
    pub request_id: RequestId,
    /// How `x-forwarded-client-cert` is treated.
    pub client_certificate: ClientCertificate,
    /// `Expect: 100-continue` goes upstream; else it is answered here.
    pub proxy_100_continue: bool,
    /// Which upgrades are taken, unless a route says otherwise.
    pub upgrades: Vec<Upgrade>,
    /// How paths are made alike before routes are asked.
    pub path: PathNormalization,
    /// The port of `:authority` is removed.
    pub strip_port: StripPort,
    /// A dot at the end of `:authority` is removed.
    pub strip_trailing_host_dot: bool,
    /// A malformed HTTP/1 message is answered, and the connection kept.
    pub keep_connection_on_malformed: bool,
    /// `x-forwarded-port` is set.
    pub append_x_forwarded_port: bool,
}

/// Which protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// By ALPN, or by the first bytes.
    Auto,
    /// HTTP/1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Routes {
    /// By these routes.
    Inline(Arc<RouteConfiguration>),
    /// By those that are discovered under this name.
    Discovered {
        /// The name.
        name: String,
        /// Where they come from.
        source: ConfigSource,
    },
}

/// What requests pass.
#[derive(Debug, Clone)]
pub struct HttpFilter {
    /// By which routes name it.
    pub name: String,
    /// Left out unless a route says otherwise.
    pub disabled: bool,
    /// What it does.
    pub kind: HttpFilterKind,
}

/// What a filter does.
#[derive(Debug, Clone)]
pub enum HttpFilterKind {
    /// Counts gRPC calls.
    GrpcStats(GrpcStats),
    /// Refuses what is not allowed.
    Rbac(Arc<HttpRbac>),
    /// Injects faults.
    Fault(Arc<Fault>),
    /// Sends the request upstream; always the last.
    Router(Router),
}

/// Which statistics of gRPC calls are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcStats {
    /// For which methods by name; others are counted together.
    pub methods: GrpcMethods,
    /// The upstream's time is measured too.
    pub upstream_time: bool,
    /// Dots in service names become underscores.
    pub replace_dots: bool,
}

/// Which gRPC methods have statistics of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrpcMethods {
    /// None.
    None,
    /// All.
    All,
    /// These, as service and method.
    These(Vec<(String, String)>),
}

/// The router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct Router {
    /// Statistics of clusters, true if absent.
    pub dynamic_stats: bool,
    /// No `x-envoy-…` headers are added.
    pub suppress_envoy_headers: bool,
    /// A timeout that a header asks for is passed on as it is.
    pub respect_expected_rq_timeout: bool,
    /// gRPC calls that fail do not count as failed requests.
    pub suppress_grpc_failures: bool,
    /// Requests are refused when these headers cannot be read.
    pub strict_check_headers: Vec<String>,
}

/// When `server` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerHeader {
    /// Always.
    Overwrite,
    /// If the upstream sent none.
    AppendIfAbsent,
    /// Never.
    PassThrough,
}

/// How `x-forwarded-for` is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct ForwardedFor {
    /// The peer is the client: its address is what counts, and is added.
    pub use_remote_address: bool,
    /// How many proxies in front are believed.
    pub trusted_hops: u32,
    /// Nothing is added.
    pub skip_append: bool,
    /// IPv4 addresses are written as IPv6.
    pub ipv4_as_ipv6: bool,
    /// Which addresses are internal; none if it is empty.
    pub internal: Vec<Network>,
    /// So are Unix sockets.
    pub internal_unix_sockets: bool,
}

/// How `x-request-id` is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct RequestId {
    /// One is made where there is none, ...
    pub generate: bool,
    /// ... and kept where an external client sent one.
    pub preserve_external: bool,
    /// It is written into the response too.
    pub in_response: bool,
    /// A digit of it says why the request is traced: `4` where it is not.
    pub pack_trace_reason: bool,
}

/// How `x-forwarded-client-cert` is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct ClientCertificate {
    /// What is done with what comes.
    pub forward: ForwardClientCertificate,
    /// `Subject` is added.
    pub subject: bool,
    /// `Cert` is added.
    pub certificate: bool,
    /// `Chain` is added.
    pub chain: bool,
    /// `DNS` is added.
    pub dns: bool,
    /// `URI` is added.
    pub uri: bool,
}

/// What is done with `x-forwarded-client-cert` that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardClientCertificate {
    /// Removed.
    Sanitize,
    /// Passed on if the connection is mTLS.
    ForwardOnly,
    /// Passed on with one more if the connection is mTLS.
    AppendForward,
    /// Replaced if the connection is mTLS, else removed.
    SanitizeSet,
    /// Passed on.
    AlwaysForwardOnly,
}

/// An upgrade that is taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// A token of `Upgrade`, compared without regard to case, or `CONNECT`.
    pub token: String,
    /// It is taken.
    pub enabled: bool,
}

/// How paths are made alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathNormalization {
    /// `.` and `..` are resolved, and percent-encoding made alike (RFC 3986 §6).
    pub normalize: bool,
    /// Several slashes become one.
    pub merge_slashes: bool,
    /// What is done with `%2F` and `%5C`.
    pub escaped_slashes: EscapedSlashes,
}

/// What is done with `%2F` and `%5C` in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscapedSlashes {
    /// They stay.
    Keep,
    /// The request is refused.
    Reject,
    /// The client is sent to the path with slashes.
    Redirect,
    /// They become slashes.
    Forward,
}

/// When the port of `:authority` is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StripPort {
    /// Never.
    Never,
    /// If it is the listener's.
    Matching,
    /// Always.
    Any,
}
