//! Shakes hands in every way, in memory and on loopback.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/pair.rs"]
mod pair;
#[path = "tls/secrets.rs"]
mod secrets;
#[path = "support/shake.rs"]
mod shake;

use authority::{Authority, Issued, Wanted};
use mesh_proxy::config::model::tls::{
    Cipher, DownstreamTls, Group, NameKind, NameMatcher, TlsVersion, UpstreamTls, ValidationContext,
};
use mesh_proxy::tls::{Cause, Counter, Distrust, Failure, Options, Validated};
use pair::{dialer, downstream, name, roots, server, upstream};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use shake::shake;

const CART: &str = "spiffe://cluster.local/ns/shop/sa/cart";

fn cart(authority: &Authority) -> Issued {
    authority.issue(&Wanted {
        names: &["uri:spiffe://cluster.local/ns/shop/sa/cart"],
        ..Wanted::default()
    })
}

/// The counters of one end.
fn counted<T>(end: &Result<T, Failure>) -> Option<Counter> {
    end.as_ref().err().and_then(Failure::counter)
}

#[tokio::test]
async fn two_sidecars_know_each_other() {
    let authority = Authority::new("mesh");
    let issued = cart(&authority);
    let trust = ValidationContext {
        names: vec![name(NameKind::Uri, "prefix", "spiffe://cluster.local/")],
        ..roots(&authority.pem())
    };
    let tls = downstream(&["h2", "http/1.1"]);
    let server = server(&tls, &[&issued], &trust);
    let dialer = dialer(&upstream(&["meshctl", "h2"]), Some(&issued), &trust);
    let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
    for session in [inbound.unwrap(), outbound.unwrap()] {
        assert_eq!(session.protocol.as_deref(), Some(&b"h2"[..]));
        assert_eq!(session.validated, Validated::Good);
        assert_eq!(session.sni, None);
        let peer = session.peer.unwrap();
        assert_eq!(peer.facts().uris, [CART]);
        assert_eq!(session.local.unwrap().certificate.facts(), peer.facts());
        let counters: Vec<_> = session
            .handshake
            .counters()
            .map(|one| one.to_string())
            .collect();
        assert_eq!(
            counters,
            [
                "handshake",
                "versions.TLSv1.3",
                "ciphers.TLS_AES_128_GCM_SHA256",
                "curves.X25519MLKEM768",
                "sigalgs.ecdsa_secp256r1_sha256"
            ]
        );
    }
}

#[tokio::test]
async fn names_are_matched_by_kind() {
    use NameKind::{Dns, Ip, Uri};
    let authority = Authority::new("mesh");
    let issued = authority.issue(&Wanted {
        names: &[
            "uri:spiffe://a/ns/b/sa/c",
            "dns:*.shop.example",
            "ip:10.1.2.3",
            "ip:fd00::1",
        ],
        ..Wanted::default()
    });
    let cases: Vec<(NameMatcher, bool)> = vec![
        (name(Uri, "exact", "spiffe://a/ns/b/sa/c"), true),
        (name(Uri, "exact", "spiffe://a/ns/b/sa/d"), false),
        (name(Uri, "prefix", "spiffe://a/"), true),
        (name(Uri, "suffix", "/sa/c"), true),
        (name(Uri, "contains", "/ns/b/"), true),
        (name(Uri, "regex", "spiffe://[a-z]/.*"), true),
        (name(Uri, "regex", "spiffe://[a-z]"), false),
        (name(Dns, "exact", "cart.shop.example"), true),
        (name(Dns, "exact", "CART.shop.example"), true),
        (name(Dns, "exact", "shop.example"), false),
        (name(Dns, "exact", "a.cart.shop.example"), false),
        (name(Dns, "suffix", ".shop.example"), true),
        (name(Dns, "exact", "spiffe://a/ns/b/sa/c"), false),
        (name(Ip, "exact", "10.1.2.3"), true),
        (name(Ip, "exact", "fd00::1"), true),
        (name(Ip, "prefix", "10.1."), true),
        (name(Ip, "exact", "10.1.2.4"), false),
    ];
    let server = server(&downstream(&[]), &[&issued], &ValidationContext::default());
    for (matcher, good) in cases {
        let told = format!("{matcher:?}");
        let trust = ValidationContext {
            names: vec![name(Uri, "exact", "no"), matcher],
            ..roots(&authority.pem())
        };
        let dialer = dialer(&upstream(&[]), None, &trust);
        let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
        assert_eq!(outbound.is_ok(), good, "{told}");
        if !good {
            assert_eq!(counted(&outbound), Some(Counter::FailVerifyName), "{told}");
            assert_eq!(counted(&inbound), Some(Counter::ConnectionError), "{told}");
            let reason = outbound.unwrap_err().reason();
            assert!(
                reason.contains("certificate SANs are [spiffe://a/ns/b/sa/c, *.shop"),
                "{reason}"
            );
        }
    }
}

