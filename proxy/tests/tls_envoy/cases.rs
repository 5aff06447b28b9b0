//! The handshakes that Envoy and mesh-proxy both have to do.

use mesh_proxy::config::model::tls::{
    DownstreamTls, NameKind, TlsVersion, UpstreamTls, ValidationContext,
};
use mesh_proxy::tls::{Dialer, Server};
use rcgen::{ExtendedKeyUsagePurpose, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use crate::authority::{Authority, Issued, Wanted};
use crate::pair::{common, dialer, downstream, name, roots, server, upstream};

/// A handshake that both have to do: with the end that is judged, and the other one.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) judged: End,
    pub(crate) other: End,
    pub(crate) times: u32,
}

/// The people of the cases.
pub(crate) struct People {
    authority: Authority,
    cart: Issued,
    stranger: Issued,
    expired: Issued,
    early: Issued,
    client_only: Issued,
    server_only: Issued,
    rsa: Issued,
    linked: Issued,
}

impl People {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("mesh");
        let names: &[&str] = &[
            "uri:spiffe://cluster.local/ns/shop/sa/cart",
            "dns:cart.shop",
            "ip:10.1.2.3",
        ];
        let cart = Wanted {
            names,
            ..Wanted::default()
        };
        let only = |usages| {
            authority.issue(&Wanted {
                usages,
                ..cart.clone()
            })
        };
        let middle = authority.below("middle");
        Self {
            cart: authority.issue(&cart),
            stranger: Authority::new("other").issue(&cart),
            expired: authority.issue(&Wanted {
                valid: (-9, -1),
                ..cart.clone()
            }),
            early: authority.issue(&Wanted {
                valid: (1, 9),
                ..cart.clone()
            }),
            client_only: only(&[ExtendedKeyUsagePurpose::ClientAuth]),
            server_only: only(&[ExtendedKeyUsagePurpose::ServerAuth]),
            rsa: authority.issue(&Wanted {
                algorithm: &PKCS_RSA_SHA256,
                ..cart.clone()
            }),
            linked: middle.issue(&cart).behind(&middle.pem()),
            authority,
        }
    }

    #[expect(clippy::unused_self, reason = "it reads like its sister")]
    fn end(&self, certificate: Option<&Issued>) -> End {
        End {
            certificate: certificate.cloned(),
            ..End::default()
        }
    }

    fn verifying(&self, certificate: Option<&Issued>) -> End {
        End {
            roots: Some(self.authority.pem()),
            ..self.end(certificate)
        }
    }

    /// Cases in which the server is judged.
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    pub(crate) fn of_servers(&self) -> Vec<Case> {
        let cart = Some(&self.cart);
        let required = End {
            required: true,
            ..self.verifying(cart)
        };
        let uri = |how, text| End {
            names: vec![(NameKind::Uri, how, text)],
            ..self.verifying(cart)
        };
        let old = |end: End| End {
            versions: (TlsVersion::V1_2, TlsVersion::V1_2),
            ..end
        };
        let new = |end: End| End {
            versions: (TlsVersion::V1_3, TlsVersion::V1_3),
            ..end
        };
        let alpn = |end: End, alpn| End { alpn, ..end };
        let case = |name, judged, other| Case {
            name,
            judged,
            other,
            times: 1,
        };
        let mut cases = vec![
            case("plain", self.end(cart), self.end(None)),
            case("plain12", old(self.end(cart)), self.end(None)),
            case("rsa", self.end(Some(&self.rsa)), self.end(None)),
            case("rsa12", old(self.end(Some(&self.rsa))), self.end(None)),
            case("unasked", self.end(cart), self.end(cart)),
            case(
                "unrooted",
                End {
                    required: true,
                    ..self.end(cart)
                },
                self.end(None),
            ),
            case("optional", self.verifying(cart), self.end(None)),
            case("mutual", required.clone(), self.end(cart)),
            case("mutual12", old(required.clone()), self.end(cart)),
            case("mutualrsa", required.clone(), self.end(Some(&self.rsa))),
            case("linked", required.clone(), self.end(Some(&self.linked))),
            case("missing", required.clone(), self.end(None)),
            case("missing12", old(required.clone()), self.end(None)),
            case("stranger", required.clone(), self.end(Some(&self.stranger))),
            case(
                "stranger12",
                old(required.clone()),
                self.end(Some(&self.stranger)),
            ),
            case("expired", required.clone(), self.end(Some(&self.expired))),
            case("early", required.clone(), self.end(Some(&self.early))),
            case(
                "purpose",
                required.clone(),
                self.end(Some(&self.server_only)),
            ),
            case(
                "named",
                uri("prefix", "spiffe://cluster.local/"),
                self.end(cart),
            ),
            case("misnamed", uri("exact", "spiffe://else"), self.end(cart)),
            case("nameless", uri("exact", "spiffe://else"), self.end(None)),
            case("oldclient", new(self.end(cart)), old(self.end(None))),
            case(
                "alpn",
                alpn(self.end(cart), &["h2"]),
                alpn(self.end(None), &["meshctl", "h2"]),
            ),
            case(
                "noalpn",
                alpn(self.end(cart), &["h2"]),
                alpn(self.end(None), &["other"]),
            ),
            case(
                "distrust",
                self.end(cart),
                End {
                    roots: Some(Authority::new("x").pem()),
                    ..self.end(None)
                },
            ),
        ];
        let untrusted = End {
            untrusted: true,
            ..self.verifying(cart)
        };
        cases.push(case(
            "untrusted",
            untrusted.clone(),
            self.end(Some(&self.stranger)),
        ));
        cases.push(case("untrusted0", untrusted, self.end(None)));
        for (name, judged, other) in [
            ("resumed", self.end(cart), self.end(None)),
            ("resumed12", old(self.end(cart)), self.end(None)),
            ("resumedmutual", required, self.end(cart)),
            (
                "ticketless",
                End {
                    tickets: false,
                    ..self.end(cart)
                },
                self.end(None),
            ),
        ] {
            cases.push(Case {
                name,
                judged,
                other,
                times: 3,
            });
        }
        cases
    }

    /// Cases in which the client is judged.
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    pub(crate) fn of_clients(&self) -> Vec<Case> {
        let cart = Some(&self.cart);
        let dns = |how, text| End {
            names: vec![(NameKind::Dns, how, text)],
            ..self.verifying(None)
        };
        let ip = |text| End {
            names: vec![(NameKind::Ip, "exact", text)],
            ..self.verifying(None)
        };
        let old = |end: End| End {
            versions: (TlsVersion::V1_2, TlsVersion::V1_2),
            ..end
        };
        let case = |name, judged, other| Case {
            name,
            judged,
            other,
            times: 1,
        };
        let mut cases = vec![
            case("cplain", self.end(None), self.end(cart)),
            case("cplain12", self.end(None), old(self.end(cart))),
            case("crsa", self.verifying(None), self.end(Some(&self.rsa))),
            case(
                "crsa12",
                self.verifying(None),
                old(self.end(Some(&self.rsa))),
            ),
            case("cverified", self.verifying(cart), self.end(cart)),
            case(
                "clinked",
                self.verifying(cart),
                self.end(Some(&self.linked)),
            ),
            case(
                "cmutual",
                self.verifying(cart),
                End {
                    required: true,
                    ..self.verifying(cart)
                },
            ),
            case(
                "cstranger",
                self.verifying(None),
                self.end(Some(&self.stranger)),
            ),
            case(
                "cexpired",
                self.verifying(None),
                self.end(Some(&self.expired)),
            ),
            case("cearly", self.verifying(None), self.end(Some(&self.early))),
            case(
                "cpurpose",
                self.verifying(None),
                self.end(Some(&self.client_only)),
            ),
            case("cdns", dns("exact", "CART.shop"), self.end(cart)),
            case("cdnssuffix", dns("suffix", ".shop"), self.end(cart)),
            case("cmisnamed", dns("exact", "other.shop"), self.end(cart)),
            case("cip", ip("10.1.2.3"), self.end(cart)),
            case("cwrongip", ip("10.1.2.4"), self.end(cart)),
            case(
                "crefused12",
                self.end(None),
                old(End {
                    required: true,
                    ..self.verifying(cart)
                }),
            ),
            case(
                "coldserver",
                End {
                    versions: (TlsVersion::V1_3, TlsVersion::V1_3),
                    ..self.end(None)
                },
                old(self.end(cart)),
            ),
        ];
        cases.push(Case {
            name: "cresumed",
            judged: self.verifying(None),
            other: self.end(cart),
            times: 3,
        });
        cases.push(Case {
            name: "cresumed12",
            judged: self.verifying(None),
            other: old(self.end(cart)),
            times: 3,
        });
        cases
    }
}

