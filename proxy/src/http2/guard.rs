//! Notices peers that send frames without need, by Envoy's rules.

use super::settings::Settings;
use super::statistics::Statistics;

/// CONTINUATION frames after one HEADERS frame; Envoy 1.40 ends the connection with the next one.
pub(super) const MOST_CONTINUATIONS: u32 = 512;

/// What a peer has sent so far, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// Streams that were ever opened, by either side.
    pub(super) opened_streams: u64,
    /// DATA frames that we have sent.
    pub(super) data_frames_sent: u64,
    empty_in_a_row: u32,
    priority_frames: u64,
    window_updates: u64,
}

/// A peer that sends too much of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flood(pub(super) &'static str);

impl Guard {
    /// A DATA, HEADERS or CONTINUATION frame.
    pub(super) fn content(
        &mut self,
        is_empty: bool,
        settings: &Settings,
        statistics: &mut Statistics,
    ) -> Result<(), Flood> {
        if !is_empty {
            self.empty_in_a_row = 0;
            return Ok(());
        }
        self.empty_in_a_row += 1;
        if self.empty_in_a_row > settings.max_consecutive_inbound_frames_with_empty_payload {
            statistics.inbound_empty_frames_flood += 1;
            return Err(Flood("too many frames in a row without a payload"));
        }
        Ok(())
    }

    /// A PRIORITY frame.
    pub(super) fn priority(
        &mut self,
        settings: &Settings,
        statistics: &mut Statistics,
    ) -> Result<(), Flood> {
        self.priority_frames += 1;
        let each = u64::from(settings.max_inbound_priority_frames_per_stream);
        if self.priority_frames > each * (1 + self.opened_streams) {
            statistics.inbound_priority_frames_flood += 1;
            return Err(Flood("too many PRIORITY frames"));
        }
        Ok(())
    }

    /// A `WINDOW_UPDATE` frame.
    pub(super) fn window_update(
        &mut self,
        settings: &Settings,
        statistics: &mut Statistics,
    ) -> Result<(), Flood> {
        self.window_updates += 1;
        let each = u64::from(settings.max_inbound_window_update_frames_per_data_frame_sent);
        if self.window_updates > 5 + 2 * (self.opened_streams + each * self.data_frames_sent) {
            statistics.inbound_window_update_frames_flood += 1;
            return Err(Flood("too many WINDOW_UPDATE frames"));
        }
        Ok(())
    }
}
