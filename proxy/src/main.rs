//! The `mesh-proxy` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_proxy::run(std::env::args_os())
}
