//! Names the statistics of gRPC calls and counts their messages.

use super::grpc::service_and_method;
use crate::config::model::http::{GrpcMethods, GrpcStats};

/// Appends the beginning of the names of a call's statistics within its cluster: `grpc.`, or
/// `grpc.<service>.<method>.` where the method has statistics of its own.
pub fn prefix(options: &GrpcStats, path: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"grpc.");
    let Some((service, method)) = service_and_method(path) else {
        return;
    };
    let listed = match &options.methods {
        GrpcMethods::None => false,
        GrpcMethods::All => true,
        GrpcMethods::These(methods) => methods.iter().any(|(own_service, own_method)| {
            own_service.as_bytes() == service && own_method.as_bytes() == method
        }),
    };
    if !listed {
        return;
    }
    let start = out.len();
    out.extend_from_slice(service);
    if options.replace_dots {
        for byte in &mut out[start..] {
            if *byte == b'.' {
                *byte = b'_';
            }
        }
    }
    out.push(b'.');
    out.extend_from_slice(method);
    out.push(b'.');
}

/// What is counted when a call has ended, each behind the [`prefix`]: the status itself, `success` or
/// `failure`, and `total`.
pub fn outcome(status: u64) -> [&'static str; 2] {
    [if status == 0 { "success" } else { "failure" }, "total"]
}

/// Counts the messages in a stream of gRPC frames (`request_message_count`, `response_message_count`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct MessageCounter {
    /// So many have begun.
    pub count: u64,
    /// Bytes of a frame's head that have come.
    head: u8,
    /// Bytes of the message that are to come.
    rest: u32,
    /// The next frame that is flagged as the end of a stream is no message, as Envoy sees responses.
    awaits_end: bool,
}

/// The flag of the frame that ends a stream of Connect.
const END_OF_STREAM: u8 = 2;

impl MessageCounter {
    /// A counter for the messages of a response.
    pub fn of_response() -> Self {
        Self {
            awaits_end: true,
            ..Self::default()
        }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((first, after)) = bytes.split_first() {
            if self.head < 5 {
                if self.head == 0 {
                    let is_end = self.awaits_end && first & END_OF_STREAM != 0;
                    self.awaits_end &= !is_end;
                    self.count += u64::from(!is_end);
                } else {
                    self.rest = self.rest << 8 | u32::from(*first);
                }
                self.head += 1;
                bytes = after;
            } else {
                let skipped = bytes.len().min(self.rest as usize);
                self.rest -= u32::try_from(skipped).unwrap_or(0);
                bytes = &bytes[skipped..];
            }
            if self.head == 5 && self.rest == 0 {
                self.head = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let named = |methods, replace_dots, path: &[u8]| {
            let options = GrpcStats {
                methods,
                upstream_time: false,
                replace_dots,
            };
            let mut out = Vec::new();
            prefix(&options, path, &mut out);
            String::from_utf8(out).unwrap()
        };
        let these = || GrpcMethods::These(vec![("a.B".into(), "C".into())]);
        assert_eq!(named(GrpcMethods::None, false, b"/a.B/C"), "grpc.");
        assert_eq!(named(GrpcMethods::All, true, b"/a.B/C?x"), "grpc.a_B.C.");
        assert_eq!(named(these(), false, b"/a.B/C"), "grpc.a.B.C.");
        assert_eq!(named(these(), false, b"/a.B/D"), "grpc.");
    }

    #[test]
    fn the_frame_that_ends_a_response_is_no_message() {
        let stream = [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0];
        let (mut request, mut response) =
            (MessageCounter::default(), MessageCounter::of_response());
        request.feed(&stream);
        response.feed(&stream);
        assert_eq!((request.count, response.count), (3, 2));
    }

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let stream = [
            &[0, 0, 0, 0, 3][..],
            b"abc",
            &[0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 1],
            b"x",
        ]
        .concat();
        for size in 1..=stream.len() {
            let mut counter = MessageCounter::default();
            stream.chunks(size).for_each(|chunk| counter.feed(chunk));
            assert_eq!(counter.count, 3, "{size}");
        }
    }
}
