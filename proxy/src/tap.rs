//! Shows requests to whoever watches, as they begin and end. Where nobody watches it costs one load.

mod event;
mod expression;
mod watch;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use event::{Moment, Seen};
pub use expression::{Expression, Misread};
use watch::Watch;
pub use watch::{Options, Watching};

/// Watches beyond these are refused.
const MOST_WATCHES: usize = 16;

/// Where workers show requests; all of them share it.
#[derive(Debug, Default)]
pub struct Tap {
    watched: AtomicBool,
    watches: Mutex<Vec<Arc<Watch>>>,
}

impl Tap {
    /// Whether somebody watches.
    #[inline]
    pub fn is_watched(&self) -> bool {
        self.watched.load(Relaxed)
    }

    /// Shows requests from now on, until what this gives is dropped; nothing if too many watch already.
    pub fn watch(self: &Arc<Self>, options: Options) -> Option<Watching> {
        let mut watches = self.lock();
        if watches.len() >= MOST_WATCHES {
            return None;
        }
        let (watch, lines) = Watch::new(options);
        let watch = Arc::new(watch);
        watches.push(Arc::clone(&watch));
        self.watched.store(true, Relaxed);
        Some(Watching::new(Arc::clone(self), watch, lines))
    }

    /// Shows a request to all that watch for it.
    #[cold]
    pub fn show(&self, seen: &Seen<'_>) {
        // Only who is watched comes here, and writers of lines never wait.
        let watches = self.lock().clone();
        for watch in watches {
            watch.show(seen);
        }
    }

    fn end(&self, watch: &Arc<Watch>) {
        let mut watches = self.lock();
        watches.retain(|it| !Arc::ptr_eq(it, watch));
        self.watched.store(!watches.is_empty(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Watch>>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
