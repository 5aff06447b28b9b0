//! A pod without Kubernetes: a network namespace joined to another one, with somebody listening on every port of both.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Gid, Uid};
use rustix::thread::{
    LinkNameSpaceType, move_into_link_name_space, set_thread_gid, set_thread_uid,
};
use socket2::{Domain, Socket, Type};

use super::packets::{Dialler, GATEWAY, POD, PORTS, Packet, SERVICE, SKIPPED};

/// Nothing here waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why no namespaces can be made here, if they cannot.
pub(crate) fn obstacle() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("not root".to_owned());
    }
    for (program, arguments) in [
        ("nft", ["--version"]),
        ("iptables-legacy", ["--version"]),
        ("ip6tables-legacy", ["--version"]),
        ("ip", ["-V"]),
        ("setpriv", ["--version"]),
    ] {
        let started = Command::new(program).args(arguments).output();
        if !started.is_ok_and(|it| it.status.success()) {
            return Some(format!("there is no {program}"));
        }
    }
    let mut probe = Command::new("unshare");
    let made = probe.args(["--net", "nft", "list", "ruleset"]).output();
    let made = made.is_ok_and(|it| it.status.success());
    (!made).then(|| "no network namespace with nf_tables can be made".to_owned())
}

/// A namespace, for as long as its process lives.
struct Namespace(Child);

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Namespace {
    fn new() -> Self {
        let mut command = Command::new("unshare");
        // It says when it is in its namespace, and stays until it is killed.
        command
            .args(["--net", "sh", "-c", "echo; exec sleep 3600"])
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        Self(child)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/proc/{}/ns/net", self.0.id()))
            .arg(program);
        command
    }

    fn ip(&self, line: &str) {
        let status = self
            .command("ip")
            .args(line.split_whitespace())
            .status()
            .unwrap();
        assert!(status.success(), "ip {line}");
    }

    /// Does something in the namespace, as this user and group.
    fn within<R: Send>(&self, user: u32, group: u32, work: impl FnOnce() -> R + Send) -> R {
        let file = File::open(format!("/proc/{}/ns/net", self.0.id())).unwrap();
        let enter = move || {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            set_thread_gid(Gid::from_raw(group)).unwrap();
            set_thread_uid(Uid::from_raw(user)).unwrap();
            work()
        };
        thread::scope(|scope| scope.spawn(enter).join().unwrap())
    }

    /// Listens on every port, and answers with the place's name and the port.
    fn listen(&self, place: &'static str) {
        self.within(0, 0, || {
            for port in PORTS {
                let any: SocketAddr = format!("[::]:{port}").parse().unwrap();
                let label = format!("{place}:{port}");
                let tcp = TcpListener::bind(any).unwrap();
                let udp = UdpSocket::bind(any).unwrap();
                let text = label.clone();
                thread::spawn(move || {
                    for stream in tcp.incoming() {
                        let _ = stream.and_then(|mut it| it.write_all(text.as_bytes()));
                    }
                });
                thread::spawn(move || {
                    while let Ok((_, peer)) = udp.recv_from(&mut [0; 16]) {
                        let _ = udp.send_to(label.as_bytes(), peer);
                    }
                });
            }
        });
    }
}

/// A pod and everything outside of it.
pub(crate) struct Pod {
    pod: Namespace,
    elsewhere: Namespace,
}

impl Pod {
    pub(crate) fn new() -> Self {
        let (pod, elsewhere) = (Namespace::new(), Namespace::new());
        pod.ip("link set lo up");
        elsewhere.ip("link set lo up");
        pod.ip(&format!(
            "link add eth0 type veth peer name eth0 netns {}",
            elsewhere.0.id()
        ));
        for (namespace, addresses) in [(&pod, POD), (&elsewhere, GATEWAY)] {
            namespace.ip(&format!("address add {}/24 dev eth0", addresses[0]));
            namespace.ip(&format!("address add {}/64 dev eth0 nodad", addresses[1]));
            namespace.ip("link set eth0 up");
        }
        pod.ip(&format!("route add default via {}", GATEWAY[0]));
        pod.ip(&format!("-6 route add default via {}", GATEWAY[1]));
        for [v4, v6] in [SERVICE, SKIPPED] {
            elsewhere.ip(&format!("address add {v4}/32 dev lo"));
            elsewhere.ip(&format!("address add {v6}/128 dev lo nodad"));
        }
        pod.listen("pod");
        elsewhere.listen("elsewhere");
        Self { pod, elsewhere }
    }

    /// A program in the pod.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.pod.command(program)
    }

    /// Where a packet arrives, by the words of who listens there.
    pub(crate) fn send(&self, packet: &Packet) -> String {
        let outcome = match packet.from {
            Dialler::Pod(user, group) => self.pod.within(user, group, || dial(packet)),
            Dialler::Elsewhere => self.elsewhere.within(0, 0, || dial(packet)),
        };
        outcome.unwrap_or_else(|error| format!("nowhere: {error}"))
    }
}

fn dial(packet: &Packet) -> std::io::Result<String> {
    let to = SocketAddr::new(packet.to, packet.port);
    let mut answer = String::new();
    if packet.udp {
        let any: IpAddr = if packet.to.is_ipv4() {
            [0, 0, 0, 0].into()
        } else {
            [0u16; 8].into()
        };
        let socket = UdpSocket::bind((any, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.send_to(b"?", to)?;
        let mut buffer = [0; 64];
        let (length, _) = socket.recv_from(&mut buffer)?;
        answer.push_str(&String::from_utf8_lossy(&buffer[..length]));
        return Ok(answer);
    }
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    if let Some(source) = packet.source {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    socket.connect_timeout(&to.into(), PATIENCE)?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
