//! Shakes hands in memory.

use mesh_proxy::tls::{Dialer, Failure, Fronted, Options, Server, Session, accept, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What became of a handshake at both ends: the server's, the client's.
pub(crate) type Ends = (Result<Session, Failure>, Result<Session, Failure>);

/// Shakes hands in memory; the client then reads until the server closes, as a refusal may come
/// behind the handshake.
pub(crate) async fn shake(server: &Server, dialer: &Dialer, options: Options<'_>) -> Ends {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let serve = async {
        let far = Fronted::new(far, Vec::new());
        let (mut stream, session) = accept(far, server, None, |_| {}).await?;
        stream.write_all(b"hello").await.map_err(Failure::of)?;
        stream.shutdown().await.map_err(Failure::of)?;
        Ok(session)
    };
    let dial = async {
        let (mut stream, session) = connect(near, dialer, options, None).await?;
        let mut text = String::new();
        stream
            .read_to_string(&mut text)
            .await
            .map_err(Failure::of)?;
        assert_eq!(text, "hello");
        Ok(session)
    };
    tokio::join!(serve, dial)
}
