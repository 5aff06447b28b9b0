//! Evaluates texts with command operators against what is known of a request.

pub mod time;

use std::io::Write;
use std::time::Duration;

use crate::config::model::address::Address;
use crate::config::model::format::{Format, GrpcStatusForm, HeaderChoice, Operator, Piece, Plain};
use crate::facts::{Certificate, LogContext, Times, Tls};
use crate::http::flags::Flag;
use crate::http::grpc;
use crate::http::message::Protocol;
use crate::http::text::{Decimal, first_value};

/// What an operator gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// There is nothing to tell.
    Nothing,
    /// Digits.
    Number,
    /// Text.
    Text,
}

/// Appends what `format` says to `out`; what is not known is written as `absent`.
pub fn write(format: &Format, context: &LogContext<'_>, absent: &[u8], out: &mut Vec<u8>) {
    for piece in &format.pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Operator { operator, at_most } => {
                if operate(operator, *at_most, context, out) == Given::Nothing {
                    out.extend_from_slice(absent);
                }
            }
        }
    }
}

/// Appends what one operator gives, cut after `at_most` bytes.
pub fn operate(
    operator: &Operator,
    at_most: Option<usize>,
    context: &LogContext<'_>,
    out: &mut Vec<u8>,
) -> Given {
    let start = out.len();
    let given = match operator {
        Operator::RequestHeader(choice) => {
            let request = context.request;
            either(choice, |name| first_value(request?, name), out)
        }
        Operator::ResponseHeader(choice) => response_header(choice, context, out),
        Operator::Trailer(choice) => either(choice, |name| context.trailers?.get(name), out),
        Operator::StartTime(format) => {
            time::write(format, context.times.start, out);
            Given::Text
        }
        Operator::GrpcStatus(form) => grpc_status(*form, context, out),
        Operator::Environment(name) => text(std::env::var(name).ok().as_deref(), out),
        Operator::Plain(plain) => self::plain(*plain, context, out),
    };
    if let Some(most) = at_most {
        out.truncate(start + most.min(out.len() - start));
    }
    given
}

fn either<'a>(
    choice: &HeaderChoice,
    get: impl Fn(&[u8]) -> Option<&'a [u8]>,
    out: &mut Vec<u8>,
) -> Given {
    let other = || get(choice.other.as_deref()?.as_bytes());
    match get(choice.name.as_bytes()).or_else(other) {
        Some(value) => {
            out.extend_from_slice(value);
            Given::Text
        }
        None => Given::Nothing,
    }
}

fn response_header(choice: &HeaderChoice, context: &LogContext<'_>, out: &mut Vec<u8>) -> Given {
    let Some(response) = context.response else {
        return Given::Nothing;
    };
    let status = Decimal::new(response.status.into());
    let get = |name: &[u8]| match name {
        b":status" => Some(status.as_bytes()),
        name => response
            .headers
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value),
    };
    either(choice, get, out)
}

fn grpc_status(form: GrpcStatusForm, context: &LogContext<'_>, out: &mut Vec<u8>) -> Given {
    let Some(status) = status_of_call(context) else {
        return Given::Nothing;
    };
    match (form, grpc::names(status)) {
        (GrpcStatusForm::CamelString, Some((name, _)))
        | (GrpcStatusForm::SnakeString, Some((_, name))) => text(Some(name), out),
        (GrpcStatusForm::Number, _) => number(Some(status), out),
        (_, None) => {
            number(Some(status), out);
            Given::Text
        }
    }
}

/// The status of a gRPC call: of its trailers, of its headers, or what stands for the status code.
pub fn status_of_call(context: &LogContext<'_>) -> Option<u64> {
    if !grpc::is_call(context.request?) {
        return None;
    }
    let of_http = || (context.status != 0).then(|| grpc::status_of_http(context.status).into());
    let told = context.trailers.and_then(grpc::status);
    told.or_else(|| grpc::status(&context.response?.headers))
        .or_else(of_http)
}

