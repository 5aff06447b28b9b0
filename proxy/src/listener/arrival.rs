//! A connection that has come in, and is still to be opened: with TLS, the handshake is to be made.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::permission::Permission;
use crate::facts::Downstream;
use crate::stats::{Handle, ListenerStats, Scope, SocketFactoryStats, TlsStats, Writer};
use crate::tls::{self, Failure, Fronted, Hello, Pem, Secured, Server, View};
use crate::wire::{Scratch, Transport, Wire};

/// A connection that has come in.
pub struct Arrival {
    pub(super) stream: TcpStream,
    pub(super) read: Vec<u8>,
    pub(super) scratch: Scratch,
    pub(super) security: Option<Rc<Security>>,
    pub(super) permission: Option<Rc<Permission>>,
}

/// An arrival that was opened.
pub struct Opened {
    /// Its bytes.
    pub wire: Wire,
    /// The protocol that was agreed on (ALPN).
    pub protocol: Option<Vec<u8>>,
}

/// Why an arrival could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// The handshake failed.
    Failed,
    /// It took too long.
    Late,
}

/// How the connections of a chain are secured in a worker.
pub(super) struct Security {
    server: std::cell::RefCell<View<Server>>,
    listener: Handle<ListenerStats>,
    stats: Handle<TlsStats>,
    factory: Handle<SocketFactoryStats>,
    limit: Option<Duration>,
    pem: Pem,
}

impl Arrival {
    /// Whether it speaks TLS.
    pub fn is_secured(&self) -> bool {
        self.security.is_some()
    }

    /// Opens it; what is learnt of it is noted in `known`.
    ///
    /// # Errors
    /// The handshake did not come to its end.
    pub async fn open(mut self, known: &mut Downstream) -> Result<Opened, Unopened> {
        let permission = self.permission.take();
        let mut opened = self.shake(known).await?;
        if let Some(permission) = permission {
            opened.wire.admit_by(permission.admission(known));
        }
        Ok(opened)
    }

    async fn shake(self, known: &mut Downstream) -> Result<Opened, Unopened> {
        let Some(security) = self.security else {
            let transport = Transport::Plain(self.stream);
            return Ok(Opened {
                wire: Wire::with_input(transport, self.scratch, self.read),
                protocol: None,
            });
        };
        let fronted = Fronted::new(self.stream, self.read);
        match security.shake(fronted).await {
            Ok((stream, session)) => {
                known.transport_failure.clear();
                known.tls = Some(session.facts(security.pem));
                Ok(Opened {
                    wire: Wire::new(Transport::Secured(stream), self.scratch),
                    protocol: session.protocol,
                })
            }
            Err(failure) => {
                known.transport_failure = failure.reason();
                Err(match failure {
                    Failure::Timeout => Unopened::Late,
                    _ => Unopened::Failed,
                })
            }
        }
    }
}

impl Security {
    pub(super) fn new(
        tls: &Arc<tls::Downstream>,
        listener: Handle<ListenerStats>,
        scope: &Scope,
        writer: Writer,
        limit: Option<Duration>,
        pem: Pem,
    ) -> Self {
        Self {
            server: tls.view().into(),
            listener,
            stats: scope.child("ssl").handle(writer),
            factory: scope.child("server_ssl_socket_factory").handle(writer),
            limit,
            pem,
        }
    }

    async fn shake(&self, stream: Fronted) -> Result<(Secured, tls::Session), Failure> {
        let server = self.server.borrow_mut().get().cloned();
        let Some(server) = server else {
            self.factory
                .downstream_context_secrets_not_ready
                .increment();
            return Err(Failure::NotReady);
        };
        let tell = |hello: &Hello| {
            // There is never an answer to that at hand.
            if hello.asks_for_status {
                self.stats.ocsp_staple_requests.increment();
                self.stats.ocsp_staple_omitted.increment();
            }
        };
        let shaken = tls::accept(stream, &server, self.limit, tell).await;
        match &shaken {
            Ok((_, session)) => session.handshake.counters().for_each(|it| self.count(it)),
            Err(Failure::Timeout) => {
                let late = &self.listener.downstream_cx_transport_socket_connect_timeout;
                late.increment();
            }
            Err(failure) => failure.counter().into_iter().for_each(|it| self.count(it)),
        }
        shaken.map(|(stream, session)| (stream.into(), session))
    }

    fn count(&self, counter: tls::Counter) {
        tls::count(&self.stats, counter);
    }
}
