//! Names the codes of errors and what went wrong.

use std::fmt;

/// A code as `RST_STREAM` and GOAWAY carry it (RFC 9113 §7); any number can come.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// No error, an orderly end.
    pub const NO_ERROR: Self = Self(0);
    /// A rule of the protocol was broken.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// The endpoint itself has failed.
    pub const INTERNAL_ERROR: Self = Self(2);
    /// More was sent than flow control allows.
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    /// Settings were not acknowledged in time.
    pub const SETTINGS_TIMEOUT: Self = Self(4);
    /// A frame came for a stream that had ended.
    pub const STREAM_CLOSED: Self = Self(5);
    /// A frame has a wrong length.
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    /// The stream was refused before anything was done with it.
    pub const REFUSED_STREAM: Self = Self(7);
    /// The stream is no longer needed.
    pub const CANCEL: Self = Self(8);
    /// The state of header compression is lost.
    pub const COMPRESSION_ERROR: Self = Self(9);
    /// The connection of a CONNECT has failed.
    pub const CONNECT_ERROR: Self = Self(10);
    /// The peer is a burden.
    pub const ENHANCE_YOUR_CALM: Self = Self(11);
    /// The transport is not safe enough.
    pub const INADEQUATE_SECURITY: Self = Self(12);
    /// HTTP/1.1 is to be used instead.
    pub const HTTP_1_1_REQUIRED: Self = Self(13);

    /// The name that the RFC gives it.
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        NAMES.get(self.0 as usize).copied()
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "ErrorCode({})", self.0),
        }
    }
}

/// Why a stream was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The peer has reset it.
    Peer,
    /// The peer's GOAWAY says that it has done nothing with it.
    GoAway,
    /// The message breaks a rule of HTTP.
    Malformed,
    /// The header list is larger than allowed, in bytes or in fields.
    HeadersTooLarge,
    /// A header has an underscore in its name, and that is to be refused.
    Underscore,
    /// The peer has sent more than flow control allows, or opened a window too far.
    FlowControl,
}

/// The end of a connection. Nothing more can be received or sent, but for what is in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The code that describes it. Envoy tells some of its peers nothing, and so do we: then there is no GOAWAY
    /// in the output.
    pub code: ErrorCode,
    /// Whether a GOAWAY with the code waits in the output.
    pub told: bool,
    /// What happened, for people.
    pub reason: &'static str,
    /// What happened, as Envoy names it to the requests that end with the connection.
    pub details: &'static str,
}

/// How Envoy names what its codec finds wrong.
pub(crate) mod details {
    /// A header field that may not be.
    pub(crate) const FIELD: &str = "http2.invalid.header.field";
    /// A message that breaks another rule.
    pub(crate) const RULE: &str = "http2.violation.of.messaging.rule";
    /// Too many bytes in a header list.
    pub(crate) const TOO_LARGE: &str = "http2.header_list_size_too_large";
    /// Too many fields in a header list.
    pub(crate) const TOO_MANY: &str = "http2.too_many_headers";
    /// A name with an underscore.
    pub(crate) const UNDERSCORE: &str = "http2.unexpected_underscore";
    /// Anything that breaks the connection.
    pub(crate) const CONNECTION: &str = "codec_error:The_user_callback_function_failed";
}

/// Why something could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// The stream has ended, or there never was one.
    Gone,
    /// The message is not at this point: a head is missing or was sent already, or all of it was.
    OutOfOrder,
    /// The peer allows no more streams at once.
    TooManyStreams,
    /// The connection is going away or has failed; another one is needed.
    GoingAway,
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Gone => "the stream has ended",
            Self::OutOfOrder => "the message is not at this point",
            Self::TooManyStreams => "the peer allows no more streams at once",
            Self::GoingAway => "the connection takes no new streams",
        })
    }
}

impl std::error::Error for SendError {}
