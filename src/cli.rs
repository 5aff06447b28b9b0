//! The tree of subcommands and flags, without behaviour.

pub mod complete;
pub(crate) mod edit;
pub(crate) mod settings;

use clap::{Arg, ArgAction, ColorChoice, Command, ValueHint, value_parser};
use clap_complete::Shell;

use complete::manifests;

/// The whole tree. `name` is how the user calls the program: `meshctl` or `kubectl mesh`.
pub fn tree(name: &'static str) -> Command {
    Command::new("meshctl")
        .bin_name(name)
        .display_name(name)
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .max_term_width(100)
        .args([color(), quiet(), verbose()])
        .subcommands([inject(), uninject(), completions(), version()])
}

fn inject() -> Command {
    Command::new("inject")
        .about("Add the sidecar to every workload of a manifest")
        .long_about(
            "Add the sidecar to every workload of a manifest\n\n\
             The output is the input with bytes inserted: comments, order, quoting and line endings \
             stay as they are. No cluster is needed.",
        )
        .arg(files())
        .args(edit::delivery())
        .arg(edit::explain())
        .arg(edit::output_format(&["yaml", "json", "patch"]))
        .args(edit::reports())
        .args(edit::failure_policy())
        .args(edit::selection())
        .arg(edit::annotate())
        .args(settings::settings())
        .args(settings::mesh())
        .after_long_help(format!("{INJECT_EXAMPLES}\n\n{EXIT_CODES}"))
}

fn uninject() -> Command {
    Command::new("uninject")
        .about("Take the sidecar out of every workload of a manifest")
        .long_about(
            "Take the sidecar out of every workload of a manifest\n\n\
             What `inject` added comes out to the byte. The sidecars of Linkerd and Istio are \
             removed too.",
        )
        .arg(files())
        .args(edit::delivery())
        .arg(edit::explain())
        .arg(edit::output_format(&["yaml", "json", "patch"]))
        .args(edit::reports())
        .args(edit::failure_policy())
        .args(edit::selection())
        .after_long_help(format!("{UNINJECT_EXAMPLES}\n\n{EXIT_CODES}"))
}

fn completions() -> Command {
    Command::new("completions")
        .about("Print the completion script of a shell")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .help("The shell to print it for")
                .required(true)
                .value_parser(value_parser!(Shell)),
        )
        .after_long_help(COMPLETIONS_EXAMPLES)
}

fn version() -> Command {
    Command::new("version")
        .about("Print the version and what it was built from")
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .help("How to print it")
                .value_parser(["text", "json"])
                .default_value("text"),
        )
}

fn files() -> Arg {
    Arg::new("files")
        .value_name("FILE")
        .help("Manifests: files, directories (searched for .yaml, .yml and .json), patterns, or - for standard input")
        .num_args(0..)
        .action(ArgAction::Append)
        .value_hint(ValueHint::AnyPath)
        .add(manifests())
}

fn color() -> Arg {
    Arg::new("color")
        .long("color")
        .value_name("WHEN")
        .help("When to use colour")
        .value_parser(value_parser!(ColorChoice))
        .default_value("auto")
        .global(true)
}

fn quiet() -> Arg {
    Arg::new("quiet")
        .short('q')
        .long("quiet")
        .help("Report nothing but errors")
        .action(ArgAction::SetTrue)
        .conflicts_with("verbose")
        .global(true)
}

fn verbose() -> Arg {
    Arg::new("verbose")
        .short('v')
        .long("verbose")
        .help("Report more")
        .action(ArgAction::SetTrue)
        .global(true)
}

const INJECT_EXAMPLES: &str = "\
Examples:
  meshctl inject deploy.yaml | kubectl apply -f -
  helm template shop ./chart | meshctl inject | kubectl apply -f -
  meshctl inject --diff deploy/
  meshctl inject --in-place deploy/
  meshctl inject --check --report sarif deploy/ > mesh.sarif";

const EXIT_CODES: &str = "\
Exit codes:
  0  done, nothing found
  1  a file cannot be read or written
  2  the command line is wrong
  3  a manifest cannot be parsed or cannot be edited safely
  4  --check: something would change
  5  --on-skip=fail: a workload was skipped";

const UNINJECT_EXAMPLES: &str = "\
Examples:
  kubectl get deploy web -o yaml | meshctl uninject | kubectl apply -f -
  meshctl uninject --in-place deploy/";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  meshctl completions bash > /etc/bash_completion.d/meshctl
  meshctl completions zsh > \"${fpath[1]}/_meshctl\"
  meshctl completions fish > ~/.config/fish/completions/meshctl.fish

Live completion also offers the workloads in your manifests. It runs meshctl at every TAB:
  source <(MESHCTL_COMPLETE=bash meshctl)";
