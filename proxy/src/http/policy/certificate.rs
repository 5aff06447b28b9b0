//! Treats `x-forwarded-client-cert`.

use crate::config::model::http::{ClientCertificate, ForwardClientCertificate};
use crate::facts::{Certificate, Tls};
use crate::http::headers::Headers;

const NAME: &[u8] = b"x-forwarded-client-cert";

/// Removes, passes on, adds to or sets the header.
pub(super) fn forward(headers: &mut Headers, options: ClientCertificate, tls: Option<&Tls>) {
    use ForwardClientCertificate as Forward;
    if options.forward == Forward::AlwaysForwardOnly {
        return;
    }
    let peer = tls.and_then(|tls| Some((tls, tls.peer.as_ref()?)));
    let (Some((tls, peer)), false) = (peer, options.forward == Forward::Sanitize) else {
        headers.remove(NAME);
        return;
    };
    match options.forward {
        Forward::AppendForward => headers.append(NAME, b",", &details(options, tls, peer)),
        Forward::SanitizeSet => headers.set(NAME, &details(options, tls, peer)),
        Forward::Sanitize | Forward::ForwardOnly | Forward::AlwaysForwardOnly => {}
    }
}

fn details(options: ClientCertificate, tls: &Tls, peer: &Certificate) -> Vec<u8> {
    let mut out = Vec::new();
    let mut add = |key: &str, value: &str, quote: &str| {
        if !out.is_empty() {
            out.push(b';');
        }
        for part in [key, "=", quote, value, quote] {
            out.extend_from_slice(part.as_bytes());
        }
    };
    for uri in &tls.local_uris {
        add("By", uri, "");
    }
    if !peer.fingerprint.is_empty() {
        add("Hash", &peer.fingerprint, "");
    }
    if options.certificate && !peer.encoded.is_empty() {
        add("Cert", &peer.encoded, "\"");
    }
    if options.chain && !peer.encoded_chain.is_empty() {
        add("Chain", &peer.encoded_chain, "\"");
    }
    if options.subject {
        add("Subject", &peer.subject, "\"");
    }
    if options.uri && peer.uris.is_empty() {
        add("URI", "", "");
    }
    for uri in peer.uris.iter().filter(|_| options.uri) {
        add("URI", uri, "");
    }
    for name in peer.dns.iter().filter(|_| options.dns) {
        add("DNS", name, "");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ForwardClientCertificate as Forward;

    fn treated(forward: Forward, tls: Option<&Tls>) -> Option<String> {
        let options = ClientCertificate {
            forward,
            subject: true,
            certificate: true,
            chain: false,
            dns: true,
            uri: true,
        };
        let mut headers = Headers::from([("x-forwarded-client-cert", "old")]);
        super::forward(&mut headers, options, tls);
        headers
            .get(NAME)
            .map(|it| String::from_utf8(it.to_vec()).unwrap())
    }

    #[test]
    fn modes() {
        let tls = Tls {
            local_uris: vec!["spiffe://own".into()],
            peer: Some(Certificate {
                subject: "CN=a".into(),
                fingerprint: "ab".into(),
                uris: vec!["spiffe://peer".into()],
                dns: vec!["a".into(), "b".into()],
                ..Certificate::default()
            }),
            ..Tls::default()
        };
        let made = "By=spiffe://own;Hash=ab;Subject=\"CN=a\";URI=spiffe://peer;DNS=a;DNS=b";
        let appended = format!("old,{made}");
        for (mode, plain, mutual) in [
            (Forward::Sanitize, None, None),
            (Forward::ForwardOnly, None, Some("old")),
            (Forward::AppendForward, None, Some(&*appended)),
            (Forward::SanitizeSet, None, Some(made)),
            (Forward::AlwaysForwardOnly, Some("old"), Some("old")),
        ] {
            assert_eq!(treated(mode, None).as_deref(), plain, "{mode:?}");
            assert_eq!(treated(mode, Some(&tls)).as_deref(), mutual, "{mode:?}");
        }
    }
}
