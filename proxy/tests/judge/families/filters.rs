//! What filters before the router do with requests.

mod faults;
mod permission;

use crate::harness::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = permission::cases();
    cases.extend(faults::cases());
    cases
}
