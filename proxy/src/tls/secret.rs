//! Keeps secrets by name, and tells those who use them when they change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustls::crypto::CryptoProvider;

use super::identity::{Identity, read};
use super::trust::Trust;
use crate::config::model::source::{Bytes, DataSource};
use crate::config::model::tls::{
    Secret, SecretKind, SecretReference, TlsCertificate, ValidationContext,
};
use crate::config::problem::Problem;

/// Secrets as they are now. Belongs to the control side: no worker ever asks it.
#[derive(Debug)]
pub struct Secrets {
    state: Mutex<State>,
    pub(super) provider: Arc<CryptoProvider>,
}

#[derive(Debug, Default)]
struct State {
    /// Those that stand in the bootstrap.
    fixed: HashMap<String, Value>,
    /// Those that are discovered.
    discovered: HashMap<String, Value>,
    users: Vec<Weak<dyn User>>,
}

/// What a secret is, read and checked.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Identity(Arc<Identity>),
    /// With the bytes of files in it, so that it stays what it was.
    Validation(Arc<ValidationContext>),
}

/// Somebody who uses secrets.
pub(super) trait User: std::fmt::Debug + Send + Sync {
    /// Whether it uses the discovered secret of this name.
    fn uses(&self, name: &str) -> bool;

    /// Makes everything anew; what is in use stays if that fails.
    fn renew(&self, secrets: &Secrets) -> Result<(), Problem>;
}

impl Secrets {
    /// No secrets yet, to be used with this cryptography.
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            state: Mutex::default(),
            provider,
        }
    }

    /// Adds a secret that stands in the bootstrap.
    pub fn add_static(&self, secret: &Secret) -> Result<(), Problem> {
        let value = self.load(&secret.kind)?;
        self.state().fixed.insert(secret.name.clone(), value);
        Ok(())
    }

    /// Takes a secret that was discovered, and hands it on to all who use it. A secret that is no
    /// good, or no good to one of them, is refused; what they have, they keep.
    pub fn update(&self, secret: &Secret) -> Result<(), Problem> {
        let value = self.load(&secret.kind)?;
        self.state().discovered.insert(secret.name.clone(), value);
        self.renew(&secret.name)
    }

    /// Forgets a secret that was discovered. Those who use it keep what they have (as in Envoy).
    pub fn remove(&self, name: &str) {
        self.state().discovered.remove(name);
    }

    /// Whether a secret is there.
    pub fn has(&self, reference: &SecretReference) -> bool {
        self.get(reference).is_some()
    }

    pub(super) fn get(&self, reference: &SecretReference) -> Option<Value> {
        let state = self.state();
        let from = match reference.source {
            None => &state.fixed,
            Some(_) => &state.discovered,
        };
        from.get(&reference.name).cloned()
    }

    pub(super) fn join(&self, user: Weak<dyn User>) {
        let mut state = self.state();
        state.users.retain(|other| other.strong_count() > 0);
        state.users.push(user);
    }

    fn renew(&self, name: &str) -> Result<(), Problem> {
        let users: Vec<_> = self
            .state()
            .users
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let concerned = users.into_iter().filter(|user| user.uses(name));
        let results: Vec<_> = concerned.map(|user| user.renew(self)).collect();
        results.into_iter().collect()
    }

    fn load(&self, kind: &SecretKind) -> Result<Value, Problem> {
        match kind {
            SecretKind::Certificate(certificate) => {
                let identity = Identity::load(certificate, &self.provider)?;
                Ok(Value::Identity(Arc::new(identity)))
            }
            SecretKind::Validation(context) => {
                let context = with_bytes(context)?;
                Trust::load(&context)?;
                Ok(Value::Validation(Arc::new(context)))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A secret with the bytes of its files in it. Files that change while they are read are read again.
pub(super) fn stable(secret: &Secret) -> Result<Secret, Problem> {
    let once = || -> Result<SecretKind, Problem> {
        Ok(match &secret.kind {
            SecretKind::Certificate(one) => SecretKind::Certificate(Arc::new(TlsCertificate {
                chain: bytes(&one.chain, "certificate")?,
                key: bytes(&one.key, "key")?,
                watched: None,
            })),
            SecretKind::Validation(context) => {
                SecretKind::Validation(Arc::new(with_bytes(context)?))
            }
        })
    };
    let mut kind = once()?;
    for _ in 0..ATTEMPTS {
        let again = once()?;
        if contents(&again) == contents(&kind) {
            break;
        }
        kind = again;
    }
    Ok(Secret {
        kind,
        ..secret.clone()
    })
}

/// What a secret is made of.
pub(super) fn contents(kind: &SecretKind) -> Vec<&Bytes> {
    let sources = match kind {
        SecretKind::Certificate(one) => vec![Some(&one.chain), Some(&one.key)],
        SecretKind::Validation(context) => vec![context.roots.as_ref(), context.revoked.as_ref()],
    };
    sources
        .into_iter()
        .flatten()
        .map(|source| &source.from)
        .collect()
}

/// How often files are read that change all the time.
const ATTEMPTS: usize = 5;

fn with_bytes(context: &ValidationContext) -> Result<ValidationContext, Problem> {
    let inline = |source: &Option<DataSource>, what| {
        source
            .as_ref()
            .map(|source| bytes(source, what))
            .transpose()
    };
    Ok(ValidationContext {
        roots: inline(&context.roots, "roots")?,
        revoked: inline(&context.revoked, "revocation list")?,
        ..context.clone()
    })
}

fn bytes(source: &DataSource, what: &str) -> Result<DataSource, Problem> {
    let bytes = read(source, what)?;
    Ok(DataSource {
        from: match &source.from {
            Bytes::File(path) | Bytes::Read(path, _) => Bytes::Read(path.clone(), bytes),
            Bytes::Inline(_) | Bytes::Environment(_) => Bytes::Inline(bytes),
        },
        spot: source.spot.clone(),
    })
}
