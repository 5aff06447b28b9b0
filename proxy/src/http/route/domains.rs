//! Finds the virtual host of an authority: exact names first, then the longest `*suffix`, then the longest `prefix*`, then `*`.

use crate::config::model::route::RouteConfiguration;
use crate::http::hash::TrustedMap;
use crate::http::policy::host::port_start;

/// Virtual hosts by domain, as indices.
#[derive(Debug, Default)]
pub(super) struct Domains {
    exact: TrustedMap<Box<[u8]>, usize>,
    suffixes: ByLength,
    prefixes: ByLength,
    other: Option<usize>,
    ignore_port: bool,
}

/// Parts of names by their length, the longest first.
type ByLength = Vec<(usize, TrustedMap<Box<[u8]>, usize>)>;

impl Domains {
    pub(super) fn new(config: &RouteConfiguration) -> Self {
        let mut domains = Self {
            ignore_port: config.ignore_port,
            ..Self::default()
        };
        for (index, host) in config.virtual_hosts.iter().enumerate() {
            for domain in &host.domains {
                domains.add(domain.to_ascii_lowercase().as_bytes(), index);
            }
        }
        for lengths in [&mut domains.suffixes, &mut domains.prefixes] {
            lengths.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        }
        domains
    }

    fn add(&mut self, domain: &[u8], index: usize) {
        match domain {
            b"*" => self.other = Some(index),
            [b'*', suffix @ ..] => insert(&mut self.suffixes, suffix, index),
            [prefix @ .., b'*'] => insert(&mut self.prefixes, prefix, index),
            exact => {
                self.exact.insert(exact.into(), index);
            }
        }
    }

    /// The virtual host of an authority.
    pub(super) fn find(&self, authority: &[u8]) -> Option<usize> {
        let named =
            !self.exact.is_empty() || !self.suffixes.is_empty() || !self.prefixes.is_empty();
        if !named {
            return self.other;
        }
        if authority.is_empty() {
            return None;
        }
        let host = match port_start(authority) {
            Some(at) if self.ignore_port => &authority[..at],
            _ => authority,
        };
        let mut short = [0; 256];
        let found = if let Some(lower) = short.get_mut(..host.len()) {
            lower.copy_from_slice(host);
            lower.make_ascii_lowercase();
            self.find_lower(lower)
        } else {
            self.find_lower(&host.to_ascii_lowercase())
        };
        found.or(self.other)
    }

    fn find_lower(&self, host: &[u8]) -> Option<usize> {
        let suffix = |length: usize| &host[host.len() - length..];
        let prefix = |length: usize| &host[..length];
        self.exact
            .get(host)
            .copied()
            .or_else(|| longest(&self.suffixes, host, suffix))
            .or_else(|| longest(&self.prefixes, host, prefix))
    }
}

fn insert(lengths: &mut ByLength, part: &[u8], index: usize) {
    let at = lengths.iter().position(|(length, _)| *length == part.len());
    let at = at.unwrap_or_else(|| {
        lengths.push((part.len(), TrustedMap::default()));
        lengths.len() - 1
    });
    lengths[at].1.insert(part.into(), index);
}

/// A wildcard stands for at least one character.
fn longest<'h>(lengths: &ByLength, host: &[u8], part: impl Fn(usize) -> &'h [u8]) -> Option<usize> {
    lengths
        .iter()
        .filter(|(length, _)| *length < host.len())
        .find_map(|(length, parts)| parts.get(part(*length)).copied())
}
