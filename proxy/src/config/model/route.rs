//! Routes: which request goes where, and how it is changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::fault::{Fault, Fraction};
use super::header::MessageChanges;
use super::http::Upgrade;
use super::matcher::{HeaderMatcher, Pattern, QueryMatcher, Rewrite};
use super::rbac::HttpRbac;
use super::retry::RetryPolicy;
use crate::config::message::Message;

/// A route configuration.
#[derive(Debug, Clone)]
pub struct RouteConfiguration {
    /// Its name; may be empty when inline.
    pub name: String,
    /// By domain; the most specific wins, not the first.
    pub virtual_hosts: Vec<Arc<VirtualHost>>,
    /// Headers of requests that only the mesh may send; in lower case.
    pub internal_only_headers: Vec<String>,
    /// Changes of all requests and responses.
    pub headers: MessageChanges,
    /// Changes of the route are made last, not first.
    pub most_specific_header_mutations_wins: bool,
    /// The port of `:authority` does not count.
    pub ignore_port: bool,
    /// What stands behind `;` in a path does not count.
    pub ignore_path_parameters: bool,
    /// Bytes of a direct response.
    pub max_direct_response_body_size: u32,
    /// Settings of filters, by the filter's name.
    pub filters: PerFilter,
    /// What it was made from, for `/config_dump`.
    pub message: Arc<Message>,
}

/// Routes of some domains.
#[derive(Debug, Clone)]
pub struct VirtualHost {
    /// Its name.
    pub name: String,
    /// In lower case: exact, `*suffix`, `prefix*` or `*`.
    pub domains: Vec<String>,
    /// The first that matches wins.
    pub routes: Vec<Arc<Route>>,
    /// Who is sent to `https`.
    pub require_tls: RequireTls,
    /// Changes of requests and responses.
    pub headers: MessageChanges,
    /// `x-envoy-attempt-count` goes upstream.
    pub attempt_count_in_request: bool,
    /// `x-envoy-attempt-count` goes downstream.
    pub attempt_count_in_response: bool,
    /// `x-envoy-is-timeout-retry` goes upstream.
    pub include_is_timeout_retry: bool,
    /// For routes that have none.
    pub retry: Option<Arc<RetryPolicy>>,
    /// Bytes of a request that are kept for retries; nothing for the listener's limit.
    pub buffer_limit: Option<u64>,
    /// Settings of filters, by the filter's name.
    pub filters: PerFilter,
}

/// Who is sent to `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequireTls {
    /// No one.
    None,
    /// External clients.
    External,
    /// All.
    All,
}

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name; may be empty.
    pub name: String,
    /// Which requests it takes.
    pub matcher: RouteMatch,
    /// What is done with them.
    pub action: Action,
    /// Changes of requests and responses.
    pub headers: MessageChanges,
    /// Bytes of a request that are kept for retries; nothing for the virtual host's.
    pub buffer_limit: Option<u64>,
    /// What its statistics are called by; none if empty.
    pub stat_prefix: String,
    /// Settings of filters, by the filter's name.
    pub filters: PerFilter,
}

/// Which requests a route takes.
#[derive(Debug, Clone)]
pub struct RouteMatch {
    /// The path.
    pub path: PathMatch,
    /// Upper and lower case of the path differ; does not concern regular expressions.
    pub case_sensitive: bool,
    /// Only this share of them.
    pub share: Option<Fraction>,
    /// All must match.
    pub headers: Vec<HeaderMatcher>,
    /// All must match.
    pub query: Vec<QueryMatcher>,
    /// Only gRPC calls.
    pub grpc: bool,
}

/// Which path.
#[derive(Debug, Clone)]
pub enum PathMatch {
    /// How it begins.
    Prefix(String),
    /// The whole, without its query.
    Exact(String),
    /// The whole, or how it begins before a slash.
    SeparatedPrefix(String),
    /// The whole, without its query.
    Regex(Pattern),
    /// CONNECT requests, of whatever path.
    Connect,
}

/// What is done with a request.
#[derive(Debug, Clone)]
pub enum Action {
    /// It goes to a cluster.
    Forward(Arc<Forward>),
    /// The client is sent elsewhere.
    Redirect(Redirect),
    /// It is answered.
    Respond {
        /// The status code.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// It only matches.
    NonForwarding,
}

/// Sends a request to a cluster.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Which.
    pub cluster: ClusterChoice,
    /// The answer when the cluster is not there: 500, 503 or 404.
    pub not_found_status: u16,
    /// What the metadata `envoy.lb` of endpoints must hold.
    pub metadata: Map<String, Value>,
    /// How the path is changed.
    pub path: PathRewrite,
    /// How `:authority` is changed.
    pub host: HostRewrite,
    /// `x-forwarded-host` gets the authority that was.
    pub append_x_forwarded_host: bool,
    /// How long an answer may take, retries included; nothing for no end.
    pub timeout: Option<Duration>,
    /// Ends a stream that was silent for so long; the connection manager's when absent.
    pub idle_timeout: Idle,
    /// When it is tried again; the virtual host's when absent.
    pub retry: Option<Arc<RetryPolicy>>,
    /// Which limits of the cluster count.
    pub priority: Priority,
    /// What chooses the endpoint where the cluster hashes; in this order.
    pub hash: Vec<HashPolicy>,
    /// Which upgrades are taken; others by the connection manager's.
    pub upgrades: Vec<Upgrade>,
    /// CONNECT streams are ended here, and their bytes go to the cluster as they are.
    pub terminate_connect: bool,
    /// So are POST streams.
    pub terminate_post: bool,
    /// Limits of the stream's time.
    pub stream_duration: StreamDuration,
}

