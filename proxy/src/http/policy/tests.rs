//! Tests what is done to requests and responses where the judge cannot look: upgrades, names of headers.

use std::sync::Arc;

use serde_json::json;

use super::Policy;
use crate::config::model::http::{HttpConnectionManager, Upgrade};
use crate::facts::test_downstream;
use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::http::test_model::manager;

fn policy(change: impl FnOnce(&mut HttpConnectionManager)) -> Policy {
    let mut manager = manager::connection_manager(&json!({ "route_config": {} }));
    change(&mut manager);
    Policy::new(Arc::new(manager), "", "", None)
}

#[test]
fn upgrades_keep_their_headers() {
    let policy = policy(|_| ());
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("keep-alive", "1"),
    ];
    let mut request = RequestHead {
        headers: Headers::from(upgrade),
        ..RequestHead::default()
    };
    policy.change_request(&mut request, &test_downstream(), &[], [1, 2]);
    let kept = |name: &[u8]| request.headers.get(name);
    assert_eq!(kept(b"connection"), Some(&b"Upgrade"[..]));
    assert_eq!(kept(b"upgrade"), Some(&b"websocket"[..]));
    assert_eq!(kept(b"content-length"), None);
    assert_eq!(kept(b"keep-alive"), None);
    for (status, length) in [(101, None), (200, Some(&b"0"[..]))] {
        let mut response = ResponseHead {
            status,
            headers: Headers::from(upgrade),
            ..ResponseHead::default()
        };
        policy.change_response(&mut response, &request, b"now");
        assert_eq!(response.headers.get(b"upgrade"), Some(&b"websocket"[..]));
        assert_eq!(response.headers.get(b"content-length"), length);
    }
    let mut response = ResponseHead {
        headers: Headers::from(upgrade),
        ..ResponseHead::default()
    };
    policy.change_response(&mut response, &RequestHead::default(), b"now");
    let wanted = [("date", "now"), ("server", "envoy")];
    assert_eq!(response.headers, Headers::from(wanted));
}

#[test]
fn upgrades_are_taken_by_name() {
    let upgrade = |token: &str, enabled| Upgrade {
        token: token.into(),
        enabled,
    };
    let policy = policy(|it| it.upgrades = vec![upgrade("websocket", true), upgrade("h2c", false)]);
    assert!(policy.takes_upgrade(None, b"WebSocket"));
    assert!(!policy.takes_upgrade(None, b"h2c") && !policy.takes_upgrade(None, b"CONNECT"));
}
