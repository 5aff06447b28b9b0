//! Sends the bytes of a connection to a host of a cluster.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::relay::{Ended, relay};
use crate::config::model::tcp::TcpProxy;
use crate::stats::{Handle, TcpStats};
use crate::upstream::{Choice, Outcome};
use crate::wire::Wire;
use crate::worker::{ConnectFailure, Counted, Upstream, Worker};

/// The filter in a worker.
pub struct Filter {
    config: Arc<TcpProxy>,
    stats: Handle<TcpStats>,
}

impl Filter {
    /// The filter with this configuration.
    pub fn new(config: Arc<TcpProxy>, stats: Handle<TcpStats>) -> Self {
        Self { config, stats }
    }

    /// Carries a connection to its end. `destination` is where it was going before it was redirected.
    pub async fn serve(
        &self,
        mut downstream: Wire,
        destination: Option<SocketAddr>,
        worker: &Worker,
    ) {
        self.stats.downstream_cx_total.increment();
        let Some(upstream) = self.cluster(worker) else {
            self.stats.downstream_cx_no_route.increment();
            return;
        };
        if let Some((mut wire, mut counted)) = self.connect(&upstream, destination).await {
            let ended = relay(&mut downstream, &mut wire, self.config.idle_timeout).await;
            match ended {
                Ended::Idle => self.stats.idle_timeout.increment(),
                Ended::Upstream(_) => counted.ended_by_host(),
                Ended::Both | Ended::Downstream(_) => {}
            }
            counted.note(&wire);
        }
        let stats = &self.stats;
        stats.downstream_cx_rx_bytes_total.add(downstream.received);
        stats.downstream_cx_tx_bytes_total.add(downstream.sent);
    }

    /// The cluster, by weight if there are several.
    fn cluster(&self, worker: &Worker) -> Option<Rc<Upstream>> {
        let clusters = &self.config.clusters;
        let total: u64 = clusters.iter().map(|it| u64::from(it.weight)).sum();
        let mut at = match clusters.len() {
            1 => 0,
            _ => worker.draw_below(total.max(1)),
        };
        let chosen = clusters.iter().find(|it| {
            let weight = u64::from(it.weight);
            let hit = at < weight;
            at = at.saturating_sub(weight);
            hit
        });
        worker.upstream(&chosen?.name).cloned()
    }

    async fn connect(
        &self,
        upstream: &Upstream,
        destination: Option<SocketAddr>,
    ) -> Option<(Wire, Counted)> {
        for _ in 0..self.config.max_connect_attempts {
            let choice = Choice {
                destination,
                ..Choice::default()
            };
            let host = upstream.choose(&choice)?;
            match upstream.connect(&host).await {
                Ok(made) => {
                    upstream.report(&host, Outcome::ConnectedFinally);
                    return Some((made.wire, made.counted));
                }
                Err(ConnectFailure::Overflow) => return None,
                Err(ConnectFailure::Timeout) => upstream.report(&host, Outcome::Timeout),
                Err(ConnectFailure::Refused(_) | ConnectFailure::Unreachable) => {
                    upstream.report(&host, Outcome::ConnectFailed);
                }
            }
        }
        let exceeded = &upstream.stats.upstream_cx_connect_attempts_exceeded;
        exceeded.increment();
        None
    }
}
