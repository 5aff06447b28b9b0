//! What is added to, removed from and changed in the heads of requests and responses.

mod forwarded;
mod rules;
mod targets;

use crate::harness::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = rules::cases();
    cases.extend(forwarded::cases());
    cases.extend(targets::cases());
    cases
}
