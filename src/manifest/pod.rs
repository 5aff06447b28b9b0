//! What the injector must know of a pod: its containers, probes and resources.

use mesh_api::settings::{Overrides, Setting};
use mesh_api::sidecar::{Handler, Pod, Probe};

use crate::manifest::view::View;

/// The probes a container can have.
pub(super) const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

/// The facts of a pod that its sidecar depends on.
pub fn facts(spec: View<'_, '_>, runs_to_completion: bool) -> Pod {
    Pod {
        // Only those init containers have probes that keep running.
        probes: all_containers(spec).flat_map(probes).collect(),
        guaranteed: is_guaranteed(spec),
        runs_to_completion,
        grace_seconds: spec
            .get("terminationGracePeriodSeconds")
            .and_then(View::number),
    }
}

/// Every container, init containers first.
pub fn all_containers<'t, 'a: 't>(spec: View<'t, 'a>) -> impl Iterator<Item = View<'t, 'a>> {
    spec.get("initContainers")
        .into_iter()
        .flat_map(View::items)
        .chain(containers(spec))
}

/// The containers proper.
pub fn containers<'t, 'a: 't>(spec: View<'t, 'a>) -> impl Iterator<Item = View<'t, 'a>> {
    spec.get("containers").into_iter().flat_map(View::items)
}

/// The probes of a container that go over the network, those left out whose port is no number and
/// no port of the container.
fn probes(container: View<'_, '_>) -> Vec<Probe> {
    let name = container.text_at(&["name"]).unwrap_or_default();
    let probe = |kind: &str| {
        let probe = container.get(kind)?;
        let (handler, action) = handler(probe)?;
        let port = port(container, action.get("port")?)?;
        Some(Probe {
            container: name.to_owned(),
            kind: kind.to_owned(),
            handler,
            port,
        })
    };
    PROBES.into_iter().filter_map(probe).collect()
}

/// What a probe sends, and the mapping that says where to.
pub(super) fn handler<'t, 'a>(probe: View<'t, 'a>) -> Option<(Handler, View<'t, 'a>)> {
    if let Some(http) = probe.get("httpGet") {
        let https = http
            .text_at(&["scheme"])
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let path = http
            .text_at(&["path"])
            .filter(|path| !path.is_empty())
            .unwrap_or("/");
        // The kubelet puts the missing slash in front.
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        return Some((Handler::Http { path, https }, http));
    }
    if let Some(grpc) = probe.get("grpc") {
        let service = grpc.text_at(&["service"]).unwrap_or_default().to_owned();
        return Some((Handler::Grpc { service }, grpc));
    }
    probe.get("tcpSocket").map(|tcp| (Handler::Tcp, tcp))
}

/// A port by number, or by the name that one of the container's ports has.
pub(super) fn port(container: View<'_, '_>, port: View<'_, '_>) -> Option<u16> {
    if let Some(number) = port.number() {
        return u16::try_from(number).ok();
    }
    let name = port.text()?;
    let mut ports = container.get("ports")?.items();
    let named = ports.find(|port| port.text_at(&["name"]) == Some(name))?;
    u16::try_from(named.get("containerPort")?.number()?).ok()
}

/// Every container limits CPU and memory, and requests as much (or leaves the request out).
/// See <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>.
fn is_guaranteed(spec: View<'_, '_>) -> bool {
    let is_bound = |container: View<'_, '_>| {
        ["cpu", "memory"].into_iter().all(|resource| {
            let limit = container.text_at(&["resources", "limits", resource]);
            let request = container.text_at(&["resources", "requests", resource]);
            limit.is_some_and(|limit| {
                request.is_none_or(|request| is_same_amount(resource, request, limit))
            })
        })
    };
    containers(spec).next().is_some() && all_containers(spec).all(is_bound)
}

/// Whether two quantities are the same, however they are written.
fn is_same_amount(resource: &str, one: &str, other: &str) -> bool {
    let amount = |text: &str| {
        let mut read = Overrides::default();
        if resource == "cpu" {
            read.set(Setting::ProxyCpuRequest, text).ok()?;
            return read.proxy_cpu_request.map(|cpu| cpu.millis());
        }
        read.set(Setting::ProxyMemoryRequest, text).ok()?;
        read.proxy_memory_request.map(|memory| memory.bytes())
    };
    one == other || amount(one).is_some_and(|one| Some(one) == amount(other))
}
