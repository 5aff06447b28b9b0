//! Names what is counted of TLS.

use super::cell::{Counter, OnUse};
use super::group::group;

group! {
    /// What is counted of handshakes; the scopes are the children `ssl` of listeners and clusters.
    ///
    /// The expiry of certificates is a gauge of its own: `certificate.NAME.expiration_unix_time_seconds`,
    /// by [`super::Scope::gauge`].
    TlsStats {
        ciphers_ecdhe_ecdsa_aes128_gcm_sha256: OnUse = "ciphers.ECDHE-ECDSA-AES128-GCM-SHA256",
        ciphers_ecdhe_ecdsa_aes256_gcm_sha384: OnUse = "ciphers.ECDHE-ECDSA-AES256-GCM-SHA384",
        ciphers_ecdhe_ecdsa_chacha20_poly1305: OnUse = "ciphers.ECDHE-ECDSA-CHACHA20-POLY1305",
        ciphers_ecdhe_rsa_aes128_gcm_sha256: OnUse = "ciphers.ECDHE-RSA-AES128-GCM-SHA256",
        ciphers_ecdhe_rsa_aes256_gcm_sha384: OnUse = "ciphers.ECDHE-RSA-AES256-GCM-SHA384",
        ciphers_ecdhe_rsa_chacha20_poly1305: OnUse = "ciphers.ECDHE-RSA-CHACHA20-POLY1305",
        ciphers_tls_aes_128_gcm_sha256: OnUse = "ciphers.TLS_AES_128_GCM_SHA256",
        ciphers_tls_aes_256_gcm_sha384: OnUse = "ciphers.TLS_AES_256_GCM_SHA384",
        ciphers_tls_chacha20_poly1305_sha256: OnUse = "ciphers.TLS_CHACHA20_POLY1305_SHA256",
        connection_error: Counter = "connection_error",
        curves_p_256: OnUse = "curves.P-256",
        curves_p_384: OnUse = "curves.P-384",
        curves_p_521: OnUse = "curves.P-521",
        curves_x25519: OnUse = "curves.X25519",
        curves_x25519mlkem768: OnUse = "curves.X25519MLKEM768",
        fail_verify_cert_hash: Counter = "fail_verify_cert_hash",
        fail_verify_error: Counter = "fail_verify_error",
        fail_verify_no_cert: Counter = "fail_verify_no_cert",
        fail_verify_san: Counter = "fail_verify_san",
        handshake: Counter = "handshake",
        no_certificate: Counter = "no_certificate",
        ocsp_staple_failed: Counter = "ocsp_staple_failed",
        ocsp_staple_omitted: Counter = "ocsp_staple_omitted",
        ocsp_staple_requests: Counter = "ocsp_staple_requests",
        ocsp_staple_responses: Counter = "ocsp_staple_responses",
        session_reused: Counter = "session_reused",
        sigalgs_ecdsa_secp256r1_sha256: OnUse = "sigalgs.ecdsa_secp256r1_sha256",
        sigalgs_ecdsa_secp384r1_sha384: OnUse = "sigalgs.ecdsa_secp384r1_sha384",
        sigalgs_ecdsa_secp521r1_sha512: OnUse = "sigalgs.ecdsa_secp521r1_sha512",
        sigalgs_ed25519: OnUse = "sigalgs.ed25519",
        sigalgs_rsa_pkcs1_sha256: OnUse = "sigalgs.rsa_pkcs1_sha256",
        sigalgs_rsa_pkcs1_sha384: OnUse = "sigalgs.rsa_pkcs1_sha384",
        sigalgs_rsa_pkcs1_sha512: OnUse = "sigalgs.rsa_pkcs1_sha512",
        sigalgs_rsa_pss_rsae_sha256: OnUse = "sigalgs.rsa_pss_rsae_sha256",
        sigalgs_rsa_pss_rsae_sha384: OnUse = "sigalgs.rsa_pss_rsae_sha384",
        sigalgs_rsa_pss_rsae_sha512: OnUse = "sigalgs.rsa_pss_rsae_sha512",
        versions_tlsv1_2: OnUse = "versions.TLSv1.2",
        versions_tlsv1_3: OnUse = "versions.TLSv1.3",
    }
}

