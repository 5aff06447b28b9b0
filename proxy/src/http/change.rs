//! Changes headers as configured: first removed, then replaced, then added, as Envoy does it.

use std::borrow::Cow;
use std::ops::Range;

use super::headers::Headers;
use super::message::{RequestHead, ResponseHead};
use crate::config::model::header::{Append, HeaderAddition, HeaderChanges};
use crate::facts::LogContext;
use crate::format;

/// Memory that is used again for the next message.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Values that have been worked out.
    values: Vec<u8>,
    /// For each value, which addition it belongs to, where it lies, and whether it replaces.
    pending: Vec<(usize, Range<usize>, bool)>,
    /// For paths.
    pub(crate) path: Vec<u8>,
}

/// Changes a request. Values see the request as it is after the removals.
pub fn request(
    changes: &HeaderChanges,
    head: &mut RequestHead,
    context: &LogContext<'_>,
    scratch: &mut Scratch,
) {
    remove(changes, &mut head.headers);
    if changes.add.is_empty() {
        return;
    }
    let seen = LogContext {
        request: Some(head),
        ..*context
    };
    evaluate(changes, &head.headers, &seen, scratch);
    apply(changes, &mut head.headers, scratch, is_one_request_field);
}

/// Changes a response. Values see the response as it is after the removals.
pub fn response(
    changes: &HeaderChanges,
    head: &mut ResponseHead,
    context: &LogContext<'_>,
    scratch: &mut Scratch,
) {
    remove(changes, &mut head.headers);
    if changes.add.is_empty() {
        return;
    }
    let seen = LogContext {
        response: Some(head),
        ..*context
    };
    evaluate(changes, &head.headers, &seen, scratch);
    apply(changes, &mut head.headers, scratch, is_one_response_field);
}

fn remove(changes: &HeaderChanges, headers: &mut Headers) {
    for name in &changes.remove {
        headers.remove(name.as_bytes());
    }
}

/// Works out all values before any header changes.
fn evaluate(
    changes: &HeaderChanges,
    headers: &Headers,
    context: &LogContext<'_>,
    scratch: &mut Scratch,
) {
    scratch.values.clear();
    scratch.pending.clear();
    for (index, addition) in changes.add.iter().enumerate() {
        let start = scratch.values.len();
        format::write(&addition.value, context, b"", &mut scratch.values);
        let range = start..scratch.values.len();
        if range.is_empty() && !addition.keep_empty {
            continue;
        }
        let exists = || headers.contains(&lower(addition));
        let replaces = match addition.action {
            Append::AddIfAbsent if exists() => continue,
            Append::AppendIfExistsOrAdd | Append::AddIfAbsent => false,
            Append::OverwriteIfExists if !exists() => continue,
            Append::OverwriteIfExists | Append::OverwriteIfExistsOrAdd => true,
        };
        scratch.pending.push((index, range, replaces));
    }
}

fn apply(
    changes: &HeaderChanges,
    headers: &mut Headers,
    scratch: &Scratch,
    is_one_field: fn(&[u8]) -> bool,
) {
    for replacing in [true, false] {
        let chosen = scratch
            .pending
            .iter()
            .filter(|(.., replaces)| *replaces == replacing);
        for (index, range, _) in chosen {
            let name = lower(&changes.add[*index]);
            let value = &scratch.values[range.clone()];
            if replacing {
                headers.replace(&name, value);
            } else if is_one_field(&name) {
                headers.append(&name, b",", value);
            } else {
                headers.push(&name, value);
            }
        }
    }
}

fn lower(addition: &HeaderAddition) -> Cow<'_, [u8]> {
    let name = addition.name.as_bytes();
    if name.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Makes one field of those that Envoy keeps as one: the first thing that is done to a request.
pub fn join_request_fields(headers: &mut Headers) {
    join(headers, is_one_request_field);
}

/// The same for a response.
pub fn join_response_fields(headers: &mut Headers) {
    join(headers, is_one_response_field);
}

fn join(headers: &mut Headers, is_one_field: fn(&[u8]) -> bool) {
    let is_doubled = |headers: &Headers, index: usize, name: &[u8]| {
        headers.iter().take(index).any(|(own, _)| own == name) && is_one_field(name)
    };
    let doubled = |headers: &Headers| {
        let mut fields = headers.iter().enumerate();
        let (_, (name, _)) = fields.find(|(index, (name, _))| is_doubled(headers, *index, name))?;
        Some(name.to_vec())
    };
    while let Some(name) = doubled(headers) {
        let values: Vec<_> = headers.get_all(&name).collect();
        let value = values.join(&b','.to_owned());
        headers.set(&name, &value);
    }
}

