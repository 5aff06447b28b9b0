//! Adds what a connection of HTTP/2 counts to what is counted of all.

use crate::http2::Statistics;
use crate::stats::{Handle, Http2Stats};

/// A connection's part in the statistics `http2.*`.
pub struct Books {
    stats: Handle<Http2Stats>,
    told: Statistics,
}

impl Books {
    /// A connection that a client has made.
    pub fn downstream(stats: Handle<Http2Stats>) -> Self {
        stats.nghttp2_downstream_connections.increment();
        Self::new(stats)
    }

    /// A connection to an upstream; it is counted where it is dialled, as Envoy counts those that fail as well.
    pub fn upstream(stats: Handle<Http2Stats>) -> Self {
        Self::new(stats)
    }

    fn new(stats: Handle<Http2Stats>) -> Self {
        Self {
            stats,
            told: Statistics::default(),
        }
    }

    /// Takes over what has changed.
    pub(super) fn note(&mut self, now: &Statistics) {
        if *now == self.told {
            return;
        }
        let stats = &self.stats;
        let before = std::mem::replace(&mut self.told, now.clone());
        macro_rules! counters {
            ($($name:ident)*) => { $(stats.$name.add(now.$name - before.$name);)* };
        }
        macro_rules! gauges {
            ($($name:ident)*) => { $(
                stats.$name.add(now.$name.saturating_sub(before.$name));
                stats.$name.sub(before.$name.saturating_sub(now.$name));
            )* };
        }
        counters!(
            dropped_headers_with_underscores goaway_sent header_list_size_too_large header_overflow
            inbound_empty_frames_flood inbound_priority_frames_flood inbound_window_update_frames_flood
            outbound_control_flood outbound_flood requests_rejected_with_underscores_in_headers
            rx_messaging_error rx_reset stream_refused_errors trailers tx_reset
        );
        gauges!(streams_active pending_send_bytes outbound_frames_active outbound_control_frames_active);
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        let stats = &self.stats;
        let told = &self.told;
        stats.streams_active.sub(told.streams_active);
        stats.pending_send_bytes.sub(told.pending_send_bytes);
        let frames = &stats.outbound_frames_active;
        frames.sub(told.outbound_frames_active);
        let control = &stats.outbound_control_frames_active;
        control.sub(told.outbound_control_frames_active);
    }
}
