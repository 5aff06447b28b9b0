//! Draws random numbers, the same ones again from the same seed.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A source of random numbers (`SplitMix64`): good enough to spread load, useless for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Draws the same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws numbers that nobody can foretell.
    pub fn unforeseen() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.draw() % end }
    }

    /// True in so many percent of the times, as Envoy asks `runtime` for whole percents.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Whole milliseconds below `end`.
    pub fn below_duration(&mut self, end: Duration) -> Duration {
        let end = u64::try_from(end.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            [random.draw(), random.draw(), random.draw()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(Random::unforeseen().draw(), Random::unforeseen().draw());
    }

    #[test]
    fn percents_are_as_often_as_they_say() {
        let mut random = Random::seeded(1);
        for percent in [0, 1, 50, 100] {
            let hits = (0..10_000).filter(|_| random.percent(percent)).count();
            let expected = usize::try_from(percent * 100).unwrap();
            assert!(hits.abs_diff(expected) < 150, "{percent}: {hits}");
        }
    }

    #[test]
    fn nothing_is_below_zero() {
        let mut random = Random::seeded(1);
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below_duration(Duration::ZERO), Duration::ZERO);
    }
}
