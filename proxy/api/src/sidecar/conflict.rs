//! Finds settings that cannot work together, or not in this pod.

use super::{Handler, Pod};
use crate::settings::{Intercept, Mtls, Proxy, Setting, Settings, SidecarKind};

/// Why a pod cannot get the sidecar that its settings ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// A stable name.
    pub code: &'static str,
    /// What is wrong; one line, no full stop.
    pub message: String,
    /// What to do; one line, no full stop.
    pub hint: String,
    /// The settings that contradict each other (or the pod), the likelier culprit first.
    pub settings: &'static [Setting],
}

/// The first reason why `pod` cannot get a sidecar with `settings`; none when it can.
pub fn conflict(settings: &Settings, pod: &Pod) -> Option<Conflict> {
    classic_job(settings, pod)
        .or_else(|| intercept_none(settings))
        .or_else(|| limits(settings))
        .or_else(|| https_probe(settings, pod))
}

fn classic_job(settings: &Settings, pod: &Pod) -> Option<Conflict> {
    let runs_for_ever = settings.sidecar == SidecarKind::Container && pod.runs_to_completion;
    runs_for_ever.then(|| Conflict {
        code: "classic-job",
        message: "the pod of a Job would never complete, because a classic sidecar does not end \
                  with the application"
            .to_owned(),
        hint: "use `sidecar: native` (Kubernetes 1.29 and later)".to_owned(),
        settings: &[Setting::Sidecar],
    })
}

fn intercept_none(settings: &Settings) -> Option<Conflict> {
    if settings.intercept != Intercept::None {
        return None;
    }
    if settings.proxy == Proxy::Envoy {
        return Some(Conflict {
            code: "intercept-none-envoy",
            message: "`intercept: none` works with mesh-proxy only".to_owned(),
            hint: "use `proxy: mesh-proxy`, or `intercept: init`".to_owned(),
            settings: &[Setting::Intercept, Setting::Proxy],
        });
    }
    (settings.mtls == Mtls::Strict).then(|| Conflict {
        code: "intercept-none-strict",
        message: "`mtls: strict` cannot be kept with `intercept: none`, which leaves incoming \
                  connections to the application"
            .to_owned(),
        hint: "use `intercept: init`, or `mtls: permissive`".to_owned(),
        settings: &[Setting::Mtls, Setting::Intercept],
    })
}

fn limits(settings: &Settings) -> Option<Conflict> {
    let (cpu, memory) = (&settings.proxy_cpu_request, &settings.proxy_memory_request);
    let cpu_limit = settings.proxy_cpu_limit.as_ref();
    if let Some(limit) = cpu_limit.filter(|limit| limit.millis() < cpu.millis()) {
        return Some(limit_below_request(
            "CPU",
            (limit.as_str(), cpu.as_str()),
            &[Setting::ProxyCpuLimit, Setting::ProxyCpuRequest],
        ));
    }
    let memory_limit = settings.proxy_memory_limit.as_ref();
    let limit = memory_limit.filter(|limit| limit.bytes() < memory.bytes())?;
    Some(limit_below_request(
        "memory",
        (limit.as_str(), memory.as_str()),
        &[Setting::ProxyMemoryLimit, Setting::ProxyMemoryRequest],
    ))
}

fn limit_below_request(
    what: &str,
    (limit, request): (&str, &str),
    settings: &'static [Setting],
) -> Conflict {
    Conflict {
        code: "limit-below-request",
        message: format!("the sidecar's {what} limit {limit} is below its request {request}"),
        hint: format!("raise the limit to {request} or more, or lower the request"),
        settings,
    }
}

/// In strict a probe over TLS is TLS of the application's, which strict refuses.
fn https_probe(settings: &Settings, pod: &Pod) -> Option<Conflict> {
    if settings.mtls != Mtls::Strict || settings.rewrite_probes {
        return None;
    }
    let exempt = |port| {
        settings.skip_inbound_ports.contains(port) || settings.plaintext_ports.contains(port)
    };
    let probe = pod.probes.iter().find(|probe| {
        matches!(probe.handler, Handler::Http { https: true, .. }) && !exempt(probe.port)
    })?;
    Some(Conflict {
        code: "strict-https-probe",
        message: format!(
            "`mtls: strict` refuses the {} of container {}, which is HTTPS without an identity of \
             the mesh",
            probe.kind, probe.container
        ),
        hint: "set `rewrite-probes: true`, so that the sidecar makes the probe".to_owned(),
        settings: &[Setting::Mtls, Setting::RewriteProbes],
    })
}

#[cfg(test)]
mod tests {
    use super::super::Probe;
    use super::*;
    use crate::settings::Overrides;

    fn code(values: &[(Setting, &str)], pod: &Pod) -> Option<&'static str> {
        let mut overrides = Overrides::default();
        for (setting, value) in values {
            overrides.set(*setting, value).unwrap();
        }
        conflict(&Settings::resolve(&[&overrides]), pod).map(|conflict| conflict.code)
    }

    #[test]
    fn every_conflict_is_found() {
        let (plain, job) = (
            Pod::default(),
            Pod {
                runs_to_completion: true,
                ..Pod::default()
            },
        );
        assert_eq!(code(&[], &plain), None);
        assert_eq!(code(&[], &job), None);
        assert_eq!(
            code(&[(Setting::Sidecar, "container")], &job),
            Some("classic-job")
        );
        assert_eq!(code(&[(Setting::Sidecar, "container")], &plain), None);
        let none = (Setting::Intercept, "none");
        assert_eq!(code(&[none], &plain), None);
        assert_eq!(
            code(&[none, (Setting::Proxy, "envoy")], &plain),
            Some("intercept-none-envoy")
        );
        assert_eq!(
            code(&[none, (Setting::Mtls, "strict")], &plain),
            Some("intercept-none-strict")
        );
        let low = [
            (Setting::ProxyMemoryLimit, "10Mi"),
            (Setting::ProxyMemoryRequest, "11Mi"),
        ];
        assert_eq!(code(&low, &plain), Some("limit-below-request"));
        let low = [
            (Setting::ProxyCpuLimit, "0.1"),
            (Setting::ProxyCpuRequest, "101m"),
        ];
        assert_eq!(code(&low, &plain), Some("limit-below-request"));
    }

    #[test]
    fn an_https_probe_is_a_conflict_only_where_strict_would_refuse_it() {
        let handler = Handler::Http {
            path: "/".to_owned(),
            https: true,
        };
        let (container, kind) = ("app".to_owned(), "livenessProbe".to_owned());
        let pod = Pod {
            probes: vec![Probe {
                container,
                kind,
                handler,
                port: 8443,
            }],
            ..Pod::default()
        };
        let strict = (Setting::Mtls, "strict");
        assert_eq!(code(&[], &pod), None);
        assert_eq!(code(&[strict], &pod), Some("strict-https-probe"));
        assert_eq!(
            code(&[strict, (Setting::RewriteProbes, "true")], &pod),
            None
        );
        assert_eq!(
            code(&[strict, (Setting::PlaintextPorts, "8443")], &pod),
            None
        );
    }
}
