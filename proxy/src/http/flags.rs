//! Says in Envoy's letters what happened to a request.

macro_rules! flags {
    ($($name:ident $short:literal $long:literal $text:literal)*) => {
        /// One thing that happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Flag {
            $(#[doc = concat!("`", $short, "`: ", $text)] $name,)*
        }

        impl Flag {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As `%RESPONSE_FLAGS%` shows it.
            pub fn short(self) -> &'static str {
                match self { $(Self::$name => $short,)* }
            }

            /// As `%RESPONSE_FLAGS_LONG%` shows it.
            pub fn long(self) -> &'static str {
                match self { $(Self::$name => $long,)* }
            }
        }
    };
}

flags! {
    FailedLocalHealthCheck "LH" "FailedLocalHealthCheck" "this proxy is told to be unhealthy."
    NoHealthyUpstream "UH" "NoHealthyUpstream" "no endpoint is healthy."
    UpstreamRequestTimeout "UT" "UpstreamRequestTimeout" "the upstream was too slow."
    LocalReset "LR" "LocalReset" "this proxy reset the upstream stream."
    UpstreamRemoteReset "UR" "UpstreamRemoteReset" "the upstream reset its stream."
    UpstreamConnectionFailure "UF" "UpstreamConnectionFailure" "no connection came about."
    UpstreamConnectionTermination "UC" "UpstreamConnectionTermination" "the upstream closed."
    UpstreamOverflow "UO" "UpstreamOverflow" "a limit of the cluster is reached."
    NoRouteFound "NR" "NoRouteFound" "no route or filter chain matches."
    DelayInjected "DI" "DelayInjected" "a fault delayed it."
    FaultInjected "FI" "FaultInjected" "a fault answered it."
    RateLimited "RL" "RateLimited" "a rate limit answered it."
    UnauthorizedExternalService "UAEX" "UnauthorizedExternalService" "it was not authorised."
    RateLimitServiceError "RLSE" "RateLimitServiceError" "the rate limit service failed."
    DownstreamConnectionTermination "DC" "DownstreamConnectionTermination" "the client closed."
    UpstreamRetryLimitExceeded "URX" "UpstreamRetryLimitExceeded" "all tries were used up."
    StreamIdleTimeout "SI" "StreamIdleTimeout" "the stream was silent for too long."
    InvalidEnvoyRequestHeaders "IH" "InvalidEnvoyRequestHeaders" "an `x-envoy-` header is wrong."
    DownstreamProtocolError "DPE" "DownstreamProtocolError" "the client breaks the protocol."
    UpstreamMaxStreamDurationReached "UMSDR" "UpstreamMaxStreamDurationReached" "it lasted too long."
    ResponseFromCacheFilter "RFCF" "ResponseFromCacheFilter" "a cache answered."
    NoFilterConfigFound "NFCF" "NoFilterConfigFound" "a filter has no configuration yet."
    DurationTimeout "DT" "DurationTimeout" "the connection lasted too long."
    UpstreamProtocolError "UPE" "UpstreamProtocolError" "the upstream breaks the protocol."
    NoClusterFound "NC" "NoClusterFound" "the cluster is not there."
    OverloadManager "OM" "OverloadManagerTerminated" "this proxy is overloaded."
    DnsResolutionFailed "DF" "DnsResolutionFailed" "the name cannot be resolved."
    DropOverload "DO" "DropOverload" "a share of requests is dropped."
    DownstreamRemoteReset "DR" "DownstreamRemoteReset" "the client reset the stream."
    UnconditionalDropOverload "UDO" "UnconditionalDropOverload" "all requests are dropped."
}

/// What happened, in the order in which it did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    order: [Option<Flag>; 6],
}

impl Flags {
    /// Notes that something happened; the same only once, and no more than six things.
    pub fn set(&mut self, flag: Flag) {
        if self.contains(flag) {
            return;
        }
        if let Some(free) = self.order.iter_mut().find(|place| place.is_none()) {
            *free = Some(flag);
        }
    }

    /// Whether something happened.
    pub fn contains(self, flag: Flag) -> bool {
        self.order.contains(&Some(flag))
    }

    /// Whether nothing happened.
    pub fn is_empty(self) -> bool {
        self.order[0].is_none()
    }

    /// What happened.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        self.order.into_iter().flatten()
    }
}

impl From<Flag> for Flags {
    fn from(flag: Flag) -> Self {
        let mut flags = Self::default();
        flags.set(flag);
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::{Flag, Flags};

    #[test]
    fn flags_keep_their_order() {
        let mut flags = Flags::default();
        assert!(flags.is_empty());
        for flag in [
            Flag::UpstreamRetryLimitExceeded,
            Flag::UpstreamConnectionFailure,
        ] {
            flags.set(flag);
            flags.set(flag);
        }
        let shown: Vec<_> = flags.iter().map(Flag::short).collect();
        assert_eq!(shown, ["URX", "UF"]);
    }
}
