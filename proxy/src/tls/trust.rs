//! Verifies the certificates of peers: chain, names, hashes, in Envoy's order.

use std::path::PathBuf;
use std::time::Duration;

use rustls::DistinguishedName;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder,
    anchor_from_trusted_cert,
};

use super::certificate::Facts;
use super::distrust::{Cause, Distrust};
use super::identity::{certificates, path, place, read};
use crate::config::model::matcher::StringMatcher;
use crate::config::model::source::DataSource;
use crate::config::model::tls::{NameKind, NameMatcher, ValidationContext};
use crate::config::problem::Problem;

/// Whom to believe, ready to be asked.
#[derive(Debug, Default)]
pub struct Trust {
    roots: Vec<Root>,
    revoked: Vec<CertRevocationList<'static>>,
    context: ValidationContext,
    subjects: Vec<DistinguishedName>,
}

#[derive(Debug)]
struct Root {
    anchor: TrustAnchor<'static>,
    certificate: CertificateDer<'static>,
    not_before: i64,
    not_after: i64,
}

/// Whose certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A client's.
    Client,
    /// A server's.
    Server,
}

/// Whether a client is asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// It is not.
    No,
    /// It is, and may have none.
    Optional,
    /// It is, and must have one.
    Required,
}

/// What is known of a certificate that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validated {
    /// There is none, or nothing to verify it by.
    #[default]
    No,
    /// It is good.
    Good,
    /// It is not, and taken all the same.
    Untrusted,
}

impl Trust {
    /// Loads what `context` names, as it is now.
    pub fn load(context: &ValidationContext) -> Result<Self, Problem> {
        let mut trust = Self {
            context: context.clone(),
            ..Self::default()
        };
        if let Some(source) = &context.roots {
            let text = read(source, "roots")?;
            for certificate in certificates(&text, source)? {
                trust.add_root(certificate, source)?;
            }
            trust.add_revoked(&text, source)?;
        }
        if let Some(source) = &context.revoked {
            let text = read(source, "revocation list")?;
            trust.add_revoked(&text, source)?;
        }
        Ok(trust)
    }

    fn add_root(
        &mut self,
        certificate: CertificateDer<'static>,
        source: &DataSource,
    ) -> Result<(), Problem> {
        let unreadable = || {
            let message = format!("a certificate in {} cannot be read", place(source));
            source.spot.problem(message, "")
        };
        let facts = Facts::of(&certificate).ok_or_else(unreadable)?;
        let anchor = anchor_from_trusted_cert(&certificate)
            .map_err(|_| unreadable())?
            .to_owned();
        let subject = DistinguishedName::in_sequence(&anchor.subject);
        if !self.context.suppress_root_list
            && !self
                .subjects
                .iter()
                .any(|known| known.as_ref() == subject.as_ref())
        {
            self.subjects.push(subject);
        }
        self.roots.push(Root {
            anchor,
            certificate,
            not_before: facts.not_before,
            not_after: facts.not_after,
        });
        Ok(())
    }

    fn add_revoked(&mut self, text: &[u8], source: &DataSource) -> Result<(), Problem> {
        for list in CertificateRevocationListDer::pem_slice_iter(text) {
            let list = list
                .ok()
                .and_then(|list| OwnedCertRevocationList::from_der(&list).ok());
            let list = list.ok_or_else(|| {
                let message = format!("a revocation list in {} cannot be read", place(source));
                source.spot.problem(message, "")
            })?;
            self.revoked.push(list.into());
        }
        Ok(())
    }

    /// Whether a client is asked for a certificate. Names and hashes ask for one by themselves, and
    /// `required` without roots asks for none (as in Envoy).
    pub fn asks(&self, required: bool) -> Asks {
        let pinned = self.pins_names() || self.pins_hashes();
        if (pinned && !self.context.accept_untrusted) || (required && !self.roots.is_empty()) {
            Asks::Required
        } else if pinned || self.context.accept_untrusted || !self.roots.is_empty() {
            Asks::Optional
        } else {
            Asks::No
        }
    }

