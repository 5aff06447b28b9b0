//! Looks at the files that a configuration names, before anything is bound.

mod certificate;

use std::path::Path;
use std::time::SystemTime;

use super::cursor::Spot;
use super::model::Bootstrap;
use super::model::access_log::{AccessLog, Sink};
use super::model::cluster::{Cluster, ClusterDiscovery, Transport};
use super::model::http::Routes;
use super::model::listener::{FilterChain, Listener, NetworkFilter};
use super::model::source::{ConfigSource, From};
use super::model::tls::{
    CommonTls, SecretKind, SecretReference, TlsCertificate, Validation, ValidationContext,
};
use super::problem::{Problem, Problems};

/// Everything that is wrong with the files of a bootstrap at the time `now`: certificates and keys
/// that cannot be read, do not belong together or have expired, and files that are not there.
pub fn check(bootstrap: &Bootstrap, now: SystemTime) -> Vec<Problem> {
    let checker = Checker {
        now,
        problems: Problems::default(),
    };
    for secret in &bootstrap.secrets {
        match &secret.kind {
            SecretKind::Certificate(certificate) => checker.certificate(certificate),
            SecretKind::Validation(context) => checker.validation(context),
        }
    }
    for listener in &bootstrap.listeners {
        checker.listener(listener);
    }
    for cluster in &bootstrap.clusters {
        checker.cluster(cluster);
    }
    if let Some(admin) = &bootstrap.admin {
        checker.logs(&admin.access_logs);
    }
    for source in [
        &bootstrap.discovery.listeners,
        &bootstrap.discovery.clusters,
    ] {
        checker.source(source.as_ref());
    }
    checker.problems.into_sorted()
}

struct Checker {
    now: SystemTime,
    problems: Problems,
}

impl Checker {
    fn listener(&self, listener: &Listener) {
        self.logs(&listener.access_logs);
        for chain in listener.chains.iter().chain(&listener.default_chain) {
            self.chain(chain);
        }
    }

    fn chain(&self, chain: &FilterChain) {
        if let Some(tls) = &chain.tls {
            self.tls(&tls.common);
        }
        match &chain.filter {
            NetworkFilter::Close => {}
            NetworkFilter::TcpProxy(proxy) => self.logs(&proxy.access_logs),
            NetworkFilter::Http(manager) => {
                self.logs(&manager.access_logs);
                if let Routes::Discovered { source, .. } = &manager.routes {
                    self.source(Some(source));
                }
            }
        }
    }

    fn cluster(&self, cluster: &Cluster) {
        let matches = cluster.transport_matches.iter().map(|it| &it.transport);
        for transport in std::iter::once(&cluster.transport).chain(matches) {
            if let Transport::Tls(tls) = transport {
                self.tls(&tls.common);
            }
        }
        if let ClusterDiscovery::Eds { source, .. } = &cluster.discovery {
            self.source(Some(source));
        }
    }

    fn tls(&self, tls: &CommonTls) {
        for certificate in &tls.certificates {
            self.certificate(certificate);
        }
        let secret = |secret: &SecretReference| self.source(secret.source.as_ref());
        tls.certificate_secrets.iter().for_each(secret);
        match &tls.validation {
            Validation::None => {}
            Validation::Inline(context) => self.validation(context),
            Validation::Secret(reference) => secret(reference),
            Validation::Combined(context, reference) => {
                self.validation(context);
                secret(reference);
            }
        }
    }

    fn certificate(&self, certificate: &TlsCertificate) {
        for problem in certificate::pair(certificate, self.now) {
            self.problems.add(problem);
        }
        self.directory(certificate.watched.as_deref(), &certificate.chain.spot);
    }

    fn validation(&self, context: &ValidationContext) {
        for problem in certificate::roots(context) {
            self.problems.add(problem);
        }
        if let Some(roots) = &context.roots {
            self.directory(context.watched.as_deref(), &roots.spot);
        }
    }

    /// A log is written to a directory that is there.
    fn logs(&self, logs: &[AccessLog]) {
        for log in logs {
            let Sink::File(path) = &log.sink else {
                continue;
            };
            let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
            if directory.is_some_and(|it| !it.is_dir()) {
                let message = format!("there is no directory for `{}`", path.display());
                self.problems
                    .add(log.spot.problem(message, "make it before the proxy starts"));
            }
        }
    }

    /// Resources come from a file that is there (as Envoy wants it).
    fn source(&self, source: Option<&ConfigSource>) {
        if let Some(ConfigSource {
            from: From::File { path, watched },
            spot,
            ..
        }) = source
        {
            if !path.exists() {
                let message = format!("there is no file `{}`", path.display());
                self.problems
                    .add(spot.problem(message, "it must be there when the proxy starts"));
            }
            self.directory(watched.as_deref(), spot);
        }
    }

    fn directory(&self, directory: Option<&Path>, spot: &Spot) {
        if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
            let message = format!(
                "`watched_directory` is not there: `{}`",
                directory.display()
            );
            self.problems
                .add(spot.problem(message, "it must be there when the proxy starts"));
        }
    }
}
