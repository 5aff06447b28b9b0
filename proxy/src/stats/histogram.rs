//! Records values in bins of two significant decimal digits, as Envoy's histograms do.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::cell::Counter;
use super::group::{Visit, Visitor};

/// The quantiles that Envoy shows, as fractions.
pub const QUANTILES: [f64; 10] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0];

/// The upper bounds of Envoy's default buckets.
pub(super) const BUCKETS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// A distribution of whole numbers: milliseconds, bytes, requests.
///
/// Its bins are allocated when first used, decade by decade: 720 bytes each.
#[derive(Debug, Default)]
pub struct Histogram(OnceLock<Box<Decades>>);

/// The bins 0 to 9, and ninety bins for each further power of ten that a `u64` can hold.
#[derive(Debug, Default)]
struct Decades {
    low: [Counter; 10],
    high: [OnceLock<Box<[Counter; 90]>>; 19],
}

impl Histogram {
    /// Records `value`.
    #[inline]
    pub fn record(&self, value: u64) {
        let decades = self.0.get_or_init(Box::default);
        match (value.checked_ilog10(), usize::try_from(value)) {
            (None | Some(0), Ok(value)) => decades.low[value].increment(),
            (Some(exponent), _) => {
                let digits = value / 10_u64.pow(exponent - 1);
                let decade = &decades.high[exponent as usize - 1];
                let bins =
                    decade.get_or_init(|| Box::new(std::array::from_fn(|_| Counter::default())));
                // Two significant digits: 10 to 99.
                bins[usize::try_from(digits - 10).unwrap_or(0)].increment();
            }
            (None, Err(_)) => {}
        }
    }

    pub(super) fn add_to(&self, bins: &mut Bins) {
        let Some(decades) = self.0.get() else { return };
        for (index, counter) in (0..).zip(&decades.low) {
            bins.add(Bin(index), counter.value());
        }
        for (decade, counters) in (0_u16..).zip(&decades.high) {
            for (index, counter) in (0..).zip(counters.get().into_iter().flat_map(|all| all.iter()))
            {
                bins.add(Bin(10 + decade * 90 + index), counter.value());
            }
        }
    }
}

impl Visit for Histogram {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        visitor.histogram(name, self, true);
    }
}

/// The number of a bin, in ascending order of what falls into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bin(u16);

impl Bin {
    /// Its two digits and its power of ten: 93, 1 for 93 to 94.
    fn parts(self) -> (u16, u16) {
        match self.0 {
            low @ 0..10 => (low * 10, 0),
            high => ((high - 10) % 90 + 10, (high - 10) / 90 + 1),
        }
    }

    /// The least value in it.
    pub(super) fn lower(self) -> f64 {
        let (digits, exponent) = self.parts();
        f64::from(digits) / 10.0 * 10_f64.powi(exponent.into())
    }

    /// How far it reaches; the bin of zero is a point.
    pub(super) fn width(self) -> f64 {
        match self.parts() {
            (0, _) => 0.0,
            (_, exponent) => 10_f64.powi(exponent.into()) / 10.0,
        }
    }

    /// The value that stands for all in it when they are summed: the harmonic mean of its bounds.
    fn representative(self) -> f64 {
        let (lower, width) = (self.lower(), self.width());
        if width == 0.0 {
            return 0.0;
        }
        let upper = lower + width;
        lower + lower / (lower + upper) * width
    }
}

/// How many values fell into each bin; bins without values are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bins(BTreeMap<Bin, u64>);

impl Bins {
    fn add(&mut self, bin: Bin, count: u64) {
        if count > 0 {
            *self.0.entry(bin).or_default() += count;
        }
    }

