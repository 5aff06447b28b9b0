//! SPIFFE identities of workloads: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
//!
//! The checks are those of the SPIFFE ID specification, section 2:
//! <https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md>.

use std::fmt;
use std::str::FromStr;

/// Who a workload is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpiffeId {
    trust_domain: String,
    namespace: String,
    service_account: String,
}

impl SpiffeId {
    /// The identity of `service_account` in `namespace`.
    pub fn new(
        trust_domain: &str,
        namespace: &str,
        service_account: &str,
    ) -> Result<Self, InvalidIdentity> {
        format!("{SCHEME}{trust_domain}/ns/{namespace}/sa/{service_account}").parse()
    }

    /// The trust domain, without `spiffe://`.
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// The Kubernetes namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The Kubernetes service account.
    pub fn service_account(&self) -> &str {
        &self.service_account
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trust_domain,
            namespace,
            service_account,
        } = self;
        write!(
            formatter,
            "{SCHEME}{trust_domain}/ns/{namespace}/sa/{service_account}"
        )
    }
}

impl FromStr for SpiffeId {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        if text.len() > MAX_LENGTH {
            return Err(InvalidIdentity::new(
                MAX_LENGTH,
                "a SPIFFE id is at most 2048 bytes",
            ));
        }
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| InvalidIdentity::new(0, "a SPIFFE id begins with `spiffe://`"))?;
        let (trust_domain, path) = rest.split_once('/').unwrap_or((rest, ""));
        check_trust_domain(trust_domain).map_err(|error| error.behind(SCHEME.len()))?;
        let begin = SCHEME.len() + trust_domain.len() + 1;
        let mut at = begin.min(text.len());
        for segment in path.split('/') {
            check_segment(segment).map_err(|error| error.behind(at))?;
            at += segment.len() + 1;
        }
        let segments: Vec<&str> = path.split('/').collect();
        let ["ns", namespace, "sa", service_account] = segments[..] else {
            return Err(InvalidIdentity::new(
                begin,
                "the path of a workload's id is /ns/NAMESPACE/sa/SERVICE-ACCOUNT",
            ));
        };
        Ok(Self {
            trust_domain: trust_domain.to_owned(),
            namespace: namespace.to_owned(),
            service_account: service_account.to_owned(),
        })
    }
}

/// An identity that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidIdentity {
    /// What is wrong and what would be right; one line, no full stop.
    pub message: String,
    /// The byte of the text at which it goes wrong.
    pub at: usize,
}

impl InvalidIdentity {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at,
        }
    }

    fn behind(self, offset: usize) -> Self {
        Self {
            at: self.at + offset,
            ..self
        }
    }
}

/// Checks the name of a trust domain (SPIFFE ID specification, 2.1): no port, no user, no escapes.
pub fn check_trust_domain(text: &str) -> Result<(), InvalidIdentity> {
    let expected = "a trust domain is 1 to 255 of a-z, 0-9, `.`, `-` and `_`";
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    let wrong = if text.is_empty() {
        Some(0)
    } else {
        text.bytes()
            .position(|byte| !allowed(byte))
            .or((text.len() > 255).then_some(255))
    };
    match wrong {
        Some(at) => Err(InvalidIdentity::new(
            at,
            format!("{expected}, not `{text}`"),
        )),
        None => Ok(()),
    }
}

const SCHEME: &str = "spiffe://";
/// The specification's bound on the whole URI (2.3).
const MAX_LENGTH: usize = 2048;

/// A path segment (2.2): not empty, not relative, letters, digits, `.`, `-`, `_`.
fn check_segment(segment: &str) -> Result<(), InvalidIdentity> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if segment.is_empty() {
        return Err(InvalidIdentity::new(0, "a segment of the path is empty"));
    }
    if segment == "." || segment == ".." {
        return Err(InvalidIdentity::new(
            0,
            "a segment of the path is `.` or `..`",
        ));
    }
    match segment.bytes().position(|byte| !allowed(byte)) {
        Some(at) => Err(InvalidIdentity::new(
            at,
            format!("a segment of the path is letters, digits, `.`, `-` and `_`, not `{segment}`"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let id = SpiffeId::new("cluster.local", "shop", "cart").unwrap();
        assert_eq!(id.to_string(), "spiffe://cluster.local/ns/shop/sa/cart");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_eq!((id.namespace(), id.service_account()), ("shop", "cart"));
    }

    #[test]
    fn says_where_an_identity_goes_wrong() {
        for (text, at) in [
            ("https://a/ns/b/sa/c", 0),
            ("SPIFFE://a/ns/b/sa/c", 0),
            ("spiffe:///ns/b/sa/c", 9),
            ("spiffe://A/ns/b/sa/c", 9),
            ("spiffe://a:8/ns/b/sa/c", 10),
            ("spiffe://u@a/ns/b/sa/c", 10),
            ("spiffe://a", 10),
            ("spiffe://a/", 11),
            ("spiffe://a/ns/b/sa/c/", 21),
            ("spiffe://a/ns//sa/c", 14),
            ("spiffe://a/ns/../sa/c", 14),
            ("spiffe://a/ns/b%20/sa/c", 15),
            ("spiffe://a/ns/b/sa/c?d", 20),
            ("spiffe://a/ns/b/sa/c#d", 20),
            ("spiffe://a/sa/b/ns/c", 11),
        ] {
            assert_eq!(
                text.parse::<SpiffeId>().map_err(|error| error.at),
                Err(at),
                "{text}"
            );
        }
        let long = format!("spiffe://a/ns/b/sa/{}", "c".repeat(2048));
        assert_eq!(long.parse::<SpiffeId>().unwrap_err().at, 2048);
    }
}
