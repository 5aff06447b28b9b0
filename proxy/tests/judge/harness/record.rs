//! Records what an upstream sees, and lets others wait for it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long anyone waits for anything before the observation says that it did not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// What an upstream has seen so far.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: Vec<Connection>,
    pub(crate) requests: usize,
    pub(crate) held: usize,
    pub(crate) released: usize,
}

/// A connection to an upstream.
#[derive(Default)]
pub(crate) struct Connection {
    /// What came before the first byte: TLS.
    pub(crate) preface: Vec<String>,
    pub(crate) bytes: Vec<u8>,
    /// HTTP/2: how much data has come, on all streams.
    pub(crate) bytes_of_data: usize,
    /// HTTP/2: what came on each stream.
    pub(crate) streams: Vec<Vec<String>>,
    pub(crate) ended: Option<&'static str>,
}

/// Shared by the tasks of an upstream and the clients of its case.
pub(crate) struct Record(watch::Sender<Seen>);

impl Record {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Seen::default()))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let mut result = None;
        self.0.send_modify(|seen| result = Some(change(seen)));
        result.unwrap()
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.0.borrow())
    }

    /// Waits until `condition` holds; false when it does not within [`PATIENCE`].
    pub(crate) async fn until(&self, condition: impl FnMut(&Seen) -> bool) -> bool {
        let mut receiver = self.0.subscribe();
        timeout(PATIENCE, receiver.wait_for(condition))
            .await
            .is_ok_and(|found| found.is_ok())
    }

    /// Waits for as long as it takes.
    pub(crate) async fn forever(&self, condition: impl FnMut(&Seen) -> bool) {
        let _ = self.0.subscribe().wait_for(condition).await;
    }
}

impl Seen {
    /// What was seen, as lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (number, connection) in self.connections.iter().enumerate() {
            lines.push(format!("connection {number}"));
            lines.extend(connection.preface.iter().cloned());
            if connection.bytes.starts_with(b"\x16\x03\x01") {
                lines.push("the hello of a TLS client".to_owned());
            } else {
                lines.extend(super::text::lines(&connection.bytes));
            }
            for (stream, seen) in connection.streams.iter().enumerate() {
                lines.extend(seen.iter().map(|line| format!("stream {stream}: {line}")));
            }
            lines.push(connection.ended.unwrap_or("open").to_owned());
        }
        lines
    }
}
