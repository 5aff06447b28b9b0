//! Faults that are injected into requests.

use std::time::Duration;

use super::matcher::HeaderMatcher;

/// The fault filter of HTTP.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// Waits before a request goes on.
    pub delay: Option<Delay>,
    /// Answers in the upstream's stead.
    pub abort: Option<Abort>,
    /// Slows the response down.
    pub rate_limit: Option<RateLimit>,
    /// Only for requests to this cluster, if given.
    pub upstream_cluster: Option<String>,
    /// Only for requests of which all these headers match.
    pub headers: Vec<HeaderMatcher>,
    /// How many faults at once at most.
    pub max_active: Option<u32>,
    /// Nothing is counted by the name of the downstream cluster.
    pub disable_downstream_cluster_stats: bool,
}

/// Waits before a request goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// How long; nothing for what `x-envoy-fault-delay-request` says, in milliseconds.
    pub fixed: Option<Duration>,
    /// For how many requests.
    pub share: Fraction,
}

/// Answers in the upstream's stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abort {
    /// With what.
    pub answer: AbortAnswer,
    /// How many requests.
    pub share: Fraction,
}

/// The answer of an [`Abort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortAnswer {
    /// A status code.
    Http(u16),
    /// A gRPC status.
    Grpc(u32),
    /// What `x-envoy-fault-abort-request` or `x-envoy-fault-abort-grpc-request` say.
    Header,
}

/// Slows the response down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// KiB/s; nothing for what `x-envoy-fault-throughput-response` says.
    pub kilobytes_per_second: Option<u64>,
    /// How many responses.
    pub share: Fraction,
}

/// A share of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// So many, ...
    pub numerator: u32,
    /// ... of so many: 100, 10,000 or 1,000,000.
    pub denominator: u32,
}

impl Fraction {
    /// All.
    pub const ALL: Self = Self {
        numerator: 100,
        denominator: 100,
    };
    /// None.
    pub const NONE: Self = Self {
        numerator: 0,
        denominator: 100,
    };

    /// Whether a random number belongs to the share, as Envoy tells: the number's remainder is less
    /// than the numerator.
    pub fn takes(self, random: u64) -> bool {
        random % u64::from(self.denominator.max(1)) < u64::from(self.numerator)
    }
}
