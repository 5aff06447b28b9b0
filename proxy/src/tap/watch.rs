//! Carries lines to one who watches: no more than are asked for, and never so that a worker waits.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Tap;
use super::event::{Moment, Seen};
use super::expression::Expression;

/// Lines that wait to be read, at most.
const QUEUE: usize = 1024;
/// How often it is said what was left out.
const TOLD: Duration = Duration::from_secs(1);

/// What is watched for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only requests of which this is true.
    pub filter: Option<Expression>,
    /// Headers whose values are shown, in lower case.
    pub headers: Vec<String>,
    /// Requests are shown as they begin, too.
    pub begins: bool,
    /// Lines a second at most.
    pub rate: u32,
}

/// One who watches, as workers see it.
#[derive(Debug)]
pub(super) struct Watch {
    options: Options,
    lines: mpsc::Sender<String>,
    room: Mutex<Room>,
    limited: AtomicU64,
    dropped: AtomicU64,
}

/// How many lines may come in this second.
#[derive(Debug)]
struct Room {
    since: Instant,
    lines: u32,
}

impl Watch {
    pub(super) fn new(options: Options) -> (Self, mpsc::Receiver<String>) {
        let (lines, received) = mpsc::channel(QUEUE);
        let room = Room {
            since: Instant::now(),
            lines: options.rate,
        };
        let watch = Self {
            options,
            lines,
            room: Mutex::new(room),
            limited: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        };
        (watch, received)
    }

    pub(super) fn show(&self, seen: &Seen<'_>) {
        let options = &self.options;
        if seen.moment == Moment::Begin && !options.begins {
            return;
        }
        let fields = Value::Object(seen.fields(&options.headers));
        if options.filter.as_ref().is_some_and(|it| !it.holds(&fields)) {
            return;
        }
        if !self.take_room() {
            self.limited.fetch_add(1, Relaxed);
        } else if self.lines.try_send(format!("{fields}\n")).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    fn take_room(&self) -> bool {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        if room.since.elapsed() >= Duration::from_secs(1) {
            *room = Room {
                since: Instant::now(),
                lines: self.options.rate,
            };
        }
        let may = room.lines > 0;
        room.lines = room.lines.saturating_sub(1);
        may
    }
}

/// One who watches, until this is dropped.
#[derive(Debug)]
pub struct Watching {
    tap: Arc<Tap>,
    watch: Arc<Watch>,
    lines: mpsc::Receiver<String>,
    tick: Interval,
}

impl Watching {
    pub(super) fn new(tap: Arc<Tap>, watch: Arc<Watch>, lines: mpsc::Receiver<String>) -> Self {
        let mut tick = interval(TOLD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            tap,
            watch,
            lines,
            tick,
        }
    }

    /// The next line: a request, or how many were left out since that was last said.
    pub fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<String> {
        while self.tick.poll_tick(context).is_ready() {
            let limited = self.watch.limited.swap(0, Relaxed);
            let dropped = self.watch.dropped.swap(0, Relaxed);
            if limited + dropped > 0 {
                let lost = json!({ "event": "lost", "limited": limited, "dropped": dropped });
                return Poll::Ready(format!("{lost}\n"));
            }
        }
        // The sender lives as long as this.
        match self.lines.poll_recv(context) {
            Poll::Ready(Some(line)) => Poll::Ready(line),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.tap.end(&self.watch);
    }
}