fn plain(plain: Plain, context: &LogContext<'_>, out: &mut Vec<u8>) -> Given {
    let times = &context.times;
    match plain {
        Plain::BytesReceived => number(Some(context.bytes_received), out),
        Plain::BytesSent => number(Some(context.bytes_sent), out),
        Plain::ConnectionId => number(Some(context.downstream.id), out),
        Plain::Duration => milliseconds(times.end, out),
        Plain::RequestDuration => milliseconds(times.request_received, out),
        Plain::RequestTxDuration => milliseconds(times.request_sent, out),
        Plain::ResponseDuration => milliseconds(times.response_begun, out),
        Plain::ResponseTxDuration => milliseconds(sending(times), out),
        Plain::ResponseCode => number(Some(context.status.into()), out),
        Plain::UpstreamRequestAttemptCount => number(Some(context.attempts.into()), out),
        Plain::GrpcStatusNumber => number(status_of_call(context), out),
        Plain::ConnectionTerminationDetails => told(context.termination_details, out),
        Plain::FilterChainName => told(&context.downstream.filter_chain, out),
        Plain::Hostname => told(context.hostname, out),
        Plain::Protocol => text(context.protocol.map(Protocol::name), out),
        Plain::RequestedServerName => told(&context.downstream.server_name, out),
        Plain::ResponseCodeDetails => unspaced(context.details, out),
        Plain::ResponseFlags => flags(context, Flag::short, out),
        Plain::ResponseFlagsLong => flags(context, Flag::long, out),
        Plain::RouteName => told(context.route, out),
        Plain::UpstreamCluster => told(context.cluster, out),
        Plain::UpstreamTransportFailureReason => unspaced(context.upstream_failure, out),
        Plain::VirtualHostName => told(context.virtual_host, out),
        other => of_connections(other, context, out),
    }
}

fn of_connections(plain: Plain, context: &LogContext<'_>, out: &mut Vec<u8>) -> Given {
    let (downstream, upstream) = (context.downstream, context.upstream);
    match plain {
        Plain::DownstreamDirectRemoteAddress => address(Some(&downstream.peer), out),
        Plain::DownstreamDirectRemoteAddressWithoutPort => host(&downstream.peer, out),
        Plain::DownstreamLocalAddress => address(Some(&downstream.local), out),
        Plain::DownstreamLocalAddressWithoutPort => host(&downstream.local, out),
        Plain::DownstreamLocalPort => port(&downstream.local, out),
        Plain::DownstreamRemoteAddress => address(Some(context.client), out),
        Plain::DownstreamRemoteAddressWithoutPort => host(context.client, out),
        Plain::DownstreamRemotePort => port(context.client, out),
        Plain::DownstreamTransportFailureReason => unspaced(&downstream.transport_failure, out),
        Plain::UpstreamHost => address(upstream.map(|it| it.host), out),
        Plain::UpstreamLocalAddress => address(upstream.and_then(|it| it.local), out),
        Plain::UpstreamRemoteAddress => address(upstream.and_then(|it| it.remote), out),
        Plain::UpstreamProtocol => {
            text(upstream.and_then(|it| it.protocol).map(Protocol::name), out)
        }
        other => of_tls(other, context, out),
    }
}

fn of_tls(plain: Plain, context: &LogContext<'_>, out: &mut Vec<u8>) -> Given {
    let down = context.downstream.tls.as_ref();
    let up = context.upstream.and_then(|it| it.tls);
    let peer = down.and_then(|tls| tls.peer.as_ref());
    let up_peer = up.and_then(|tls| tls.peer.as_ref());
    let field = |certificate: Option<&Certificate>, field: fn(&Certificate) -> &str, out| {
        told(certificate.map(field).unwrap_or_default(), out)
    };
    let of_tls = |tls: Option<&Tls>, field: fn(&Tls) -> &str, out| {
        told(tls.map(field).unwrap_or_default(), out)
    };
    match plain {
        Plain::DownstreamTlsCipher => of_tls(down, |it| &it.cipher, out),
        Plain::DownstreamTlsVersion => of_tls(down, |it| &it.version, out),
        Plain::UpstreamTlsCipher => of_tls(up, |it| &it.cipher, out),
        Plain::UpstreamTlsVersion => of_tls(up, |it| &it.version, out),
        Plain::DownstreamLocalUriSan => names(down.map(|it| &*it.local_uris), out),
        Plain::DownstreamPeerDnsSan => names(peer.map(|it| &*it.dns), out),
        Plain::DownstreamPeerUriSan => names(peer.map(|it| &*it.uris), out),
        Plain::UpstreamPeerUriSan => names(up_peer.map(|it| &*it.uris), out),
        Plain::DownstreamPeerFingerprint256 => field(peer, |it| &it.fingerprint, out),
        Plain::DownstreamPeerIssuer => field(peer, |it| &it.issuer, out),
        Plain::DownstreamPeerSerial => field(peer, |it| &it.serial, out),
        Plain::DownstreamPeerSubject => field(peer, |it| &it.subject, out),
        Plain::UpstreamPeerSubject => field(up_peer, |it| &it.subject, out),
        // Every other operator has been dealt with before.
        _ => Given::Nothing,
    }
}

fn sending(times: &Times) -> Option<Duration> {
    times.response_sent?.checked_sub(times.response_begun?)
}

fn number(value: Option<u64>, out: &mut Vec<u8>) -> Given {
    let Some(value) = value else {
        return Given::Nothing;
    };
    out.extend_from_slice(Decimal::new(value).as_bytes());
    Given::Number
}

