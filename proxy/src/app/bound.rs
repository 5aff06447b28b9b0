//! Binds the addresses of all listeners, before anything is served.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use socket2::Socket;
use tokio::task::spawn_local;

use crate::config::model::Bootstrap;
use crate::config::model::address::Address;
use crate::config::model::listener::Listener;
use crate::listener::{Acceptor, Listeners};
use crate::socket;

/// An address of a listener, bound once for each worker.
pub(super) struct Bound {
    pub(super) listener: Arc<Listener>,
    pub(super) address: SocketAddr,
    sockets: Vec<Socket>,
}

/// What one worker has of an address.
pub(super) struct Share {
    pub(super) listener: Arc<Listener>,
    address: SocketAddr,
    socket: Cell<Option<Socket>>,
}

impl Share {
    /// Begins to take connections.
    pub(super) fn begin(&self, acceptor: &Rc<Acceptor>, all: &Rc<Listeners>) {
        let Some(socket) = self.socket.take() else {
            return;
        };
        all.add(self.address, acceptor);
        match socket::start(socket, self.listener.backlog) {
            Ok(listener) => {
                spawn_local(Rc::clone(acceptor).run(listener, Rc::clone(all)));
            }
            Err(error) => tracing::error!(target: "config", "{}: {error}", self.address),
        }
    }
}

impl Bound {
    /// One for each worker.
    pub(super) fn shares(self) -> Vec<Share> {
        let (listener, address) = (self.listener, self.address);
        let share = |socket| Share {
            listener: Arc::clone(&listener),
            address,
            socket: Cell::new(Some(socket)),
        };
        self.sockets.into_iter().map(share).collect()
    }
}

/// Binds every address.
///
/// # Errors
/// The first that cannot be bound, as people read it.
pub(super) fn bind(bootstrap: &Bootstrap, workers: usize) -> Result<Vec<Bound>, String> {
    let mut all = Vec::new();
    for listener in &bootstrap.listeners {
        if !listener.bind_to_port {
            continue;
        }
        for address in &listener.addresses {
            let Address::Socket(address) = *address else {
                let name = &listener.name;
                return Err(format!(
                    "error: listener {name} cannot listen on {address}\n"
                ));
            };
            let sockets = socket::bind(listener, address, workers);
            let what = format!("listener {}", listener.name);
            let sockets = sockets.map_err(|error| taken(&what, address, &error))?;
            let given = sockets
                .first()
                .and_then(|it| it.local_addr().ok()?.as_socket());
            all.push(Bound {
                listener: Arc::clone(listener),
                address: given.unwrap_or(address),
                sockets,
            });
        }
    }
    Ok(all)
}

/// Says that an address cannot be had, and what may help.
pub(super) fn taken(what: &str, address: SocketAddr, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "another process listens there: ss --listening --tcp --processes 'sport = :{}'",
                address.port()
            )
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no interface of this host has the address".to_owned(),
        _ => return format!("error: {what} cannot listen on {address}: {error}\n"),
    };
    format!("error: {what} cannot listen on {address}: {error}\n\nhint: {hint}\n")
}
