//! The command line of `mesh-proxy init`.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use mesh_api::agent::INIT;
use mesh_api::ports::PROXY_UID;
use mesh_api::settings::{CidrList, PortList};

use crate::redirect::{Backend, Family, Options, Plan, Task};

/// The subcommand.
pub(super) fn tree() -> Command {
    let uid = number(
        "proxy-uid",
        "The user that the proxy runs as; its own connections are let go",
    );
    Command::new(INIT)
        .about("Redirects the connections of this network namespace to the proxy")
        .args([uid, number("proxy-gid", "The group that the proxy runs as")])
        .args(exceptions())
        .arg(
            list(
                "ip-families",
                "FAMILIES",
                "What to redirect; dual leaves out IPv6 where the kernel has none",
            )
            .value_parser(["dual", "ipv4", "ipv6"])
            .default_value("dual"),
        )
        .arg(
            list(
                "backend",
                "PROGRAM",
                "What sets the rules; auto is nft, or iptables where nf_tables is missing",
            )
            .value_parser(["auto", "nft", "iptables"])
            .default_value("auto"),
        )
        .arg(flag(
            "simulate",
            "Print the rules; changes nothing and needs no rights",
        ))
        .arg(flag(
            "verify",
            "Prove that the rules are in place; changes nothing",
        ))
        .arg(flag("cleanup", "Take the rules away"))
        .group(ArgGroup::new("task").args(["simulate", "verify", "cleanup"]))
        .after_help(EXIT_CODES)
}

/// What goes around the proxy.
fn exceptions() -> [Arg; 4] {
    let ports = |text: &str| text.parse::<PortList>();
    [
        list(
            "skip-inbound-ports",
            "PORTS",
            "Ports that are reached without the proxy",
        )
        .value_parser(ports),
        list(
            "skip-outbound-ports",
            "PORTS",
            "Ports that are dialled without the proxy",
        )
        .value_parser(ports),
        list(
            "skip-outbound-cidrs",
            "NETWORKS",
            "Networks that are dialled without the proxy",
        )
        .value_parser(|text: &str| text.parse::<CidrList>()),
        list("skip-uids", "USERS", "Users whose connections are let go")
            .value_parser(value_parser!(u32))
            .value_delimiter(','),
    ]
}

fn list(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn number(name: &'static str, help: &'static str) -> Arg {
    let parser = value_parser!(u32);
    let arg = Arg::new(name)
        .long(name)
        .value_name("ID")
        .help(help)
        .value_parser(parser);
    arg.default_value(PROXY_UID.to_string())
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .action(ArgAction::SetTrue)
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something failed, or --verify found another state
  2  the command line is wrong
  3  this process may not set rules: it has no NET_ADMIN";

/// What is asked for.
pub(super) fn options(matches: &ArgMatches) -> Options {
    let id = |name: &str| matches.get_one(name).copied().unwrap_or(PROXY_UID);
    let ports = |name: &str| {
        matches
            .get_one::<PortList>(name)
            .cloned()
            .unwrap_or_default()
    };
    let word = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let families = word("ip-families");
    let networks = matches.get_one::<CidrList>("skip-outbound-cidrs");
    let users = matches.get_many::<u32>("skip-uids");
    Options {
        plan: Plan {
            user: id("proxy-uid"),
            group: id("proxy-gid"),
            skip_inbound: ports("skip-inbound-ports"),
            skip_outbound: ports("skip-outbound-ports"),
            skip_networks: networks.cloned().unwrap_or_default(),
            skip_users: users.map(|it| it.copied().collect()).unwrap_or_default(),
        },
        families: match families {
            "ipv4" => vec![Family::V4],
            "ipv6" => vec![Family::V6],
            _ => vec![Family::V4, Family::V6],
        },
        as_there_are: families == "dual",
        backend: match word("backend") {
            "nft" => Backend::Nft,
            "iptables" => Backend::Iptables,
            _ => Backend::Auto,
        },
        task: [
            ("simulate", Task::Simulate),
            ("verify", Task::Verify),
            ("cleanup", Task::Cleanup),
        ]
        .into_iter()
        .find(|(name, _)| matches.get_flag(name))
        .map_or(Task::Apply, |(_, task)| task),
    }
}
