//! Lists what of TLS, secrets and upstream HTTP is honoured.

use super::Form::Plain;
use super::Kind::{Bool, Duration, Enum, List, Message, Text, Wrapped};
use super::Shape::{Absent, Member, Scalar, Several};
use super::core::{
    COMMON_HTTP_OPTIONS, CONFIG_SOURCE, DATA_SOURCE, HTTP1_PROTOCOL_OPTIONS,
    HTTP2_PROTOCOL_OPTIONS, UPSTREAM_HTTP_PROTOCOL_OPTIONS, WATCHED_DIRECTORY,
};
use super::macros::{enumerations, messages};
use super::matcher::STRING_MATCHER;
use super::{MANY, NOT_EMPTY, STRING, UINT32};

messages! {
    message RAW_BUFFER "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer" {
    }
    message DOWNSTREAM_TLS_CONTEXT "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext" {
        1 common_tls_context: Message(&COMMON_TLS_CONTEXT) => "";
        2 require_client_certificate: Wrapped(&Bool) => "";
        3 require_sni: Wrapped(&Bool) => "";
        7 disable_stateless_session_resumption: Bool, in "session_ticket_keys_type" => "";
        10 disable_stateful_session_resumption: Bool => "";
        6 session_timeout: Duration(0, 4_294_967_296) => "";
        8 ocsp_staple_policy: Enum(&OCSP_STAPLE_POLICY) => "taken and not used: LENIENT_STAPLING alone, and nothing is stapled";
        9 full_scan_certs_on_sni_mismatch: Wrapped(&Bool) => "";
    } without {
        4 session_ticket_keys: Member, 5 session_ticket_keys_sds_secret_config: Member,
        11 prefer_client_ciphers: Scalar,
    }
    message UPSTREAM_TLS_CONTEXT "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext" {
        1 common_tls_context: Message(&COMMON_TLS_CONTEXT) => "";
        2 sni: Text(Plain, 0, 255) => "";
        6 auto_host_sni: Bool => "";
        7 auto_sni_san_validation: Bool => "";
        4 max_session_keys: Wrapped(&UINT32) => "1 when absent, 0 for no resumption";
    } without {
        3 allow_renegotiation: Scalar, 5 enforce_rsa_key_usage: Absent,
    }
    message COMMON_TLS_CONTEXT "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext" {
        1 tls_params: Message(&TLS_PARAMETERS) => "";
        2 tls_certificates: List(&Message(&TLS_CERTIFICATE), 0, MANY) => "";
        6 tls_certificate_sds_secret_configs: List(&Message(&SDS_SECRET_CONFIG), 0, MANY) => "";
        3 validation_context: Message(&CERTIFICATE_VALIDATION_CONTEXT), in "validation_context_type" => "";
        7 validation_context_sds_secret_config: Message(&SDS_SECRET_CONFIG), in "validation_context_type" => "";
        8 combined_validation_context: Message(&COMMON_TLS_CONTEXT_COMBINED_CERTIFICATE_VALIDATION_CONTEXT), in "validation_context_type" => "";
        4 alpn_protocols: List(&STRING, 0, MANY) => "";
    } without {
        14 tls_certificate_provider_instance: Absent, 16 custom_tls_certificate_selector: Absent,
        9 tls_certificate_certificate_provider: Absent,
        11 tls_certificate_certificate_provider_instance: Absent,
        10 validation_context_certificate_provider: Member,
        12 validation_context_certificate_provider_instance: Member, 13 custom_handshaker: Absent,
        15 key_log: Absent,
    }
    message COMMON_TLS_CONTEXT_COMBINED_CERTIFICATE_VALIDATION_CONTEXT "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext" {
        1 default_validation_context: Message(&CERTIFICATE_VALIDATION_CONTEXT) => required "";
        2 validation_context_sds_secret_config: Message(&SDS_SECRET_CONFIG) => required "";
    } without {
        3 validation_context_certificate_provider: Absent,
        4 validation_context_certificate_provider_instance: Absent,
    }
    message TLS_PARAMETERS "envoy.extensions.transport_sockets.tls.v3.TlsParameters" {
        1 tls_minimum_protocol_version: Enum(&TLS_PROTOCOL) => "TLSv1_2 or TLSv1_3";
        2 tls_maximum_protocol_version: Enum(&TLS_PROTOCOL) => "TLSv1_2 or TLSv1_3; when absent TLSv1_3 towards clients and TLSv1_2 towards upstreams";
        3 cipher_suites: List(&STRING, 0, MANY) => "of TLS 1.2, by OpenSSL's names: ECDHE with AES-GCM or CHACHA20-POLY1305";
        4 ecdh_curves: List(&STRING, 0, MANY) => "`X25519MLKEM768`, `X25519`, `P-256`, `P-384`";
    } without {
        5 signature_algorithms: Several, 6 compliance_policies: Several,
    }
    message TLS_CERTIFICATE "envoy.extensions.transport_sockets.tls.v3.TlsCertificate" {
        1 certificate_chain: Message(&DATA_SOURCE) => "PEM, the leaf first";
        2 private_key: Message(&DATA_SOURCE) => "PEM: PKCS#8, PKCS#1 or SEC1";
        7 watched_directory: Message(&WATCHED_DIRECTORY) => "";
    } without {
        8 pkcs12: Absent, 6 private_key_provider: Absent, 3 password: Absent,
        4 ocsp_staple: Absent, 5 signed_certificate_timestamp: Several, 9 tls_params: Absent,
    }
    message CERTIFICATE_VALIDATION_CONTEXT "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext" {
        1 trusted_ca: Message(&DATA_SOURCE) => "PEM";
        11 watched_directory: Message(&WATCHED_DIRECTORY) => "";
        3 verify_certificate_spki: List(&Text(Plain, 44, 44), 0, MANY) => "";
        2 verify_certificate_hash: List(&Text(Plain, 64, 95), 0, MANY) => "";
        15 match_typed_subject_alt_names: List(&Message(&SUBJECT_ALT_NAME_MATCHER), 0, MANY) => "any of them";
        7 crl: Message(&DATA_SOURCE) => "PEM";
        8 allow_expired_certificate: Bool => "";
        10 trust_chain_verification: Enum(&TRUST_CHAIN_VERIFICATION) => "";
        14 only_verify_leaf_cert_crl: Bool => "";
        18 suppress_client_ca_list: Bool => "";
    } without {
        13 ca_certificate_provider_instance: Absent, 17 system_root_certs: Absent,
        9 match_subject_alt_names: Several, 6 require_signed_certificate_timestamp: Absent,
        12 custom_validator_config: Absent, 16 max_verify_depth: Absent,
    }
    message SUBJECT_ALT_NAME_MATCHER "envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher" {
        1 san_type: Enum(&SAN_TYPE) => "OTHER_NAME is not honoured";
        2 matcher: Message(&STRING_MATCHER) => required "";
    } without {
        3 oid: Scalar,
    }
    message SDS_SECRET_CONFIG "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig" {
        1 name: NOT_EMPTY => required "";
        2 sds_config: Message(&CONFIG_SOURCE) => "a secret of `static_resources.secrets` when absent";
    }
    message SECRET "envoy.extensions.transport_sockets.tls.v3.Secret" {
        1 name: STRING => "";
        2 tls_certificate: Message(&TLS_CERTIFICATE), in "type" => "";
        4 validation_context: Message(&CERTIFICATE_VALIDATION_CONTEXT), in "type" => "";
    } without {
        3 session_ticket_keys: Member, 5 generic_secret: Member,
    }
    message UPSTREAM_HTTP_OPTIONS "envoy.extensions.upstreams.http.v3.HttpProtocolOptions" {
        1 common_http_protocol_options: Message(&COMMON_HTTP_OPTIONS) => "";
        2 upstream_http_protocol_options: Message(&UPSTREAM_HTTP_PROTOCOL_OPTIONS) => "";
        3 explicit_http_config: Message(&HTTP_PROTOCOL_OPTIONS_EXPLICIT_HTTP_CONFIG), in "upstream_protocol_options" => "";
        4 use_downstream_protocol_config: Message(&HTTP_PROTOCOL_OPTIONS_USE_DOWNSTREAM_HTTP_CONFIG), in "upstream_protocol_options" => "";
        5 auto_config: Message(&HTTP_PROTOCOL_OPTIONS_AUTO_HTTP_CONFIG), in "upstream_protocol_options" => "";
    } needs ["upstream_protocol_options"] without {
        6 http_filters: Several, 7 header_validation_config: Absent, 8 outlier_detection: Absent,
        9 request_mirror_policies: Several, 10 hash_policy: Several, 11 retry_policy: Absent,
    }
    message HTTP_PROTOCOL_OPTIONS_EXPLICIT_HTTP_CONFIG "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig" {
        1 http_protocol_options: Message(&HTTP1_PROTOCOL_OPTIONS), in "protocol_config" => "";
        2 http2_protocol_options: Message(&HTTP2_PROTOCOL_OPTIONS), in "protocol_config" => "";
    } needs ["protocol_config"] without {
        3 http3_protocol_options: Member,
    }
    message HTTP_PROTOCOL_OPTIONS_USE_DOWNSTREAM_HTTP_CONFIG "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig" {
        1 http_protocol_options: Message(&HTTP1_PROTOCOL_OPTIONS) => "";
        2 http2_protocol_options: Message(&HTTP2_PROTOCOL_OPTIONS) => "";
    } without {
        3 http3_protocol_options: Absent,
    }
    message HTTP_PROTOCOL_OPTIONS_AUTO_HTTP_CONFIG "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig" {
        1 http_protocol_options: Message(&HTTP1_PROTOCOL_OPTIONS) => "";
        2 http2_protocol_options: Message(&HTTP2_PROTOCOL_OPTIONS) => "";
    } without {
        3 http3_protocol_options: Absent, 4 alternate_protocols_cache_options: Absent,
    }
}

enumerations! {
    enum OCSP_STAPLE_POLICY "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext.OcspStaplePolicy" {
        0 LENIENT_STAPLING,
    } without {
        1 STRICT_STAPLING, 2 MUST_STAPLE,
    }
    enum TLS_PROTOCOL "envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol" {
        0 TLS_AUTO, 3 TLSv1_2, 4 TLSv1_3,
    } without {
        1 TLSv1_0, 2 TLSv1_1,
    }
    enum TRUST_CHAIN_VERIFICATION "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.TrustChainVerification" {
        0 VERIFY_TRUST_CHAIN, 1 ACCEPT_UNTRUSTED,
    }
    enum SAN_TYPE "envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher.SanType" {
        2 DNS, 3 URI, 4 IP_ADDRESS,
    } without {
        0 SAN_TYPE_UNSPECIFIED, 1 EMAIL, 5 OTHER_NAME,
    }
}
