//! Requests and responses that RFC 9112 calls malformed or ambiguous.

mod requests;
mod responses;
mod sequences;

use crate::harness::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = requests::cases();
    cases.extend(sequences::cases());
    cases.extend(responses::cases());
    cases
}
