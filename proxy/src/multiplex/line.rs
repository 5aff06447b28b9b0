//! Holds the requests that wait until a peer takes another stream, the first to come first.

use std::collections::VecDeque;
use std::task::Waker;

/// Requests by their tickets.
#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<(u64, Waker)>,
    next: u64,
}

impl Line {
    pub(super) fn first(&self) -> Option<u64> {
        self.waiting.front().map(|it| it.0)
    }

    pub(super) fn join(&mut self) -> u64 {
        let ticket = self.next;
        self.next += 1;
        self.waiting.push_back((ticket, Waker::noop().clone()));
        ticket
    }

    pub(super) fn keep(&mut self, ticket: u64, own: &Waker) {
        let mut waiting = self.waiting.iter_mut();
        if let Some((_, waker)) = waiting.find(|it| it.0 == ticket) {
            waker.clone_from(own);
        }
    }

    pub(super) fn leave(&mut self, ticket: u64) {
        self.waiting.retain(|it| it.0 != ticket);
    }

    /// Wakes the first so many.
    pub(super) fn wake(&self, count: usize) {
        let first = self.waiting.iter().take(count);
        first.for_each(|(_, waker)| waker.wake_by_ref());
    }
}
