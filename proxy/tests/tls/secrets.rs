//! Changes secrets while connections are made, and resumes sessions.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::authority::{Authority, Issued, Wanted};
use crate::pair::{self, certificate, dialer, downstream, roots, server, upstream};
use crate::shake::shake;
use mesh_proxy::config::cursor::Spot;
use mesh_proxy::config::message::Message;
use mesh_proxy::config::model::source::{Bytes, ConfigSource, DataSource, From};
use mesh_proxy::config::model::tls::{
    DownstreamTls, Secret, SecretKind, SecretReference, TlsCertificate, TlsVersion, Validation,
    ValidationContext,
};
use mesh_proxy::config::schema;
use mesh_proxy::tls::{
    Counter, Dialers, Downstream, Failure, FileSecret, Fronted, Options, Parse, SecretEvent,
    Secrets, Session, Upstream, accept, connect,
};
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn secrets() -> Arc<Secrets> {
    Arc::new(Secrets::new(Arc::new(default_provider())))
}

fn reference(name: &str, from: From) -> SecretReference {
    let source = ConfigSource {
        from,
        initial_fetch_timeout: None,
        spot: Spot::default(),
    };
    SecretReference {
        name: name.to_owned(),
        source: Some(source),
    }
}

fn identity_secret(issued: &Issued) -> Secret {
    secret(
        "identity",
        SecretKind::Certificate(Arc::new(certificate(issued))),
    )
}

fn secret(name: &str, kind: SecretKind) -> Secret {
    Secret {
        name: name.to_owned(),
        kind,
        message: message(),
    }
}

/// What a secret was made from does not matter here.
fn message() -> Arc<Message> {
    static NOTHING: schema::Message = schema::Message {
        name: "",
        fields: &[],
        needs: &[],
        others: &[],
    };
    Arc::new(Message::new(&NOTHING, None))
}

fn with_secret(mut tls: DownstreamTls, from: From) -> DownstreamTls {
    tls.common.certificate_secrets = vec![reference("identity", from)];
    tls
}

fn subject(session: &Session) -> String {
    session.peer.as_ref().unwrap().facts().subject.clone()
}

fn named(authority: &Authority, common_name: &str) -> Issued {
    authority.issue(&Wanted {
        common_name,
        ..Wanted::default()
    })
}

