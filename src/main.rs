//! The `meshctl` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    meshctl::run("meshctl")
}
