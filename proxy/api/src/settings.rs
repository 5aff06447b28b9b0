//! Every setting of a sidecar: one table that serves annotations, flags, webhook and docs.

mod image;
mod list;
mod mesh;
mod name;
mod quantity;
mod value;

pub use image::Image;
pub use list::{Cidr, CidrList, EgressList, EgressTarget, PortList};
pub use mesh::{IpFamilies, Mesh, MeshSetting};
pub use name::Setting;
pub use quantity::{Cpu, Memory};
pub use value::{Concurrency, DrainSeconds, Intercept, LogLevel, Mtls, Proxy, SidecarKind, Uid};

use std::collections::BTreeMap;

use crate::ports::DEFAULT_OPAQUE;
use value::SettingValue;

/// The official Envoy image that `--proxy envoy` runs, unmodified. The tests run its binary.
pub const ENVOY_IMAGE: &str = "envoyproxy/envoy:v1.40.0";

/// A value that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidSetting {
    /// What is wrong with the value and what it may be; one line, no full stop.
    pub message: String,
    /// The byte of the value at which it goes wrong.
    pub at: usize,
}

impl InvalidSetting {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at,
        }
    }
}

/// Settings that one source gives; the rest is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `proxy`.
    pub proxy: Option<Proxy>,
    /// `sidecar`.
    pub sidecar: Option<SidecarKind>,
    /// `intercept`.
    pub intercept: Option<Intercept>,
    /// `skip-inbound-ports`.
    pub skip_inbound_ports: Option<PortList>,
    /// `skip-outbound-ports`.
    pub skip_outbound_ports: Option<PortList>,
    /// `skip-outbound-cidrs`.
    pub skip_outbound_cidrs: Option<CidrList>,
    /// `opaque-ports`.
    pub opaque_ports: Option<PortList>,
    /// `plaintext-ports`.
    pub plaintext_ports: Option<PortList>,
    /// `egress`.
    pub egress: Option<EgressList>,
    /// `mtls`.
    pub mtls: Option<Mtls>,
    /// `rewrite-probes`.
    pub rewrite_probes: Option<bool>,
    /// `proxy-uid`.
    pub proxy_uid: Option<Uid>,
    /// `proxy-image`.
    pub proxy_image: Option<Image>,
    /// `proxy-cpu-request`.
    pub proxy_cpu_request: Option<Cpu>,
    /// `proxy-cpu-limit`.
    pub proxy_cpu_limit: Option<Cpu>,
    /// `proxy-memory-request`.
    pub proxy_memory_request: Option<Memory>,
    /// `proxy-memory-limit`.
    pub proxy_memory_limit: Option<Memory>,
    /// `log-level`.
    pub log_level: Option<LogLevel>,
    /// `concurrency`.
    pub concurrency: Option<Concurrency>,
    /// `drain-seconds`.
    pub drain_seconds: Option<DrainSeconds>,
    /// Settings of the whole mesh, checked, as they were written.
    pub mesh: BTreeMap<MeshSetting, String>,
}

impl Overrides {
    /// Reads `text` as the value of `setting`.
    ///
    /// Lists may be empty, which empties a default; everything else needs a value.
    pub fn set(&mut self, setting: Setting, text: &str) -> Result<(), InvalidSetting> {
        match setting {
            Setting::Proxy => read(&mut self.proxy, text),
            Setting::Sidecar => read(&mut self.sidecar, text),
            Setting::Intercept => read(&mut self.intercept, text),
            Setting::SkipInboundPorts => read(&mut self.skip_inbound_ports, text),
            Setting::SkipOutboundPorts => read(&mut self.skip_outbound_ports, text),
            Setting::SkipOutboundCidrs => read(&mut self.skip_outbound_cidrs, text),
            Setting::OpaquePorts => read(&mut self.opaque_ports, text),
            Setting::PlaintextPorts => read(&mut self.plaintext_ports, text),
            Setting::Egress => read(&mut self.egress, text),
            Setting::Mtls => read(&mut self.mtls, text),
            Setting::RewriteProbes => read(&mut self.rewrite_probes, text),
            Setting::ProxyUid => read(&mut self.proxy_uid, text),
            Setting::ProxyImage => read(&mut self.proxy_image, text),
            Setting::ProxyCpuRequest => read(&mut self.proxy_cpu_request, text),
            Setting::ProxyCpuLimit => read(&mut self.proxy_cpu_limit, text),
            Setting::ProxyMemoryRequest => read(&mut self.proxy_memory_request, text),
            Setting::ProxyMemoryLimit => read(&mut self.proxy_memory_limit, text),
            Setting::LogLevel => read(&mut self.log_level, text),
            Setting::Concurrency => read(&mut self.concurrency, text),
            Setting::DrainSeconds => read(&mut self.drain_seconds, text),
        }
    }

