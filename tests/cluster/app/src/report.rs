//! Writes what the application has to say: data to standard output, troubles to standard error.

use std::io::Write;

/// Prints a line of JSON.
pub(crate) fn line(value: &serde_json::Value) {
    print(&format!("{value}\n"));
}

/// Prints text as it is. Nobody is left to be told when that fails.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says what went wrong.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "error: {text}");
}
