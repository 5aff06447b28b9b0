//! The `kubectl mesh` plugin: meshctl under the name that kubectl looks for.

use std::process::ExitCode;

fn main() -> ExitCode {
    meshctl::run("kubectl mesh")
}