    /// Reads `text` as the value of `setting`, which is one of the whole mesh.
    pub fn set_mesh(&mut self, setting: MeshSetting, text: &str) -> Result<(), InvalidSetting> {
        Mesh::default().set(setting, text)?;
        self.mesh.insert(setting, text.to_owned());
        Ok(())
    }

    /// The value of `setting` as text that [`Self::set`] reads back, if this source gives it.
    pub fn get(&self, setting: Setting) -> Option<String> {
        match setting {
            Setting::Proxy => write(self.proxy.as_ref()),
            Setting::Sidecar => write(self.sidecar.as_ref()),
            Setting::Intercept => write(self.intercept.as_ref()),
            Setting::SkipInboundPorts => write(self.skip_inbound_ports.as_ref()),
            Setting::SkipOutboundPorts => write(self.skip_outbound_ports.as_ref()),
            Setting::SkipOutboundCidrs => write(self.skip_outbound_cidrs.as_ref()),
            Setting::OpaquePorts => write(self.opaque_ports.as_ref()),
            Setting::PlaintextPorts => write(self.plaintext_ports.as_ref()),
            Setting::Egress => write(self.egress.as_ref()),
            Setting::Mtls => write(self.mtls.as_ref()),
            Setting::RewriteProbes => write(self.rewrite_probes.as_ref()),
            Setting::ProxyUid => write(self.proxy_uid.as_ref()),
            Setting::ProxyImage => write(self.proxy_image.as_ref()),
            Setting::ProxyCpuRequest => write(self.proxy_cpu_request.as_ref()),
            Setting::ProxyCpuLimit => write(self.proxy_cpu_limit.as_ref()),
            Setting::ProxyMemoryRequest => write(self.proxy_memory_request.as_ref()),
            Setting::ProxyMemoryLimit => write(self.proxy_memory_limit.as_ref()),
            Setting::LogLevel => write(self.log_level.as_ref()),
            Setting::Concurrency => write(self.concurrency.as_ref()),
            Setting::DrainSeconds => write(self.drain_seconds.as_ref()),
        }
    }

    /// Whether this source gives nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What this source gives, in the order of [`Setting::ALL`], as text that [`Self::set`] reads.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, String)> + '_ {
        Setting::ALL
            .iter()
            .filter_map(|setting| Some((*setting, self.get(*setting)?)))
    }
}

/// Every setting with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which proxy runs beside the application.
    pub proxy: Proxy,
    /// How it runs.
    pub sidecar: SidecarKind,
    /// How traffic reaches it.
    pub intercept: Intercept,
    /// Ports that never enter it on the way in.
    pub skip_inbound_ports: PortList,
    /// Ports that never enter it on the way out.
    pub skip_outbound_ports: PortList,
    /// Destinations that never enter it.
    pub skip_outbound_cidrs: CidrList,
    /// Ports carried as bytes.
    pub opaque_ports: PortList,
    /// Ports open to plaintext although mTLS is strict.
    pub plaintext_ports: PortList,
    /// What the pod calls beside its own namespace.
    pub egress: EgressList,
    /// Whether plaintext is still taken.
    pub mtls: Mtls,
    /// Whether probes that the sidecar would falsify go to the sidecar.
    pub rewrite_probes: bool,
    /// User and group of the sidecar.
    pub proxy_uid: Uid,
    /// The image of mesh-proxy.
    pub proxy_image: Image,
    /// CPU that the proxy asks for.
    pub proxy_cpu_request: Cpu,
    /// CPU that it may use.
    pub proxy_cpu_limit: Option<Cpu>,
    /// Memory that it asks for.
    pub proxy_memory_request: Memory,
    /// Memory beyond which it is killed.
    pub proxy_memory_limit: Option<Memory>,
    /// The least severe message that it logs.
    pub log_level: LogLevel,
    /// Its worker threads.
    pub concurrency: Concurrency,
    /// How long it lets requests finish when it stops.
    pub drain_seconds: DrainSeconds,
    /// Which resources were asked for, and are not defaults.
    pub(crate) given: GivenRequests,
}

/// Which requests somebody gave; a default gives way where a given one would not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct GivenRequests {
    pub(crate) cpu: bool,
    pub(crate) memory: bool,
}

