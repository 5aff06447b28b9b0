//! What is the same for every pod of an installation: trust domain, controller, token, bundle.

use std::fmt;

use super::list::check_label;
use super::{InvalidSetting, Overrides};
use crate::identity::check_trust_domain;

/// The mesh that a pod joins: the same for every pod of an installation.
///
/// Each part can be set apart, so that istiod or cert-manager's istio-csr may sign the certificates:
/// see [`Mesh::set`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mesh {
    /// The trust domain of every SPIFFE id.
    pub trust_domain: String,
    /// The namespace of the control plane.
    pub namespace: String,
    /// Where discovery (ADS) is served, as `host:port`.
    pub discovery_address: String,
    /// Where certificates are signed, as `host:port`.
    pub ca_address: String,
    /// The DNS name that both must prove with their certificate.
    pub server_name: String,
    /// The audience of the service-account token that is shown to them.
    pub token_audience: String,
    /// The `ConfigMap`, in each namespace, that holds the trust bundle.
    pub trust_bundle_config_map: String,
    /// The key of the bundle in that `ConfigMap`.
    pub trust_bundle_key: String,
    /// Which addresses pods have.
    pub ip_families: IpFamilies,
}

impl Mesh {
    /// The defaults with the control plane in `namespace`.
    pub fn in_namespace(namespace: &str) -> Self {
        let host = format!("mesh-controller.{namespace}.svc");
        Self {
            trust_domain: "cluster.local".to_owned(),
            namespace: namespace.to_owned(),
            discovery_address: format!("{host}:15012"),
            ca_address: format!("{host}:15012"),
            server_name: host,
            token_audience: "mesh-identity".to_owned(),
            trust_bundle_config_map: "mesh-trust".to_owned(),
            trust_bundle_key: "ca.crt".to_owned(),
            ip_families: IpFamilies::Dual,
        }
    }

    /// The mesh of `layers`, strongest first, with defaults beneath.
    pub fn resolve(layers: &[&Overrides]) -> Self {
        let mut mesh = Self::default();
        for setting in MeshSetting::ALL {
            let given = layers.iter().find_map(|layer| layer.mesh.get(setting));
            if let Some(text) = given {
                // `Overrides::set_mesh` has checked it.
                let _ = mesh.set(*setting, text);
            }
        }
        mesh
    }

    /// Reads `text` as the value of `setting`. A new namespace moves whatever still has its default.
    pub fn set(&mut self, setting: MeshSetting, text: &str) -> Result<(), InvalidSetting> {
        match setting {
            MeshSetting::TrustDomain => check_trust_domain(text)
                .map_err(|error| InvalidSetting::new(error.at, error.message))?,
            MeshSetting::Namespace => check_label(0, text, "a namespace")?,
            MeshSetting::DiscoveryAddress | MeshSetting::CaAddress => check_address(text)?,
            MeshSetting::ServerName => check_name(0, text, "a server name")?,
            MeshSetting::TokenAudience => check_audience(text)?,
            MeshSetting::TrustBundleConfigMap => check_name(0, text, "the name of a ConfigMap")?,
            MeshSetting::TrustBundleKey => check_key(text)?,
            MeshSetting::IpFamilies => {}
        }
        match setting {
            MeshSetting::TrustDomain => text.clone_into(&mut self.trust_domain),
            MeshSetting::Namespace => self.move_to(text),
            MeshSetting::DiscoveryAddress => text.clone_into(&mut self.discovery_address),
            MeshSetting::CaAddress => text.clone_into(&mut self.ca_address),
            MeshSetting::ServerName => text.clone_into(&mut self.server_name),
            MeshSetting::TokenAudience => text.clone_into(&mut self.token_audience),
            MeshSetting::TrustBundleConfigMap => text.clone_into(&mut self.trust_bundle_config_map),
            MeshSetting::TrustBundleKey => text.clone_into(&mut self.trust_bundle_key),
            MeshSetting::IpFamilies => self.ip_families = IpFamilies::parse(text)?,
        }
        Ok(())
    }

