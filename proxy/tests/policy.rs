//! The judge of the HTTP policy: the real Envoy and ours answer the same requests alike.
//!
//! Needs Envoy 1.40 at `MESHCTL_ENVOY`; without it each test prints SKIPPED, and fails under `CI=true`
//! unless `MESHCTL_ALLOW_SKIP` names the tier `judge`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "policy/cases.rs"]
mod cases;
#[path = "policy/envoy.rs"]
mod envoy;
#[path = "policy/manager.rs"]
mod manager;
#[path = "policy/model.rs"]
mod model;
#[path = "policy/ours.rs"]
mod ours;

use serde_json::json;

use envoy::{Envoy, exchange};
use ours::Ours;

const LOG: &str = "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %REQ(:PATH)% \
    %REQ(X-ENVOY-ORIGINAL-PATH)% %REQ(:AUTHORITY)% %PROTOCOL% %ROUTE_NAME% %UPSTREAM_CLUSTER% \
    %UPSTREAM_REQUEST_ATTEMPT_COUNT% %GRPC_STATUS% %GRPC_STATUS_NUMBER% %RESP(LOCATION)% %REQ(:SCHEME)%\n";

#[test]
fn envoy_and_ours_answer_alike() {
    let Some(program) = envoy::program("envoy_and_ours_answer_alike") else {
        return;
    };
    let families = cases::families();
    let mut managers: Vec<_> = families
        .iter()
        .map(|(_, manager, _)| manager.clone())
        .collect();
    managers.push(json!({ "use_remote_address": true, "route_config": cases::everything() }));
    let envoy = Envoy::start(&program, &managers, LOG);
    let address = own_address(envoy.port(families.len()));
    let mut differences = Vec::new();
    let mut lines = vec![String::new()];
    let mut count = 0;
    for (index, (family, manager, requests)) in families.iter().enumerate() {
        let port = envoy.port(index);
        let ours = Ours::new(manager, port, &address, LOG);
        for request in requests {
            count += 1;
            let theirs = comparable(&exchange(port, request.as_bytes()));
            let (answer, line) = ours.answer(request);
            let answer = comparable(&answer);
            if theirs != answer {
                differences.push(format!(
                    "{family}: {request}--- Envoy\n{theirs}\n--- ours\n{answer}"
                ));
            }
            lines.push(line.trim_end().to_owned());
        }
    }
    let log = envoy.log(lines.len());
    for (theirs, ours) in log.iter().zip(&lines).skip(1) {
        if theirs != ours {
            differences.push(format!("log\n{theirs}\n{ours}"));
        }
    }
    let list = differences.join("\n\n");
    assert!(
        differences.is_empty(),
        "{} of {count} differ\n{list}",
        differences.len()
    );
}

/// The address that Envoy takes for that of this machine.
fn own_address(port: u16) -> String {
    let answer = exchange(port, b"GET /own HTTP/1.1\r\nhost: h\r\n\r\n");
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-forwarded-for: "));
    line.unwrap().to_owned()
}

/// An answer without what differs from one to the next, and without what the codec adds.
fn comparable(answer: &str) -> String {
    let answer = answer.replace("\r\n", "\n");
    let status = answer.strip_prefix("HTTP/1.1 ").map(|rest| {
        let (line, rest) = rest.split_once('\n').unwrap();
        format!("{}\n{rest}", &line[..3])
    });
    let ignored = [
        "date: ",
        "x-envoy-upstream-service-time: ",
        "connection: ",
        "content-length: ",
        "transfer-encoding: ",
    ];
    status
        .unwrap_or(answer)
        .lines()
        .filter(|line| !line.is_empty() && !ignored.iter().any(|it| line.starts_with(it)))
        .map(|line| match line.split_once(": ") {
            Some(("x-request-id", id)) if !id.starts_with("01234567-") => "x-request-id: ID",
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}