#[tokio::test]
async fn sessions_are_resumed_and_verified_again() {
    let authority = Authority::new("mesh");
    let issued = named(&authority, "cart");
    let trust = roots(&authority.pem());
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        for (tickets, ids, keys, resumed) in [
            (true, true, 1, true),
            (true, false, 1, true),
            (false, true, 1, version == TlsVersion::V1_2),
            (false, false, 1, false),
            (true, true, 0, false),
        ] {
            let mut tls = downstream(&["h2"]);
            tls.disable_tickets = !tickets;
            tls.disable_session_ids = !ids;
            tls.require_client_certificate = true;
            let mut client = upstream(&["h2"]);
            client.common.parameters.maximum = version;
            client.max_session_keys = keys;
            let server = server(&tls, &[&issued], &trust);
            let dialer = dialer(&client, Some(&issued), &trust);
            for (round, expected) in [(1, false), (2, resumed), (3, resumed)] {
                let (inbound, outbound) = shake(&server, &dialer, Options::default()).await;
                let told = format!("{version:?} {tickets} {ids} {keys} {round}");
                for session in [inbound.unwrap(), outbound.unwrap()] {
                    assert_eq!(session.handshake.resumed, expected, "{told}");
                    assert_eq!(subject(&session), "CN=cart", "{told}");
                    let reused = session
                        .handshake
                        .counters()
                        .any(|one| one == Counter::SessionReused);
                    assert_eq!(reused, expected, "{told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_secret_may_come_later_and_a_bad_one_changes_nothing() {
    let authority = Authority::new("mesh");
    let secrets = secrets();
    let live = Downstream::new(with_secret(downstream(&[]), From::Ads), &secrets).unwrap();
    let mut view = live.view();
    let dialer = dialer(&upstream(&[]), None, &roots(&authority.pem()));
    assert!(view.get().is_none());

    for (common_name, updates) in [("first", 1), ("second", 2)] {
        secrets
            .update(&identity_secret(&named(&authority, common_name)))
            .unwrap();
        let server = Arc::clone(view.get().unwrap());
        let (_, outbound) = shake(&server, &dialer, Options::default()).await;
        assert_eq!(subject(&outbound.unwrap()), format!("CN={common_name}"));
        assert_eq!(live.updates(), updates);
    }

    let mut bad = named(&authority, "third");
    bad.key = named(&authority, "other").key;
    let problem = secrets.update(&identity_secret(&bad)).unwrap_err();
    assert!(
        problem
            .message
            .contains("does not belong to the certificate"),
        "{problem:?}"
    );
    let validation = SecretKind::Validation(Arc::new(ValidationContext::default()));
    secrets.update(&secret("identity", validation)).unwrap_err();
    let server = Arc::clone(view.get().unwrap());
    let (_, outbound) = shake(&server, &dialer, Options::default()).await;
    assert_eq!(subject(&outbound.unwrap()), "CN=second");
    assert_eq!(live.updates(), 2);
}

#[tokio::test]
async fn whom_to_believe_may_change_too() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let secrets = secrets();
    let mut tls = upstream(&[]);
    let own = ValidationContext {
        allow_expired: true,
        ..ValidationContext::default()
    };
    tls.common.validation = Validation::Combined(Arc::new(own), reference("trust", From::Ads));
    let live = Upstream::new(tls, &secrets).unwrap();
    let mut dialers = Dialers::new(live.view());
    assert!(dialers.get().is_none());
    for trusted in [&old, &new] {
        let kind = SecretKind::Validation(Arc::new(roots(&trusted.pem())));
        secrets.update(&secret("trust", kind)).unwrap();
        for authority in [&old, &new] {
            let expired = Wanted {
                valid: (-3, -1),
                ..Wanted::default()
            };
            let issued = authority.issue(&expired);
            let server = server(&downstream(&[]), &[&issued], &ValidationContext::default());
            let dialer = dialers.get().unwrap().clone();
            let (_, outbound) = shake(&server, &dialer, Options::default()).await;
            assert_eq!(outbound.is_ok(), std::ptr::eq(authority, trusted));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_fails_while_secrets_change() {
    let authority = Authority::new("mesh");
    let secrets = secrets();
    secrets
        .update(&identity_secret(&named(&authority, "0")))
        .unwrap();
    let live = Downstream::new(with_secret(downstream(&[]), From::Ads), &secrets).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut view = live.view();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let server = Arc::clone(view.get().unwrap());
            tokio::spawn(async move {
                let fronted = Fronted::new(stream, Vec::new());
                let accepted = accept(fronted, &server, None, |_| {}).await;
                let (mut stream, _) = accepted.unwrap();
                let mut byte = [0];
                while stream.read_exact(&mut byte).await.is_ok() {
                    stream.write_all(&byte).await.unwrap();
                }
            });
        }
    });
    let dialer = Arc::new(dialer(&upstream(&[]), None, &roots(&authority.pem())));
    let limit = Some(Duration::from_secs(20));
    let dial = || async {
        let stream = TcpStream::connect(address).await.unwrap();
        connect(stream, &dialer, Options::default(), limit)
            .await
            .unwrap()
    };
    let (mut oldest, session) = dial().await;
    assert_eq!(subject(&session), "CN=0");
    let changing = AtomicBool::new(true);
    let made = AtomicU32::new(0);
    let change = async {
        for round in 1..=50 {
            secrets
                .update(&identity_secret(&named(&authority, &round.to_string())))
                .unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        changing.store(false, Ordering::Relaxed);
    };
    let load = async {
        while changing.load(Ordering::Relaxed) {
            let (mut stream, _) = dial().await;
            stream.write_all(b"x").await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'x');
            made.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(change, load);
    assert!(made.load(Ordering::Relaxed) > 10);
    assert_eq!(live.updates(), 50);
    let (_, session) = dial().await;
    assert_eq!(subject(&session), "CN=50");
    // The one from before all changes still lives.
    oldest.write_all(b"y").await.unwrap();
    assert_eq!(oldest.read_u8().await.unwrap(), b'y');
}

/// A file of a certificate by name, as Kubernetes has them: a link to a link to a directory.
fn put(directory: &Path, version: &str, issued: &Issued) {
    let data = directory.join(format!("..{version}"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("tls.crt"), &issued.chain).unwrap();
    fs::write(data.join("tls.key"), &issued.key).unwrap();
    let link = directory.join("..data_tmp");
    symlink(&data, &link).unwrap();
    fs::rename(&link, directory.join("..data")).unwrap();
}

/// Reads a discovery response: `{}` has the certificate in `files`, and others have another.
fn parse(files: &Path) -> Parse {
    let files = files.to_owned();
    Box::new(move |text: &[u8]| {
        let source = |name: &str| DataSource {
            from: Bytes::File(files.join(name)),
            ..pair::inline("")
        };
        let kind = SecretKind::Certificate(Arc::new(TlsCertificate {
            chain: source("tls.crt"),
            key: source("tls.key"),
            watched: Some(files.clone()),
        }));
        let name = if text == b"{}" { "identity" } else { "other" };
        Ok(vec![secret(name, kind)])
    })
}

/// What happens next but that a file is read.
async fn next(heard: &mut UnboundedReceiver<SecretEvent>) -> String {
    let limit = Duration::from_secs(20);
    let next = tokio::time::timeout(limit, async {
        loop {
            match heard.recv().await.unwrap() {
                SecretEvent::Attempt => {}
                SecretEvent::Rejected(problem) => return format!("rejected {problem:?}"),
                SecretEvent::RotationFailed(_) => return "rotation failed".to_owned(),
                other => return format!("{other:?}"),
            }
        }
    });
    next.await.unwrap()
}

#[tokio::test]
async fn files_are_read_again_when_they_are_replaced() {
    let authority = Authority::new("mesh");
    let (mounted, configured) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = mounted.path();
    put(directory, "1", &named(&authority, "1"));
    for name in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(name), directory.join(name)).unwrap();
    }
    let path = configured.path().join("sds.json");
    fs::write(&path, "{}").unwrap();

    let secrets = secrets();
    let from = From::File {
        path: path.clone(),
        watched: None,
    };
    let live = Downstream::new(with_secret(downstream(&[]), from.clone()), &secrets).unwrap();
    let source = FileSecret::new(&reference("identity", from), parse(directory)).unwrap();
    let (events, mut heard) = unbounded_channel();
    let running = source.run(Arc::clone(&secrets), move |event| drop(events.send(event)));
    let running = tokio::spawn(running);
    let mut view = live.view();
    let dialer = dialer(&upstream(&[]), None, &roots(&authority.pem()));
    let mut serves = async |common_name: &str| {
        let server = Arc::clone(view.get().unwrap());
        let (_, outbound) = shake(&server, &dialer, Options::default()).await;
        assert_eq!(subject(&outbound.unwrap()), format!("CN={common_name}"));
    };

    assert_eq!(next(&mut heard).await, "Success");
    serves("1").await;
    put(directory, "2", &named(&authority, "2"));
    assert_eq!(next(&mut heard).await, "Rotated");
    serves("2").await;
    let mut bad = named(&authority, "3");
    bad.key = "no key".to_owned();
    put(directory, "3", &bad);
    assert_eq!(next(&mut heard).await, "rotation failed");
    serves("2").await;
    put(directory, "4", &named(&authority, "4"));
    assert_eq!(next(&mut heard).await, "Rotated");
    serves("4").await;
    let new = configured.path().join("new");
    fs::write(&new, "other").unwrap();
    fs::rename(&new, &path).unwrap();
    assert_eq!(next(&mut heard).await, "Failed(Kind(NotFound))");
    serves("4").await;
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_handshake_takes_no_longer_than_it_may() {
    let issued = named(&Authority::new("mesh"), "a");
    let server = server(&downstream(&[]), &[&issued], &ValidationContext::default());
    let (_silent, far) = tokio::io::duplex(100);
    let refused = accept(
        Fronted::new(far, Vec::new()),
        &server,
        Some(Duration::from_secs(5)),
        |_| {},
    )
    .await
    .map(drop);
    assert!(matches!(refused, Err(Failure::Timeout)));
    let (closed, far) = tokio::io::duplex(100);
    drop(closed);
    let refused = accept(Fronted::new(far, Vec::new()), &server, None, |_| {})
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(refused.counter(), None);
}