/// One end of a handshake.
#[derive(Clone)]
pub(crate) struct End {
    certificate: Option<Issued>,
    roots: Option<String>,
    names: Vec<(NameKind, &'static str, &'static str)>,
    untrusted: bool,
    required: bool,
    alpn: &'static [&'static str],
    versions: (TlsVersion, TlsVersion),
    tickets: bool,
}

impl Default for End {
    fn default() -> Self {
        Self {
            certificate: None,
            roots: None,
            names: Vec::new(),
            untrusted: false,
            required: false,
            alpn: &[],
            versions: (TlsVersion::V1_2, TlsVersion::V1_3),
            tickets: true,
        }
    }
}

impl End {
    fn trust(&self) -> ValidationContext {
        let names = self
            .names
            .iter()
            .map(|(kind, how, text)| name(*kind, how, text));
        ValidationContext {
            names: names.collect(),
            accept_untrusted: self.untrusted,
            ..self.roots.as_deref().map(roots).unwrap_or_default()
        }
    }

    pub(crate) fn server(&self) -> Server {
        let mut tls: DownstreamTls = downstream(self.alpn);
        tls.require_client_certificate = self.required;
        tls.disable_tickets = !self.tickets;
        (tls.common.parameters.minimum, tls.common.parameters.maximum) = self.versions;
        server(&tls, &[self.certificate.as_ref().unwrap()], &self.trust())
    }

