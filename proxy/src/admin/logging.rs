//! Answers `/logging`.

use std::fmt::Write;

use super::query::Query;
use super::reply::Reply;
use crate::log::{Level, Levels, UnknownLevel};

pub(super) fn answer(levels: &Levels, query: &Query) -> Reply {
    let mut text = String::new();
    let changed = change(levels, query);
    if let Err(error) = &changed {
        let names = Level::ALL.map(|level| format!("{level} ")).concat();
        let _ = write!(
            text,
            "error: {error}\n\n\
             usage: /logging?<name>=<level> (change single level)\n\
             usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\n\
             usage: /logging?level=<level> (change all levels)\n\
             usage: /logging?group=<group_name>:<level> (change group of loggers)\n\
             levels: {names}\n"
        );
    }
    text.push_str("active loggers:\n");
    for (logger, level) in levels.all() {
        let _ = writeln!(text, "  {logger}: {level}");
    }
    text.push('\n');
    match changed {
        Ok(()) => Reply::text(text),
        Err(_) => Reply::bad_request(text),
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("invalid number of parameters")]
    Parameters,
    #[error(transparent)]
    Level(#[from] UnknownLevel),
    #[error("unknown logger name")]
    Logger,
    #[error("empty logger name or empty logger level")]
    Empty,
    #[error("group parameter requires fine-grain logging to be enabled")]
    Group,
}

fn change(levels: &Levels, query: &Query) -> Result<(), Error> {
    // A parameter without a value is a field of a form that was left empty.
    let given = query.pairs().iter().filter(|(_, value)| !value.is_empty());
    let given: Vec<_> = given.collect();
    let (name, value) = match given[..] {
        [] => return Ok(()),
        [(name, value)] => (name.as_str(), value.as_str()),
        _ => return Err(Error::Parameters),
    };
    let changes = match name {
        "level" => {
            levels.set_all(value.parse()?);
            return Ok(());
        }
        "group" => return Err(Error::Group),
        "paths" => paths(value)?,
        logger => vec![(logger, value.parse()?)],
    };
    // All of them or none.
    let known = |logger: &str| levels.all().any(|(name, _)| name == logger);
    if !changes.iter().all(|(logger, _)| known(logger)) {
        return Err(Error::Logger);
    }
    for (logger, level) in changes {
        levels.set(logger, level);
    }
    Ok(())
}

/// `http:debug,router:trace`.
fn paths(value: &str) -> Result<Vec<(&str, Level)>, Error> {
    let pairs = value.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| match pair.split_once(':') {
            Some((logger, level)) if !logger.is_empty() && !level.is_empty() => {
                Ok((logger, level.parse()?))
            }
            _ => Err(Error::Empty),
        })
        .collect()
}