/// Whether Envoy keeps a request's header as one field: what is added to it is joined by a comma.
pub fn is_one_request_field(name: &[u8]) -> bool {
    match name {
        [b'x', b'-', b'e', b'n', b'v', b'o', b'y', b'-', rest @ ..] => matches!(
            rest,
            b"downstream-service-cluster"
                | b"downstream-service-node"
                | b"external-address"
                | b"force-trace"
                | b"hedge-on-per-try-timeout"
                | b"internal"
                | b"ip-tags"
                | b"max-retries"
                | b"original-path"
                | b"original-url"
                | b"retriable-header-names"
                | b"retriable-status-codes"
                | b"retry-on"
                | b"retry-grpc-on"
                | b"upstream-alt-stat-name"
                | b"upstream-rq-per-try-timeout-ms"
                | b"upstream-rq-timeout-alt-response"
                | b"upstream-rq-timeout-ms"
                | b"upstream-stream-duration-ms"
                | b"expected-rq-timeout-ms"
                | b"attempt-count"
                | b"decorator-operation"
        ),
        b"x-client-trace-id"
        | b"x-forwarded-client-cert"
        | b"x-forwarded-for"
        | b"x-forwarded-host"
        | b"x-forwarded-port"
        | b"x-forwarded-proto"
        | b"expect"
        | b"grpc-timeout"
        | b"te"
        | b"user-agent"
        | b"accept"
        | b"accept-encoding"
        | b"authorization"
        | b"origin"
        | b"referer" => true,
        name => is_one_field_of_both(name),
    }
}

/// Whether Envoy keeps a response's header as one field.
pub fn is_one_response_field(name: &[u8]) -> bool {
    matches!(
        name,
        b"date"
            | b"server"
            | b"location"
            | b"grpc-message"
            | b"grpc-status"
            | b"proxy-status"
            | b"x-envoy-attempt-count"
            | b"x-envoy-degraded"
            | b"x-envoy-immediate-health-check-fail"
            | b"x-envoy-ratelimited"
            | b"x-envoy-upstream-canary"
            | b"x-envoy-upstream-healthchecked-cluster"
            | b"x-envoy-upstream-service-time"
    ) || is_one_field_of_both(name)
}

fn is_one_field_of_both(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection"
            | b"cache-control"
            | b"content-length"
            | b"content-type"
            | b"keep-alive"
            | b"proxy-connection"
            | b"x-request-id"
            | b"transfer-encoding"
            | b"upgrade"
            | b"via"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_joined() {
        let mut headers = Headers::from([("via", "a"), ("x", "1"), ("via", "b"), ("x", "2")]);
        join_request_fields(&mut headers);
        assert_eq!(
            headers,
            Headers::from([("via", "a,b"), ("x", "1"), ("x", "2")])
        );
    }
    use crate::config::model::format::{Format, HeaderChoice, Operator, Piece};
    use crate::facts::test_downstream;

    fn addition(name: &str, value: &str, action: Append) -> HeaderAddition {
        let piece = match value.strip_prefix('%') {
            Some(header) => Piece::Operator {
                operator: Operator::RequestHeader(HeaderChoice {
                    name: header.into(),
                    other: None,
                }),
                at_most: None,
            },
            None => Piece::Text(value.into()),
        };
        HeaderAddition {
            name: name.into(),
            value: Format {
                pieces: vec![piece],
            },
            action,
            keep_empty: false,
        }
    }

    #[test]
    fn removed_then_replaced_then_added() {
        let changes = HeaderChanges {
            remove: vec!["gone".into()],
            add: vec![
                addition("X-A", "2", Append::AppendIfExistsOrAdd),
                addition("user-agent", "b", Append::AppendIfExistsOrAdd),
                addition("x-b", "new", Append::OverwriteIfExistsOrAdd),
                addition("x-c", "no", Append::OverwriteIfExists),
                addition("x-a", "no", Append::AddIfAbsent),
                addition("x-d", "%x-b", Append::AddIfAbsent),
                addition("x-e", "%gone", Append::AddIfAbsent),
            ],
        };
        let mut head = RequestHead {
            headers: Headers::from([
                ("gone", "x"),
                ("x-a", "1"),
                ("x-b", "old"),
                ("user-agent", "a"),
            ]),
            ..RequestHead::default()
        };
        let downstream = test_downstream();
        let context = LogContext::new(&downstream);
        request(&changes, &mut head, &context, &mut Scratch::default());
        let wanted = [
            ("x-a", "1"),
            ("user-agent", "a,b"),
            ("x-b", "new"),
            ("x-a", "2"),
            ("x-d", "old"),
        ];
        assert_eq!(head.headers, Headers::from(wanted));
    }
}
