//! Texts with command operators, such as `%REQ(:PATH)%`, of access logs and headers.

/// A text with command operators.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Format {
    /// What stands one behind the other.
    pub pieces: Vec<Piece>,
}

/// A piece of a [`Format`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// What an operator gives.
    Operator {
        /// The operator.
        operator: Operator,
        /// At most so many bytes of what it gives.
        at_most: Option<usize>,
    },
}

/// An operator that is honoured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// `REQ(name?other)`: a header of the request, or the other if it is not there.
    RequestHeader(HeaderChoice),
    /// `RESP(name?other)`: a header of the response.
    ResponseHeader(HeaderChoice),
    /// `TRAILER(name?other)`: a trailer of the response.
    Trailer(HeaderChoice),
    /// `START_TIME(format)`: when the request began, in `strftime`'s format with Envoy's `%f`, `%1f`
    /// to `%9f` and `%s`; ISO 8601 with milliseconds when empty.
    StartTime(String),
    /// `GRPC_STATUS(form)`.
    GrpcStatus(GrpcStatusForm),
    /// `ENVIRONMENT(name)`: an environment variable, read at start.
    Environment(String),
    /// One that takes no argument.
    Plain(Plain),
}

/// A header by its names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderChoice {
    /// The name.
    pub name: String,
    /// The name if there is none of the first.
    pub other: Option<String>,
}

/// How a gRPC status is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrpcStatusForm {
    /// `NotFound`
    CamelString,
    /// `NOT_FOUND`
    SnakeString,
    /// `5`
    Number,
}

macro_rules! plain {
    ($($name:ident $word:literal)*) => {
        /// An operator that takes no argument.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Plain {
            $(#[doc = concat!("`%", $word, "%`")] $name,)*
        }

        impl Plain {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As it is written between percent signs.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

plain! {
    BytesReceived "BYTES_RECEIVED"
    BytesSent "BYTES_SENT"
    ConnectionId "CONNECTION_ID"
    ConnectionTerminationDetails "CONNECTION_TERMINATION_DETAILS"
    DownstreamDirectRemoteAddress "DOWNSTREAM_DIRECT_REMOTE_ADDRESS"
    DownstreamDirectRemoteAddressWithoutPort "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"
    DownstreamLocalAddress "DOWNSTREAM_LOCAL_ADDRESS"
    DownstreamLocalAddressWithoutPort "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"
    DownstreamLocalPort "DOWNSTREAM_LOCAL_PORT"
    DownstreamLocalUriSan "DOWNSTREAM_LOCAL_URI_SAN"
    DownstreamPeerDnsSan "DOWNSTREAM_PEER_DNS_SAN"
    DownstreamPeerFingerprint256 "DOWNSTREAM_PEER_FINGERPRINT_256"
    DownstreamPeerIssuer "DOWNSTREAM_PEER_ISSUER"
    DownstreamPeerSerial "DOWNSTREAM_PEER_SERIAL"
    DownstreamPeerSubject "DOWNSTREAM_PEER_SUBJECT"
    DownstreamPeerUriSan "DOWNSTREAM_PEER_URI_SAN"
    DownstreamRemoteAddress "DOWNSTREAM_REMOTE_ADDRESS"
    DownstreamRemoteAddressWithoutPort "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
    DownstreamRemotePort "DOWNSTREAM_REMOTE_PORT"
    DownstreamTlsCipher "DOWNSTREAM_TLS_CIPHER"
    DownstreamTlsVersion "DOWNSTREAM_TLS_VERSION"
    DownstreamTransportFailureReason "DOWNSTREAM_TRANSPORT_FAILURE_REASON"
    Duration "DURATION"
    FilterChainName "FILTER_CHAIN_NAME"
    GrpcStatusNumber "GRPC_STATUS_NUMBER"
    Hostname "HOSTNAME"
    Protocol "PROTOCOL"
    RequestDuration "REQUEST_DURATION"
    RequestedServerName "REQUESTED_SERVER_NAME"
    RequestTxDuration "REQUEST_TX_DURATION"
    ResponseCode "RESPONSE_CODE"
    ResponseCodeDetails "RESPONSE_CODE_DETAILS"
    ResponseDuration "RESPONSE_DURATION"
    ResponseFlags "RESPONSE_FLAGS"
    ResponseFlagsLong "RESPONSE_FLAGS_LONG"
    ResponseTxDuration "RESPONSE_TX_DURATION"
    RouteName "ROUTE_NAME"
    UpstreamCluster "UPSTREAM_CLUSTER"
    UpstreamHost "UPSTREAM_HOST"
    UpstreamLocalAddress "UPSTREAM_LOCAL_ADDRESS"
    UpstreamPeerSubject "UPSTREAM_PEER_SUBJECT"
    UpstreamPeerUriSan "UPSTREAM_PEER_URI_SAN"
    UpstreamProtocol "UPSTREAM_PROTOCOL"
    UpstreamRemoteAddress "UPSTREAM_REMOTE_ADDRESS"
    UpstreamRequestAttemptCount "UPSTREAM_REQUEST_ATTEMPT_COUNT"
    UpstreamTlsCipher "UPSTREAM_TLS_CIPHER"
    UpstreamTlsVersion "UPSTREAM_TLS_VERSION"
    UpstreamTransportFailureReason "UPSTREAM_TRANSPORT_FAILURE_REASON"
    VirtualHostName "VIRTUAL_HOST_NAME"
}