    /// The certificates of the roots, in their order.
    pub fn roots(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.roots.iter().map(|it| &it.certificate)
    }

    /// The file that the roots are from, if they are from one.
    pub fn path(&self) -> Option<PathBuf> {
        path(self.context.roots.as_ref()?)
    }

    /// Certificates are verified by something.
    pub fn verifies(&self) -> bool {
        !self.roots.is_empty() || self.pins_names() || self.pins_hashes()
    }

    fn pins_names(&self) -> bool {
        !self.context.names.is_empty()
    }

    fn pins_hashes(&self) -> bool {
        !self.context.hashes.is_empty() || !self.context.spki.is_empty()
    }

    /// Certificates that no root has signed are taken too.
    pub fn accepts_untrusted(&self) -> bool {
        self.context.accept_untrusted
    }

    /// The names of the roots, to be told to clients.
    pub fn subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    /// Verifies a certificate, the first of `chain`. A `host` is what it must be for in the stead of
    /// the configured names.
    pub fn verify(
        &self,
        role: Role,
        chain: &[CertificateDer<'_>],
        host: Option<&str>,
        now: UnixTime,
    ) -> Result<Validated, Distrust> {
        let unreadable = Distrust::Chain(Cause::Unreadable, 0);
        let (leaf, rest) = chain.split_first().ok_or(unreadable)?;
        if !self.roots.is_empty() {
            self.verify_chain(role, leaf, rest, now)?;
        }
        let context = &self.context;
        if host.is_none() && !self.pins_names() && !self.pins_hashes() {
            let verified = self.verifies();
            return Ok(if verified {
                Validated::Good
            } else {
                Validated::No
            });
        }
        let facts = Facts::of(leaf).unwrap_or_default();
        let named = match host {
            Some(host) => {
                facts.hosts.iter().any(|name| host_matches(host, name))
                    || facts.uris.iter().any(|it| it == host)
                    || facts.addresses.iter().any(|it| it == host)
            }
            None => {
                context.names.is_empty() || context.names.iter().any(|name| has_name(&facts, name))
            }
        };
        if !named {
            return Err(match host {
                Some(host) => Distrust::Host(host.to_owned(), facts.names),
                None => Distrust::Names(facts.names),
            });
        }
        if self.pins_hashes()
            && !context.hashes.contains(&facts.fingerprint)
            && !context.spki.contains(&facts.public_key)
        {
            return Err(Distrust::Hash);
        }
        Ok(Validated::Good)
    }

    fn verify_chain(
        &self,
        role: Role,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Distrust> {
        let at_leaf = |cause| Distrust::Chain(cause, 0);
        let facts = Facts::of(leaf).ok_or(at_leaf(Cause::Unreadable))?;
        if !facts.may_sign {
            return Err(at_leaf(Cause::Purpose));
        }
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let in_time = |root: &Root| {
            self.context.allow_expired || (root.not_before..=root.not_after).contains(&seconds)
        };
        // A certificate that is itself trusted needs nobody else to vouch for it.
        if let Some(root) = self.roots.iter().find(|root| root.certificate == *leaf) {
            return if in_time(root) {
                Ok(())
            } else {
                Err(at_leaf(Cause::Expired))
            };
        }
        let chain = Chain {
            leaf: &EndEntityCert::try_from(leaf).map_err(|error| at_leaf(error.into()))?,
            rest,
            // A root that has expired vouches for nobody.
            anchors: self
                .roots
                .iter()
                .filter(|root| in_time(root))
                .map(Root::anchor)
                .collect(),
            usage: match role {
                Role::Client => KeyUsage::client_auth(),
                Role::Server => KeyUsage::server_auth(),
            },
        };
        let mut verified = self.verify_at(&chain, now);
        if self.context.allow_expired {
            // If all were ever valid together, then also when the last of them began to be.
            for facts in std::iter::once(leaf)
                .chain(rest)
                .filter_map(|one| Facts::of(one))
            {
                if !verified.is_err_and(Cause::is_about_time) {
                    break;
                }
                let start = Duration::from_secs(u64::try_from(facts.not_before).unwrap_or(0));
                verified = self.verify_at(&chain, UnixTime::since_unix_epoch(start));
            }
        }
        verified.map_err(|cause| {
            Distrust::Chain(
                cause,
                depth(cause, std::iter::once(leaf).chain(rest), seconds),
            )
        })
    }

    fn verify_at(&self, chain: &Chain<'_>, time: UnixTime) -> Result<(), Cause> {
        let lists: Vec<_> = self.revoked.iter().collect();
        let verified = chain.leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &chain.anchors,
            chain.rest,
            time,
            chain.usage,
            self.revocation(&lists),
            None,
        );
        verified.map(drop).map_err(Cause::from)
    }

    fn revocation<'a>(
        &self,
        lists: &'a [&'a CertRevocationList<'a>],
    ) -> Option<RevocationOptions<'a>> {
        let depth = if self.context.only_leaf_revoked {
            RevocationCheckDepth::EndEntity
        } else {
            RevocationCheckDepth::Chain
        };
        let expiration = if self.context.allow_expired {
            ExpirationPolicy::Ignore
        } else {
            ExpirationPolicy::Enforce
        };
        let options = RevocationOptionsBuilder::new(lists).ok()?;
        Some(
            options
                .with_depth(depth)
                .with_expiration_policy(expiration)
                .build(),
        )
    }
}

