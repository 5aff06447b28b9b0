//! Tells whether a request or connection is logged.

use crate::config::model::access_log::LogFilter;
use crate::config::model::matcher::HeaderMatcher;
use crate::facts::LogContext;
use crate::http::{grpc, header_match};

/// Whether the filter lets a request or connection pass.
pub(super) fn passes(filter: &LogFilter, context: &LogContext<'_>) -> bool {
    match filter {
        LogFilter::Status(comparison) => comparison.holds(context.status.into()),
        LogFilter::Duration(comparison) => context
            .times
            .end
            .is_some_and(|it| comparison.holds(u64::try_from(it.as_millis()).unwrap_or(u64::MAX))),
        // No filter of the subset answers health checks by itself.
        LogFilter::NotHealthCheck => true,
        LogFilter::And(filters) => filters.iter().all(|it| passes(it, context)),
        LogFilter::Or(filters) => filters.iter().any(|it| passes(it, context)),
        LogFilter::Header(matcher) => header(matcher, context),
        LogFilter::ResponseFlags(names) => {
            let mut flags = context.flags.iter();
            flags.any(|flag| names.is_empty() || names.iter().any(|it| it == flag.short()))
        }
        LogFilter::GrpcStatus { statuses, exclude } => {
            statuses
                .iter()
                .any(|it| u64::try_from(*it) == Ok(status(context)))
                != *exclude
        }
    }
}

fn header(matcher: &HeaderMatcher, context: &LogContext<'_>) -> bool {
    match context.request {
        Some(request) => header_match::request(matcher, request),
        None => header_match::values(matcher, std::iter::empty()),
    }
}

/// The status of what is taken for a gRPC call; unknown (2) if nothing tells.
fn status(context: &LogContext<'_>) -> u64 {
    let told = context.trailers.and_then(grpc::status);
    told.or_else(|| grpc::status(&context.response?.headers))
        .unwrap_or_else(|| grpc::status_of_http(context.status).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::access_log::{Comparison, Operator};
    use crate::facts::test_downstream;
    use crate::http::flags::{Flag, Flags};

    #[test]
    fn filters() {
        let downstream = test_downstream();
        let mut context = LogContext::new(&downstream);
        context.status = 503;
        context.flags = Flags::from(Flag::NoHealthyUpstream);
        let status = |value| {
            LogFilter::Status(Comparison {
                operator: Operator::GreaterOrEqual,
                value,
            })
        };
        let flags = |names: &[&str]| {
            LogFilter::ResponseFlags(names.iter().map(ToString::to_string).collect())
        };
        let grpc = |exclude| LogFilter::GrpcStatus {
            statuses: vec![14],
            exclude,
        };
        for (filter, wanted) in [
            (status(500), true),
            (status(504), false),
            (flags(&[]), true),
            (flags(&["UH", "UF"]), true),
            (flags(&["UF"]), false),
            (grpc(false), true),
            (grpc(true), false),
            (LogFilter::And(vec![status(500), status(504)]), false),
            (LogFilter::Or(vec![status(500), status(504)]), true),
        ] {
            assert_eq!(passes(&filter, &context), wanted, "{filter:?}");
        }
    }
}
