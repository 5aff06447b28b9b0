//! Writes what happens to standard error, at levels that change while it runs.
//!
//! Events are [`tracing`]'s, with the name of one of Envoy's loggers as their target:
//! `tracing::info!(target: "router", "…")`. Without a target, or with one that Envoy does not know,
//! the logger is the top module below the crate if that is one, else `misc`. An error that holds a
//! field `critical` is of the level critical, which `tracing` lacks.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, SetGlobalDefaultError, Subscriber, set_global_default};
use tracing::{Event, Metadata};

use crate::calendar::Moment;

/// How much is said, by Envoy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Everything.
    Trace,
    /// What a developer wants to know.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What may be wrong.
    Warning,
    /// What is wrong.
    Error,
    /// What ends the process.
    Critical,
    /// Nothing.
    Off,
}

impl Level {
    /// All levels, the most talkative first.
    pub const ALL: [Self; 7] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Off,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Off => "off",
        }
    }

    fn of(metadata: &Metadata<'_>) -> Self {
        match *metadata.level() {
            tracing::Level::TRACE => Self::Trace,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warning,
            tracing::Level::ERROR if metadata.fields().field("critical").is_some() => {
                Self::Critical
            }
            tracing::Level::ERROR => Self::Error,
        }
    }

    fn filter(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warning => LevelFilter::WARN,
            Self::Error | Self::Critical => LevelFilter::ERROR,
            Self::Off => LevelFilter::OFF,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is no level's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown logger level")]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let name = if name == "warn" { "warning" } else { name };
        let found = Self::ALL.into_iter().find(|level| level.name() == name);
        found.ok_or(UnknownLevel)
    }
}

/// The level of each logger. Clones are the same levels.
#[derive(Debug, Clone)]
pub struct Levels(Arc<[AtomicU8; LOGGERS.len()]>);

impl Levels {
    /// All loggers at `level`.
    pub fn new(level: Level) -> Self {
        Self(Arc::new(std::array::from_fn(|_| {
            AtomicU8::new(level as u8)
        })))
    }

    /// Sets all loggers.
    pub fn set_all(&self, level: Level) {
        for logger in self.0.iter() {
            logger.store(level as u8, Ordering::Relaxed);
        }
        tracing::callsite::rebuild_interest_cache();
    }

    /// Sets one logger; false if there is none of that name.
    pub fn set(&self, logger: &str, level: Level) -> bool {
        let Some(index) = LOGGERS.iter().position(|name| *name == logger) else {
            return false;
        };
        self.0[index].store(level as u8, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
        true
    }

    /// All loggers with their levels, in Envoy's order.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, Level)> {
        let level = |cell: &AtomicU8| Level::ALL[usize::from(cell.load(Ordering::Relaxed))];
        LOGGERS.into_iter().zip(self.0.iter().map(level))
    }

    fn lets(&self, metadata: &Metadata<'_>) -> bool {
        let index = LOGGERS.iter().position(|name| *name == logger(metadata));
        index
            .is_some_and(|index| Level::of(metadata) as u8 >= self.0[index].load(Ordering::Relaxed))
    }
}

/// From now on writes all events of the process to standard error. Once a process.
pub fn install(levels: &Levels) -> Result<(), SetGlobalDefaultError> {
    set_global_default(Log::new(levels.clone(), Box::new(std::io::stderr())))
}

/// The loggers of Envoy, whether or not anything is ever said by them here.
const LOGGERS: [&str; 73] = [
    "a2a",
    "admin",
    "ai_protocol_manager",
    "alternate_protocols_cache",
    "aws",
    "assert",
    "backtrace",
    "basic_auth",
    "cache_filter",
    "client",
    "config",
    "connection",
    "conn_handler",
    "compression",
    "credential_injector",
    "decompression",
    "dns",
    "dubbo",
    "envoy_bug",
    "ext_authz",
    "ext_proc",
    "rocketmq",
    "file",
    "filter",
    "forward_proxy",
    "geolocation",
    "grpc",
    "happy_eyeballs",
    "hc",
    "health_checker",
    "http",
    "http2",
    "hystrix",
    "init",
    "io",
    "jwt",
    "json_rpc",
    "kafka",
    "key_value_store",
    "lua",
    "local_rate_limit",
    "main",
    "matcher",
    "mcp",
    "misc",
    "mongo",
    "multi_connection",
    "notification",
    "oauth2",
    "quic",
    "quic_stream",
    "pool",
    "rate_limit_quota",
    "rbac",
    "rds",
    "redis",
    "router",
    "runtime",
    "stats",
    "secret",
    "sse",
    "tap",
    "testing",
    "thrift",
    "tracing",
    "upstream",
    "udp",
    "wasm",
    "websocket",
    "golang",
    "stats_sinks",
    "dynamic_modules",
    "ip_tagging",
];

