//! Keeps several deadlines with one timer, which is moved only when it rings: most deadlines are never reached.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Deadlines of `N` kinds.
#[derive(Debug)]
pub struct Timer<const N: usize> {
    deadlines: [Option<Instant>; N],
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<const N: usize> Default for Timer<N> {
    fn default() -> Self {
        Self {
            deadlines: [None; N],
            sleep: None,
        }
    }
}

impl<const N: usize> Timer<N> {
    /// Sets a deadline so long from now, or takes it away.
    pub fn set(&mut self, kind: usize, after: Option<Duration>) {
        self.deadlines[kind] = after.and_then(|it| Instant::now().checked_add(it));
    }

    /// Takes all deadlines away.
    pub fn clear(&mut self) {
        self.deadlines = [None; N];
    }

    /// Ready with the kind whose deadline is reached; the deadline is taken away.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<usize> {
        loop {
            let Some((kind, first)) = self.first() else {
                return Poll::Pending;
            };
            let sleep = self
                .sleep
                .get_or_insert_with(|| Box::pin(sleep_until(first)));
            // A timer that rings too early is only set again when it does.
            if sleep.deadline() > first || sleep.is_elapsed() {
                if first <= Instant::now() {
                    self.deadlines[kind] = None;
                    return Poll::Ready(kind);
                }
                sleep.as_mut().reset(first);
            }
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn first(&self) -> Option<(usize, Instant)> {
        let set = self.deadlines.iter().enumerate();
        set.filter_map(|(kind, it)| it.map(|it| (kind, it)))
            .min_by_key(|(_, it)| *it)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_first_deadline_rings_first() {
        let mut timer = Timer::<3>::default();
        let start = Instant::now();
        timer.set(0, Some(3 * SECOND));
        timer.set(2, Some(2 * SECOND));
        assert_eq!(poll_fn(|it| timer.poll(it)).await, 2);
        assert_eq!(start.elapsed(), 2 * SECOND);
        assert_eq!(poll_fn(|it| timer.poll(it)).await, 0);
        assert_eq!(start.elapsed(), 3 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_moves_away_does_not_ring_at_its_old_time() {
        let mut timer = Timer::<1>::default();
        let start = Instant::now();
        timer.set(0, Some(SECOND));
        let early = tokio::time::timeout(SECOND / 2, poll_fn(|it| timer.poll(it)));
        assert!(early.await.is_err());
        timer.set(0, Some(4 * SECOND));
        assert_eq!(poll_fn(|it| timer.poll(it)).await, 0);
        assert_eq!(start.elapsed(), SECOND / 2 + 4 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_nearer_deadline_rings_at_its_time() {
        let mut timer = Timer::<2>::default();
        let start = Instant::now();
        timer.set(0, Some(10 * SECOND));
        let early = tokio::time::timeout(SECOND, poll_fn(|it| timer.poll(it)));
        assert!(early.await.is_err());
        timer.set(1, Some(SECOND));
        assert_eq!(poll_fn(|it| timer.poll(it)).await, 1);
        assert_eq!(start.elapsed(), 2 * SECOND);
    }
}
