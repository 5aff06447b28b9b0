//! Makes the model of a checked message, and finds what only several fields together get wrong.

mod access_log;
mod address;
mod balancing;
mod chain;
mod cluster;
mod common;
mod endpoint;
mod fault;
mod filters;
mod format;
mod forward;
mod header;
mod health;
mod http;
mod listener;
mod matcher;
mod outlier;
mod protocol;
mod rbac;
mod retry;
mod route;
mod secret;
mod source;
mod statistics;
mod tcp;
mod tls;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::cursor::Cursor;
use super::load::Resource;
use super::message::Message;
use super::model::listener::Listener;
use super::model::{Admin, Bootstrap, Discovery, Node, Runtime};
use super::path::Path;
use super::problem::Problems;

/// What a resource may refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    clusters: BTreeSet<String>,
    secrets: BTreeSet<String>,
    /// Whether there is a stream that `ads` means.
    ads: bool,
    runtime: Runtime,
}

impl Context {
    /// What a bootstrap offers to what is discovered.
    pub(crate) fn after(bootstrap: &Bootstrap) -> Self {
        Self {
            clusters: bootstrap
                .clusters
                .iter()
                .map(|it| it.name.clone())
                .collect(),
            secrets: bootstrap.secrets.iter().map(|it| it.name.clone()).collect(),
            ads: bootstrap.discovery.ads.is_some(),
            runtime: bootstrap.runtime,
        }
    }

    /// What the static resources of a bootstrap offer, as far as it can be read.
    fn of(bootstrap: &Cursor<'_>) -> Self {
        let resources = bootstrap.message("static_resources");
        let names = |list: &str| {
            let items = resources.as_ref().map(|resources| resources.messages(list));
            let items = items.unwrap_or_default();
            items.iter().map(|item| item.string("name")).collect()
        };
        let dynamic = bootstrap.message("dynamic_resources");
        Self {
            clusters: names("clusters"),
            secrets: names("secrets"),
            ads: dynamic.is_some_and(|dynamic| dynamic.has("ads_config")),
            runtime: Runtime::default(),
        }
    }
}

/// Makes the model of a discovered resource.
pub(crate) fn resource(cursor: &Cursor<'_>, context: &Context) -> Option<Resource> {
    Some(match cursor.message.schema.short_name() {
        "Listener" => Resource::Listener(Arc::new(listener::listener(cursor, context))),
        "Cluster" => Resource::Cluster(Arc::new(cluster::cluster(cursor, context)?)),
        "RouteConfiguration" => {
            Resource::Routes(Arc::new(route::configuration(cursor, context, false)))
        }
        "ClusterLoadAssignment" => {
            let names = endpoint::Names::Refused;
            Resource::Endpoints(Arc::new(endpoint::assignment(cursor, names)))
        }
        _ => Resource::Secret(Arc::new(secret::secret(cursor)?)),
    })
}

/// Makes the model of a bootstrap. Nothing comes back only if something was told to `problems`.
pub(crate) fn bootstrap(message: Message, problems: &Problems) -> Option<Bootstrap> {
    let message = Arc::new(message);
    let cursor = Cursor::new(&message, Path::default(), problems);
    let mut context = Context::of(&cursor);
    let (runtime, runtime_limit) = common::runtime(&cursor);
    context.runtime = runtime;
    let node = node(&cursor);
    let resources = cursor.message("static_resources");
    let list = |name: &str| {
        resources
            .as_ref()
            .map(|it| it.messages(name))
            .unwrap_or_default()
    };
    let secrets: Vec<_> = unique(&list("secrets"), "secret")
        .iter()
        .filter_map(secret::secret)
        .collect();
    let clusters: Vec<_> = unique(&list("clusters"), "cluster")
        .iter()
        .filter_map(|item| cluster::cluster(item, &context))
        .collect();
    let listeners: Vec<_> = unique(&list("listeners"), "listener")
        .iter()
        .map(|item| (item.clone(), listener::listener(item, &context)))
        .collect();
    listeners_apart(&listeners);
    let discovery = discovery(&cursor, &context);
    needs_node(&cursor, &node, &discovery);
    let admin = cursor
        .message("admin")
        .and_then(|admin| self::admin(&admin));
    let statistics = statistics::statistics(&cursor);
    let limit = common::overload(&cursor).or(runtime_limit);
    let arc = |(_, listener)| Arc::new(listener);
    let built = Bootstrap {
        node,
        admin,
        listeners: listeners.into_iter().map(arc).collect(),
        clusters: clusters.into_iter().map(Arc::new).collect(),
        secrets: secrets.into_iter().map(Arc::new).collect(),
        discovery,
        runtime,
        statistics,
        max_downstream_connections: limit,
        message: Arc::clone(&message),
    };
    problems.is_empty().then_some(built)
}

/// The resources whose names stand first; others are told.
fn unique<'a>(items: &[Cursor<'a>], kind: &str) -> Vec<Cursor<'a>> {
    let mut names = BTreeSet::new();
    let mut kept = Vec::new();
    for item in items {
        let name = item.string("name");
        if !name.is_empty() && !names.insert(name.clone()) {
            item.refuse(
                "name",
                format!("there is another {kind} `{name}`"),
                "give it another name",
            );
        } else {
            kept.push(item.clone());
        }
    }
    kept
}

/// Tells which listeners would bind the same address.
fn listeners_apart(listeners: &[(Cursor<'_>, Listener)]) {
    let mut taken: Vec<(&Listener, String)> = Vec::new();
    for (cursor, listener) in listeners
        .iter()
        .filter(|(_, listener)| listener.bind_to_port)
    {
        for address in listener.addresses.iter().map(ToString::to_string) {
            let other = taken
                .iter()
                .find(|(_, known)| *known == address && !address.ends_with(":0"));
            if let Some((other, _)) = other {
                let message = format!(
                    "`{address}` is the address of listener `{}` too",
                    other.name
                );
                cursor.refuse("address", message, "give it another port");
            }
            taken.push((listener, address));
        }
    }
}

fn node(bootstrap: &Cursor<'_>) -> Node {
    let Some(node) = bootstrap.message("node") else {
        return Node::default();
    };
    Node {
        id: node.string("id"),
        cluster: node.string("cluster"),
        metadata: node.object("metadata").cloned().unwrap_or_default(),
        locality: common::locality(node.message("locality").as_ref()),
    }
}

fn discovery(bootstrap: &Cursor<'_>, context: &Context) -> Discovery {
    let Some(dynamic) = bootstrap.message("dynamic_resources") else {
        return Discovery::default();
    };
    let from = |name: &str| {
        dynamic
            .message(name)
            .and_then(|it| source::config_source(&it, context))
    };
    Discovery {
        ads: dynamic
            .message("ads_config")
            .and_then(|it| source::api_source(&it, context)),
        listeners: from("lds_config"),
        clusters: from("cds_config"),
    }
}

/// Discovery needs to know who asks.
fn needs_node(bootstrap: &Cursor<'_>, node: &Node, discovery: &Discovery) {
    let asks = discovery.ads.is_some();
    let known = !node.id.is_empty() && !node.cluster.is_empty();
    if asks && !known {
        let message = "discovery needs `node.id` and `node.cluster`";
        bootstrap.refuse("node", message, "add both");
    }
}

fn admin(cursor: &Cursor<'_>) -> Option<Admin> {
    let address = cursor.message("address")?;
    Some(Admin {
        address: address::to_listen(&address)?,
        access_logs: access_log::access_logs(cursor, "access_log"),
    })
}

/// Milliseconds as a time.
const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Seconds as a time.
const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
