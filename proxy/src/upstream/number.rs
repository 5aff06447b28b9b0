//! Converts numbers as Envoy's arithmetic does.

/// The nearest floating-point number.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// The same of a size.
#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
pub(crate) fn float_size(size: usize) -> f64 {
    size as f64
}

/// Without its fraction; zero for what is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is what is wanted"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// A size as a 64-bit count.
pub(crate) fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// The place that a 64-bit number means among so many.
pub(crate) fn place(number: u64, among: usize) -> usize {
    usize::try_from(number % count(among).max(1)).unwrap_or(0)
}
