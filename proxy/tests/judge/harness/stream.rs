//! Opens and resets connections, in plaintext or under TLS.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};

/// A connection in either direction.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Another handle of a connection's socket, through which it can be reset when all others are gone.
pub(crate) struct Handle(socket2::Socket);

impl Handle {
    pub(crate) fn of(stream: &TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self(socket2::SockRef::from(stream).try_clone().unwrap())
    }

    /// Makes the end of the connection a reset.
    pub(crate) fn reset(self) {
        let _ = self.0.set_linger(Some(Duration::ZERO));
    }
}

pub(crate) async fn connect(to: SocketAddr, from: u8) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, from], 0)))?;
    socket.connect(to).await
}

/// The end of a connection as it is read.
pub(crate) fn ending(result: &std::io::Result<usize>) -> Option<&'static str> {
    match result {
        Ok(0) => Some("closed"),
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some("reset"),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Some("closed without notice")
        }
        Err(_) => Some("failed"),
    }
}
