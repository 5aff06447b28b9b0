//! Names the ways in which an upstream stream ends before its response does.

use super::flags::Flag;

/// Why an upstream stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// Reset by this proxy: a timeout of one try, for example.
    Local,
    /// Refused by this proxy.
    LocalRefused,
    /// Reset by the upstream.
    Remote,
    /// Refused by the upstream before it did anything (`REFUSED_STREAM`).
    RemoteRefused,
    /// No connection came about, for a reason of this side.
    LocalConnectionFailure,
    /// No connection came about, for a reason of the other side.
    RemoteConnectionFailure,
    /// No connection came about in time.
    ConnectionTimeout,
    /// The connection was closed.
    ConnectionTermination,
    /// A limit of the cluster is reached.
    Overflow,
    /// The upstream answered CONNECT wrongly.
    ConnectError,
    /// The upstream breaks the protocol.
    ProtocolError,
    /// This proxy is overloaded.
    OverloadManager,
    /// The upstream closed its half before the request was complete.
    PrematureHalfClose,
}

impl Reset {
    /// As Envoy writes it into the answer's body.
    pub fn text(self) -> &'static str {
        match self {
            Self::Local => "local reset",
            Self::LocalRefused => "local refused stream reset",
            Self::Remote => "remote reset",
            Self::RemoteRefused => "remote refused stream reset",
            Self::LocalConnectionFailure => "local connection failure",
            Self::RemoteConnectionFailure => "remote connection failure",
            Self::ConnectionTimeout => "connection timeout",
            Self::ConnectionTermination => "connection termination",
            Self::Overflow => "overflow",
            Self::ConnectError => "remote error with CONNECT request",
            Self::ProtocolError => "protocol error",
            Self::OverloadManager => "overload manager reset",
            Self::PrematureHalfClose => "upstream half close before request complete",
        }
    }

    /// The response flag.
    pub fn flag(self) -> Flag {
        match self {
            Self::Local | Self::LocalRefused | Self::PrematureHalfClose => Flag::LocalReset,
            Self::Remote | Self::RemoteRefused | Self::ConnectError => Flag::UpstreamRemoteReset,
            Self::LocalConnectionFailure
            | Self::RemoteConnectionFailure
            | Self::ConnectionTimeout => Flag::UpstreamConnectionFailure,
            Self::ConnectionTermination => Flag::UpstreamConnectionTermination,
            Self::Overflow => Flag::UpstreamOverflow,
            Self::ProtocolError => Flag::UpstreamProtocolError,
            Self::OverloadManager => Flag::OverloadManager,
        }
    }

    /// Whether no connection came about.
    pub fn is_connection_failure(self) -> bool {
        matches!(
            self,
            Self::LocalConnectionFailure | Self::RemoteConnectionFailure | Self::ConnectionTimeout
        )
    }
}
