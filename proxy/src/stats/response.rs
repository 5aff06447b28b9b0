//! Counts responses by status code, with one increment for all the names that Envoy derives from it.

use std::sync::OnceLock;

use super::cell::Counter;
use super::group::{Visit, Visitor};
use super::histogram::Histogram;

/// Responses by code: `upstream_rq_200`, `upstream_rq_2xx`, `upstream_rq_completed`, the same below
/// `external.` and `internal.`, and below `retry.` for those that were tried again.
///
/// Codes outside 100 to 599 count as `upstream_rq_unknown`.
#[derive(Debug, Default)]
pub struct Responses {
    external: Codes,
    internal: Codes,
    retry: Codes,
}

impl Responses {
    /// A response to a request that came from outside.
    #[inline]
    pub fn external(&self, status: u16) {
        self.external.count(status);
    }

    /// A response to a request that is internal (`x-envoy-internal`).
    #[inline]
    pub fn internal(&self, status: u16) {
        self.internal.count(status);
    }

    /// A response whose code does not count.
    #[inline]
    pub fn uncoded(&self, is_internal: bool) {
        let codes = if is_internal {
            &self.internal
        } else {
            &self.external
        };
        codes.uncoded.increment();
    }

    /// A response whose code does not count, and that is not passed on because the request is tried again.
    #[inline]
    pub fn retry_uncoded(&self) {
        self.retry.uncoded.increment();
    }

    /// A response that is not passed on because the request is tried again.
    #[inline]
    pub fn retry(&self, status: u16) {
        self.retry.count(status);
    }
}

impl Visit for Responses {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        visitor.counter(format!("{name}_completed"), 0, true);
        for codes in [&self.external, &self.internal] {
            codes.visit(name, visitor);
        }
        let parts = [
            ("external.", &self.external),
            ("internal.", &self.internal),
            ("retry.", &self.retry),
        ];
        for (part, codes) in parts {
            codes.visit(&format!("{part}{name}"), visitor);
        }
    }
}

/// A counter for each status code; those of a class are allocated when the first is counted.
#[derive(Debug, Default)]
struct Codes {
    classes: [OnceLock<Box<[Counter; 100]>>; 5],
    unknown: Counter,
    uncoded: Counter,
}

impl Codes {
    #[inline]
    fn count(&self, status: u16) {
        let (class, code) = (usize::from(status / 100), usize::from(status % 100));
        if let Some(codes) = class
            .checked_sub(1)
            .and_then(|class| self.classes.get(class))
        {
            codes.get_or_init(|| Box::new(std::array::from_fn(|_| Counter::default())))[code]
                .increment();
        } else {
            self.unknown.increment();
        }
    }

    fn visit(&self, name: &str, visitor: &mut Visitor<'_>) {
        let uncoded = self.uncoded.value();
        if uncoded > 0 {
            visitor.counter(format!("{name}_completed"), uncoded, false);
        }
        let unknown = self.unknown.value();
        if unknown > 0 {
            visitor.counter(format!("{name}_unknown"), unknown, false);
            visitor.counter(format!("{name}_completed"), unknown, false);
        }
        for (class, codes) in (1..).zip(&self.classes) {
            let Some(codes) = codes.get() else { continue };
            let mut total = 0;
            for (code, counter) in codes.iter().enumerate() {
                let count = counter.value();
                if count > 0 {
                    visitor.counter(format!("{name}_{class}{code:02}"), count, false);
                }
                total += count;
            }
            visitor.counter(format!("{name}_{class}xx"), total, false);
            visitor.counter(format!("{name}_completed"), total, false);
        }
    }
}

/// How long responses took in milliseconds: `upstream_rq_time`, and below `external.` and
/// `internal.`; each shows once something was recorded.
#[derive(Debug, Default)]
pub struct RequestTimes {
    external: Histogram,
    internal: Histogram,
}

impl RequestTimes {
    /// A request from outside took that long.
    #[inline]
    pub fn external(&self, milliseconds: u64) {
        self.external.record(milliseconds);
    }

    /// An internal request took that long.
    #[inline]
    pub fn internal(&self, milliseconds: u64) {
        self.internal.record(milliseconds);
    }
}

impl Visit for RequestTimes {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>) {
        visitor.histogram(name, &self.external, false);
        visitor.histogram(name, &self.internal, false);
        visitor.histogram(format!("external.{name}"), &self.external, false);
        visitor.histogram(format!("internal.{name}"), &self.internal, false);
    }
}
