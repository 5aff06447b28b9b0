//! Makes a stream of TLS out of a stream of bytes.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{LazyConfigAcceptor, TlsConnector};

use super::client::{Dialer, Options};
use super::hello::{Hello, Inspected};
use super::outcome::Failure;
use super::refusal::reason;
use super::secured::Fronted;
use super::server::Server;
use super::session::{Known, Session};
use super::trust::Role;

/// A connection from a client.
pub type ServerStream<S> = tokio_rustls::server::TlsStream<S>;
/// A connection to an upstream.
pub type ClientStream<S> = tokio_rustls::client::TlsStream<S>;

/// Shakes hands with a client, within `limit` if there is one. What the client offers is told before it is known
/// whether they agree.
pub async fn accept<S>(
    mut stream: Fronted<S>,
    server: &Server,
    limit: Option<Duration>,
    tell: impl FnOnce(&Hello),
) -> Result<(ServerStream<Fronted<S>>, Session), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    within(limit, async {
        let offered = match stream.look().await.map_err(Failure::Connection)? {
            Inspected::Tls(hello) => hello,
            Inspected::NotTls => return Err(Failure::NotTls(reason(stream.front()))),
            _ => Hello::default(),
        };
        tell(&offered);
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let start = start.await.map_err(Failure::of)?;
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_ascii_lowercase);
        let (configuration, identity) = server.choose(&hello, &offered);
        let (configuration, identity) = (Arc::clone(configuration), Arc::clone(identity));
        let group = configuration.crypto_provider().kx_groups.first();
        let group = group.map(|it| it.name());
        let stream = start
            .into_stream(configuration)
            .await
            .map_err(Failure::of)?;
        let known = Known {
            host: None,
            local: Some(identity),
            sni,
            group,
        };
        let session = Session::of(stream.get_ref().1, Role::Client, &server.trust, known)?;
        Ok((stream, session))
    })
    .await
}

/// Shakes hands with an upstream, within `limit` if there is one.
pub async fn connect<S>(
    stream: S,
    dialer: &Dialer,
    options: Options<'_>,
    limit: Option<Duration>,
) -> Result<(ClientStream<S>, Session), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (configuration, name) = dialer.choose(&options);
    let sni = match &name {
        ServerName::DnsName(name) => Some(name.as_ref().to_ascii_lowercase()),
        _ => None,
    };
    let validate = dialer.validates(&options);
    within(limit, async {
        let connector = TlsConnector::from(configuration);
        let sessions = &dialer.sessions;
        let group = sessions.noted(&name);
        let stream = connector
            .connect(name.clone(), stream)
            .await
            .map_err(Failure::of)?;
        let state = stream.get_ref().1;
        if let Some(group) = state.negotiated_key_exchange_group() {
            sessions.note(&name, group.name());
        }
        let client = &dialer.client;
        let host = validate.then(|| name.to_str());
        let known = Known {
            host: host.as_deref(),
            local: client.identity.clone(),
            sni,
            group,
        };
        let session = Session::of(state, Role::Server, &client.trust, known)?;
        Ok((stream, session))
    })
    .await
}

async fn within<T>(
    limit: Option<Duration>,
    handshake: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match limit {
        None => handshake.await,
        Some(limit) => match tokio::time::timeout(limit, handshake).await {
            Ok(done) => done,
            Err(_) => Err(Failure::Timeout),
        },
    }
}
