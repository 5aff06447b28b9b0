//! Takes the variable parts out of a statistic's name, as Envoy's default rules for tags do.

/// A part of a name that tells apart what the rest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// `envoy.cluster_name`.
    pub name: &'static str,
    /// `web`.
    pub value: String,
}

/// A name without its variable parts, and these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// `cluster.upstream_rq_total`.
    pub name: String,
    /// In the order in which Envoy shows them.
    pub tags: Vec<Tag>,
}

/// Applies the rules to a name.
pub fn extract(name: &str) -> Tagged {
    let mut found = Found {
        name,
        tags: Vec::new(),
        removed: Vec::new(),
    };
    found.codes();
    found.tls();
    found.worker();
    found.listener();
    found.route_configuration();
    for (tag, pattern) in PATTERNS {
        if let Some((start, end)) = token(name, pattern) {
            found.take(tag, start..end, start..end + 1);
        }
    }
    found.finish()
}

/// Patterns of whole parts: `*` is any part, `$` the one that is taken; further parts must follow.
///
/// Envoy has more, for protocols that this proxy does not speak.
const PATTERNS: [(&str, &[&str]); 19] = [
    (
        "envoy.grpc_bridge_method",
        &["cluster", "*", "grpc", "*", "$"],
    ),
    ("envoy.http_user_agent", &["http", "*", "user_agent", "$"]),
    ("envoy.virtual_cluster", &["vhost", "*", "vcluster", "$"]),
    (
        "envoy.fault_downstream_cluster",
        &["http", "*", "fault", "$"],
    ),
    ("envoy.grpc_bridge_service", &["cluster", "*", "grpc", "$"]),
    ("envoy.tcp_prefix", &["tcp", "$"]),
    ("envoy.udp_prefix", &["udp", "$"]),
    ("envoy.clientssl_prefix", &["auth", "clientssl", "$"]),
    ("envoy.ratelimit_prefix", &["ratelimit", "$"]),
    ("envoy.cluster_name", &["cluster", "$"]),
    (
        "envoy.ext_authz_prefix",
        &["cluster", "*", "ext_authz", "$"],
    ),
    ("envoy.ext_authz_prefix", &["http", "*", "ext_authz", "$"]),
    ("envoy.http_conn_manager_prefix", &["http", "$"]),
    ("envoy.virtual_host", &["vhost", "$"]),
    ("envoy.route", &["vhost", "*", "route", "$"]),
    ("envoy.rbac_prefix", &["$", "rbac"]),
    ("envoy.xds_resource_name", &["sds", "$"]),
    (
        "envoy.local_network_ratelimit_prefix",
        &["local_rate_limit", "$"],
    ),
    (
        "envoy.local_listener_ratelimit_prefix",
        &["listener_local_ratelimit", "$"],
    ),
];

/// Where the part that `pattern` takes begins and ends.
fn token(name: &str, pattern: &[&str]) -> Option<(usize, usize)> {
    let mut start = 0;
    let mut taken = None;
    for part in pattern {
        let end = start + name[start..].find('.')?;
        match *part {
            "$" if end > start => taken = Some((start, end)),
            "*" => {}
            fixed if fixed == &name[start..end] => {}
            _ => return None,
        }
        start = end + 1;
    }
    taken
}

struct Found<'a> {
    name: &'a str,
    tags: Vec<Tag>,
    removed: Vec<std::ops::Range<usize>>,
}