impl Settings {
    /// The settings of `layers`, strongest first, with defaults beneath.
    ///
    /// A default request never passes a given limit. Whether given values contradict each other is
    /// told by [`crate::sidecar::conflict`].
    pub fn resolve(layers: &[&Overrides]) -> Self {
        let proxy = first(layers, |layer| layer.proxy.as_ref()).unwrap_or(Proxy::MeshProxy);
        let defaults = ProxyDefaults::of(proxy);
        let cpu_request = first(layers, |layer| layer.proxy_cpu_request.as_ref());
        let cpu_limit = first(layers, |layer| layer.proxy_cpu_limit.as_ref());
        let memory_request = first(layers, |layer| layer.proxy_memory_request.as_ref());
        let memory_limit = first(layers, |layer| layer.proxy_memory_limit.as_ref());
        let given = GivenRequests {
            cpu: cpu_request.is_some(),
            memory: memory_request.is_some(),
        };
        let opaque_ports = first(layers, |layer| layer.opaque_ports.as_ref());
        Self {
            proxy,
            sidecar: first(layers, |layer| layer.sidecar.as_ref()).unwrap_or(SidecarKind::Native),
            intercept: first(layers, |layer| layer.intercept.as_ref()).unwrap_or(Intercept::Init),
            skip_inbound_ports: first_or_default(layers, |layer| layer.skip_inbound_ports.as_ref()),
            skip_outbound_ports: first_or_default(layers, |layer| {
                layer.skip_outbound_ports.as_ref()
            }),
            skip_outbound_cidrs: first_or_default(layers, |layer| {
                layer.skip_outbound_cidrs.as_ref()
            }),
            opaque_ports: opaque_ports.unwrap_or_else(|| PortList::of(DEFAULT_OPAQUE)),
            plaintext_ports: first_or_default(layers, |layer| layer.plaintext_ports.as_ref()),
            egress: first_or_default(layers, |layer| layer.egress.as_ref()),
            mtls: first(layers, |layer| layer.mtls.as_ref()).unwrap_or(Mtls::Permissive),
            rewrite_probes: first_or_default(layers, |layer| layer.rewrite_probes.as_ref()),
            proxy_uid: first_or_default(layers, |layer| layer.proxy_uid.as_ref()),
            proxy_image: first_or_default(layers, |layer| layer.proxy_image.as_ref()),
            proxy_cpu_request: cpu_request
                .unwrap_or_else(|| defaults.cpu_request_within(cpu_limit.as_ref())),
            proxy_cpu_limit: cpu_limit,
            proxy_memory_request: memory_request
                .unwrap_or_else(|| defaults.memory_request_within(memory_limit.as_ref())),
            proxy_memory_limit: memory_limit,
            log_level: first(layers, |layer| layer.log_level.as_ref()).unwrap_or(LogLevel::Warning),
            concurrency: first(layers, |layer| layer.concurrency.as_ref())
                .unwrap_or(defaults.concurrency),
            drain_seconds: first_or_default(layers, |layer| layer.drain_seconds.as_ref()),
            given,
        }
    }
}

impl Settings {
    /// Every setting by name, with its value as text.
    pub(crate) fn listed(&self) -> Vec<(&'static str, String)> {
        let all = Overrides {
            proxy: Some(self.proxy),
            sidecar: Some(self.sidecar),
            intercept: Some(self.intercept),
            skip_inbound_ports: Some(self.skip_inbound_ports.clone()),
            skip_outbound_ports: Some(self.skip_outbound_ports.clone()),
            skip_outbound_cidrs: Some(self.skip_outbound_cidrs.clone()),
            opaque_ports: Some(self.opaque_ports.clone()),
            plaintext_ports: Some(self.plaintext_ports.clone()),
            egress: Some(self.egress.clone()),
            mtls: Some(self.mtls),
            rewrite_probes: Some(self.rewrite_probes),
            proxy_uid: Some(self.proxy_uid),
            proxy_image: Some(self.proxy_image.clone()),
            proxy_cpu_request: Some(self.proxy_cpu_request.clone()),
            proxy_memory_request: Some(self.proxy_memory_request.clone()),
            log_level: Some(self.log_level),
            concurrency: Some(self.concurrency),
            drain_seconds: Some(self.drain_seconds),
            proxy_cpu_limit: self.proxy_cpu_limit.clone(),
            proxy_memory_limit: self.proxy_memory_limit.clone(),
            mesh: BTreeMap::new(),
        };
        let listed = all.iter().map(|(setting, value)| (setting.name(), value));
        listed.collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::resolve(&[])
    }
}

/// Defaults that depend on the proxy.
struct ProxyDefaults {
    cpu_millis: u128,
    memory_mebibytes: u128,
    concurrency: Concurrency,
}

