//! Holds the heads of requests and responses as all versions of HTTP see them.

use super::headers::Headers;

/// The version that carries a message.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// As Envoy's `%PROTOCOL%` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// The head of a request. HTTP/2's pseudo header fields are fields of their own here, whatever the version
/// (RFC 9113 §8.3.1); `Host` of HTTP/1 is the authority and not among the headers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The version that it came by, or goes by.
    pub protocol: Protocol,
    /// The method, such as `GET`.
    pub method: Vec<u8>,
    /// `http` or `https`; empty where nobody has said it.
    pub scheme: Vec<u8>,
    /// The host and port that are asked for; empty if there was none.
    pub authority: Vec<u8>,
    /// The authority is empty, but there is one.
    pub blank_authority: bool,
    /// The path with its query; empty for CONNECT.
    pub path: Vec<u8>,
    /// The `:protocol` of an extended CONNECT (RFC 8441); empty otherwise.
    pub upgrade: Vec<u8>,
    /// The other header fields.
    pub headers: Headers,
}

impl RequestHead {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.protocol = Protocol::default();
        self.blank_authority = false;
        for text in [
            &mut self.method,
            &mut self.scheme,
            &mut self.authority,
            &mut self.path,
            &mut self.upgrade,
        ] {
            text.clear();
        }
        self.headers.clear();
    }
}

/// The head of a response.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// The version that it came by, or goes by.
    pub protocol: Protocol,
    /// The status, 100 to 599 and whatever else an upstream sends with three digits.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
}

impl ResponseHead {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.protocol = Protocol::default();
        self.status = 0;
        self.headers.clear();
    }
}
