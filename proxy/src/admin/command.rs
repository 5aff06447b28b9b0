//! Passes orders on to the data plane.

use super::query::Query;
use super::reply::Reply;
use super::server::Shared;
use crate::drain::Drain;

pub(super) fn drain_listeners(shared: &Shared, query: &Query) -> Reply {
    shared.source.drain_listeners(Drain {
        graceful: query.has("graceful"),
        skip_exit: query.has("skip_exit"),
        inbound_only: query.has("inboundonly"),
    });
    done()
}

pub(super) fn fail_health_check(shared: &Shared, fail: bool) -> Reply {
    shared.source.fail_health_check(fail);
    done()
}

pub(super) fn quit(shared: &Shared) -> Reply {
    shared.source.quit();
    done()
}

pub(super) fn reset_counters(shared: &Shared) -> Reply {
    shared.registry.reset_counters();
    done()
}

fn done() -> Reply {
    Reply::text("OK\n")
}
