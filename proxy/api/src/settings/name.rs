//! The table of settings: name, help, choices, default.

/// A setting that an annotation, a flag or the environment can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    /// `proxy`: `mesh-proxy` or `envoy`.
    Proxy,
    /// `sidecar`: `native` or `container`.
    Sidecar,
    /// `intercept`: `init` or `none`.
    Intercept,
    /// `skip-inbound-ports`: ports that never enter the sidecar on the way in.
    SkipInboundPorts,
    /// `skip-outbound-ports`: ports that never enter the sidecar on the way out.
    SkipOutboundPorts,
    /// `skip-outbound-cidrs`: destinations that never enter the sidecar.
    SkipOutboundCidrs,
    /// `opaque-ports`: ports carried as bytes, without detection.
    OpaquePorts,
    /// `plaintext-ports`: ports open to plaintext although mTLS is strict.
    PlaintextPorts,
    /// `egress`: namespaces and services that the pod calls.
    Egress,
    /// `mtls`: `permissive` or `strict`.
    Mtls,
    /// `rewrite-probes`: answer from the sidecar what the sidecar would falsify.
    RewriteProbes,
    /// `proxy-uid`: the user that the sidecar runs as.
    ProxyUid,
    /// `proxy-image`: the image of mesh-proxy.
    ProxyImage,
    /// `proxy-cpu-request`.
    ProxyCpuRequest,
    /// `proxy-cpu-limit`.
    ProxyCpuLimit,
    /// `proxy-memory-request`.
    ProxyMemoryRequest,
    /// `proxy-memory-limit`.
    ProxyMemoryLimit,
    /// `log-level`: Envoy's levels.
    LogLevel,
    /// `concurrency`: worker threads.
    Concurrency,
    /// `drain-seconds`: how long a stopping sidecar lets requests finish.
    DrainSeconds,
}

impl Setting {
    /// Every setting, in the order of the docs.
    pub const ALL: &'static [Self] = &[
        Self::Proxy,
        Self::Sidecar,
        Self::Intercept,
        Self::SkipInboundPorts,
        Self::SkipOutboundPorts,
        Self::SkipOutboundCidrs,
        Self::OpaquePorts,
        Self::PlaintextPorts,
        Self::Egress,
        Self::Mtls,
        Self::RewriteProbes,
        Self::ProxyUid,
        Self::ProxyImage,
        Self::ProxyCpuRequest,
        Self::ProxyCpuLimit,
        Self::ProxyMemoryRequest,
        Self::ProxyMemoryLimit,
        Self::LogLevel,
        Self::Concurrency,
        Self::DrainSeconds,
    ];

    /// The name behind `meshctl.dev/` and behind `--`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// One line of help, no full stop.
    pub fn help(self) -> &'static str {
        self.entry().help
    }

    /// The value's placeholder in help, such as `PORTS`.
    pub fn value_name(self) -> &'static str {
        self.entry().value_name
    }

    /// The words it takes, if it takes only certain words.
    pub fn choices(self) -> &'static [&'static str] {
        self.entry().choices
    }

    /// The default in words, for help.
    pub fn default_text(self) -> &'static str {
        self.entry().default_text
    }

    /// The setting called `name` (without the prefix).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|setting| setting.name() == name)
    }

    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }
}

/// What help and docs say of one setting.
struct Entry {
    name: &'static str,
    help: &'static str,
    value_name: &'static str,
    choices: &'static [&'static str],
    default_text: &'static str,
}

const fn entry(
    name: &'static str,
    value_name: &'static str,
    choices: &'static [&'static str],
    default_text: &'static str,
    help: &'static str,
) -> Entry {
    Entry {
        name,
        help,
        value_name,
        choices,
        default_text,
    }
}

