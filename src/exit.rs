//! What the exit code says, and which one wins when several apply.

use std::process::ExitCode;

/// How a command ended; a later one wins over an earlier one.
///
/// An interrupt (130) is no value here: the signal ends the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything was done and nothing was found.
    Clean,
    /// `--check` would change something.
    Findings,
    /// A workload was skipped under `--on-skip=fail`.
    Skipped,
    /// A file could not be read or written.
    Failed,
    /// An input cannot be parsed or cannot be edited safely.
    Unparsable,
    /// The command line is wrong.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unparsable => 3,
            Exit::Findings => 4,
            Exit::Skipped => 5,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_graver_one_wins() {
        let order = [
            Exit::Usage,
            Exit::Unparsable,
            Exit::Failed,
            Exit::Skipped,
            Exit::Findings,
            Exit::Clean,
        ];
        assert!(order.is_sorted_by(|left, right| left > right));
    }
}
