//! Picks by weight, the one that is due first: earliest deadline first.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::upstream::number::{float, whole};

/// Picks entries, each as often as its weight says, as evenly as can be.
#[derive(Debug, Clone, Default)]
pub struct Edf {
    now: f64,
    queue: BinaryHeap<Reverse<Due>>,
    next_order: u64,
}

/// When an entry is due.
#[derive(Debug, Clone, Copy)]
struct Due {
    deadline: f64,
    order: u64,
    entry: usize,
}

impl Edf {
    /// Entries with these weights after so many picks; all weights are above 0.
    pub fn after_picks(weights: &[f64], picks: u64) -> Self {
        // Envoy takes a seed of 32 bits, of which it lets only so many count.
        let picks = (picks & u64::from(u32::MAX)) % 429_496_729;
        // A little more weight keeps deadlines that are equal in theory from being unequal in floating point.
        let weights = weights
            .iter()
            .map(|weight| weight + 1e-13)
            .collect::<Vec<_>>();
        let sum = weights.iter().sum::<f64>();
        let mut scheduler = Self::default();
        let mut done = 0;
        for (entry, weight) in weights.iter().enumerate() {
            let mut picked = whole(weight * float(picks) / sum);
            if picked > 0 && float(picked) / weight >= float(picks) / sum {
                picked -= 1;
            }
            scheduler.insert((float(picked) + 1.0) / weight, entry);
            scheduler.now = scheduler.now.max(float(picked) / weight);
            done += picked;
        }
        if weights.is_empty() {
            return scheduler;
        }
        for _ in done..picks {
            scheduler.pick(|entry| weights[entry] - 1e-13);
        }
        scheduler
    }

    /// The entry that is due; it is due again according to its weight of now.
    pub fn pick(&mut self, weight: impl FnOnce(usize) -> f64) -> Option<usize> {
        let Reverse(due) = self.queue.pop()?;
        self.now = due.deadline;
        self.insert(self.now + 1.0 / weight(due.entry), due.entry);
        Some(due.entry)
    }

    fn insert(&mut self, deadline: f64, entry: usize) {
        let order = self.next_order;
        self.next_order += 1;
        self.queue.push(Reverse(Due {
            deadline,
            order,
            entry,
        }));
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        self.deadline
            .total_cmp(&other.deadline)
            .then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picks(scheduler: &mut Edf, weights: &[f64], count: usize) -> Vec<usize> {
        (0..count)
            .map(|_| scheduler.pick(|entry| weights[entry]).unwrap())
            .collect()
    }

    #[test]
    fn heavier_entries_are_picked_more_often_and_evenly() {
        let weights = [1.0, 2.0, 4.0];
        let mut scheduler = Edf::after_picks(&weights, 0);
        assert_eq!(picks(&mut scheduler, &weights, 7), [2, 1, 2, 2, 0, 1, 2]);
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        assert_eq!(Edf::after_picks(&[], 7).pick(|_| 1.0), None);
    }

    #[test]
    fn a_changed_weight_counts_from_the_next_pick() {
        let mut scheduler = Edf::after_picks(&[1.0, 1.0], 0);
        picks(&mut scheduler, &[1.0, 1.0], 2);
        let later = picks(&mut scheduler, &[100.0, 1.0], 50);
        assert!(later.iter().filter(|entry| **entry == 1).count() <= 2);
    }

    proptest! {
        #[test]
        fn shares_follow_weights(
            weights in proptest::collection::vec(1_u32..100, 2..20),
            seed in 0_u64..100_000,
        ) {
            let weights = weights.into_iter().map(f64::from).collect::<Vec<_>>();
            let sum = weights.iter().sum::<f64>();
            let mut scheduler = Edf::after_picks(&weights, seed);
            let rounds = usize::try_from(whole(sum)).unwrap();
            let mut counts = vec![0_usize; weights.len()];
            for entry in picks(&mut scheduler, &weights, rounds) {
                counts[entry] += 1;
            }
            for (count, weight) in counts.iter().zip(&weights) {
                prop_assert!((crate::upstream::number::float_size(*count) - weight).abs() <= 1.0 + 1e-9);
            }
        }

        #[test]
        fn picks_beforehand_are_as_if_they_were_made(
            weights in proptest::collection::vec(1_u32..1000, 2..8),
            seed in 0_u64..2_000,
        ) {
            let weights = weights.into_iter().map(f64::from).collect::<Vec<_>>();
            let mut slow = Edf::after_picks(&weights, 0);
            picks(&mut slow, &weights, usize::try_from(seed).unwrap());
            let mut fast = Edf::after_picks(&weights, seed);
            let count = |scheduler: &mut Edf| {
                let mut counts = vec![0_i64; weights.len()];
                for entry in picks(scheduler, &weights, 200) {
                    counts[entry] += 1;
                }
                counts
            };
            // Only entries that are due at the same time may change places.
            for (slow, fast) in count(&mut slow).into_iter().zip(count(&mut fast)) {
                prop_assert!((slow - fast).abs() <= 1);
            }
        }
    }
}
