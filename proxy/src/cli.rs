//! The command line, spelled as Envoy spells its own.

mod init;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::redirect;

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// `--mode serve`, or no mode.
    Serve(Options),
    /// `--mode validate`.
    Validate(Options),
    /// `init`.
    Redirect(redirect::Options),
    /// Help or the version, to be shown.
    Shown(String),
    /// It is wrong: why.
    Wrong(String),
}

/// Where the configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// A file.
    pub(crate) path: Option<PathBuf>,
    /// Text that is laid over it.
    pub(crate) yaml: Option<String>,
    /// How many workers; one for each processor without it.
    pub(crate) concurrency: Option<u32>,
    /// How long lines of access logs wait at most, in milliseconds; Envoy's 10 s without it.
    pub(crate) flush_interval: Option<u64>,
    /// How long a graceful drain takes, in seconds; ten minutes without it.
    pub(crate) drain_time: Option<u64>,
    /// How much to log; `info` without it.
    pub(crate) log_level: Option<String>,
}

/// Reads a command line, the program's name first.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Parsed {
    let matches = match tree().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let text = error.render().to_string();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Parsed::Shown(text),
                _ => Parsed::Wrong(text),
            };
        }
    };
    if let Some((_, matches)) = matches.subcommand() {
        return Parsed::Redirect(init::options(matches));
    }
    let options = options(&matches);
    if matches
        .get_one::<String>("mode")
        .is_none_or(|mode| mode == "serve")
    {
        return Parsed::Serve(options);
    }
    Parsed::Validate(options)
}

fn options(matches: &ArgMatches) -> Options {
    Options {
        path: matches.get_one("config-path").cloned(),
        yaml: matches.get_one("config-yaml").cloned(),
        concurrency: matches.get_one("concurrency").copied(),
        flush_interval: matches.get_one("file-flush-interval-msec").copied(),
        drain_time: matches.get_one("drain-time-s").copied(),
        log_level: matches.get_one("log-level").cloned(),
    }
}

fn tree() -> Command {
    Command::new("mesh-proxy")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .max_term_width(100)
        .subcommand(init::tree())
        .subcommand_negates_reqs(true)
        .args_conflicts_with_subcommands(true)
        .arg(
            Arg::new("config-path")
                .short('c')
                .long("config-path")
                .value_name("FILE")
                .help("The bootstrap: YAML if the name ends in .yaml or .yml, else JSON")
                .value_parser(value_parser!(PathBuf))
                .required_unless_present("config-yaml"),
        )
        .arg(
            Arg::new("config-yaml")
                .long("config-yaml")
                .value_name("YAML")
                .help("A bootstrap, or what is merged over that of --config-path"),
        )
        .arg(
            Arg::new("mode")
                .long("mode")
                .value_name("MODE")
                .help("What to do: serve, or tell whether the configuration is good")
                .value_parser(["serve", "validate"])
                .default_value("serve"),
        )
        .arg(
            Arg::new("concurrency")
                .long("concurrency")
                .value_name("NUMBER")
                .help("How many worker threads; one for each processor by default")
                .value_parser(value_parser!(u32)),
        )
        .arg(
            Arg::new("file-flush-interval-msec")
                .long("file-flush-interval-msec")
                .value_name("MILLISECONDS")
                .help("How long lines of access logs wait at most; 10000 by default")
                .value_parser(value_parser!(u64)),
        )
        .arg(
            Arg::new("drain-time-s")
                .long("drain-time-s")
                .value_name("SECONDS")
                .help("How long a graceful drain of listeners takes; 600 by default")
                .value_parser(value_parser!(u64)),
        )
        .arg(
            Arg::new("log-level")
                .short('l')
                .long("log-level")
                .value_name("LEVEL")
                .help("How much to log on standard error; info by default")
                .value_parser(LEVELS),
        )
        .after_help(EXIT_CODES)
}

/// Envoy's.
const LEVELS: [&str; 8] = [
    "trace", "debug", "info", "warning", "warn", "error", "critical", "off",
];

const EXIT_CODES: &str = "\
Exit codes:
  0  it was told to end, or the configuration is good
  1  it is not, or something failed
  2  the command line is wrong";
