//! Says what a connection offers and bears, with Envoy's defaults.

use super::frame;

/// What becomes of a request with a header whose name has an underscore
/// (Envoy's `headers_with_underscores_action`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Underscores {
    /// It is handed on.
    #[default]
    Allow,
    /// The request is reset.
    Reject,
    /// The header is left out.
    Drop,
}

/// What a connection offers its peer and bears from it: Envoy's `Http2ProtocolOptions`, `HttpProtocolOptions` and
/// the limits of its connection manager, under their names.
///
/// The defaults are those that the documentation of Envoy 1.40's API gives
/// (`envoy/config/core/v3/protocol.proto`), seen on the wire of Envoy 1.40 where they can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The largest table for header compression, in both directions.
    pub hpack_table_size: u32,
    /// How many streams the peer may have open at once; how many we open at most.
    pub max_concurrent_streams: u32,
    /// How many bytes of a stream the peer may send before they are consumed.
    pub initial_stream_window_size: u32,
    /// How many bytes of all streams the peer may send before they are consumed.
    pub initial_connection_window_size: u32,
    /// Whether a client may ask for other protocols on a stream (RFC 8441).
    pub allow_connect: bool,
    /// How many frames may wait for the socket.
    pub max_outbound_frames: u32,
    /// How many answers to PING and SETTINGS and how many `RST_STREAM` frames may wait for the socket.
    pub max_outbound_control_frames: u32,
    /// How many frames in a row may carry nothing.
    pub max_consecutive_inbound_frames_with_empty_payload: u32,
    /// How many PRIORITY frames may come for each stream.
    pub max_inbound_priority_frames_per_stream: u32,
    /// How many `WINDOW_UPDATE` frames may come for each DATA frame sent.
    pub max_inbound_window_update_frames_per_data_frame_sent: u32,
    /// Whether a malformed message ends its stream and not the connection.
    pub override_stream_error_on_invalid_http_message: bool,
    /// Whether strings are sent in Huffman code where that is shorter (`enable_huffman_encoding`).
    pub huffman: bool,
    /// The largest header list, in bytes of names and values (`max_request_headers_kb`, 60).
    pub max_headers_bytes: usize,
    /// The largest number of header fields (`max_headers_count`).
    pub max_headers_count: usize,
    /// What becomes of headers whose names have underscores; only a server asks this.
    pub underscores: Underscores,
    /// How many bytes may wait for the socket before no more body is taken (`per_connection_buffer_limit_bytes`).
    pub output_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hpack_table_size: 4096,
            max_concurrent_streams: 1024,
            initial_stream_window_size: 16 * 1024 * 1024,
            initial_connection_window_size: 24 * 1024 * 1024,
            allow_connect: false,
            max_outbound_frames: 10_000,
            max_outbound_control_frames: 1000,
            max_consecutive_inbound_frames_with_empty_payload: 1,
            max_inbound_priority_frames_per_stream: 100,
            max_inbound_window_update_frames_per_data_frame_sent: 10,
            override_stream_error_on_invalid_http_message: false,
            huffman: true,
            max_headers_bytes: 60 * 1024,
            max_headers_count: 100,
            underscores: Underscores::Allow,
            output_limit: 1024 * 1024,
        }
    }
}

/// The window that every stream and connection begins with (RFC 9113 §6.9.2).
pub(super) const DEFAULT_WINDOW: u32 = 65_535;

/// How many streams are opened to a peer that has not sent its settings: what Envoy's nghttp2 takes for granted.
pub(super) const STREAMS_BEFORE_SETTINGS: u32 = 100;

/// The identifiers of settings (RFC 9113 §6.5.2, RFC 8441 §3).
pub(super) mod id {
    pub(in super::super) const HEADER_TABLE_SIZE: u16 = 1;
    pub(in super::super) const ENABLE_PUSH: u16 = 2;
    pub(in super::super) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(in super::super) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(in super::super) const MAX_FRAME_SIZE: u16 = 5;
    pub(in super::super) const ENABLE_CONNECT_PROTOCOL: u16 = 8;
}

/// What the peer has said of itself.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Nothing while the peer has not sent its settings.
    pub(super) max_concurrent_streams: Option<u32>,
    pub(super) initial_window_size: u32,
    pub(super) max_frame_size: u32,
    pub(super) enable_connect_protocol: bool,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            max_concurrent_streams: None,
            initial_window_size: DEFAULT_WINDOW,
            max_frame_size: frame::SMALLEST_MAXIMUM,
            enable_connect_protocol: false,
        }
    }
}