    /// What `self` has gained over `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let gained = self.0.iter().filter_map(|(bin, count)| {
            let before = earlier.0.get(bin).copied().unwrap_or(0);
            count
                .checked_sub(before)
                .filter(|gained| *gained > 0)
                .map(|gained| (*bin, gained))
        });
        Self(gained.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each bin's least value, width and count.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, f64, u64)> {
        self.0
            .iter()
            .map(|(bin, count)| (bin.lower(), bin.width(), *count))
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "as Envoy sums, in doubles")]
    pub(super) fn sum(&self) -> f64 {
        let each = self.0.iter();
        let each = each.map(|(bin, count)| bin.representative() * *count as f64);
        // Not `sum`, for which nothing comes to -0.
        each.fold(0.0, |sum, value| sum + value)
    }

    /// For each of [`BUCKETS`], how many values are in bins that begin at or below it.
    pub(super) fn cumulative_buckets(&self) -> [u64; BUCKETS.len()] {
        BUCKETS.map(|bound| {
            let below = self.0.iter().filter(|(bin, _)| bin.lower() <= bound);
            below.map(|(_, count)| count).sum()
        })
    }

    /// The same, each without those before.
    pub(super) fn disjoint_buckets(&self) -> [u64; BUCKETS.len()] {
        let mut before = 0;
        self.cumulative_buckets().map(|count| {
            let own = count - before;
            before = count;
            own
        })
    }

    /// The values at [`QUANTILES`]: the n-th smallest of the values, which are taken to be spread
    /// evenly over their bin; NaN when there are none.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as Envoy ranks, in doubles"
    )]
    pub(super) fn quantiles(&self) -> [f64; QUANTILES.len()] {
        let total = self.count();
        QUANTILES.map(|quantile| {
            let rank = ((total as f64 * quantile).ceil() as u64).max(1);
            let mut before = 0;
            for (bin, count) in &self.0 {
                if rank <= before + count {
                    let within = (rank - before) as f64 / (count + 1) as f64;
                    return bin.lower() + within * bin.width();
                }
                before += count;
            }
            f64::NAN
        })
    }
}

/// A histogram as it is shown: everything that was flushed, and what came with the last flush.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    pub(super) cumulative: Bins,
    pub(super) interval: Bins,
}

impl Distribution {
    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.cumulative.count()
    }

    /// The values at [`QUANTILES`] of all that was recorded; NaN when nothing was.
    pub fn quantiles(&self) -> [f64; QUANTILES.len()] {
        self.cumulative.quantiles()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bins(values: &[u64]) -> Bins {
        let histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        let mut bins = Bins::default();
        histogram.add_to(&mut bins);
        bins
    }

    #[test]
    fn bins_have_two_digits() {
        let cases = [
            (0, 0.0, 0.0),
            (1, 1.0, 0.1),
            (9, 9.0, 0.1),
            (10, 10.0, 1.0),
            (97, 97.0, 1.0),
            (185, 180.0, 10.0),
            (824, 819.999_999_999_999_9, 10.0),
            (3_600_000, 3_600_000.0, 100_000.0),
            (u64::MAX, 18e18, 1e18),
        ];
        for (value, lower, width) in cases {
            assert_eq!(
                bins(&[value]).iter().collect::<Vec<_>>(),
                [(lower, width, 1)],
                "{value}"
            );
        }
    }

    /// Values of a run of Envoy 1.40: the bins that it showed, and what it made of them.
    #[test]
    fn quantiles_sums_and_buckets_are_those_of_envoy() {
        let mut values = vec![0; 9];
        values.extend([1, 4, 4, 11, 50, 50, 50, 51, 51, 92, 92, 97]);
        let bins = bins(&values);
        let quantiles = [
            0.0,
            0.0,
            4.033_333_333_333_333,
            50.75,
            92.333_333_333_333_33,
            92.666_666_666_666_67,
            97.5,
            97.5,
            97.5,
            97.5,
        ];
        assert_eq!(format!("{:?}", bins.quantiles()), format!("{quantiles:?}"));
        assert_eq!(
            crate::stats::number::exact(bins.sum()),
            "557.59211561830102255044039338827"
        );
        let buckets = bins.cumulative_buckets();
        assert_eq!(buckets[..8], [9, 10, 12, 12, 13, 16, 21, 21]);
        assert_eq!(bins.disjoint_buckets()[..8], [9, 1, 2, 0, 1, 3, 5, 0]);
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert!(bins(&[]).quantiles().iter().all(|value| value.is_nan()));
    }

    proptest! {
        #[test]
        fn every_value_is_in_its_bin(value: u64) {
            let shown = bins(&[value]);
            let (lower, width, count) = shown.iter().next().unwrap();
            prop_assert_eq!(count, 1);
            // Half a unit in the last place for the bin whose lower bound is inexact.
            #[expect(clippy::cast_precision_loss, reason = "compared within the precision")]
            let value = value as f64;
            prop_assert!(lower * (1.0 - 1e-15) <= value && value <= (lower + width) * (1.0 + 1e-15));
        }

        #[test]
        fn quantiles_ascend_within_the_range(values in proptest::collection::vec(0_u64..1_000_000, 1..100)) {
            let shown = bins(&values).quantiles();
            prop_assert!(shown.windows(2).all(|two| two[0] <= two[1]));
        }
    }
}
