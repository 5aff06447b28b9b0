//! Speaks mutual TLS over a nonblocking socket, and makes the configuration for it.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
};

use crate::buffer::{Buffer, Socket};
use crate::readiness::Ready;

/// The name that the certificates of servers carry.
const SERVER: &str = "server.bench.internal";
/// What a read of the wire takes at most.
const WIRE: usize = 16 * 1024;

/// Which of the two hops of a forwarder are encrypted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    /// Towards the client.
    pub(crate) accept: Option<Arc<ServerConfig>>,
    /// Towards the server.
    pub(crate) connect: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads certificates from a folder; `side` is `accept`, `connect` or neither.
    pub(crate) fn load(side: &str, folder: &Path, alpn: &str) -> Result<Self, Box<dyn Error>> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![kx_group::X25519];
        let provider = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("ca.pem"))?)?;
        let identity = |name: &str| -> Result<_, Box<dyn Error>> {
            let chain = vec![CertificateDer::from_pem_file(
                folder.join(format!("{name}.pem")),
            )?];
            Ok((
                chain,
                PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key")))?,
            ))
        };
        let versions = [&rustls::version::TLS13];
        if side == "accept" {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            let (chain, key) = identity("server")?;
            let builder =
                ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions)?;
            let builder = builder.with_client_cert_verifier(verifier.build()?);
            let mut config = builder.with_single_cert(chain, key)?;
            config.alpn_protocols = vec![alpn.into()];
            return Ok(Self {
                accept: Some(Arc::new(config)),
                connect: None,
            });
        }
        let (chain, key) = identity("client")?;
        let builder =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions)?;
        let builder = builder.with_root_certificates(roots);
        let mut config = builder.with_client_auth_cert(chain, key)?;
        config.alpn_protocols = vec![alpn.into()];
        Ok(Self {
            accept: None,
            connect: Some(Arc::new(config)),
        })
    }

    /// A client's connection.
    pub(crate) fn accepted(&self, socket: Ready) -> io::Result<Link> {
        let Some(config) = &self.accept else {
            return Ok(Link::Plain(socket));
        };
        let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Link::Secure(Box::new(Secure::new(socket, session.into()))))
    }

    /// A connection to the server.
    pub(crate) fn connected(&self, socket: Ready) -> io::Result<Link> {
        let Some(config) = &self.connect else {
            return Ok(Link::Plain(socket));
        };
        let name = server_name().map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(Link::Secure(Box::new(Secure::new(socket, session.into()))))
    }
}

/// The name that a client expects.
pub(crate) fn server_name() -> Result<ServerName<'static>, rustls::pki_types::InvalidDnsNameError> {
    ServerName::try_from(SERVER)
}

/// A connection, encrypted or not.
#[derive(Debug)]
pub(crate) enum Link {
    /// As it is.
    Plain(Ready),
    /// Within TLS.
    Secure(Box<Secure>),
}

impl Link {
    /// Says that nothing more will be written.
    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        if let Self::Secure(secure) = self {
            secure.session.send_close_notify();
            secure.flush()?;
        }
        self.ready().stream().shutdown(Shutdown::Write)
    }

    /// The socket beneath.
    pub(crate) fn ready(&mut self) -> &mut Ready {
        match self {
            Self::Plain(socket) => socket,
            Self::Secure(secure) => &mut secure.socket,
        }
    }
}

impl Socket for Link {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            Self::Secure(secure) => secure.read(into),
        }
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(from),
            Self::Secure(secure) => secure.write(from),
        }
    }

    fn pending(&self) -> bool {
        matches!(self, Self::Secure(secure) if !secure.outgoing.is_empty())
    }
}

/// A TLS session over a socket.
#[derive(Debug)]
pub(crate) struct Secure {
    socket: Ready,
    session: Connection,
    /// What came over the wire and the session has not taken.
    incoming: Buffer,
    outgoing: Buffer,
}

impl Secure {
    fn new(socket: Ready, session: Connection) -> Self {
        Self {
            socket,
            session,
            incoming: Buffer::default(),
            outgoing: Buffer::default(),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut taken = 0;
        loop {
            match self.session.reader().read(&mut into[taken..]) {
                Ok(0) => return Ok(taken),
                Ok(count) => taken += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if taken == into.len() {
                return Ok(taken);
            }
            if self.incoming.is_empty() {
                match self.fetch() {
                    Ok(true) => {}
                    Ok(false) => return Ok(taken),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.flush()?;
                        return if taken > 0 { Ok(taken) } else { Err(error) };
                    }
                    Err(error) => return Err(error),
                }
            }
            // The session takes a few records at a time, and refuses more before their text is taken from it.
            let count = self.session.read_tls(&mut self.incoming.bytes())?;
            self.incoming.consume(count);
            self.session
                .process_new_packets()
                .map_err(io::Error::other)?;
        }
    }

    /// Reads once from the wire; whether the other side is still there.
    fn fetch(&mut self) -> io::Result<bool> {
        let mut wire = [0; WIRE];
        let count = self.socket.read(&mut wire)?;
        self.incoming.push(&wire[..count]);
        Ok(count > 0)
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.flush()?;
        if !self.outgoing.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.session.writer().write(from)?;
        self.flush()?;
        if count == 0 {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            Ok(count)
        }
    }

    /// Writes what the session has to say, in one piece.
    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(self.outgoing.tail())?;
        }
        if !self.outgoing.is_empty() {
            self.outgoing.drain(&mut self.socket)?;
        }
        Ok(())
    }
}
