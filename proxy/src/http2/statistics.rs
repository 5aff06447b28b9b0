//! Counts what Envoy counts of HTTP/2.

/// Counters and gauges of one connection, named as Envoy names them below `http2.`. The owner takes them from time to
/// time and adds them up.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Headers left out because of an underscore in their name.
    pub dropped_headers_with_underscores: u64,
    /// GOAWAY frames that close a connection in an orderly way; the warning before them is not counted.
    pub goaway_sent: u64,
    /// Header lists with more bytes than allowed.
    pub header_list_size_too_large: u64,
    /// Header lists with more fields than allowed.
    pub header_overflow: u64,
    /// Connections ended for too many frames in a row that carry nothing.
    pub inbound_empty_frames_flood: u64,
    /// Connections ended for too many PRIORITY frames.
    pub inbound_priority_frames_flood: u64,
    /// Connections ended for too many `WINDOW_UPDATE` frames.
    pub inbound_window_update_frames_flood: u64,
    /// Connections ended for too many control frames that wait for the socket.
    pub outbound_control_flood: u64,
    /// Connections ended for too many frames that wait for the socket.
    pub outbound_flood: u64,
    /// Requests reset because of an underscore in a header's name.
    pub requests_rejected_with_underscores_in_headers: u64,
    /// Messages that break the rules of HTTP.
    pub rx_messaging_error: u64,
    /// Streams that the peer has reset.
    pub rx_reset: u64,
    /// Requests refused because too many were open.
    pub stream_refused_errors: u64,
    /// Requests with trailers.
    pub trailers: u64,
    /// `RST_STREAM` frames sent.
    pub tx_reset: u64,
    /// Now open streams.
    pub streams_active: u64,
    /// Bytes of bodies that were offered and not let through yet.
    pub pending_send_bytes: u64,
    /// Frames that wait for the socket.
    pub outbound_frames_active: u64,
    /// Control frames that wait for the socket.
    pub outbound_control_frames_active: u64,
    /// Streams that ever began, also those whose head was refused; not among Envoy's `http2.` statistics, but what
    /// its `downstream_rq_total` counts.
    pub streams_begun: u64,
}