/// In the order of [`Setting`]; a test keeps it so.
const TABLE: [Entry; 20] = [
    entry(
        "proxy",
        "PROXY",
        &["mesh-proxy", "envoy"],
        "mesh-proxy",
        "Which proxy runs beside the application",
    ),
    entry(
        "sidecar",
        "KIND",
        &["native", "container"],
        "native",
        "How the sidecar runs: native (Kubernetes 1.29 and later) or as one more container",
    ),
    entry(
        "intercept",
        "HOW",
        &["init", "none"],
        "init",
        "How traffic reaches the sidecar: rules set by an init container, or HTTP_PROXY (none, outbound only)",
    ),
    entry(
        "skip-inbound-ports",
        "PORTS",
        &[],
        "none",
        "Ports whose incoming connections never enter the sidecar, such as 22,8000-8100",
    ),
    entry(
        "skip-outbound-ports",
        "PORTS",
        &[],
        "none",
        "Ports whose outgoing connections never enter the sidecar, such as 22,8000-8100",
    ),
    entry(
        "skip-outbound-cidrs",
        "CIDRS",
        &[],
        "none",
        "Destinations that never enter the sidecar, such as 169.254.169.254,10.0.0.0/8,fd00::/8",
    ),
    entry(
        "opaque-ports",
        "PORTS",
        &[],
        "25,110,143,587,3306,4444,9300,11211",
        "Ports carried as bytes without looking at them, for servers that speak first",
    ),
    entry(
        "plaintext-ports",
        "PORTS",
        &[],
        "none",
        "Ports open to plaintext although mTLS is strict, such as one that is scraped",
    ),
    entry(
        "egress",
        "TARGETS",
        &[],
        "the pod's own namespace",
        "Namespaces and services that the pod calls: namespace, namespace/service or *",
    ),
    entry(
        "mtls",
        "MODE",
        &["permissive", "strict"],
        "permissive",
        "Whether the pod still takes plaintext: permissive or strict",
    ),
    entry(
        "rewrite-probes",
        "BOOL",
        &["true", "false"],
        "false",
        "Send tcpSocket probes to the sidecar, which dials the application itself",
    ),
    entry(
        "proxy-uid",
        "UID",
        &[],
        "1337",
        "The user and group that the sidecar runs as; nothing else in the pod may run as it",
    ),
    entry(
        "proxy-image",
        "IMAGE",
        &[],
        concat!("mesh-proxy:", env!("CARGO_PKG_VERSION")),
        "The image of mesh-proxy, which also holds init and agent",
    ),
    entry(
        "proxy-cpu-request",
        "CPU",
        &[],
        "10m (envoy: 100m)",
        "CPU that the proxy asks for, such as 10m",
    ),
    entry(
        "proxy-cpu-limit",
        "CPU",
        &[],
        "none",
        "CPU that the proxy may use, such as 500m",
    ),
    entry(
        "proxy-memory-request",
        "MEMORY",
        &[],
        "20Mi (envoy: 128Mi)",
        "Memory that the proxy asks for, such as 20Mi",
    ),
    entry(
        "proxy-memory-limit",
        "MEMORY",
        &[],
        "none",
        "Memory beyond which the proxy is killed, such as 128Mi",
    ),
    entry(
        "log-level",
        "LEVEL",
        &[
            "trace", "debug", "info", "warning", "error", "critical", "off",
        ],
        "warning",
        "The least severe message that the sidecar logs",
    ),
    entry(
        "concurrency",
        "THREADS",
        &[],
        "1 (envoy: 2)",
        "Worker threads of the proxy, 0 to 256; 0 is one for each CPU of the node",
    ),
    entry(
        "drain-seconds",
        "SECONDS",
        &[],
        "20",
        "How long a stopping sidecar lets requests finish, at most the pod's grace period less 5 s",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_settings() {
        for (index, setting) in Setting::ALL.iter().enumerate() {
            assert_eq!(*setting as usize, index);
            let words = format!("{setting:?}")
                .chars()
                .flat_map(|letter| {
                    let dash = letter.is_uppercase().then_some('-');
                    dash.into_iter().chain(letter.to_lowercase())
                })
                .collect::<String>();
            assert_eq!(setting.name(), words.trim_start_matches('-'));
            assert_eq!(Setting::from_name(setting.name()), Some(*setting));
            assert!(!setting.help().ends_with('.'));
        }
        assert_eq!(Setting::ALL.len(), TABLE.len());
        assert_eq!(Setting::from_name("inject"), None);
    }
}
