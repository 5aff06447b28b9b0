//! Where configuration and bytes come from.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::cursor::Spot;

/// Where resources of one type come from.
#[derive(Debug, Clone)]
pub struct ConfigSource {
    /// How.
    pub from: From,
    /// How long to wait for the first answer before going on without; nothing for no end.
    pub initial_fetch_timeout: Option<Duration>,
    /// Where it is configured.
    pub spot: Spot,
}

/// How resources come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// Over the one stream of [`super::Discovery::ads`].
    Ads,
    /// From a file, read again when it is replaced, or when the directory is.
    File {
        /// A file with a discovery response.
        path: PathBuf,
        /// Watched for renames in the stead of the file's own directory.
        watched: Option<PathBuf>,
    },
}

/// A stream of discovery.
#[derive(Debug, Clone)]
pub struct ApiSource {
    /// The static cluster to dial.
    pub cluster: String,
    /// The `:authority` of the stream.
    pub authority: String,
    /// What it sends.
    pub protocol: Protocol,
    /// Headers of the stream.
    pub metadata: Vec<(String, String)>,
    /// The node is told in the first message alone.
    pub node_on_first_message_only: bool,
}

/// What a stream of discovery sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// All resources of a type each time.
    StateOfTheWorld,
    /// What has changed.
    Delta,
}

/// Bytes from somewhere.
#[derive(Debug, Clone)]
pub struct DataSource {
    /// Where they are.
    pub from: Bytes,
    /// Where it is configured.
    pub spot: Spot,
}

/// Where bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bytes {
    /// In a file.
    File(PathBuf),
    /// In a file, which held this when it was read.
    Read(PathBuf, Vec<u8>),
    /// Here.
    Inline(Vec<u8>),
    /// In an environment variable.
    Environment(String),
}

impl DataSource {
    /// Reads the bytes, as they are now.
    pub fn read(&self) -> std::io::Result<Vec<u8>> {
        match &self.from {
            Bytes::File(path) => std::fs::read(path),
            Bytes::Inline(bytes) | Bytes::Read(_, bytes) => Ok(bytes.clone()),
            Bytes::Environment(name) => std::env::var(name)
                .map(String::into_bytes)
                .map_err(|error| std::io::Error::new(std::io::ErrorKind::NotFound, error)),
        }
    }
}