    pub(crate) fn dialer(&self) -> Dialer {
        let mut tls: UpstreamTls = upstream(self.alpn);
        tls.common = common(self.alpn);
        (tls.common.parameters.minimum, tls.common.parameters.maximum) = self.versions;
        dialer(&tls, self.certificate.as_ref(), &self.trust())
    }

    /// The same for Envoy.
    pub(crate) fn json(&self, direction: &str) -> Value {
        let version = |version| match version {
            TlsVersion::V1_2 => "TLSv1_2",
            TlsVersion::V1_3 => "TLSv1_3",
        };
        let mut common = json!({
            "alpn_protocols": self.alpn,
            "tls_params": {
                "tls_minimum_protocol_version": version(self.versions.0),
                "tls_maximum_protocol_version": version(self.versions.1),
            },
        });
        if let Some(issued) = &self.certificate {
            common["tls_certificates"] = json!([{
                "certificate_chain": { "inline_string": issued.chain },
                "private_key": { "inline_string": issued.key },
            }]);
        }
        let matchers = self.names.iter().map(|(kind, how, text)| {
            let kind = match kind {
                NameKind::Dns => "DNS",
                NameKind::Uri => "URI",
                NameKind::Ip => "IP_ADDRESS",
            };
            json!({ "san_type": kind, "matcher": { *how: text } })
        });
        let matchers: Vec<_> = matchers.collect();
        let mut validation = json!({ "match_typed_subject_alt_names": matchers });
        if let Some(roots) = &self.roots {
            validation["trusted_ca"] = json!({ "inline_string": roots });
        }
        if self.untrusted {
            validation["trust_chain_verification"] = json!("ACCEPT_UNTRUSTED");
        }
        if self.roots.is_some() || self.untrusted {
            common["validation_context"] = validation;
        }
        let package = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";
        let mut config = json!({
            "@type": format!("{package}.{direction}TlsContext"),
            "common_tls_context": common,
        });
        if direction == "Downstream" {
            config["require_client_certificate"] = json!(self.required);
            config["disable_stateless_session_resumption"] = json!(!self.tickets);
        }
        json!({ "name": "envoy.transport_sockets.tls", "typed_config": config })
    }
}
