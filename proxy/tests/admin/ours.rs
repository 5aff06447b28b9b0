//! Runs our admin, with a source that tells what the tests' Envoy has.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use mesh_proxy::admin::{
    Admin, Certificate, CertificateName, Certificates, Cluster, CommandLine, Config, Drain, Health,
    Host, Limits, Listener, Locality, Outliers, Running, ServerInfo, Source, State,
};
use mesh_proxy::log::{Level, Levels};
use mesh_proxy::stats::Registry;
use serde_json::{Value, json};

use crate::client::get;
use crate::envoy::Envoy;

/// Our admin; ends when dropped.
pub(crate) struct Ours {
    pub(crate) address: String,
    pub(crate) source: Arc<Told>,
    _running: Running,
}

impl Ours {
    pub(crate) fn start(registry: &Registry) -> Self {
        let source = Arc::new(Told::default());
        let mut config = Config::new("127.0.0.1:0".parse().unwrap());
        // The tests flush by themselves.
        config.flush_interval = Duration::from_hours(1);
        let levels = Levels::new(Level::Warning);
        let told: Arc<dyn Source> = Arc::<Told>::clone(&source);
        let admin = Admin::bind(config, registry.clone(), levels, told).unwrap();
        let address = admin.address().unwrap().to_string();
        Self {
            address,
            source,
            _running: admin.start().unwrap(),
        }
    }
}

/// What the admin is told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Facts>);

#[derive(Default)]
struct Facts {
    draining: bool,
    clusters: Vec<Cluster>,
    listeners: Vec<Listener>,
    certificates: Vec<Certificates>,
    configuration: Vec<Value>,
}

impl Told {
    /// Takes on what the Envoy of [`crate::bootstrap::rich`] has: what it chose itself is asked, all
    /// else is said again.
    pub(crate) fn mirror(&self, envoy: &Envoy, upstream: u16) {
        let mut facts = self.0.lock().unwrap();
        facts.listeners = ["in", "tls", "tcp"]
            .map(|name| Listener {
                name: name.to_owned(),
                addresses: vec![envoy.listener(name).parse().unwrap()],
            })
            .to_vec();
        let clusters = [
            ("web", upstream),
            ("dead", 1),
            ("h2", 1),
            ("tls", 1),
            ("ring", 1),
        ];
        facts.clusters = clusters.map(|(name, port)| cluster(name, port)).to_vec();
        facts.clusters.push(sick());
        // Envoy keeps its clusters in no order.
        let text = get(&envoy.address, "/clusters?format=json").body;
        let shown: Value = serde_json::from_str(&text).unwrap();
        let place = |cluster: &Cluster| {
            let shown = shown["cluster_statuses"].as_array().unwrap();
            shown.iter().position(|one| one["name"] == *cluster.name)
        };
        facts.clusters.sort_by_key(place);
        let inline = |serial: &str, names: &[CertificateName]| Certificate {
            path: "<inline>".to_owned(),
            serial_number: serial.to_owned(),
            names: names.to_vec(),
            valid_from: UNIX_EPOCH + Duration::from_secs(1_795_431_079),
            expires: UNIX_EPOCH + Duration::from_secs(4_949_031_079),
        };
        let identity = CertificateName::Uri("spiffe://cluster.local/ns/shop/sa/cart".to_owned());
        let context = Certificates {
            authorities: vec![inline("0a7dc685da042696f9d856da6f2c10650d290c1c", &[])],
            chain: vec![inline(
                "66a5aa642437ce8f7ae8a272d2a12c5b301bebff",
                &[identity],
            )],
        };
        facts.certificates = vec![context.clone(), context];
        let dump = get(&envoy.address, "/config_dump?include_eds").body;
        let dump: Value = serde_json::from_str(&dump).unwrap();
        facts
            .configuration
            .clone_from(dump["configs"].as_array().unwrap());
    }
}

fn cluster(name: &str, port: u16) -> Cluster {
    let mut host = Host::new(([127, 0, 0, 1], port).into());
    host.locality = Locality {
        region: "here".to_owned(),
        zone: "there".to_owned(),
        sub_zone: String::new(),
    };
    let mut cluster = Cluster {
        name: name.to_owned(),
        observability_name: name.to_owned(),
        hosts: vec![host],
        ..Cluster::default()
    };
    if name == "web" {
        cluster.outliers = Some(Outliers::default());
        cluster.default_limits = Limits {
            connections: 9,
            ..Limits::default()
        };
        // The health check's connection.
        let counts = &mut cluster.hosts[0].counts;
        (counts.cx_total, counts.cx_active) = (0, 0);
    }
    cluster
}

/// The cluster of [`crate::bootstrap::with_sick_hosts`].
fn sick() -> Cluster {
    let failed = Health {
        failed_active_health_check: true,
        ..Health::default()
    };
    let eds = |failed_eds, degraded_eds, draining_eds| Health {
        failed_eds,
        degraded_eds,
        draining_eds,
        ..failed
    };
    let health = [
        failed,
        eds(true, false, false),
        eds(false, true, false),
        eds(false, false, true),
    ];
    let hosts = (1..).zip(health).map(|(weight, health)| {
        let mut host = Host::new(([127, 0, 0, weight], 1).into());
        host.weight = weight.into();
        host.hostname = format!("host-{weight}");
        host.health = health;
        match weight {
            4 => host.priority = 1,
            _ => host.locality.sub_zone.push_str("part"),
        }
        host
    });
    Cluster {
        name: "sick".to_owned(),
        observability_name: "sick".to_owned(),
        hosts: hosts.collect(),
        ..Cluster::default()
    }
}

impl Source for Told {
    fn server(&self) -> ServerInfo {
        let draining = self.0.lock().unwrap().draining;
        ServerInfo {
            version: "9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL"
                .to_owned(),
            state: if draining {
                State::Draining
            } else {
                State::Live
            },
            uptime: Duration::from_secs(1),
            command_line: CommandLine {
                concurrency: 2,
                ..CommandLine::default()
            },
            node: json!({ "id": "the-node" }),
            connections: 0,
        }
    }

    fn clusters(&self) -> Vec<Cluster> {
        self.0.lock().unwrap().clusters.clone()
    }

    fn listeners(&self) -> Vec<Listener> {
        self.0.lock().unwrap().listeners.clone()
    }

    fn certificates(&self) -> Vec<Certificates> {
        self.0.lock().unwrap().certificates.clone()
    }

    fn configuration(&self) -> Vec<Value> {
        self.0.lock().unwrap().configuration.clone()
    }

    fn fail_health_check(&self, fail: bool) {
        self.0.lock().unwrap().draining = fail;
    }

    fn drain_listeners(&self, _: Drain) {}

    fn quit(&self) {}
}
