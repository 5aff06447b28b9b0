//! Hands certificates and keys to workers, and new ones when secrets change.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::watch;

use super::client::{Client, Dialer};
use super::identity::Identity;
use super::secret::{Secrets, User, Value};
use super::server::Server;
use super::trust::Trust;
use crate::config::model::tls::{
    CommonTls, DownstreamTls, SecretReference, UpstreamTls, Validation, ValidationContext,
};
use crate::config::problem::Problem;

/// TLS towards clients, as it is now.
pub type Downstream = Live<DownstreamTls>;
/// TLS towards upstreams, as it is now.
pub type Upstream = Live<UpstreamTls>;

/// What is made of configuration and secrets, and made anew when these change.
#[derive(Debug)]
pub struct Live<T: Configured> {
    tls: T,
    current: watch::Sender<Option<Arc<T::Made>>>,
    updates: AtomicU64,
    /// Only one is made at a time.
    making: Mutex<()>,
}

/// What a worker sees of it. Looking costs no lock unless there is something new.
#[derive(Debug)]
pub struct View<M> {
    receiver: watch::Receiver<Option<Arc<M>>>,
    seen: Option<Arc<M>>,
}

/// What a worker dials with: it keeps its own sessions, for as long as the client is the same.
#[derive(Debug)]
pub struct Dialers {
    view: View<Client>,
    dialer: Option<Dialer>,
}

/// Configuration that something is made of.
pub trait Configured: std::fmt::Debug + Send + Sync + 'static {
    /// What is made of it.
    type Made: std::fmt::Debug + Send + Sync;

    /// What both sides share.
    fn common(&self) -> &CommonTls;

    /// Makes it.
    fn make(
        &self,
        identities: Vec<Arc<Identity>>,
        trust: Arc<Trust>,
    ) -> Result<Self::Made, Problem>;
}

impl Configured for DownstreamTls {
    type Made = Server;

    fn common(&self) -> &CommonTls {
        &self.common
    }

    fn make(&self, identities: Vec<Arc<Identity>>, trust: Arc<Trust>) -> Result<Server, Problem> {
        Server::new(self, identities, trust)
    }
}

impl Configured for UpstreamTls {
    type Made = Client;

    fn common(&self) -> &CommonTls {
        &self.common
    }

    fn make(&self, identities: Vec<Arc<Identity>>, trust: Arc<Trust>) -> Result<Client, Problem> {
        Client::new(self, identities.into_iter().next(), trust)
    }
}

impl<T: Configured> Live<T> {
    /// Makes what can be made now; without a secret that it needs, nothing is there until it comes.
    pub fn new(tls: T, secrets: &Secrets) -> Result<Arc<Self>, Problem> {
        let live = Arc::new(Self {
            tls,
            current: watch::Sender::new(None),
            updates: AtomicU64::new(0),
            making: Mutex::new(()),
        });
        let made = live.made(secrets)?;
        live.current.send_replace(made.map(Arc::new));
        let weak: Weak<Self> = Arc::downgrade(&live);
        secrets.join(weak);
        Ok(live)
    }

    /// What a worker sees.
    pub fn view(&self) -> View<T::Made> {
        let mut receiver = self.current.subscribe();
        let seen = receiver.borrow_and_update().clone();
        View { receiver, seen }
    }

    /// What there is now.
    pub fn now(&self) -> Option<Arc<T::Made>> {
        self.current.borrow().clone()
    }

    /// What it is made of.
    pub fn configuration(&self) -> &T {
        &self.tls
    }

    /// How often secrets made it new: Envoy's `ssl_context_update_by_sds`.
    pub fn updates(&self) -> u64 {
        self.updates.load(Ordering::Relaxed)
    }

