//! The judge of the data plane: one table of cases, run on the real Envoy and on other programs, and compared.
//!
//! Needs Envoy 1.40 at `MESHCTL_ENVOY`; without it each family prints SKIPPED, and fails under `CI=true`
//! unless `MESHCTL_ALLOW_SKIP` names the tier `judge`. `MESHCTL_JUDGE_CASE=TEXT` runs the cases whose name
//! holds the text, and `MESHCTL_JUDGE_SHOW=1` shows what Envoy does.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "judge/suite.rs"]
mod suite;

use suite::{families, harness, listed};

use harness::case::Case;
use harness::verdict::judge;

macro_rules! families {
    ($($family:ident),*) => {
        $(
            #[test]
            fn $family() {
                judge(stringify!($family), families::$family::cases());
            }
        )*

        /// The differences of mesh-proxy stay within their budget.
        #[test]
        fn few_differences_are_listed() {
            let names = |cases: Vec<Case>| cases.iter().map(|case| case.name).collect();
            listed::check(&[$((stringify!($family), names(families::$family::cases()))),*]);
        }
    };
}

families!(
    framing, routing, headers, retries, timeouts, trailers, grpc, http2, limits, tls, breakers,
    balancing, tcp, filters, health, logs
);
