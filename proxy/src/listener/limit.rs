//! Limits the connections of all listeners together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A limit of connections, if there is one. Only then do workers share a number.
#[derive(Debug, Clone, Default)]
pub struct Limit(Option<Arc<Places>>);

#[derive(Debug)]
struct Places {
    most: u64,
    taken: AtomicU64,
}

/// A place within the limit. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Places>>);

impl Limit {
    /// At most so many.
    pub fn new(most: Option<u64>) -> Self {
        let taken = AtomicU64::new(0);
        Self(most.map(|most| Arc::new(Places { most, taken })))
    }

    /// A place, if there is one left; `exempt` connections need none.
    pub(super) fn take(&self, exempt: bool) -> Option<Place> {
        let Some(places) = self.0.as_ref().filter(|_| !exempt) else {
            return Some(Place(None));
        };
        let one_more = |taken| (taken < places.most).then_some(taken + 1);
        let taken = places.taken.fetch_update(Relaxed, Relaxed, one_more);
        taken.ok().map(|_| Place(Some(Arc::clone(places))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = &self.0 {
            places.taken.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_back_can_be_taken_again() {
        let limit = Limit::new(Some(2));
        let (first, second) = (limit.take(false), limit.take(false));
        assert!(first.is_some() && second.is_some());
        assert!(limit.take(false).is_none());
        assert!(limit.take(true).is_some());
        drop(second);
        assert!(limit.take(false).is_some());
        assert!(Limit::default().take(false).is_some());
    }
}
