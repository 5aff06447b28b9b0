//! Picks a host of a list by the policy of the cluster.

use std::sync::Arc;

use crate::config::model::cluster::Policy;
use crate::upstream::host::Host;
use crate::upstream::number::{float, place};
use crate::upstream::random::Random;

use super::sources::Scheduler;

/// Picks a host of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Picker {
    /// One after the other, by weight.
    RoundRobin,
    /// Of so many random ones the one with the fewest requests, or by weight and requests.
    LeastRequest { choices: u32, bias: f64 },
    /// Any, whatever its weight.
    Random,
}

impl Picker {
    /// The picker of a policy; those that do not choose from lists get none in particular.
    pub(super) fn new(policy: &Policy) -> Self {
        match *policy {
            Policy::LeastRequest {
                choices,
                active_request_bias,
            } => Self::LeastRequest {
                choices,
                bias: active_request_bias,
            },
            Policy::Random => Self::Random,
            Policy::RoundRobin | Policy::RingHash { .. } | Policy::Provided => Self::RoundRobin,
        }
    }

    /// Whether unlike weights need a scheduler.
    pub(super) fn weighs(self) -> bool {
        self != Self::Random
    }

    /// What a host weighs now.
    pub(super) fn weight(self, host: &Host) -> f64 {
        let weight = f64::from(host.weight);
        match self {
            Self::LeastRequest { bias, .. } if bias != 0.0 => {
                let active = float(host.state.active_requests().saturating_add(1));
                weight / active.powf(bias)
            }
            _ => weight,
        }
    }

    /// Which host; nothing from an empty list. `number` is the one that chose the priority.
    pub(super) fn pick(
        self,
        hosts: &[Arc<Host>],
        scheduler: &mut Scheduler,
        number: u64,
        random: &mut Random,
    ) -> Option<usize> {
        if hosts.is_empty() {
            return None;
        }
        if let Some(edf) = &mut scheduler.edf {
            return edf.pick(|entry| hosts.get(entry).map_or(1.0, |host| self.weight(host)));
        }
        match self {
            Self::RoundRobin => Some(scheduler.advance(hosts.len())),
            Self::Random => Some(place(number, hosts.len())),
            Self::LeastRequest { choices, .. } => {
                let mut drawn = (0..choices).map(|_| place(random.draw(), hosts.len()));
                let first = drawn.next()?;
                let active = |index: usize| hosts[index].state.active_requests();
                let fewest = drawn.fold((active(first), first), |best, index| {
                    let active = active(index);
                    if active < best.0 {
                        (active, index)
                    } else {
                        best
                    }
                });
                Some(fewest.1)
            }
        }
    }
}
