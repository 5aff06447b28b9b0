//! Gives each worker numbers of its own that no other worker's writes slow down.

/// What one worker writes, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Apart<T>(pub T);

/// One `T` for each of so many workers; at least one.
pub(crate) fn for_workers<T: Default>(workers: usize) -> Box<[Apart<T>]> {
    (0..workers.max(1)).map(|_| Apart::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Counter;

    #[test]
    fn workers_write_to_lines_of_their_own() {
        let all = for_workers::<Counter>(2);
        let distance = std::ptr::from_ref(&all[1]).addr() - std::ptr::from_ref(&all[0]).addr();
        assert!(distance >= 64);
    }
}