    fn move_to(&mut self, namespace: &str) {
        let (old, new) = (
            Self::in_namespace(&self.namespace),
            Self::in_namespace(namespace),
        );
        for (value, default, moved) in [
            (
                &mut self.discovery_address,
                old.discovery_address,
                new.discovery_address,
            ),
            (&mut self.ca_address, old.ca_address, new.ca_address),
            (&mut self.server_name, old.server_name, new.server_name),
        ] {
            if *value == default {
                *value = moved;
            }
        }
        self.namespace = new.namespace;
    }
}

impl Default for Mesh {
    fn default() -> Self {
        Self::in_namespace("mesh-system")
    }
}

/// Which addresses pods have: what the sidecar listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpFamilies {
    /// IPv4 and, where the pod has one, IPv6. The kernel must know IPv6.
    Dual,
    /// IPv4 alone, also for kernels started with `ipv6.disable=1`.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
}

impl IpFamilies {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        match text {
            "dual" => Ok(Self::Dual),
            "ipv4" => Ok(Self::Ipv4),
            "ipv6" => Ok(Self::Ipv6),
            _ => Err(InvalidSetting::new(
                0,
                format!("`{text}` is not one of `dual`, `ipv4`, `ipv6`"),
            )),
        }
    }
}

impl fmt::Display for IpFamilies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dual => "dual",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        })
    }
}

/// A setting of the whole installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeshSetting {
    /// `trust-domain`.
    TrustDomain,
    /// `control-plane-namespace`.
    Namespace,
    /// `discovery-address`.
    DiscoveryAddress,
    /// `ca-address`.
    CaAddress,
    /// `server-name`.
    ServerName,
    /// `token-audience`.
    TokenAudience,
    /// `trust-bundle-config-map`.
    TrustBundleConfigMap,
    /// `trust-bundle-key`.
    TrustBundleKey,
    /// `ip-families`.
    IpFamilies,
}

impl MeshSetting {
    /// Every setting, in the order of the docs.
    pub const ALL: &'static [Self] = &[
        Self::TrustDomain,
        Self::Namespace,
        Self::DiscoveryAddress,
        Self::CaAddress,
        Self::ServerName,
        Self::TokenAudience,
        Self::TrustBundleConfigMap,
        Self::TrustBundleKey,
        Self::IpFamilies,
    ];

    /// The name, as a flag without `--`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrustDomain => "trust-domain",
            Self::Namespace => "control-plane-namespace",
            Self::DiscoveryAddress => "discovery-address",
            Self::CaAddress => "ca-address",
            Self::ServerName => "server-name",
            Self::TokenAudience => "token-audience",
            Self::TrustBundleConfigMap => "trust-bundle-config-map",
            Self::TrustBundleKey => "trust-bundle-key",
            Self::IpFamilies => "ip-families",
        }
    }

    /// One line of help, no full stop.
    pub fn help(self) -> &'static str {
        match self {
            Self::TrustDomain => "The trust domain of every identity",
            Self::Namespace => "The namespace of the control plane",
            Self::DiscoveryAddress => "Where discovery is served, as HOST:PORT",
            Self::CaAddress => "Where certificates are signed, as HOST:PORT",
            Self::ServerName => "The DNS name that the control plane must prove",
            Self::TokenAudience => "The audience of the token that is shown to the control plane",
            Self::TrustBundleConfigMap => "The ConfigMap of each namespace with the trust bundle",
            Self::TrustBundleKey => "The key of the trust bundle in that ConfigMap",
            Self::IpFamilies => "Which addresses pods have: dual, ipv4 or ipv6",
        }
    }

    /// The setting called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|setting| setting.name() == name)
    }
}

fn check_address(text: &str) -> Result<(), InvalidSetting> {
    let expected = "an address is HOST:PORT";
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(InvalidSetting::new(
            text.len(),
            format!("{expected}: the port is missing"),
        ));
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0);
    if !is_port {
        return Err(InvalidSetting::new(
            host.len() + 1,
            format!("{expected}: the port is a number from 1 to 65535, not `{port}`"),
        ));
    }
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        return match inner.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(InvalidSetting::new(
                1,
                format!("`{inner}` is not an IPv6 address"),
            )),
        };
    }
    check_name(0, host, "the host of an address")
}