impl ProxyDefaults {
    /// Ours starts at 8 MB and one worker carries more than a pod's share of a CPU; Envoy starts at
    /// 65 MB and asks for what Istio asks for.
    fn of(proxy: Proxy) -> Self {
        match proxy {
            Proxy::MeshProxy => Self {
                cpu_millis: 10,
                memory_mebibytes: 20,
                concurrency: Concurrency(1),
            },
            Proxy::Envoy => Self {
                cpu_millis: 100,
                memory_mebibytes: 128,
                concurrency: Concurrency(2),
            },
        }
    }

    fn cpu_request_within(&self, limit: Option<&Cpu>) -> Cpu {
        let request = Cpu::of_millis(self.cpu_millis);
        match limit {
            Some(limit) if limit.millis() < request.millis() => limit.clone(),
            _ => request,
        }
    }

    fn memory_request_within(&self, limit: Option<&Memory>) -> Memory {
        let request = Memory::of_mebibytes(self.memory_mebibytes);
        match limit {
            Some(limit) if limit.bytes() < request.bytes() => limit.clone(),
            _ => request,
        }
    }
}

fn first<T: Clone>(layers: &[&Overrides], value: impl Fn(&Overrides) -> Option<&T>) -> Option<T> {
    layers.iter().find_map(|layer| value(layer).cloned())
}

fn first_or_default<T: Clone + Default>(
    layers: &[&Overrides],
    value: impl Fn(&Overrides) -> Option<&T>,
) -> T {
    first(layers, value).unwrap_or_default()
}

fn read<T: SettingValue>(slot: &mut Option<T>, text: &str) -> Result<(), InvalidSetting> {
    *slot = Some(T::parse(text)?);
    Ok(())
}

fn write<T: SettingValue>(value: Option<&T>) -> Option<String> {
    value.map(T::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One value for each setting.
    const VALUES: [(Setting, &str); 20] = [
        (Setting::Proxy, "envoy"),
        (Setting::Sidecar, "container"),
        (Setting::Intercept, "none"),
        (Setting::SkipInboundPorts, "22"),
        (Setting::SkipOutboundPorts, "8000-8100"),
        (Setting::SkipOutboundCidrs, "10.0.0.0/8,fd00::/8"),
        (Setting::OpaquePorts, "3306"),
        (Setting::PlaintextPorts, "9090"),
        (Setting::Egress, "shop,data/redis"),
        (Setting::Mtls, "strict"),
        (Setting::RewriteProbes, "true"),
        (Setting::ProxyUid, "1338"),
        (Setting::ProxyImage, "localhost:5001/mesh-proxy:dev"),
        (Setting::ProxyCpuRequest, "50m"),
        (Setting::ProxyCpuLimit, "1"),
        (Setting::ProxyMemoryRequest, "30Mi"),
        (Setting::ProxyMemoryLimit, "1Gi"),
        (Setting::LogLevel, "debug"),
        (Setting::Concurrency, "4"),
        (Setting::DrainSeconds, "45"),
    ];

    #[test]
    fn every_setting_reads_what_it_writes() {
        let mut all = Overrides::default();
        assert!(all.is_empty());
        for (setting, text) in VALUES {
            let mut one = Overrides::default();
            one.set(setting, text).unwrap();
            assert_eq!(one.iter().collect::<Vec<_>>(), [(setting, text.to_owned())]);
            all.set(setting, text).unwrap();
        }
        assert_eq!(all.iter().count(), Setting::ALL.len());
    }

    #[test]
    fn the_strongest_layer_wins() {
        let (mut strong, mut weak) = (Overrides::default(), Overrides::default());
        strong.set(Setting::Mtls, "strict").unwrap();
        weak.set(Setting::Mtls, "permissive").unwrap();
        weak.set(Setting::ProxyUid, "4000").unwrap();
        let settings = Settings::resolve(&[&strong, &weak]);
        assert_eq!(
            (settings.mtls, settings.proxy_uid.get()),
            (Mtls::Strict, 4000)
        );
    }

    #[test]
    fn defaults_are_what_help_says() {
        for setting in Setting::ALL {
            let mut overrides = Overrides::default();
            let text = setting.default_text();
            if !matches!(text, "none" | "the pod's own namespace") && !text.contains('(') {
                overrides.set(*setting, text).unwrap();
                assert_eq!(
                    Settings::resolve(&[&overrides]),
                    Settings::default(),
                    "{setting:?}"
                );
            }
        }
    }

    #[test]
    fn a_default_request_keeps_within_a_given_limit() {
        let mut overrides = Overrides::default();
        overrides.set(Setting::ProxyCpuLimit, "5m").unwrap();
        overrides.set(Setting::ProxyMemoryLimit, "16Mi").unwrap();
        let settings = Settings::resolve(&[&overrides]);
        assert_eq!(settings.proxy_cpu_request.as_str(), "5m");
        assert_eq!(settings.proxy_memory_request.as_str(), "16Mi");
    }
}
