//! TLS with clients.

use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};

use super::{GET, inspector, name, server_socket, validation};
use crate::harness::case::{Case, Client, case};
use crate::harness::certificates::ClientTls;
use crate::harness::client_h2::fetch;
use crate::harness::script::Step::{End, HalfClose, Response};
use crate::harness::script::send;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = versions();
    cases.extend(chains());
    cases.extend(protocols());
    cases.extend(certificates());
    cases.extend(names());
    cases.extend(forwarding());
    cases.extend(logging());
    cases
}

/// A case with one chain that speaks TLS so.
fn chain(name: &'static str, common: Value, fields: Value) -> Case {
    let socket = server_socket("server", common, fields);
    case(name).chains(json!([{ "filters": ["@manager"], "transport_socket": socket }]))
}

fn client(tls: ClientTls) -> Client {
    Client::raw([send(GET), Response]).tls(tls)
}

fn to(server_name: &'static str) -> ClientTls {
    ClientTls {
        server_name: Some(server_name),
        ..ClientTls::default()
    }
}

fn showing(certificate: &'static str) -> ClientTls {
    ClientTls {
        certificate: Some(certificate),
        ..to("server.test")
    }
}

fn versions() -> Vec<Case> {
    let only = |version| ClientTls {
        version: Some(version),
        ..to("server.test")
    };
    let limits = |least: &str, most: &str| json!({ "tls_params": { "tls_minimum_protocol_version": least, "tls_maximum_protocol_version": most } });
    vec![
        chain("TLS 1.3 unless the client has less", json!({}), json!({}))
            .client(client(to("server.test")))
            .expect("TLSv1_3"),
        chain(
            "TLS 1.2 for a client that has no more",
            json!({}),
            json!({}),
        )
        .client(client(only(&TLS12)))
        .expect("TLSv1_2"),
        chain(
            "TLS 1.2 where no more is allowed",
            limits("TLSv1_2", "TLSv1_2"),
            json!({}),
        )
        .client(client(to("server.test")))
        .expect("TLSv1_2"),
        chain(
            "a client of TLS 1.2 where 1.3 is the least",
            limits("TLSv1_3", "TLSv1_3"),
            json!({}),
        )
        .client(client(only(&TLS12)))
        .expect("no handshake"),
        chain(
            "a client of TLS 1.3 where 1.2 is the most",
            limits("TLSv1_2", "TLSv1_2"),
            json!({}),
        )
        .client(client(only(&TLS13)))
        .expect("no handshake"),
        chain("plaintext where TLS is spoken", json!({}), json!({}))
            .steps([send(GET), End])
            .expect("listener.@.ssl."),
        chain(
            "a client that leaves before it has spoken",
            json!({}),
            json!({}),
        )
        .steps([HalfClose, End])
        .expect("listener.@"),
    ]
}

fn chains() -> Vec<Case> {
    let several = |case: Case, with_default: bool| {
        let one = |matcher: Value, certificate: &str| {
            json!({
                "filter_chain_match": matcher,
                "filters": ["@manager"],
                "transport_socket": server_socket(certificate, json!({}), json!({})),
            })
        };
        let mut chains = vec![
            one(json!({ "server_names": ["second.test"] }), "second"),
            one(json!({ "server_names": ["*.wild.test"] }), "wild"),
        ];
        if with_default {
            chains.push(one(json!({}), "server"));
        }
        case.listener(inspector()).chains(json!(chains))
    };
    let plain = json!([
        {
            "filter_chain_match": { "transport_protocol": "tls" },
            "filters": ["@manager"],
            "transport_socket": server_socket("server", json!({}), json!({})),
        },
        { "filter_chain_match": { "transport_protocol": "raw_buffer" }, "filters": ["@manager"] },
    ]);
    let by_protocol = json!([
        {
            "filter_chain_match": { "application_protocols": ["meshctl"] },
            "filters": ["@manager"],
            "transport_socket": server_socket("second", json!({ "alpn_protocols": ["h2", "http/1.1"] }), json!({})),
        },
        {
            "filters": ["@manager"],
            "transport_socket": server_socket("server", json!({ "alpn_protocols": ["h2", "http/1.1"] }), json!({})),
        },
    ]);
    let offering = |protocols| {
        client(ClientTls {
            protocols,
            ..to("server.test")
        })
    };
    vec![
        several(case("a chain by an exact server name"), true)
            .client(client(to("second.test")))
            .expect("server certificate second"),
        several(case("a chain by a wildcard"), true)
            .client(client(to("a.wild.test")))
            .expect("server certificate wild"),
        several(case("a wildcard takes several labels"), true)
            .client(client(to("a.b.wild.test")))
            .expect("server certificate wild"),
        several(case("a wildcard does not take its own domain"), true)
            .client(client(to("wild.test")))
            .expect("server certificate server"),
        several(case("a chain for every other server name"), true)
            .client(client(to("other.test")))
            .expect("server certificate server"),
        several(case("a chain for who gives no server name"), true)
            .client(client(ClientTls::default()))
            .expect("server certificate server"),
        several(case("no chain takes the server name"), false)
            .client(client(to("other.test")))
            .expect("listener.@.no_filter_chain_match: 1"),
        several(case("a server name with capitals"), true)
            .client(client(to("SECOND.test")))
            .expect("server certificate second"),
        case("plaintext and TLS on one port")
            .listener(inspector())
            .chains(plain)
            .client(client(to("server.test")))
            .send(GET)
            .expect("server certificate server"),
        case("a chain by a protocol that is offered")
            .listener(inspector())
            .chains(by_protocol.clone())
            .client(offering(&["meshctl", "http/1.1"]))
            .expect("server certificate second"),
        case("a chain by a protocol that is not offered")
            .listener(inspector())
            .chains(by_protocol)
            .client(offering(&["http/1.1"]))
            .expect("server certificate server"),
    ]
}