#[tokio::test]
async fn bad_certificates_are_told_apart() {
    let authority = Authority::new("mesh");
    let other = Authority::new("other");
    let trust = roots(&authority.pem());
    let days = |valid| Wanted {
        valid,
        ..Wanted::default()
    };
    let client_only = Wanted {
        usages: &[ExtendedKeyUsagePurpose::ClientAuth],
        ..Wanted::default()
    };
    let encipher_only = Wanted {
        key_usages: &[KeyUsagePurpose::KeyEncipherment],
        ..Wanted::default()
    };
    let cases = [
        (authority.issue(&Wanted::default()), None),
        (
            authority.issue(&Wanted {
                usages: &[],
                ..Wanted::default()
            }),
            None,
        ),
        (other.issue(&Wanted::default()), Some(Cause::UnknownIssuer)),
        (authority.issue(&days((-9, -1))), Some(Cause::Expired)),
        (authority.issue(&days((1, 9))), Some(Cause::NotYetValid)),
        (authority.issue(&client_only), Some(Cause::Purpose)),
        (authority.issue(&encipher_only), Some(Cause::Purpose)),
    ];
    for (issued, expected) in cases {
        let server = server(&downstream(&[]), &[&issued], &ValidationContext::default());
        let dialer = dialer(&upstream(&[]), None, &trust);
        let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
        match expected {
            None => drop(outbound.unwrap()),
            Some(cause) => {
                let failure = outbound.unwrap_err();
                let Failure::Distrust(distrust) = &failure else {
                    panic!("{failure:?}")
                };
                assert_eq!(*distrust, Distrust::Chain(cause, 0));
                assert_eq!(failure.counter(), Some(Counter::FailVerifyError));
                assert_eq!(counted(&inbound), Some(Counter::ConnectionError));
            }
        }
    }
}

#[tokio::test]
async fn expired_certificates_are_taken_if_told_so() {
    let authority = Authority::new("mesh");
    let issued = authority.issue(&Wanted {
        valid: (-9, -1),
        ..Wanted::default()
    });
    let server = server(&downstream(&[]), &[&issued], &ValidationContext::default());
    let trust = ValidationContext {
        allow_expired: true,
        ..roots(&authority.pem())
    };
    let dialer = dialer(&upstream(&[]), None, &trust);
    let (_, outbound) = shake(&server, &dialer, Options::default()).await;
    assert_eq!(outbound.unwrap().validated, Validated::Good);
}

