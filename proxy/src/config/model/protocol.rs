//! Options of HTTP/1 and HTTP/2, downstream and upstream.

use std::time::Duration;

/// Options of HTTP/1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct Http1Options {
    /// A request target in absolute form is taken, and its authority counts.
    pub allow_absolute_url: bool,
    /// HTTP/1.0 requests are taken.
    pub accept_http_10: bool,
    /// The authority of HTTP/1.0 requests that name none; may be empty.
    pub default_host_for_http_10: String,
    /// How the names of headers are written.
    pub header_case: HeaderCase,
    /// Trailers are passed on.
    pub enable_trailers: bool,
    /// `Content-Length` beside `Transfer-Encoding: chunked` is removed; else the message is refused.
    pub allow_chunked_length: bool,
    /// A malformed message is answered, and the connection kept; nothing for the side's default.
    pub keep_connection_on_malformed: Option<bool>,
    /// Upstream, the request target is written in absolute form.
    pub send_fully_qualified_url: bool,
    /// Methods that are not registered are taken.
    pub allow_custom_methods: bool,
}

/// How the names of headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderCase {
    /// In lower case.
    Lower,
    /// `Content-Type`.
    ProperCaseWords,
    /// As the other side wrote them.
    Preserve {
        /// So is the reason phrase.
        reason_phrase: bool,
        /// Headers that the proxy adds are written as `Content-Type`.
        proper_case_for_ours: bool,
    },
}

/// Options of HTTP/2.
#[derive(Debug, Clone, PartialEq)]
pub struct Http2Options {
    /// Bytes of the HPACK table.
    pub hpack_table_size: u32,
    /// Streams at once.
    pub max_concurrent_streams: u32,
    /// Bytes of a stream's window.
    pub initial_stream_window_size: u32,
    /// Bytes of the connection's window.
    pub initial_connection_window_size: u32,
    /// CONNECT with `:protocol` is taken (RFC 8441).
    pub allow_connect: bool,
    /// Frames that wait to be sent.
    pub max_outbound_frames: u32,
    /// `PING`, `SETTINGS` and `RST_STREAM` frames that wait to be sent.
    pub max_outbound_control_frames: u32,
    /// Empty frames without `END_STREAM` in a row.
    pub max_consecutive_inbound_frames_with_empty_payload: u32,
    /// PRIORITY frames for each stream.
    pub max_inbound_priority_frames_per_stream: u32,
    /// `WINDOW_UPDATE` frames for each `DATA` frame that was sent.
    pub max_inbound_window_update_frames_per_data_frame_sent: u32,
    /// A malformed message ends its stream alone; nothing for the side's default.
    pub keep_connection_on_malformed: Option<bool>,
    /// Pings on a connection.
    pub keepalive: Option<Http2Keepalive>,
    /// KiB of one header field at most, if given.
    pub max_header_field_size_kb: Option<u32>,
}

/// Pings on a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Http2Keepalive {
    /// How often; never without it.
    pub interval: Option<Duration>,
    /// How long an answer may take before the connection is closed.
    pub timeout: Duration,
    /// By how many percent of the interval at most it varies.
    pub jitter_percent: f64,
    /// A connection that was idle for so long is asked before its next request.
    pub idle_interval: Option<Duration>,
}

/// Options that both share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonOptions {
    /// Closes a connection without requests after so long.
    pub idle_timeout: Option<Duration>,
    /// Drains a connection after so long.
    pub max_connection_duration: Option<Duration>,
    /// Headers of a message.
    pub max_headers_count: u32,
    /// KiB of response headers, upstream alone.
    pub max_response_headers_kb: Option<u32>,
    /// Resets a stream after so long.
    pub max_stream_duration: Option<Duration>,
    /// What is done with header names that hold `_`.
    pub underscores: Underscores,
    /// Drains a connection after so many requests; nothing for no end.
    pub max_requests_per_connection: Option<u32>,
}

/// What is done with header names that hold `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Underscores {
    /// They are passed on.
    Allow,
    /// The request is refused.
    RejectRequest,
    /// The header is removed.
    DropHeader,
}

/// Which protocol an upstream speaks.
#[derive(Debug, Clone, PartialEq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http1(Http1Options),
    /// HTTP/2 with prior knowledge or by ALPN `h2`.
    Http2(Http2Options),
    /// Which of the two the upstream chooses by ALPN.
    Auto(Http1Options, Http2Options),
    /// What the downstream speaks.
    SameAsDownstream(Http1Options, Http2Options),
}

impl UpstreamProtocol {
    /// How HTTP/1 is spoken, if it may be.
    pub fn http1(&self) -> Option<&Http1Options> {
        match self {
            Self::Http1(options) | Self::Auto(options, _) | Self::SameAsDownstream(options, _) => {
                Some(options)
            }
            Self::Http2(_) => None,
        }
    }

    /// How HTTP/2 is spoken, if it may be.
    pub fn http2(&self) -> Option<&Http2Options> {
        match self {
            Self::Http2(options) | Self::Auto(_, options) | Self::SameAsDownstream(_, options) => {
                Some(options)
            }
            Self::Http1(_) => None,
        }
    }
}