fn protocols() -> Vec<Case> {
    let both = || json!({ "alpn_protocols": ["h2", "http/1.1"] });
    let offering = |protocols: &'static [&'static str]| ClientTls {
        protocols,
        ..to("server.test")
    };
    vec![
        chain("HTTP/2 by agreement", both(), json!({}))
            .client(Client::h2([fetch("/")]).tls(offering(&["h2", "http/1.1"])))
            .expect("protocol h2"),
        chain("HTTP/1 by agreement", both(), json!({}))
            .client(client(offering(&["http/1.1"])))
            .expect("protocol http/1.1"),
        chain("the server's order of protocols counts", both(), json!({}))
            .client(Client::h2([fetch("/")]).tls(offering(&["http/1.1", "h2"])))
            .expect("protocol h2"),
        chain("no protocol in common", both(), json!({}))
            .client(client(offering(&["spdy/1"])))
            .expect("listener.@"),
        chain("no protocol offered", both(), json!({}))
            .client(client(offering(&[])))
            .expect("protocol none"),
        chain("HTTP/2 without agreement", json!({}), json!({}))
            .client(Client::h2([fetch("/")]).tls(offering(&[])))
            .expect("status 200"),
    ]
}

fn certificates() -> Vec<Case> {
    let required = || json!({ "require_client_certificate": true });
    let trusted = || json!({ "validation_context": validation(Value::Null) });
    let asked = |name: &'static str, fields: Value, tls: ClientTls| {
        chain(name, trusted(), fields).client(client(tls))
    };
    let old = || ClientTls {
        version: Some(&TLS12),
        ..showing("stranger")
    };
    let anyone = json!({ "validation_context": { "trusted_ca": { "inline_string": "@chain:ca" }, "trust_chain_verification": "ACCEPT_UNTRUSTED" } });
    vec![
        asked(
            "a certificate that is required",
            required(),
            showing("client"),
        )
        .expect("200 OK"),
        asked(
            "no certificate where one is required",
            required(),
            to("server.test"),
        )
        .expect("ssl.fail_verify_no_cert: 1"),
        asked(
            "a certificate of another authority",
            required(),
            showing("stranger"),
        )
        .expect("ssl.fail_verify_error: 1"),
        asked(
            "a certificate of another authority over TLS 1.2",
            required(),
            old(),
        )
        .expect("ssl.fail_verify_error: 1"),
        asked(
            "a certificate that has expired",
            required(),
            showing("expired"),
        )
        .expect("ssl.fail_verify_error: 1"),
        asked(
            "no certificate where one is welcome",
            json!({}),
            to("server.test"),
        )
        .expect("ssl.no_certificate: 1"),
        asked(
            "a certificate where one is welcome",
            json!({}),
            showing("client"),
        )
        .expect("200 OK"),
        asked(
            "a bad certificate where one is welcome",
            json!({}),
            showing("stranger"),
        )
        .expect("ssl.fail_verify_error: 1"),
        chain("a certificate that nobody asks for", json!({}), json!({}))
            .client(client(showing("client")))
            .expect("200 OK"),
        chain("a certificate of anyone", anyone, required())
            .client(client(showing("stranger")))
            .expect("200 OK"),
    ]
}