impl Found<'_> {
    fn take(
        &mut self,
        tag: &'static str,
        value: std::ops::Range<usize>,
        removed: std::ops::Range<usize>,
    ) {
        self.tags.push(Tag {
            name: tag,
            value: self.name[value].to_owned(),
        });
        self.removed.push(removed);
    }

    /// `_rq_200` and `_rq_2xx` at the end.
    fn codes(&mut self) {
        let Some(at) = self.name.rfind("_rq_") else {
            return;
        };
        let start = at + "_rq_".len();
        match &self.name.as_bytes()[start..] {
            [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => {
                self.take(
                    "envoy.response_code",
                    start..start + 3,
                    start - 1..start + 3,
                );
            }
            [b'0'..=b'9', b'x', b'x'] => {
                self.take(
                    "envoy.response_code_class",
                    start..start + 1,
                    start..start + 1,
                );
            }
            _ => {}
        }
    }

    /// `ssl.ciphers.CIPHER` and its like at the end of a listener's or cluster's name.
    fn tls(&mut self) {
        let listener = self.name.starts_with("listener.");
        if !listener && !self.name.starts_with("cluster.") {
            return;
        }
        let cipher = if listener {
            "envoy.ssl_cipher"
        } else {
            "cipher_suite"
        };
        let rules = [
            ("envoy.ssl_curve", ".ssl.curves."),
            ("envoy.ssl_sigalg", ".ssl.sigalgs."),
            ("envoy.ssl_version", ".ssl.versions."),
            (cipher, ".ssl.ciphers."),
        ];
        for (tag, before) in rules {
            let Some(at) = self.name.find(before) else {
                continue;
            };
            let start = at + before.len();
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
            let value = &self.name[start..];
            if !value.is_empty() && value.chars().all(word) {
                self.take(tag, start..self.name.len(), start - 1..self.name.len());
            }
        }
        let before = ".ssl.certificate.";
        if let Some(at) = self.name.find(before) {
            let start = at + before.len();
            if let Some(length) = self.name[start..].find('.') {
                let end = start + length;
                self.take("envoy.tls_certificate", start..end, start..end + 1);
            }
        }
    }

    /// `worker_0.` of a listener, the server or the manager of listeners.
    fn worker(&mut self) {
        let start = match self.name.split_once('.') {
            Some(("server", _)) => "server.".len(),
            Some(("listener_manager", _)) => "listener_manager.".len(),
            Some(("listener", _)) => match self.address() {
                Some(address) => address.end + 1,
                None => return,
            },
            _ => return,
        };
        let rest = &self.name[start..];
        let Some(rest) = rest.strip_prefix("worker_") else {
            return;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && rest[digits..].starts_with('.') {
            let start = start + "worker_".len();
            let end = start + digits;
            self.take("envoy.worker_id", start..end, start..end + 1);
        }
    }

    /// `listener.ADDRESS.`, and `http.PREFIX.` below it.
    fn listener(&mut self) {
        if !self.name.starts_with("listener.") {
            return;
        }
        if let Some(at) = self.name.find(".http.") {
            let start = at + ".http.".len();
            if let Some(length @ 1..) = self.name[start..].find('.') {
                let end = start + length;
                self.take("envoy.http_conn_manager_prefix", start..end, start..end + 1);
            }
        }
        if let Some(address) = self.address()
            && &self.name[address.clone()] != "admin"
        {
            let removed = address.start..address.end + 1;
            self.take("envoy.listener_address", address, removed);
        }
    }

    /// Where the address of `listener.ADDRESS.` is: an IP address with its port, or else one part.
    fn address(&self) -> Option<std::ops::Range<usize>> {
        let start = "listener.".len();
        let rest = self.name.get(start..)?;
        let length = address_length(rest).or_else(|| rest.find('.'))?;
        (length > 0).then_some(start..start + length)
    }

    /// `http.PREFIX.rds.ROUTES.`, whose name of routes may have dots.
    fn route_configuration(&mut self) {
        let Some(rest) = self.name.strip_prefix("http.") else {
            return;
        };
        let rest = rest.split_once('.').map_or("", |(_, rest)| rest);
        let Some(routes) = rest.strip_prefix("rds.") else {
            return;
        };
        let start = self.name.len() - routes.len();
        if let Some(end) = self.name.rfind('.').filter(|end| *end > start) {
            self.take("envoy.rds_route_config", start..end, start..end + 1);
        }
    }

    fn finish(mut self) -> Tagged {
        self.removed.sort_by_key(|range| range.start);
        let mut name = String::with_capacity(self.name.len());
        let mut kept = 0;
        for range in self.removed {
            name.push_str(&self.name[kept..range.start.max(kept)]);
            kept = kept.max(range.end);
        }
        name.push_str(&self.name[kept..]);
        Tagged {
            name,
            tags: self.tags,
        }
    }
}

/// How long the `10.0.0.1_80` or `[__1]_80` is that `text` begins with, a dot following.
fn address_length(text: &str) -> Option<usize> {
    let host = if let Some(rest) = text.strip_prefix('[') {
        let inner = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '_')?;
        rest[inner..].starts_with(']').then_some(inner + 2)?
    } else {
        let length = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let parts = text[..length].split('.');
        let whole = parts.clone().count() == 4 && parts.clone().all(|part| !part.is_empty());
        whole.then_some(length)?
    };
    let port = text[host..].strip_prefix('_')?;
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && port[digits..].starts_with('.')).then_some(host + 1 + digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        let Tagged { name, tags } = extract(name);
        let tags = tags
            .iter()
            .map(|tag| format!(" {}={}", tag.name, tag.value));
        name + &tags.collect::<String>()
    }

    #[test]
    fn takes_what_envoy_takes() {
        let cases = [
            (
                "cluster.web.upstream_rq_200",
                "cluster.upstream_rq envoy.response_code=200 envoy.cluster_name=web",
            ),
            (
                "cluster.web.external.upstream_rq_5xx",
                "cluster.external.upstream_rq_xx envoy.response_code_class=5 envoy.cluster_name=web",
            ),
            (
                "listener.127.0.0.1_80.worker_3.downstream_cx_total",
                "listener.worker_downstream_cx_total envoy.worker_id=3 envoy.listener_address=127.0.0.1_80",
            ),
            (
                "listener.[__1]_80.http.in.downstream_rq_2xx",
                "listener.http.downstream_rq_xx envoy.response_code_class=2 envoy.http_conn_manager_prefix=in envoy.listener_address=[__1]_80",
            ),
            (
                "listener.admin.downstream_cx_total",
                "listener.admin.downstream_cx_total",
            ),
            (
                "listener.in.ssl.versions.TLSv1.3",
                "listener.ssl.versions envoy.ssl_version=TLSv1.3 envoy.listener_address=in",
            ),
            (
                "http.in.rds.my.routes.update_success",
                "http.rds.update_success envoy.rds_route_config=my.routes envoy.http_conn_manager_prefix=in",
            ),
            (
                "tcp.in.downstream_cx_total",
                "tcp.downstream_cx_total envoy.tcp_prefix=in",
            ),
            (
                "server.worker_0.watchdog_miss",
                "server.worker_watchdog_miss envoy.worker_id=0",
            ),
            ("server.live", "server.live"),
            (
                "cluster.web.ssl.ciphers.TLS_AES_128_GCM_SHA256",
                "cluster.ssl.ciphers cipher_suite=TLS_AES_128_GCM_SHA256 envoy.cluster_name=web",
            ),
            (
                "cluster.web.ssl.certificate.a.expiration_unix_time_seconds",
                "cluster.ssl.certificate.expiration_unix_time_seconds envoy.tls_certificate=a envoy.cluster_name=web",
            ),
            (
                "http.in.gress.rds.routes.version",
                "http.gress.rds.routes.version envoy.http_conn_manager_prefix=in",
            ),
            (
                "http.in.rbac.allowed",
                "http.rbac.allowed envoy.http_conn_manager_prefix=in",
            ),
            ("net.rbac.allowed", "rbac.allowed envoy.rbac_prefix=net"),
            ("sds.id.version", "sds.version envoy.xds_resource_name=id"),
        ];
        for (name, expected) in cases {
            assert_eq!(shown(name), expected);
        }
    }
}
