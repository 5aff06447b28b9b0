//! Brings the secrets that come from files, at the start and whenever these change.

use std::collections::HashSet;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use crate::config::load::{self, Resource};
use crate::config::model::Bootstrap;
use crate::config::model::cluster::Transport;
use crate::config::model::tls::{CommonTls, SecretReference, Validation};
use crate::config::place::Source;
use crate::stats::{Handle, Registry, SecretDiscoveryStats, SubscriptionStats, Writer};
use crate::tls::{FileSecret, Parse, SecretEvent, Secrets};

/// The secrets of a proxy.
pub(super) struct Discovered {
    pub(super) secrets: Arc<Secrets>,
    files: Vec<(String, FileSecret)>,
}

impl Discovered {
    /// The secrets that a bootstrap holds, and those that it says where to find.
    ///
    /// # Errors
    /// A secret that is no good.
    pub(super) fn new(bootstrap: &Arc<Bootstrap>) -> Result<Self, String> {
        let secrets = Arc::new(Secrets::new(Arc::new(default_provider())));
        for secret in &bootstrap.secrets {
            secrets
                .add_static(secret)
                .map_err(|problem| problem.render(&[]))?;
        }
        let mut known = HashSet::new();
        let mut files = Vec::new();
        for reference in references(bootstrap) {
            if known.insert(reference.name.clone())
                && let Some(file) = FileSecret::new(reference, parse(bootstrap, reference))
            {
                files.push((reference.name.clone(), file));
            }
        }
        Ok(Self { secrets, files })
    }

    /// Reads the files, and goes on to look after them.
    pub(super) async fn begin(self, registry: &Registry) {
        for (name, file) in self.files {
            let (told, first) = oneshot::channel();
            let mut told = Some(told);
            let mut tell = teller(registry, name);
            let tell = move |event: SecretEvent| {
                let tried = matches!(event, SecretEvent::Attempt);
                tell(&event);
                if !tried && let Some(told) = told.take() {
                    let _ = told.send(());
                }
            };
            let secrets = Arc::clone(&self.secrets);
            spawn_local(async move {
                if let Err(error) = file.run(secrets, tell).await {
                    tracing::error!(target: "secret", "files are watched no more: {error}");
                }
            });
            let _ = first.await;
        }
    }
}

/// All secrets that listeners and clusters name.
fn references(bootstrap: &Bootstrap) -> Vec<&SecretReference> {
    let chains = bootstrap
        .listeners
        .iter()
        .flat_map(|it| it.chains.iter().chain(&it.default_chain));
    let server = chains.filter_map(|it| Some(&it.tls.as_ref()?.common));
    let transports = bootstrap.clusters.iter().flat_map(|it| {
        let matches = it.transport_matches.iter().map(|it| &it.transport);
        std::iter::once(&it.transport).chain(matches)
    });
    let client = transports.filter_map(|it| match it {
        Transport::Tls(tls) => Some(&tls.common),
        Transport::Plaintext => None,
    });
    server.chain(client).flat_map(of_context).collect()
}

fn of_context(tls: &CommonTls) -> impl Iterator<Item = &SecretReference> {
    let validation = match &tls.validation {
        Validation::Secret(reference) | Validation::Combined(_, reference) => Some(reference),
        Validation::None | Validation::Inline(_) => None,
    };
    tls.certificate_secrets.iter().chain(validation)
}

/// Reads a file of secrets as a proxy with this bootstrap does.
fn parse(bootstrap: &Arc<Bootstrap>, reference: &SecretReference) -> Parse {
    use crate::config::model::source::From;
    let name = match reference.source.as_ref().map(|it| &it.from) {
        Some(From::File { path, .. }) => path.display().to_string(),
        _ => String::new(),
    };
    let bootstrap = Arc::clone(bootstrap);
    Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let name = name.clone();
        let found = load::response(&Source { name, text }, &bootstrap);
        let found = found.map_err(|mut problems| problems.swap_remove(0))?;
        let secrets = found.into_iter().filter_map(|it| match it {
            Resource::Secret(secret) => Some(Arc::unwrap_or_clone(secret)),
            _ => None,
        });
        Ok(secrets.collect())
    })
}

/// Counts what happens to a secret, and tells of what goes wrong.
fn teller(registry: &Registry, name: String) -> impl FnMut(&SecretEvent) + use<> {
    let scope = registry.scope(&format!("sds.{name}"));
    let updates: Handle<SubscriptionStats> = scope.handle(Writer::Main);
    let rotations: Handle<SecretDiscoveryStats> = scope.handle(Writer::Main);
    move |event| match event {
        SecretEvent::Attempt => updates.update_attempt.increment(),
        SecretEvent::Success => updates.update_success.increment(),
        SecretEvent::Rotated => {}
        SecretEvent::Rejected(problem) => {
            updates.update_rejected.increment();
            tracing::warn!(target: "secret", "{name}: {}", problem.message);
        }
        SecretEvent::Failed(error) => {
            updates.update_failure.increment();
            tracing::warn!(target: "secret", "{name}: {error}");
        }
        SecretEvent::RotationFailed(problem) => {
            rotations.key_rotation_failed.increment();
            tracing::warn!(target: "secret", "{name}: {}", problem.message);
        }
    }
}