fn names() -> Vec<Case> {
    let cart = "spiffe://cluster.local/ns/shop/sa/cart";
    let rows = [
        (
            "a URI that is exact",
            name("URI", json!({ "exact": cart })),
            "client",
            true,
        ),
        (
            "a URI with a prefix",
            name(
                "URI",
                json!({ "prefix": "spiffe://cluster.local/ns/shop/" }),
            ),
            "client",
            true,
        ),
        (
            "a URI with a suffix",
            name("URI", json!({ "suffix": "/sa/cart" })),
            "client",
            true,
        ),
        (
            "a URI by a regular expression",
            name(
                "URI",
                json!({ "safe_regex": { "regex": "spiffe://.*/sa/c.*" } }),
            ),
            "client",
            true,
        ),
        (
            "a URI that contains",
            name("URI", json!({ "contains": "/ns/shop/" })),
            "client",
            true,
        ),
        (
            "another URI",
            name(
                "URI",
                json!({ "exact": "spiffe://cluster.local/ns/shop/sa/other" }),
            ),
            "client",
            false,
        ),
        (
            "a URI is no DNS name",
            name("DNS", json!({ "exact": cart })),
            "client",
            false,
        ),
        (
            "a DNS name that is exact",
            name("DNS", json!({ "exact": "client.test" })),
            "client",
            true,
        ),
        (
            "a DNS name by a suffix",
            name("DNS", json!({ "suffix": ".test" })),
            "client",
            true,
        ),
        (
            "a DNS name with capitals",
            name("DNS", json!({ "exact": "CLIENT.test" })),
            "client",
            true,
        ),
        (
            "a certificate without names",
            name("URI", json!({ "prefix": "spiffe://" })),
            "unnamed",
            false,
        ),
    ];
    let mut cases = Vec::new();
    for (title, matcher, certificate, matches) in rows {
        let common = json!({ "validation_context": validation(matcher) });
        let case = chain(title, common, json!({ "require_client_certificate": true }))
            .client(client(showing(certificate)));
        cases.push(case.expect(if matches {
            "200 OK"
        } else {
            "ssl.fail_verify_san: 1"
        }));
    }
    cases
}

/// What is told of the client's certificate in x-forwarded-client-cert.
fn forwarding() -> Vec<Case> {
    let mutual = |name: &'static str, mode: &str, details: Value| {
        let common = json!({ "validation_context": validation(Value::Null) });
        chain(name, common, json!({ "require_client_certificate": true }))
            .manager(json!({ "forward_client_cert_details": mode, "set_current_client_cert_details": details }))
            .client(Client::raw([send("GET / HTTP/1.1\r\nHost: h\r\nx-forwarded-client-cert: By=old;Hash=00\r\n\r\n"), Response]).tls(showing("client")))
    };
    let all = || json!({ "subject": true, "dns": true, "uri": true });
    vec![
        mutual("a told certificate is removed", "SANITIZE", all()).lack("x-forwarded-client-cert"),
        mutual("a told certificate is passed on", "FORWARD_ONLY", all()).expect("x-forwarded-client-cert: By=old;Hash=00\\r"),
        mutual("a told certificate is appended to", "APPEND_FORWARD", all()).expect("x-forwarded-client-cert: By=old;Hash=00,"),
        mutual("a certificate is told with its names", "SANITIZE_SET", all()).expect("URI=spiffe://cluster.local/ns/shop/sa/cart"),
        mutual("a certificate is told without details", "SANITIZE_SET", json!({})).expect("Hash="),
        mutual("a certificate is told with all of it", "SANITIZE_SET", json!({ "cert": true, "chain": true })).expect("x-forwarded-client-cert"),
        mutual("a told certificate is always passed on", "ALWAYS_FORWARD_ONLY", all()).expect("By=old"),
        case("a told certificate without TLS is removed")
            .manager(json!({ "forward_client_cert_details": "SANITIZE_SET", "set_current_client_cert_details": { "uri": true } }))
            .get("/", "x-forwarded-client-cert: By=old\r\n")
            .lack("x-forwarded-client-cert"),
        case("a told certificate without TLS is passed on where that is always done")
            .manager(json!({ "forward_client_cert_details": "ALWAYS_FORWARD_ONLY" }))
            .get("/", "x-forwarded-client-cert: By=old\r\n")
            .expect("x-forwarded-client-cert: By=old"),
    ]
}

/// What is told of TLS in access logs.
fn logging() -> Vec<Case> {
    let common = || json!({ "validation_context": validation(Value::Null) });
    let mutual = |name: &'static str, format: &str| {
        chain(
            name,
            common(),
            json!({ "require_client_certificate": true }),
        )
        .log(format)
    };
    let old = ClientTls {
        version: Some(&TLS12),
        ..showing("client")
    };
    vec![
        mutual(
            "a log that tells of a session",
            "%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER% %UPSTREAM_TLS_VERSION% %REQUESTED_SERVER_NAME%",
        )
        .client(client(showing("client")))
        .expect("access log: TLSv1.3"),
        mutual(
            "a log that tells of an older session",
            "%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER% %DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
        )
        .client(client(old))
        .expect("access log: TLSv1.2"),
        mutual(
            "a log that tells of a client's certificate",
            "%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_PEER_DNS_SAN% %DOWNSTREAM_PEER_SUBJECT% %DOWNSTREAM_PEER_ISSUER% %DOWNSTREAM_LOCAL_URI_SAN%",
        )
        .client(client(showing("client")))
        .expect("access log: spiffe://cluster.local/ns/shop/sa/cart"),
        case("a log of requests does not tell why it is no TLS")
            .listener(inspector())
            .log("%DOWNSTREAM_TRANSPORT_FAILURE_REASON% %FILTER_CHAIN_NAME%")
            .send(GET)
            .expect("access log: - -"),
    ]
}
