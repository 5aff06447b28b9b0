//! Sets the rules of redirection with nft, in one transaction.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use mesh_api::ports::{INBOUND, OUTBOUND, STATUS};

use crate::fail;

/// Reads the flags that the injector writes, and applies the rules.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let flag = |name: &str| {
        let at = arguments.iter().position(|it| it == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let rules = rules(
        flag("--proxy-uid").unwrap_or("1337"),
        flag("--skip-inbound-ports").unwrap_or_default(),
        flag("--skip-outbound-ports").unwrap_or_default(),
    );
    match apply(&rules) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) if problem.contains("Operation not permitted") => fail(&problem, 3),
        Err(problem) => fail(&problem, 1),
    }
}

fn rules(uid: &str, skip_inbound: &str, skip_outbound: &str) -> String {
    let inbound = ports(&format!("{INBOUND},{OUTBOUND},{STATUS}"), skip_inbound);
    let outbound = ports("53", skip_outbound);
    format!(
        "table ip mesh-stand-in
delete table ip mesh-stand-in
table ip mesh-stand-in {{
    chain inbound {{
        type nat hook prerouting priority dstnat
        tcp dport {{ {inbound} }} return
        meta l4proto tcp redirect to :{INBOUND}
    }}
    chain outbound {{
        type nat hook output priority -100
        meta skuid {uid} return
        ip daddr 127.0.0.0/8 return
        tcp dport {{ {outbound} }} return
        meta l4proto tcp redirect to :{OUTBOUND}
    }}
}}
"
    )
}

fn ports(always: &str, more: &str) -> String {
    if more.is_empty() {
        always.to_owned()
    } else {
        format!("{always},{more}")
    }
}

fn apply(rules: &str) -> Result<(), String> {
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("nft does not start: {error}"))?;
    if let Some(mut stdin) = nft.stdin.take() {
        stdin
            .write_all(rules.as_bytes())
            .map_err(|it| it.to_string())?;
    }
    let output = nft.wait_with_output().map_err(|it| it.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