/// Which cluster.
#[derive(Debug, Clone)]
pub enum ClusterChoice {
    /// This.
    Name(String),
    /// The one that a header of the request names; in lower case.
    Header(String),
    /// One of these by weight.
    Weighted {
        /// The clusters; the sum of weights is at least 1.
        clusters: Vec<WeightedCluster>,
        /// A header whose value is the number that chooses; random without it.
        header: Option<String>,
    },
}

/// A cluster with its share.
#[derive(Debug, Clone)]
pub struct WeightedCluster {
    /// Its name.
    pub name: String,
    /// Its share.
    pub weight: u32,
    /// What the metadata `envoy.lb` of endpoints must hold.
    pub metadata: Map<String, Value>,
    /// Changes of requests and responses.
    pub headers: MessageChanges,
    /// What `:authority` becomes, if given.
    pub host: Option<String>,
    /// Settings of filters, by the filter's name.
    pub filters: PerFilter,
}

/// How a path is changed.
#[derive(Debug, Clone)]
pub enum PathRewrite {
    /// Not at all.
    None,
    /// What matched is replaced: the prefix, or the whole path.
    Prefix(String),
    /// What a regular expression finds is replaced; the query stays.
    Regex(Rewrite),
}

/// How `:authority` is changed.
#[derive(Debug, Clone)]
pub enum HostRewrite {
    /// Not at all.
    None,
    /// To this.
    Literal(String),
    /// To the host name of the endpoint.
    Auto,
    /// To the value of this header, in lower case.
    Header(String),
    /// To the path after this rewrite.
    PathRegex(Rewrite),
}

/// How long a stream may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// As the connection manager says.
    Inherited,
    /// For ever.
    Endless,
    /// So long.
    After(Duration),
}

/// Which limits of a cluster count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Those of most requests.
    Default,
    /// Those of important requests.
    High,
}

/// What chooses the endpoint where the cluster hashes.
#[derive(Debug, Clone)]
pub struct HashPolicy {
    /// What.
    pub by: HashBy,
    /// If it gives something, no more are asked.
    pub terminal: bool,
}

/// What is hashed.
#[derive(Debug, Clone)]
pub enum HashBy {
    /// A header of the request, in lower case, perhaps changed before.
    Header(String, Option<Rewrite>),
    /// A cookie; made if it is not there and has a lifetime, of 0 for the session.
    Cookie {
        /// Its name.
        name: String,
        /// Its lifetime.
        ttl: Option<Duration>,
        /// Its path; may be empty.
        path: String,
    },
    /// The client's address.
    SourceIp,
    /// A parameter of the query.
    Query(String),
}

/// Limits of a stream's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamDuration {
    /// How long it may last; [`Idle::Inherited`] is `None`, no end is zero.
    pub max: Option<Duration>,
    /// `grpc-timeout` counts, up to this; zero for without limit.
    pub grpc_timeout_max: Option<Duration>,
    /// `grpc-timeout` is lessened by this.
    pub grpc_timeout_offset: Option<Duration>,
}

/// Sends a client elsewhere.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// The scheme, if it changes.
    pub scheme: Option<String>,
    /// The host, if it changes.
    pub host: Option<String>,
    /// The port, if it changes.
    pub port: Option<u16>,
    /// The path.
    pub path: RedirectPath,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The query is removed.
    pub strip_query: bool,
}

/// The path that a client is sent to.
#[derive(Debug, Clone)]
pub enum RedirectPath {
    /// The same.
    Same,
    /// This; its query, if it has one, replaces that of the request.
    Path(String),
    /// What matched is replaced.
    Prefix(String),
    /// What a regular expression finds is replaced.
    Regex(Rewrite),
}

/// Settings of filters, by the filter's name.
pub type PerFilter = BTreeMap<String, FilterOverride>;

/// What a route changes about a filter.
#[derive(Debug, Clone)]
pub struct FilterOverride {
    /// It is left out, or not; nothing for as it is.
    pub disabled: Option<bool>,
    /// Its other configuration.
    pub config: Option<OverrideConfig>,
}

/// Another configuration of a filter.
#[derive(Debug, Clone)]
pub enum OverrideConfig {
    /// Of RBAC; without rules everything passes.
    Rbac(Arc<HttpRbac>),
    /// Of faults.
    Fault(Arc<Fault>),
}