fn milliseconds(value: Option<Duration>, out: &mut Vec<u8>) -> Given {
    let count = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
    number(value.map(count), out)
}

fn text(value: Option<&str>, out: &mut Vec<u8>) -> Given {
    let Some(value) = value else {
        return Given::Nothing;
    };
    out.extend_from_slice(value.as_bytes());
    Given::Text
}

/// A text that is not there when it is empty.
fn told(value: &str, out: &mut Vec<u8>) -> Given {
    text((!value.is_empty()).then_some(value), out)
}

/// The same, in one word.
fn unspaced(value: &str, out: &mut Vec<u8>) -> Given {
    let start = out.len();
    let given = told(value, out);
    for byte in &mut out[start..] {
        if byte.is_ascii_whitespace() {
            *byte = b'_';
        }
    }
    given
}

fn names(values: Option<&[String]>, out: &mut Vec<u8>) -> Given {
    let values = values.unwrap_or_default();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value.as_bytes());
    }
    if values.is_empty() {
        Given::Nothing
    } else {
        Given::Text
    }
}

fn address(address: Option<&Address>, out: &mut Vec<u8>) -> Given {
    let Some(address) = address else {
        return Given::Nothing;
    };
    let _ = write!(out, "{address}");
    Given::Text
}

fn host(address: &Address, out: &mut Vec<u8>) -> Given {
    let _ = match address {
        Address::Socket(address) => write!(out, "{}", address.ip()),
        other => write!(out, "{other}"),
    };
    Given::Text
}

fn port(address: &Address, out: &mut Vec<u8>) -> Given {
    match address {
        Address::Socket(address) => number(Some(address.port().into()), out),
        _ => Given::Nothing,
    }
}

fn flags(context: &LogContext<'_>, name: fn(Flag) -> &'static str, out: &mut Vec<u8>) -> Given {
    if context.flags.is_empty() {
        out.push(b'-');
    }
    for (index, flag) in context.flags.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name(flag).as_bytes());
    }
    Given::Text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::test_downstream;
    use crate::http::headers::Headers;
    use crate::http::message::{RequestHead, ResponseHead};

    fn operator(operator: Operator, context: &LogContext<'_>) -> String {
        let mut out = Vec::new();
        let format = Format {
            pieces: vec![Piece::Operator {
                operator,
                at_most: Some(12),
            }],
        };
        write(&format, context, b"-", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_operator_gives_something_or_a_dash() {
        let downstream = test_downstream();
        let context = LogContext::new(&downstream);
        let shown: Vec<_> = Plain::ALL
            .iter()
            .map(|plain| {
                format!(
                    "{} {}",
                    plain.word(),
                    operator(Operator::Plain(*plain), &context)
                )
            })
            .filter(|line| !line.ends_with(" -"))
            .collect();
        let wanted = [
            "BYTES_RECEIVED 0",
            "BYTES_SENT 0",
            "CONNECTION_ID 7",
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS 10.0.0.9:444",
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT 10.0.0.9",
            "DOWNSTREAM_LOCAL_ADDRESS 10.0.0.1:80",
            "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT 10.0.0.1",
            "DOWNSTREAM_LOCAL_PORT 80",
            "DOWNSTREAM_REMOTE_ADDRESS 10.0.0.9:444",
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT 10.0.0.9",
            "DOWNSTREAM_REMOTE_PORT 4444",
            "RESPONSE_CODE 0",
            "UPSTREAM_REQUEST_ATTEMPT_COUNT 0",
        ];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn headers_and_statuses() {
        let downstream = test_downstream();
        let mut request = RequestHead {
            path: b"/a/very/long/path".to_vec(),
            ..RequestHead::default()
        };
        request.headers.push(b"content-type", b"application/grpc");
        let response = ResponseHead {
            status: 200,
            ..ResponseHead::default()
        };
        let trailers = Headers::from([("grpc-status", "5")]);
        let mut context = LogContext::new(&downstream);
        context.request = Some(&request);
        context.response = Some(&response);
        let choice = |name: &str, other: Option<&str>| HeaderChoice {
            name: name.into(),
            other: other.map(Into::into),
        };
        let header = Operator::RequestHeader(choice("x", Some(":path")));
        assert_eq!(operator(header, &context), "/a/very/long");
        let header = Operator::ResponseHeader(choice(":status", None));
        assert_eq!(operator(header, &context), "200");
        context.trailers = Some(&trailers);
        let form = |form| Operator::GrpcStatus(form);
        assert_eq!(
            operator(form(GrpcStatusForm::CamelString), &context),
            "NotFound"
        );
        assert_eq!(
            operator(form(GrpcStatusForm::SnakeString), &context),
            "NOT_FOUND"
        );
        assert_eq!(operator(form(GrpcStatusForm::Number), &context), "5");
    }
}