    fn made(&self, secrets: &Secrets) -> Result<Option<T::Made>, Problem> {
        let common = self.tls.common();
        let inline = common.certificates.iter();
        let mut identities = inline
            .map(|certificate| Identity::load(certificate, &secrets.provider).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        for reference in &common.certificate_secrets {
            match secrets.get(reference) {
                Some(Value::Identity(identity)) => identities.push(identity),
                Some(Value::Validation(_)) => return Err(wrong_kind(common, reference)),
                None => return Ok(None),
            }
        }
        match validation(common, secrets)? {
            Some(context) => {
                let trust = Arc::new(Trust::load(&context)?);
                self.tls.make(identities, trust).map(Some)
            }
            None => Ok(None),
        }
    }
}

impl<T: Configured> User for Live<T> {
    fn uses(&self, name: &str) -> bool {
        let common = self.tls.common();
        let validation = match &common.validation {
            Validation::Secret(reference) | Validation::Combined(_, reference) => Some(reference),
            Validation::None | Validation::Inline(_) => None,
        };
        let mut references = common.certificate_secrets.iter().chain(validation);
        references.any(|reference| reference.source.is_some() && reference.name == name)
    }

    fn renew(&self, secrets: &Secrets) -> Result<(), Problem> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let made = self.made(secrets)?.map(Arc::new);
        self.updates.fetch_add(1, Ordering::Relaxed);
        self.current.send_modify(|current| {
            if made.is_some() {
                *current = made;
            }
        });
        Ok(())
    }
}

impl<M> View<M> {
    /// Waits for something new; tells whether there can be any.
    pub async fn changed(&mut self) -> bool {
        self.receiver.changed().await.is_ok()
    }

    /// What is there now; nothing before all secrets are there.
    pub fn get(&mut self) -> Option<&Arc<M>> {
        if self.receiver.has_changed().unwrap_or(false) {
            self.seen.clone_from(&self.receiver.borrow_and_update());
        }
        self.seen.as_ref()
    }
}

impl<M> Clone for View<M> {
    fn clone(&self) -> Self {
        Self {
            receiver: self.receiver.clone(),
            seen: self.seen.clone(),
        }
    }
}

impl Dialers {
    /// For a worker that sees this.
    pub fn new(view: View<Client>) -> Self {
        Self { view, dialer: None }
    }

    /// What to dial with now; nothing before all secrets are there.
    pub fn get(&mut self) -> Option<&Dialer> {
        let client = self.view.get()?;
        let same = |dialer: &Dialer| Arc::ptr_eq(&dialer.client, client);
        if !self.dialer.as_ref().is_some_and(same) {
            self.dialer = Some(client.for_worker());
        }
        self.dialer.as_ref()
    }
}

/// Whom to believe; nothing as long as the secret is not there.
fn validation(
    common: &CommonTls,
    secrets: &Secrets,
) -> Result<Option<Arc<ValidationContext>>, Problem> {
    let secret = |reference: &SecretReference| match secrets.get(reference) {
        Some(Value::Validation(context)) => Ok(Some(context)),
        Some(Value::Identity(_)) => Err(wrong_kind(common, reference)),
        None => Ok(None),
    };
    match &common.validation {
        Validation::None => Ok(Some(Arc::default())),
        Validation::Inline(context) => Ok(Some(Arc::clone(context))),
        Validation::Secret(reference) => secret(reference),
        Validation::Combined(own, reference) => {
            Ok(secret(reference)?.map(|other| Arc::new(combined(own, &other))))
        }
    }
}

/// What stands in the configuration and in a secret: single fields of the secret win, lists of both
/// count together (protobuf's `MergeFrom`).
fn combined(own: &ValidationContext, secret: &ValidationContext) -> ValidationContext {
    ValidationContext {
        roots: secret.roots.clone().or_else(|| own.roots.clone()),
        watched: None,
        spki: [&*own.spki, &secret.spki].concat(),
        hashes: [&*own.hashes, &secret.hashes].concat(),
        names: [&*own.names, &secret.names].concat(),
        revoked: secret.revoked.clone().or_else(|| own.revoked.clone()),
        only_leaf_revoked: own.only_leaf_revoked || secret.only_leaf_revoked,
        allow_expired: own.allow_expired || secret.allow_expired,
        accept_untrusted: own.accept_untrusted || secret.accept_untrusted,
        suppress_root_list: own.suppress_root_list || secret.suppress_root_list,
    }
}

fn wrong_kind(common: &CommonTls, reference: &SecretReference) -> Problem {
    let message = format!("the secret `{}` is of another kind", reference.name);
    common.spot.problem(
        message,
        "certificates and validation contexts are not the same",
    )
}