/// A chain and what it is verified by.
struct Chain<'a> {
    leaf: &'a EndEntityCert<'a>,
    rest: &'a [CertificateDer<'a>],
    anchors: Vec<TrustAnchor<'a>>,
    usage: KeyUsage,
}

impl Root {
    fn anchor(&self) -> TrustAnchor<'_> {
        TrustAnchor {
            subject: self.anchor.subject.as_ref().into(),
            subject_public_key_info: self.anchor.subject_public_key_info.as_ref().into(),
            name_constraints: self.anchor.name_constraints.as_deref().map(Into::into),
        }
    }
}

/// Whether a certificate has a name that a matcher wants. Exact host names are compared as hosts.
fn has_name(facts: &Facts, wanted: &NameMatcher) -> bool {
    let names = match wanted.kind {
        NameKind::Dns => &facts.hosts,
        NameKind::Uri => &facts.uris,
        NameKind::Ip => &facts.addresses,
    };
    names
        .iter()
        .any(|name| match (wanted.kind, &wanted.matcher) {
            (NameKind::Dns, StringMatcher::Exact(host, _)) => host_matches(host, name),
            (_, matcher) => matcher.matches(name.as_bytes()),
        })
}

/// Whether a certificate for `name` is one for `host`: `*` stands for any text in the first label.
pub(super) fn host_matches(host: &str, name: &str) -> bool {
    if host.eq_ignore_ascii_case(name) {
        return true;
    }
    let (Some((label, parent)), Some((pattern, rest))) =
        (host.split_once('.'), name.split_once('.'))
    else {
        return false;
    };
    let Some((begin, end)) = pattern.split_once('*') else {
        return false;
    };
    let label = label.to_ascii_lowercase();
    let (begin, end) = (begin.to_ascii_lowercase(), end.to_ascii_lowercase());
    !rest.contains('*')
        && !end.contains('*')
        && !begin.starts_with("xn--")
        && parent.eq_ignore_ascii_case(rest)
        && (pattern == "*" || label.len() >= begin.len() + end.len())
        && label.starts_with(&begin)
        && label.ends_with(&end)
}

/// At which certificate of a chain an error is.
fn depth<'a>(cause: Cause, chain: impl Iterator<Item = &'a CertificateDer<'a>>, now: i64) -> usize {
    let mut facts = chain.filter_map(|one| Facts::of(one)).enumerate();
    let found = match cause {
        Cause::Expired | Cause::NotYetValid => {
            facts.find(|(_, facts)| !(facts.not_before..=facts.not_after).contains(&now))
        }
        Cause::UnknownIssuer => facts.last(),
        _ => None,
    };
    found.map_or(0, |(depth, _)| depth)
}
