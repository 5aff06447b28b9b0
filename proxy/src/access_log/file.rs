//! Writes lines to a file from a thread of its own, so that a slow disk never holds up a request.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::config::model::access_log::Sink;

/// How lines are gathered before they are written.
#[derive(Debug, Clone, Copy)]
pub struct Gathering {
    /// At the latest after this time, ...
    pub interval: Duration,
    /// ... and as soon as there are so many bytes.
    pub enough: usize,
    /// More bytes than this never wait: what comes then is dropped, and counted.
    pub most: usize,
}

impl Default for Gathering {
    /// As Envoy does it: 10 s or 64 KiB.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            enough: 64 << 10,
            most: 8 << 20,
        }
    }
}

/// A file that lines are appended to. What waits is written when it is dropped.
#[derive(Debug)]
pub struct LogFile {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    gathering: Gathering,
    waiting: Mutex<Waiting>,
    wake: Condvar,
    reopen: AtomicBool,
    dropped: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    hurry: bool,
    ends: bool,
}

impl LogFile {
    /// Opens the file and starts its thread.
    pub fn open(sink: &Sink, gathering: Gathering) -> io::Result<Self> {
        let target = Target::open(sink)?;
        let shared = Arc::new(Shared {
            gathering,
            waiting: Mutex::default(),
            wake: Condvar::new(),
            reopen: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        let (theirs, sink) = (Arc::clone(&shared), sink.clone());
        let thread = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_on(&theirs, &sink, target))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Hands over a line, which must hold its line break. Never waits for the disk.
    pub fn write(&self, line: &[u8]) {
        let gathering = &self.shared.gathering;
        let mut waiting = self.shared.lock();
        if waiting.bytes.len() + line.len() > gathering.most {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = waiting.bytes.len();
        waiting.bytes.extend_from_slice(line);
        if before < gathering.enough && waiting.bytes.len() >= gathering.enough {
            self.shared.wake.notify_one();
        }
    }

    /// Writes soon what waits.
    pub fn flush(&self) {
        self.shared.lock().hurry = true;
        self.shared.wake.notify_one();
    }

    /// Opens the file anew before the next line is written: it was moved away (SIGUSR1).
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Relaxed);
        self.flush();
    }

    /// How many lines were dropped because too many waited.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// How often writing or opening failed.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread does: `full` and the waiting bytes change places, so that both keep their memory.
fn write_on(shared: &Shared, sink: &Sink, mut target: Target) {
    let mut full = Vec::new();
    loop {
        let mut waiting = shared.lock();
        let idle =
            |it: &mut Waiting| !it.ends && !it.hurry && it.bytes.len() < shared.gathering.enough;
        let interval = shared.gathering.interval;
        waiting = shared
            .wake
            .wait_timeout_while(waiting, interval, idle)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        waiting.hurry = false;
        let ends = waiting.ends;
        std::mem::swap(&mut full, &mut waiting.bytes);
        drop(waiting);
        if shared.reopen.swap(false, Ordering::Relaxed) {
            match Target::open(sink) {
                Ok(new) => target = new,
                Err(_) => {
                    shared.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if !full.is_empty() && target.write(&full).is_err() {
            shared.failed.fetch_add(1, Ordering::Relaxed);
        }
        full.clear();
        if ends {
            return;
        }
    }
}

/// Where bytes go.
#[derive(Debug)]
enum Target {
    File(File),
    Stdout,
    Stderr,
}

impl Target {
    fn open(sink: &Sink) -> io::Result<Self> {
        Ok(match sink {
            Sink::File(path) => {
                Self::File(OpenOptions::new().create(true).append(true).open(path)?)
            }
            Sink::Stdout => Self::Stdout,
            Sink::Stderr => Self::Stderr,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().write_all(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_reach_the_file_and_too_many_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let gathering = Gathering {
            most: 8,
            ..Gathering::default()
        };
        let file = LogFile::open(&Sink::File(path.clone()), gathering).unwrap();
        file.write(b"one\n");
        file.write(b"more than fits\n");
        assert_eq!(file.dropped(), 1);
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"one\n");
    }

    #[test]
    fn a_file_that_was_moved_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let (path, moved) = (directory.path().join("log"), directory.path().join("old"));
        let file = LogFile::open(&Sink::File(path.clone()), Gathering::default()).unwrap();
        std::fs::rename(&path, &moved).unwrap();
        file.reopen();
        file.write(b"new\n");
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"new\n");
        assert_eq!(std::fs::read(&moved).unwrap(), b"");
    }
}
