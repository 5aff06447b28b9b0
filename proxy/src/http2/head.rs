//! Builds the heads and trailers of messages from their fields, and holds them to the rules (RFC 9113 §8).

use super::field::Class;
use super::settings::{Settings, Underscores};
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};

/// What a header block is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The head of a request.
    Request,
    /// The head of a response, also one before the final one.
    Response,
    /// Trailers of either.
    Trailers,
    /// A block that is read only for the state of the compression.
    #[default]
    Ignored,
}

/// Why a block is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// It breaks a rule.
    Malformed,
    /// It has too many bytes.
    TooLarge,
    /// It has too many fields.
    TooMany,
    /// It has a name with an underscore.
    Underscore,
}

/// What the fields of the present block have come to. The heads are handed out by swapping, so their memory is used
/// again.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) request: RequestHead,
    pub(super) response: ResponseHead,
    pub(super) trailers: Headers,
    /// All cookies of the block; they become one field.
    cookies: Vec<u8>,
    kind: Kind,
    /// The pseudo fields that were there, one bit for each class.
    seen: u16,
    regular_seen: bool,
    bytes: usize,
    fields: usize,
    pub(super) content_length: Option<u64>,
    pub(super) problem: Option<Problem>,
    pub(super) underscores_dropped: u64,
}

impl Builder {
    /// Begins a block. The content length is that of the message's head if trailers begin.
    pub(super) fn begin(&mut self, kind: Kind, content_length: Option<u64>) {
        match kind {
            Kind::Request => {
                self.request.clear();
                self.request.protocol = Protocol::Http2;
            }
            Kind::Response => {
                self.response.clear();
                self.response.protocol = Protocol::Http2;
            }
            Kind::Trailers => self.trailers.clear(),
            Kind::Ignored => {}
        }
        self.cookies.clear();
        self.kind = kind;
        self.seen = 0;
        self.regular_seen = false;
        self.bytes = 0;
        self.fields = 0;
        self.content_length = content_length;
        self.problem = None;
        self.underscores_dropped = 0;
    }

    /// Takes up a field. After the first problem the others are only read.
    pub(super) fn field(&mut self, settings: &Settings, class: Class, name: &[u8], value: &[u8]) {
        if self.kind == Kind::Ignored || self.problem.is_some() {
            return;
        }
        if let Err(problem) = self.add(settings, class, name, value) {
            self.problem = Some(problem);
        }
    }

    fn add(
        &mut self,
        settings: &Settings,
        class: Class,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), Problem> {
        if is_pseudo(class) {
            self.pseudo(settings, class, value)?;
        } else if !self.regular(settings, class, name, value)? {
            return Ok(());
        }
        self.bytes += name.len() + value.len();
        self.fields += 1;
        if self.bytes > settings.max_headers_bytes {
            return Err(Problem::TooLarge);
        }
        if self.fields > settings.max_headers_count {
            return Err(Problem::TooMany);
        }
        Ok(())
    }

    /// Pseudo fields come once each and before all others (RFC 9113 §8.3).
    fn pseudo(&mut self, settings: &Settings, class: Class, value: &[u8]) -> Result<(), Problem> {
        let again = self.seen & bit(class) != 0;
        if again || self.regular_seen {
            return Err(Problem::Malformed);
        }
        self.seen |= bit(class);
        let request = &mut self.request;
        let text = match (self.kind, class) {
            (Kind::Request, Class::Method) => &mut request.method,
            (Kind::Request, Class::Scheme) => &mut request.scheme,
            (Kind::Request, Class::Authority) => &mut request.authority,
            (Kind::Request, Class::Path) => &mut request.path,
            (Kind::Request, Class::Protocol) if settings.allow_connect => &mut request.upgrade,
            (Kind::Response, Class::Status) => {
                let digit = |number, it: &u8| number * 10 + u16::from(it - b'0');
                self.response.status = value.iter().fold(0, digit);
                return Ok(());
            }
            _ => return Err(Problem::Malformed),
        };
        text.extend_from_slice(value);
        Ok(())
    }

