//! Keeps what sessions are resumed by: tickets and ids of a server, keys of a client.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::{
    NoServerSessionStorage, ProducesTickets, ServerSessionMemoryCache, StoresServerSessions,
};

/// Tickets that hold for a time of their own. The keys, which change, belong to the server and are
/// shared by all its workers.
#[derive(Debug)]
pub(super) struct Tickets {
    pub(super) keys: Arc<dyn ProducesTickets>,
    pub(super) seconds: u32,
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.keys.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.seconds
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut dated = UnixTime::now().as_secs().to_be_bytes().to_vec();
        dated.extend_from_slice(plain);
        self.keys.encrypt(&dated)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let dated = self.keys.decrypt(ticket)?;
        let (date, plain) = dated.split_first_chunk()?;
        let age = UnixTime::now()
            .as_secs()
            .checked_sub(u64::from_be_bytes(*date))?;
        (age <= u64::from(self.seconds)).then(|| plain.to_vec())
    }
}

/// Sessions of TLS 1.2 by id, as many as BoringSSL keeps.
pub(super) fn server_sessions(disabled: bool) -> Arc<dyn StoresServerSessions> {
    if disabled {
        Arc::new(NoServerSessionStorage {})
    } else {
        ServerSessionMemoryCache::new(SERVER_SESSIONS)
    }
}

const SERVER_SESSIONS: usize = 20 * 1024;

/// The sessions of a client, the newest first. A worker has its own, so that nobody waits for the
/// lock.
#[derive(Debug)]
pub(super) struct Sessions {
    kept: Mutex<VecDeque<(ServerName<'static>, Session)>>,
    limit: usize,
}

#[derive(Debug)]
enum Session {
    /// With the group of its first handshake, which a resumed session does not tell.
    V1_2(Tls12ClientSessionValue, Option<NamedGroup>),
    V1_3(Tls13ClientSessionValue),
}

impl Sessions {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            kept: Mutex::default(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// Remembers the group of a handshake of TLS 1.2.
    pub(super) fn note(&self, server: &ServerName<'_>, group: NamedGroup) {
        let mut kept = self.kept();
        let mut sessions = kept.iter_mut().filter(|(name, _)| name == server);
        if let Some((_, Session::V1_2(_, noted))) = sessions.next() {
            *noted = Some(group);
        }
    }

    /// The group that was remembered.
    pub(super) fn noted(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept()
            .iter()
            .find_map(|(name, session)| match session {
                Session::V1_2(_, group) if name == server => *group,
                _ => None,
            })
    }

    fn keep(&self, server: ServerName<'static>, session: Session) {
        let mut kept = self.kept();
        kept.push_front((server, session));
        kept.truncate(self.limit);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(ServerName<'static>, Session)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, _server: ServerName<'static>, _group: NamedGroup) {}

    fn kx_hint(&self, _server: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        let group = self.noted(&server);
        self.keep(server, Session::V1_2(value, group));
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept()
            .iter()
            .find_map(|(name, session)| match session {
                Session::V1_2(value, _) if name == server => Some(value.clone()),
                _ => None,
            })
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        let mut kept = self.kept();
        kept.retain(|(name, session)| name != server || !matches!(session, Session::V1_2(..)));
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.keep(server, Session::V1_3(value));
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut kept = self.kept();
        let wanted = |(name, session): &(ServerName<'static>, Session)| {
            name == server && matches!(session, Session::V1_3(_))
        };
        let place = kept.iter().position(wanted)?;
        match kept.remove(place)?.1 {
            Session::V1_3(value) => Some(value),
            Session::V1_2(..) => None,
        }
    }
}
