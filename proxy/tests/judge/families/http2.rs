//! HTTP/2 on either side: translation, resets, goodbyes, windows, and frames that are wrong.

mod frames;
mod streams;

use crate::harness::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = streams::cases();
    cases.extend(frames::cases());
    cases
}