fn logger(metadata: &Metadata<'_>) -> &'static str {
    let known = |name: &str| LOGGERS.into_iter().find(|logger| *logger == name);
    let target = metadata.target();
    let module = target.split("::").nth(1).unwrap_or_default();
    known(target).or_else(|| known(module)).unwrap_or("misc")
}

struct Log {
    levels: Levels,
    sink: Mutex<Box<dyn Write + Send>>,
}

impl Log {
    fn new(levels: Levels, sink: Box<dyn Write + Send>) -> Self {
        Self {
            levels,
            sink: Mutex::new(sink),
        }
    }
}

impl Subscriber for Log {
    /// Asked once for each place that logs, and again when levels change: a place that is off costs
    /// its thread one load.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.levels.all().map(|(_, level)| level.filter()).max()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.levels.lets(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        let line = line(event, SystemTime::now());
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to be told when standard error is closed.
        let _ = sink.write_all(line.as_bytes());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// As Envoy: `[date time][thread][level][logger] [file:line] message`.
fn line(event: &Event<'_>, now: SystemTime) -> String {
    let metadata = event.metadata();
    let moment = Moment::from(now);
    let thread = std::thread::current();
    let mut line = format!(
        "[{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}][{}][{}][{}] [{}:{}] ",
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.nanosecond / 1_000_000,
        thread.name().unwrap_or("?"),
        Level::of(metadata),
        logger(metadata),
        metadata.file().unwrap_or("?"),
        metadata.line().unwrap_or(0),
    );
    let mut words = Words::default();
    event.record(&mut words);
    line.push_str(&words.message);
    line.push_str(&words.fields);
    // One line for each event, whatever is in it.
    let mut line = line.replace('\n', "\\n");
    line.push('\n');
    line
}

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "critical" => Ok(()),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn levels_change_while_it_runs() {
        let levels = Levels::new(Level::Warning);
        let sink = Sink::default();
        let log = Log::new(levels.clone(), Box::new(sink.clone()));
        tracing::subscriber::with_default(log, || {
            let say = || {
                tracing::info!(target: "router", code = 7, "told");
                tracing::error!(critical = true, "fatal\nindeed");
                tracing::debug!("of this module");
            };
            say();
            assert!(levels.set("router", Level::Info));
            assert!(!levels.set("nobody", Level::Info));
            say();
            levels.set_all(Level::Off);
            say();
        });
        let said = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let said = said.lines().map(|line| {
            let (_, rest) = line.split_once("log::tests::").unwrap();
            let (place, message) = rest.rsplit_once(".rs:").unwrap();
            let levels = place.split_once(']').unwrap().1;
            format!("{levels} {}", message.split_once("] ").unwrap().1)
        });
        let said = said
            .map(|line| line.replace("proxy/src/log", "").replace("src/log", ""))
            .collect::<Vec<_>>();
        assert_eq!(
            said,
            [
                "[critical][misc] [ fatal\\nindeed",
                "[info][router] [ told code=7",
                "[critical][misc] [ fatal\\nindeed",
            ]
        );
    }

    #[test]
    fn levels_have_envoys_names() {
        for level in Level::ALL {
            assert_eq!(level.name().parse(), Ok(level));
        }
        assert_eq!("warn".parse(), Ok(Level::Warning));
        assert_eq!("WARNING".parse::<Level>(), Err(UnknownLevel));
    }
}
