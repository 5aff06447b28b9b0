//! `mesh-proxy init`: prints the rules, puts them in place, proves that they are, or takes them away.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use mesh_api::agent::NO_NET_ADMIN;

use super::program::{self, Failure};
use super::rules::{Family, Plan};
use super::{iptables, nft, verify};

/// What `init` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) plan: Plan,
    /// Versions of IP that must be redirected.
    pub(crate) families: Vec<Family>,
    /// A version that the kernel does not know is left out, and that is said.
    pub(crate) as_there_are: bool,
    pub(crate) backend: Backend,
    pub(crate) task: Task,
}

/// What writes the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// nft; iptables where the kernel has no `nf_tables`.
    Auto,
    /// nft alone.
    Nft,
    /// iptables alone.
    Iptables,
}

/// What is to be done with the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Put them in place.
    Apply,
    /// Print them, and change nothing.
    Simulate,
    /// Prove that they are in place, and change nothing.
    Verify,
    /// Take them away.
    Cleanup,
}

/// The exit code of a process that may not set rules.
const NO_PERMISSION: u8 = 3;

/// Does it.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut note = |text: &str| {
        // Nobody is left to be told when that fails.
        let _ = writeln!(io::stderr(), "{text}");
    };
    let families = options.families(&mut note);
    let outcome = match options.task {
        Task::Simulate => {
            // A reader that has gone away is no failure.
            let _ = io::stdout().write_all(options.text(&families).as_bytes());
            return ExitCode::SUCCESS;
        }
        Task::Apply => options.apply(&families, &mut note),
        Task::Verify => options.verify(&families, &mut note),
        Task::Cleanup => options.cleanup(&families, &mut note),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Permission(said)) => {
            note(&format!(
                "error: {NO_NET_ADMIN}: {said}\n\nhint: {PERMISSION_HINT}"
            ));
            ExitCode::from(NO_PERMISSION)
        }
        Err(Failure::Missing(said)) => {
            note(&format!(
                "error: this host cannot redirect: {said}\n\nhint: {MISSING_HINT}"
            ));
            ExitCode::FAILURE
        }
        Err(Failure::Other(said)) => {
            note(&format!("error: {said}"));
            ExitCode::FAILURE
        }
    }
}

const PERMISSION_HINT: &str =
    "give it to this process, or inject with --intercept none, which needs no rules";
const MISSING_HINT: &str = "the kernel needs nf_tables (CONFIG_NF_TABLES, CONFIG_NFT_REDIR), or ip_tables with \
iptables-restore in the image";

impl Options {
    /// The versions of IP that the kernel knows.
    fn families(&self, note: &mut impl FnMut(&str)) -> Vec<Family> {
        let known = |family: &Family| {
            let known = *family == Family::V4 || fs::exists("/proc/sys/net/ipv6").unwrap_or(true);
            if !known && self.as_there_are && self.task != Task::Simulate {
                note("note: this kernel has no IPv6: IPv4 alone is redirected");
            }
            known || !self.as_there_are || self.task == Task::Simulate
        };
        self.families.iter().copied().filter(known).collect()
    }

    /// The rules as text.
    fn text(&self, families: &[Family]) -> String {
        match self.backend {
            Backend::Auto | Backend::Nft => nft::transaction(&self.plan, families),
            Backend::Iptables => {
                let texts = families
                    .iter()
                    .map(|it| iptables::restore(&self.plan, *it, ""));
                texts.collect()
            }
        }
    }

    fn apply(&self, families: &[Family], note: &mut impl FnMut(&str)) -> Result<(), Failure> {
        let text = nft::transaction(&self.plan, families);
        let with = self.either(
            note,
            || program::run(nft::PROGRAM, &["-f", "-"], &text).map(|_| ()),
            || {
                families
                    .iter()
                    .try_for_each(|it| iptables::apply(&self.plan, *it))
            },
        )?;
        if families.contains(&Family::V6) {
            add_source(note)?;
        }
        note(&format!(
            "redirected with {with}: inbound to {}, outbound to {}, {}",
            mesh_api::ports::INBOUND,
            mesh_api::ports::OUTBOUND,
            names(families),
        ));
        Ok(())
    }

    fn verify(&self, families: &[Family], note: &mut impl FnMut(&str)) -> Result<(), Failure> {
        let with = self.either(
            note,
            || verify::nft(&self.plan, families),
            || verify::iptables(&self.plan, families),
        )?;
        verify::outbound(families)?;
        note(&format!(
            "verified with {with}: every rule is in place, and a connection was redirected"
        ));
        Ok(())
    }

    fn cleanup(&self, families: &[Family], note: &mut impl FnMut(&str)) -> Result<(), Failure> {
        let text = nft::removal(families);
        let with = self.either(
            note,
            || program::run(nft::PROGRAM, &["-f", "-"], &text).map(|_| ()),
            || families.iter().try_for_each(|it| iptables::remove(*it)),
        )?;
        note(&format!(
            "taken away with {with}: nothing is redirected any more"
        ));
        Ok(())
    }

    /// Does it with nft or with iptables, as told or as the host can.
    fn either(
        &self,
        note: &mut impl FnMut(&str),
        nft: impl FnOnce() -> Result<(), Failure>,
        iptables: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<&'static str, Failure> {
        let said = match self.backend {
            Backend::Iptables => return iptables().map(|()| "iptables"),
            Backend::Nft => return nft().map(|()| "nft"),
            Backend::Auto => match nft() {
                Err(Failure::Missing(said)) => said,
                other => return other.map(|()| "nft"),
            },
        };
        note(&format!("note: {said}; iptables is used instead"));
        iptables().map(|()| "iptables")
    }
}

/// Gives the loopback interface the address from which the proxy dials over IPv6.
#[cfg(target_os = "linux")]
fn add_source(note: &mut impl FnMut(&str)) -> Result<(), Failure> {
    let IpAddr::V6(source) = Family::V6.own_source() else {
        return Ok(());
    };
    let off = fs::read_to_string("/proc/sys/net/ipv6/conf/lo/disable_ipv6");
    if off.is_ok_and(|it| it.trim() == "1") {
        note("note: IPv6 is off on the loopback interface: nothing can be dialled over it");
        return Ok(());
    }
    super::loopback::add(source).map_err(|error| {
        let said = format!("{source} cannot be added to the loopback interface: {error}");
        match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::Permission(said),
            _ => Failure::Other(said),
        }
    })
}

#[cfg(not(target_os = "linux"))]
fn add_source(_: &mut impl FnMut(&str)) -> Result<(), Failure> {
    Ok(())
}

fn names(families: &[Family]) -> &'static str {
    match families {
        [Family::V4] => "IPv4",
        [Family::V6] => "IPv6",
        _ => "IPv4 and IPv6",
    }
}
