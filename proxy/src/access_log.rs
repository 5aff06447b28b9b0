//! Writes access logs: which requests, what lines, and where to, off the data path.

pub mod file;
mod filter;
mod json;

use crate::config::model::access_log::{AccessLog, LogFormat};
use crate::facts::LogContext;
use crate::format;

/// Appends the line for a request or connection to `out`, if the log wants one.
pub fn line(log: &AccessLog, context: &LogContext<'_>, out: &mut Vec<u8>) -> bool {
    let wanted = log
        .filter
        .as_ref()
        .is_none_or(|it| filter::passes(it, context));
    if !wanted {
        return false;
    }
    match &log.format {
        LogFormat::Text(format) => format::write(format, context, b"-", out),
        LogFormat::Json { fields, omit_empty } => {
            json::object(fields, *omit_empty, context, out);
            out.push(b'\n');
        }
    }
    true
}
