//! Serves and speaks plain TCP: an echo, and a server that speaks first.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Failure, report};

/// What the server that speaks first says.
pub(crate) const GREETING: &str = "220 ready\r\n";

/// Serves until the program ends: the greeting, then what the client sent.
pub(crate) async fn serve(listener: TcpListener, greeting: &'static str) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(async move {
                    // A client that breaks off is no trouble of ours.
                    let _ = echo(stream, greeting).await;
                });
            }
            Err(error) => report::complain(&error.to_string()),
        }
    }
}

async fn echo(mut stream: TcpStream, greeting: &str) -> std::io::Result<()> {
    stream.write_all(greeting.as_bytes()).await?;
    let (mut reader, mut writer) = stream.split();
    tokio::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

/// The client.
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    /// Whom to call, as host:port.
    target: String,
    /// What to send.
    #[arg(long, default_value = "")]
    text: String,
    /// How long the whole may take, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5000)]
    timeout: u64,
}

impl Send {
    /// Sends, closes its side, and reports all that came back. Whether there was an end is the result.
    pub(crate) async fn run(self) -> Result<bool, Failure> {
        let limit = Duration::from_millis(self.timeout);
        let (received, error) = match tokio::time::timeout(limit, self.exchange()).await {
            Ok(Ok(received)) => (received, None),
            Ok(Err(error)) => (String::new(), Some(error.to_string())),
            Err(_) => (String::new(), Some("timeout".to_owned())),
        };
        report::line(&json!({"target": self.target, "received": received, "error": error}));
        Ok(error.is_none())
    }

    async fn exchange(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.target).await?;
        stream.write_all(self.text.as_bytes()).await?;
        stream.shutdown().await?;
        let mut received = String::new();
        stream.read_to_string(&mut received).await?;
        Ok(received)
    }
}