    /// Says whether the field counts.
    fn regular(
        &mut self,
        settings: &Settings,
        class: Class,
        name: &[u8],
        value: &[u8],
    ) -> Result<bool, Problem> {
        self.regular_seen = true;
        let is_request = self.kind == Kind::Request;
        match class {
            Class::Invalid => return Err(Problem::Malformed),
            Class::BadHost if is_request => return Err(Problem::Malformed),
            Class::Host if is_request => return self.host(value),
            Class::Cookie => {
                if !self.cookies.is_empty() {
                    self.cookies.extend_from_slice(b"; ");
                }
                self.cookies.extend_from_slice(value);
                return Ok(true);
            }
            Class::ContentLength if !self.length(value)? => return Ok(false),
            _ => {}
        }
        if is_request && settings.underscores != Underscores::Allow && name.contains(&b'_') {
            if settings.underscores == Underscores::Reject {
                return Err(Problem::Underscore);
            }
            self.underscores_dropped += 1;
            return Ok(false);
        }
        self.headers().push(name, value);
        Ok(true)
    }

    /// `host` stands for the authority if there is no such field, and says nothing otherwise (RFC 9113 §8.3.1).
    fn host(&mut self, value: &[u8]) -> Result<bool, Problem> {
        let again = self.seen & bit(Class::Host) != 0;
        self.seen |= bit(Class::Host);
        if again {
            return Err(Problem::Malformed);
        }
        if self.seen & bit(Class::Authority) != 0 {
            return Ok(false);
        }
        self.request.authority.extend_from_slice(value);
        Ok(true)
    }

    /// Reads `content-length` and says whether it is to be handed on.
    fn length(&mut self, value: &[u8]) -> Result<bool, Problem> {
        let number = value.iter().try_fold(0_u64, |number, it| {
            number.checked_mul(10)?.checked_add(u64::from(it - b'0'))
        });
        let number = number.filter(|&it| i64::try_from(it).is_ok());
        let (Some(number), None) = (number, self.content_length) else {
            return Err(Problem::Malformed);
        };
        if self.kind == Kind::Response {
            let status = self.response.status;
            let early = (100..200).contains(&status);
            if early || status == 204 && number != 0 {
                return Err(Problem::Malformed);
            }
            if status == 204 {
                return Ok(false);
            }
        }
        self.content_length = Some(number);
        Ok(true)
    }

    fn headers(&mut self) -> &mut Headers {
        match self.kind {
            Kind::Request => &mut self.request.headers,
            Kind::Response => &mut self.response.headers,
            Kind::Trailers | Kind::Ignored => &mut self.trailers,
        }
    }

    /// Ends the block, of which nothing is missing now.
    pub(super) fn finish(&mut self) -> Result<(), Problem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let whole = match self.kind {
            Kind::Request => self.request_is_whole(),
            Kind::Response => self.seen & bit(Class::Status) != 0,
            Kind::Trailers | Kind::Ignored => true,
        };
        if !whole {
            return Err(Problem::Malformed);
        }
        if !self.cookies.is_empty() {
            let cookies = std::mem::take(&mut self.cookies);
            self.headers().push(b"cookie", &cookies);
            self.cookies = cookies;
        }
        Ok(())
    }

    /// The pseudo fields of a request (RFC 9113 §8.3.1, §8.5, RFC 8441 §4).
    fn request_is_whole(&mut self) -> bool {
        let request = &self.request;
        let has = |class| self.seen & bit(class) != 0;
        let has_authority = has(Class::Authority) || has(Class::Host);
        if request.method == b"CONNECT" {
            self.content_length = None;
            let target = has(Class::Scheme) || has(Class::Path);
            return if has(Class::Protocol) {
                has(Class::Scheme) && has(Class::Path) && has(Class::Authority)
            } else {
                !target && has(Class::Authority)
            };
        }
        let has_all = has(Class::Method) && has(Class::Scheme) && has(Class::Path);
        if !has_all || !has_authority || has(Class::Protocol) {
            return false;
        }
        let is_http = request.scheme.eq_ignore_ascii_case(b"http")
            || request.scheme.eq_ignore_ascii_case(b"https");
        !is_http
            || request.path.first() == Some(&b'/')
            || request.path == b"*" && request.method == b"OPTIONS"
    }

    /// Gives back memory that is not in use.
    pub(super) fn shrink(&mut self) {
        *self = Self::default();
    }
}

fn is_pseudo(class: Class) -> bool {
    matches!(
        class,
        Class::Method
            | Class::Scheme
            | Class::Authority
            | Class::Path
            | Class::Protocol
            | Class::Status
    )
}

fn bit(class: Class) -> u16 {
    1 << class as u16
}
