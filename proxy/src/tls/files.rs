//! Discovers secrets in files, and again when these are replaced.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::secret::{Secrets, contents, stable};
use super::watch::Watcher;
use crate::config::model::source::{Bytes, From};
use crate::config::model::tls::{Secret, SecretKind, SecretReference};
use crate::config::problem::Problem;

/// Reads the secrets of a discovery response.
pub type Parse = Box<dyn Fn(&[u8]) -> Result<Vec<Secret>, Problem> + Send>;

/// A secret that is discovered in a file. The file names the secret; the secret may name files of
/// its own, which are watched too.
pub struct FileSecret {
    name: String,
    path: PathBuf,
    watched: Option<PathBuf>,
    parse: Parse,
    /// The secret as it was read last, and with the bytes of its files.
    current: Option<(Secret, Secret)>,
}

/// What happens to a secret; below `sds.NAME.`
#[derive(Debug)]
pub enum SecretEvent {
    /// The file is read: `update_attempt`.
    Attempt,
    /// It was taken: `update_success`.
    Success,
    /// It was no good: `update_rejected`. What was there before stays.
    Rejected(Problem),
    /// It could not be read, or does not hold the secret: `update_failure`.
    Failed(io::Error),
    /// The secret's own files were replaced, and taken.
    Rotated,
    /// They were no good: `key_rotation_failed`. What was there before stays.
    RotationFailed(Problem),
}

impl FileSecret {
    /// The secret that is meant, if it comes from a file.
    pub fn new(reference: &SecretReference, parse: Parse) -> Option<Self> {
        match &reference.source.as_ref()?.from {
            From::File { path, watched } => Some(Self {
                name: reference.name.clone(),
                path: path.clone(),
                watched: watched.clone(),
                parse,
                current: None,
            }),
            From::Ads => None,
        }
    }

    /// Reads the secret, and again each time that it changes; ends only when it cannot go on.
    pub async fn run(
        mut self,
        secrets: Arc<Secrets>,
        mut tell: impl FnMut(SecretEvent),
    ) -> io::Result<()> {
        let mut watcher = Watcher::new()?;
        watcher.watch(self.directories());
        self.read(&secrets, &mut tell);
        loop {
            // What changed before it was watched would otherwise go unseen.
            while watcher.watch(self.directories()) {
                self.rotate(&secrets, &mut tell);
            }
            let moved = watcher.moved().await?;
            let (place, name) = self.place();
            if moved
                .iter()
                .any(|moved| moved.concerns(&place, name.as_deref()))
            {
                self.read(&secrets, &mut tell);
            } else {
                self.rotate(&secrets, &mut tell);
            }
        }
    }

    /// Reads the file that names the secret.
    fn read(&mut self, secrets: &Secrets, tell: &mut impl FnMut(SecretEvent)) {
        tell(SecretEvent::Attempt);
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) => return tell(SecretEvent::Failed(error)),
        };
        let found = (self.parse)(&text)
            .map(|found| found.into_iter().find(|secret| secret.name == self.name));
        let taken = match found {
            Ok(Some(secret)) => self.take(secret, secrets, false),
            Ok(None) => return tell(SecretEvent::Failed(io::ErrorKind::NotFound.into())),
            Err(problem) => Err(problem),
        };
        tell(match taken {
            Ok(_) => SecretEvent::Success,
            Err(problem) => SecretEvent::Rejected(problem),
        });
    }

    /// Reads the secret's own files.
    fn rotate(&mut self, secrets: &Secrets, tell: &mut impl FnMut(SecretEvent)) {
        let Some((secret, _)) = self.current.clone() else {
            return;
        };
        match self.take(secret, secrets, true) {
            Ok(true) => tell(SecretEvent::Rotated),
            Ok(false) => {}
            Err(problem) => tell(SecretEvent::RotationFailed(problem)),
        }
    }

    /// Takes a secret; tells whether its bytes are others than before. Even of a secret that is no
    /// good, the files are watched from now on.
    fn take(&mut self, secret: Secret, secrets: &Secrets, rotated: bool) -> Result<bool, Problem> {
        let before = self.current.take().map(|(_, before)| before);
        let (taken, now) = match stable(&secret) {
            Err(problem) => (Err(problem), None),
            Ok(now) => {
                let known = before.as_ref().map(|before| contents(&before.kind));
                let same = rotated && known == Some(contents(&now.kind));
                let taken = if same {
                    Ok(false)
                } else {
                    secrets.update(&now).map(|()| true)
                };
                (taken, Some(now))
            }
        };
        let good = if taken.is_ok() {
            now.or(before)
        } else {
            before
        };
        let good = good.unwrap_or_else(|| secret.clone());
        self.current = Some((secret, good));
        taken
    }

    /// The directory to be watched for the file that names the secret, and what in it.
    fn place(&self) -> (PathBuf, Option<OsString>) {
        match &self.watched {
            Some(watched) => (watched.clone(), None),
            None => (
                directory(&self.path),
                self.path.file_name().map(OsStr::to_owned),
            ),
        }
    }

    /// All directories to be watched.
    fn directories(&self) -> Vec<PathBuf> {
        let mut directories = vec![self.place().0];
        if let Some((secret, _)) = &self.current {
            let watched = match &secret.kind {
                SecretKind::Certificate(certificate) => &certificate.watched,
                SecretKind::Validation(context) => &context.watched,
            };
            match watched {
                Some(watched) => directories.push(watched.clone()),
                None => directories.extend(contents(&secret.kind).into_iter().filter_map(|from| {
                    match from {
                        Bytes::File(path) => Some(directory(path)),
                        Bytes::Read(..) | Bytes::Inline(_) | Bytes::Environment(_) => None,
                    }
                })),
            }
        }
        directories.sort();
        directories.dedup();
        directories
    }
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