group! {
    /// Where certificates come from; the scopes are a listener's child `server_ssl_socket_factory` and a
    /// cluster's child `client_ssl_socket_factory`.
    SocketFactoryStats {
        downstream_context_secrets_not_ready: Counter = "downstream_context_secrets_not_ready",
        ssl_context_update_by_sds: Counter = "ssl_context_update_by_sds",
        upstream_context_secrets_not_ready: Counter = "upstream_context_secrets_not_ready",
    }
}

impl TlsStats {
    /// The counter of a cipher suite by the name that Envoy gives it.
    pub fn cipher(&self, name: &str) -> Option<&OnUse> {
        Some(match name {
            "TLS_AES_128_GCM_SHA256" => &self.ciphers_tls_aes_128_gcm_sha256,
            "TLS_AES_256_GCM_SHA384" => &self.ciphers_tls_aes_256_gcm_sha384,
            "TLS_CHACHA20_POLY1305_SHA256" => &self.ciphers_tls_chacha20_poly1305_sha256,
            "ECDHE-ECDSA-AES128-GCM-SHA256" => &self.ciphers_ecdhe_ecdsa_aes128_gcm_sha256,
            "ECDHE-ECDSA-AES256-GCM-SHA384" => &self.ciphers_ecdhe_ecdsa_aes256_gcm_sha384,
            "ECDHE-ECDSA-CHACHA20-POLY1305" => &self.ciphers_ecdhe_ecdsa_chacha20_poly1305,
            "ECDHE-RSA-AES128-GCM-SHA256" => &self.ciphers_ecdhe_rsa_aes128_gcm_sha256,
            "ECDHE-RSA-AES256-GCM-SHA384" => &self.ciphers_ecdhe_rsa_aes256_gcm_sha384,
            "ECDHE-RSA-CHACHA20-POLY1305" => &self.ciphers_ecdhe_rsa_chacha20_poly1305,
            _ => return None,
        })
    }

    /// The counter of a key exchange group by the name that Envoy gives it.
    pub fn curve(&self, name: &str) -> Option<&OnUse> {
        Some(match name {
            "X25519" => &self.curves_x25519,
            "P-256" => &self.curves_p_256,
            "P-384" => &self.curves_p_384,
            "P-521" => &self.curves_p_521,
            "X25519MLKEM768" => &self.curves_x25519mlkem768,
            _ => return None,
        })
    }

    /// The counter of a signature scheme by the name that Envoy gives it.
    pub fn signature(&self, name: &str) -> Option<&OnUse> {
        Some(match name {
            "ecdsa_secp256r1_sha256" => &self.sigalgs_ecdsa_secp256r1_sha256,
            "ecdsa_secp384r1_sha384" => &self.sigalgs_ecdsa_secp384r1_sha384,
            "ecdsa_secp521r1_sha512" => &self.sigalgs_ecdsa_secp521r1_sha512,
            "ed25519" => &self.sigalgs_ed25519,
            "rsa_pkcs1_sha256" => &self.sigalgs_rsa_pkcs1_sha256,
            "rsa_pkcs1_sha384" => &self.sigalgs_rsa_pkcs1_sha384,
            "rsa_pkcs1_sha512" => &self.sigalgs_rsa_pkcs1_sha512,
            "rsa_pss_rsae_sha256" => &self.sigalgs_rsa_pss_rsae_sha256,
            "rsa_pss_rsae_sha384" => &self.sigalgs_rsa_pss_rsae_sha384,
            "rsa_pss_rsae_sha512" => &self.sigalgs_rsa_pss_rsae_sha512,
            _ => return None,
        })
    }
}