#[tokio::test]
async fn chains_may_have_links_and_end_in_the_middle() {
    let root = Authority::new("root");
    let middle = root.below("middle");
    let issued = middle.issue(&Wanted::default());
    let whole = issued.clone().behind(&middle.pem());
    for (issued, trusted, good) in [
        (&whole, root.pem(), true),
        (&issued, root.pem(), false),
        (&issued, middle.pem(), true),
        (&whole, issued.chain.clone(), true),
    ] {
        let server = server(&downstream(&[]), &[issued], &ValidationContext::default());
        let dialer = dialer(&upstream(&[]), None, &roots(&trusted));
        let (_, outbound) = shake(&server, &dialer, Options::default()).await;
        assert_eq!(outbound.is_ok(), good);
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn clients_are_asked_for_certificates_as_configured() {
    let authority = Authority::new("mesh");
    let issued = cart(&authority);
    let stranger = cart(&Authority::new("other"));
    let pinned = ValidationContext {
        names: vec![name(NameKind::Uri, "exact", "spiffe://else")],
        ..roots(&authority.pem())
    };
    let rooted = roots(&authority.pem());
    let untrusted = ValidationContext {
        accept_untrusted: true,
        ..roots(&authority.pem())
    };
    let nothing = ValidationContext::default();
    let no_certificate = Some(Counter::FailVerifyNoCertificate);
    let cases = [
        (
            "none asked",
            &nothing,
            false,
            Some(&issued),
            None,
            Validated::No,
            false,
        ),
        (
            "required without roots",
            &nothing,
            true,
            None,
            None,
            Validated::No,
            false,
        ),
        ("optional", &rooted, false, None, None, Validated::No, false),
        (
            "optional, good",
            &rooted,
            false,
            Some(&issued),
            None,
            Validated::Good,
            true,
        ),
        (
            "required",
            &rooted,
            true,
            None,
            no_certificate,
            Validated::No,
            false,
        ),
        (
            "names ask too",
            &pinned,
            false,
            None,
            no_certificate,
            Validated::No,
            false,
        ),
        (
            "wrong name",
            &pinned,
            false,
            Some(&issued),
            Some(Counter::FailVerifyName),
            Validated::No,
            false,
        ),
        (
            "stranger",
            &rooted,
            false,
            Some(&stranger),
            Some(Counter::FailVerifyError),
            Validated::No,
            false,
        ),
        (
            "untrusted",
            &untrusted,
            false,
            Some(&stranger),
            None,
            Validated::Untrusted,
            true,
        ),
        (
            "untrusted, none",
            &untrusted,
            false,
            None,
            None,
            Validated::No,
            false,
        ),
    ];
    for (what, trust, required, client, failure, validated, peer) in cases {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let mut tls = downstream(&[]);
            tls.require_client_certificate = required;
            tls.common.parameters.maximum = version;
            tls.common.parameters.minimum = version;
            let server = server(&tls, &[&issued], trust);
            let dialer = dialer(&upstream(&[]), client, &roots(&authority.pem()));
            let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
            assert_eq!(counted(&inbound), failure, "{what}");
            match inbound {
                Ok(session) => {
                    assert_eq!(session.validated, validated, "{what}");
                    assert_eq!(session.peer.is_some(), peer, "{what}");
                    let counters: Vec<_> = session.handshake.counters().collect();
                    assert_eq!(counters.contains(&Counter::NoCertificate), !peer, "{what}");
                    let untrusted = validated == Validated::Untrusted;
                    assert_eq!(
                        counters.contains(&Counter::FailVerifyError),
                        untrusted,
                        "{what}"
                    );
                }
                // What the client hears is an alert.
                Err(_) => assert_eq!(counted(&outbound), Some(Counter::ConnectionError), "{what}"),
            }
        }
    }
}

#[tokio::test]
async fn hashes_stand_in_for_roots() {
    let authority = Authority::new("mesh");
    let issued = cart(&authority);
    let identity = pair::identity(&issued);
    let facts = identity.certificate.facts();
    let pins = |hashes: Vec<[u8; 32]>, spki: Vec<[u8; 32]>| ValidationContext {
        hashes,
        spki,
        ..ValidationContext::default()
    };
    for (trust, good) in [
        (pins(vec![facts.fingerprint], vec![]), true),
        (pins(vec![], vec![facts.public_key]), true),
        (pins(vec![[0; 32]], vec![facts.public_key]), true),
        (pins(vec![[0; 32]], vec![[1; 32]]), false),
    ] {
        let server = server(&downstream(&[]), &[&issued], &ValidationContext::default());
        let dialer = dialer(&upstream(&[]), None, &trust);
        let (_, outbound) = shake(&server, &dialer, Options::default()).await;
        assert_eq!(outbound.is_ok(), good);
        assert_eq!(
            counted(&outbound),
            (!good).then_some(Counter::FailVerifyHash)
        );
    }
}

#[tokio::test]
async fn protocols_are_the_servers_choice_and_may_be_none() {
    let issued = cart(&Authority::new("mesh"));
    let cases: [(&[&str], &[&str], Option<&str>); 6] = [
        (&["h2", "http/1.1"], &["http/1.1", "h2"], Some("h2")),
        (&["h2", "http/1.1"], &["http/1.1"], Some("http/1.1")),
        (&["h2"], &["meshctl", "h2"], Some("h2")),
        (&["meshctl-tcp"], &["meshctl-tcp"], Some("meshctl-tcp")),
        (&["h2"], &["other"], None),
        (&["h2"], &[], None),
    ];
    for (serves, offers, agreed) in cases {
        let server = server(
            &downstream(serves),
            &[&issued],
            &ValidationContext::default(),
        );
        let dialer = dialer(&upstream(offers), None, &ValidationContext::default());
        let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
        for session in [inbound.unwrap(), outbound.unwrap()] {
            assert_eq!(session.protocol.as_deref(), agreed.map(str::as_bytes));
        }
        let instead: &[&[u8]] = &[b"h2"];
        let options = Options {
            protocols: Some(instead),
            ..Options::default()
        };
        let (inbound, _) = shake(&server, &dialer, options).await;
        let h2 = serves.contains(&"h2").then_some(&b"h2"[..]);
        assert_eq!(inbound.unwrap().protocol.as_deref(), h2);
    }
}

/// Version, cipher and group.
async fn agreed(
    tls: &DownstreamTls,
    client: &UpstreamTls,
    issued: &Issued,
) -> (&'static str, &'static str, &'static str) {
    let nothing = ValidationContext::default();
    let (server, dialer) = (
        server(tls, &[issued], &nothing),
        dialer(client, None, &nothing),
    );
    let handshake = shake(&server, &dialer, Options::default())
        .await
        .0
        .unwrap()
        .handshake;
    (
        handshake.version,
        handshake.cipher,
        handshake.curve.unwrap(),
    )
}

#[tokio::test]
async fn versions_ciphers_and_groups_are_as_configured() {
    let issued = cart(&Authority::new("mesh"));
    let mut tls = downstream(&[]);
    let mut client = upstream(&[]);
    client.common.parameters.maximum = TlsVersion::V1_2;
    let expected = ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", "X25519");
    assert_eq!(agreed(&tls, &client, &issued).await, expected);

    client.common.parameters.ciphers = vec![Cipher::EcdheEcdsaAes256, Cipher::EcdheEcdsaChacha20];
    let expected = ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", "X25519");
    assert_eq!(agreed(&tls, &client, &issued).await, expected);

    tls.common.parameters.groups = vec![Group::P384];
    client.common.parameters = upstream(&[]).common.parameters;
    client.common.parameters.groups = vec![Group::X25519, Group::P384];
    let expected = ("TLSv1.3", "TLS_AES_128_GCM_SHA256", "P-384");
    assert_eq!(agreed(&tls, &client, &issued).await, expected);

    client.common.parameters.maximum = TlsVersion::V1_2;
    tls.common.parameters.minimum = TlsVersion::V1_3;
    let nothing = ValidationContext::default();
    let server = server(&tls, &[&issued], &nothing);
    let dialer = dialer(&client, None, &nothing);
    let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
    assert_eq!(counted(&inbound), Some(Counter::ConnectionError));
    assert_eq!(counted(&outbound), Some(Counter::ConnectionError));
}