/// A DNS subdomain (RFC 1123): labels with dots between.
fn check_name(at: usize, text: &str, what: &str) -> Result<(), InvalidSetting> {
    if text.len() > 253 {
        return Err(InvalidSetting::new(
            at + 253,
            format!("{what} is at most 253 characters"),
        ));
    }
    let mut begin = at;
    for label in text.split('.') {
        check_label(begin, label, &format!("each part of {what}"))?;
        begin += label.len() + 1;
    }
    Ok(())
}

fn check_audience(text: &str) -> Result<(), InvalidSetting> {
    let expected = "an audience is any text without blanks, quotes, `$` and control characters";
    if text.is_empty() {
        return Err(InvalidSetting::new(
            0,
            format!("the value is empty: {expected}"),
        ));
    }
    let wrong =
        |letter: char| letter.is_whitespace() || letter.is_control() || "\"'\\$".contains(letter);
    match text.find(wrong) {
        Some(at) => Err(InvalidSetting::new(at, expected)),
        None => Ok(()),
    }
}

/// A key of a `ConfigMap` (`IsConfigMapKey`).
fn check_key(text: &str) -> Result<(), InvalidSetting> {
    let expected = "a ConfigMap's key is at most 253 letters, digits, `-`, `_` and `.`";
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if text.is_empty() || text == "." || text.starts_with("..") {
        return Err(InvalidSetting::new(0, format!("{expected}, not `{text}`")));
    }
    match text
        .find(|letter| !allowed(letter))
        .or((text.len() > 253).then_some(253))
    {
        Some(at) => Err(InvalidSetting::new(at, format!("{expected}, not `{text}`"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiod_and_istio_csr_fit() {
        let mut mesh = Mesh::default();
        for (name, value) in [
            ("ca-address", "istiod.istio-system.svc:15012"),
            ("server-name", "istiod.istio-system.svc"),
            ("token-audience", "istio-ca"),
            ("trust-bundle-config-map", "istio-ca-root-cert"),
            ("trust-bundle-key", "root-cert.pem"),
            ("trust-domain", "td.example"),
        ] {
            let setting = MeshSetting::from_name(name).unwrap();
            mesh.set(setting, value).unwrap();
        }
        assert_eq!(
            mesh.discovery_address,
            "mesh-controller.mesh-system.svc:15012"
        );
        assert_eq!(mesh.ca_address, "istiod.istio-system.svc:15012");
    }

    #[test]
    fn a_new_namespace_moves_only_defaults() {
        let mut mesh = Mesh::default();
        mesh.set(MeshSetting::CaAddress, "csr.cert-manager.svc:443")
            .unwrap();
        mesh.set(MeshSetting::Namespace, "infra").unwrap();
        assert_eq!(mesh.discovery_address, "mesh-controller.infra.svc:15012");
        assert_eq!(mesh.ca_address, "csr.cert-manager.svc:443");
    }

    #[test]
    fn says_where_a_value_goes_wrong() {
        let mut mesh = Mesh::default();
        for (setting, value, at) in [
            (MeshSetting::DiscoveryAddress, "host", 4),
            (MeshSetting::DiscoveryAddress, "host:0", 5),
            (MeshSetting::DiscoveryAddress, "ho_st:1", 2),
            (MeshSetting::DiscoveryAddress, "[::1]:1x", 6),
            (MeshSetting::TokenAudience, "a b", 1),
            (MeshSetting::TokenAudience, "", 0),
            (MeshSetting::TrustBundleKey, "a/b", 1),
            (MeshSetting::TrustDomain, "Cluster", 0),
            (MeshSetting::ServerName, "a..b", 2),
            (MeshSetting::IpFamilies, "v4", 0),
        ] {
            assert_eq!(mesh.set(setting, value).unwrap_err().at, at, "{value}");
        }
        assert_eq!(mesh, Mesh::default());
        assert_eq!(
            mesh.set(MeshSetting::DiscoveryAddress, "[::1]:15012"),
            Ok(())
        );
    }
}
