"""Knows how to start whatever is measured: a new one is one class with a method, and its place in `ALL`."""

import dataclasses
import json
import pathlib

from . import build, envoy, haproxy, nginx
from .processes import PROXY_CORE, Server, free_port


@dataclasses.dataclass(frozen=True)
class Hop:
    """What one proxy of a row has to do."""

    row: object
    # `only` proxy, or the one at the `client` or the `server`, with mutual TLS between them.
    role: str
    port: int
    upstream: int
    folder: pathlib.Path

    @property
    def protocols(self):
        """What it speaks towards the client and towards the server."""
        ends, between = self.row.wire, self.row.between
        return {"only": (ends, ends), "client": (ends, between), "server": (between, ends)}[self.role]


class Contender:
    """Something between the load and the upstream."""

    name = ""
    # What has to be installed for it.
    needs = ()

    def serves(self, row):
        """Whether it can do what a row asks for."""
        return True

    def command(self, hop, tools):
        """The command for one proxy; writes its configuration."""
        raise NotImplementedError

    def start(self, row, upstream, tools, folder):
        """Starts its proxies, the last one first; returns them and the port for the load."""
        servers = []
        for role in row.roles:
            hop = Hop(row, role, free_port(), upstream, folder)
            log = folder / f"{self.name.replace(' ', '-')}-{role}.log"
            server = Server(self.command(hop, tools), hop.port, PROXY_CORE, log)
            server.await_port()
            servers.append(server)
            upstream = hop.port
        return servers, upstream


class Direct(Contender):
    """Nothing between them."""

    name = "direct"

    def serves(self, row):
        return not row.probe and not row.alone

    def start(self, row, upstream, tools, folder):
        return [], upstream


class Forwarder(Contender):
    """A minimal forwarder of ours, by the names of its kinds for what it speaks on each side."""

    def __init__(self, name, *kinds, tls=False):
        self.name = name
        self.kinds = dict(kinds)
        self.tls = tls

    def serves(self, row):
        wanted = [(row.wire, row.between or row.wire), (row.between or row.wire, row.wire)]
        return all(pair in self.kinds for pair in wanted) and (self.tls or row.hops == 1)

    def command(self, hop, tools):
        command = [build.TARGET / "mesh-forwarder", self.kinds[hop.protocols], hop.port, hop.upstream]
        side = {"only": [], "client": ["connect", hop.folder], "server": ["accept", hop.folder]}
        return command + side[hop.role]


class Envoy(Contender):
    """The real Envoy; everything else is a share of it."""

    name = "Envoy"
    needs = ("envoy",)

    def program(self, tools):
        """What is started with Envoy's arguments."""
        return [tools["envoy"], "--disable-hot-restart", "--log-level", "error"]

    def command(self, hop, tools):
        config = hop.folder / f"{self.name}-{hop.role}.json"
        config.write_text(json.dumps(envoy.of_hop(hop, free_port()), indent=1), encoding="utf-8")
        return [*self.program(tools), "-c", config, "--concurrency", 1]


class MeshProxy(Envoy):
    """mesh-proxy, or another build of it, started with the same bootstrap as Envoy."""

    needs = ()

    def __init__(self, name="mesh-proxy", path=None):
        self.name = name
        self.path = path

    def program(self, tools):
        return [self.path or build.TARGET / "mesh-proxy", "--log-level", "error"]


class HAProxy(Contender):
    """HAProxy with one thread."""

    name = "HAProxy"
    needs = ("haproxy",)

    def command(self, hop, tools):
        config = hop.folder / f"haproxy-{hop.role}.cfg"
        config.write_text(haproxy.of_hop(hop), encoding="utf-8")
        return [tools["haproxy"], "-db", "-f", config]


class Nginx(Contender):
    """nginx with one worker; to a server it can only speak HTTP/1 and gRPC."""

    name = "nginx"
    needs = ("nginx",)

    def serves(self, row):
        return row.between != "http2" or row.wire == "http2"

    def command(self, hop, tools):
        config = hop.folder / f"nginx-{hop.role}.conf"
        config.write_text(nginx.of_hop(hop), encoding="utf-8")
        return [tools["nginx"], "-p", hop.folder, "-c", config]


TCP = ("tcp", "tcp")
FIRST, SECOND = ("http1", "http1"), ("http2", "http2")
UP, DOWN = ("http1", "http2"), ("http2", "http1")

ALL = [
    Direct(),
    Forwarder(
        "hyper",
        (FIRST, "hyper-http1"),
        (SECOND, "hyper-http2"),
        (UP, "hyper-http1-http2"),
        (DOWN, "hyper-http2-http1"),
        tls=True,
    ),
    Forwarder("h2 crate", (SECOND, "h2")),
    Forwarder("TCP copy", (TCP, "tcp"), tls=True),
    Forwarder("TCP splice", (TCP, "tcp-splice")),
    Forwarder("hand on tokio", (FIRST, "hand-tokio"), (SECOND, "hand-http2-tokio")),
    Forwarder("hand on mio", (FIRST, "hand"), (SECOND, "hand-http2"), tls=True),
    Forwarder("hand, dynamic", (SECOND, "hand-http2-dynamic")),
    MeshProxy(),
    HAProxy(),
    Nginx(),
    Envoy(),
]


def add_builds(named):
    """Lets other builds of mesh-proxy take part, each as `NAME=PATH`."""
    for name, _, path in (text.partition("=") for text in named):
        ALL.insert(0, MeshProxy(name, path))
