"""Lists what is measured: a row is a scenario with its load and its goals."""

import dataclasses
import tempfile

from . import load, still

# What a row compares.
CPU, RATE, LATENCY = "CPU s/100k", "MB/s", "p99 ms"
START, MEMORY, EACH = "start ms", "RSS MB", "KB each"
GRPC = ("content-type: application/grpc", "te: trailers")
# A message of 32 bytes in its frame.
MESSAGE = b"\0\0\0\0\x20" + b"\x0a\x1e" + b"a" * 30


@dataclasses.dataclass(frozen=True)
class Row:
    """A scenario."""

    name: str
    title: str
    protocol: str
    load: object
    tools: tuple
    # As shares of Envoy's figure: what linkerd2-proxy's is, and what we aim for.
    must: float
    goal: float
    # What the two proxies of two hops speak with each other.
    between: str = ""
    measure: str = CPU
    # Whose figure the goal is a share of.
    against: str = "Envoy"
    # Only the proxy at the server, which the load speaks TLS with.
    alone: bool = False
    # What is measured in place of a load.
    probe: object = None

    @property
    def hops(self):
        """How many proxies stand one behind the other."""
        return 2 if self.between else 1

    @property
    def roles(self):
        """The proxies, the last one first."""
        if self.alone:
            return ("server",)
        return ("server", "client") if self.between else ("only",)

    @property
    def wire(self):
        """The protocol that carries it."""
        return "http2" if self.protocol == "grpc" else self.protocol

    @property
    def most_wins(self):
        """Whether a larger figure is the better one."""
        return self.measure == RATE


def http1(tools, port, seconds):
    """64 connections that stay."""
    return load.wrk(tools, port, seconds)


def http1_new(tools, port, seconds):
    """A new connection for every request."""
    return load.wrk(tools, port, seconds, close=True)


def http2(tools, port, seconds):
    """8 connections with 32 streams."""
    return load.h2load(tools, port, seconds)


def grpc(tools, port, seconds):
    """8 connections with 32 unary calls."""
    with tempfile.NamedTemporaryFile() as message:
        message.write(MESSAGE)
        message.flush()
        return load.h2load(tools, port, seconds, GRPC, message.name)


def steady(tools, port, seconds):
    """2,000 requests a second."""
    return load.oha(tools, port, seconds, 2000)


def calm(tools, port, seconds):
    """500 requests a second."""
    return load.oha(tools, port, seconds, 500)


def tcp_new(_, port, seconds):
    """New TCP connections, 16 at a time."""
    return load.tcp("knock", port, seconds, 16)


def tcp_bytes(_, port, seconds):
    """8 TCP connections that carry as much as they can."""
    return load.tcp("take", port, seconds, 8)


WRK, H2LOAD, OHA = ("wrk",), ("h2load",), ("oha",)
HAPROXY = "HAProxy"

ALL = [
    Row("http1", "HTTP/1, 1 hop, 64 connections", "http1", http1, WRK, 0.60, 0.20),
    Row("http1-mtls", "HTTP/1, 2 hops mTLS, HTTP/1 between", "http1", http1, WRK, 0.76, 0.27, "http1"),
    Row("http1-mtls-http2", "HTTP/1, 2 hops mTLS, HTTP/2 between", "http1", http1, WRK, 0.55, 0.17, "http2"),
    Row("http2", "HTTP/2, 1 hop, 8 connections x 32 streams", "http2", http2, H2LOAD, 0.39, 0.10),
    Row("http2-mtls", "HTTP/2, 2 hops mTLS", "http2", http2, H2LOAD, 0.42, 0.12, "http2"),
    Row("grpc-mtls", "gRPC unary, 2 hops mTLS", "grpc", grpc, H2LOAD, 0.47, 0.18, "http2"),
    Row("http1-new", "new HTTP/1 connections, 1 hop", "http1", http1_new, WRK, 0.84, 0.40),
    Row("tcp-new-mtls", "new TCP connections, 2 hops mTLS", "tcp", tcp_new, (), 0.95, 0.25, "tcp"),
    Row("handshakes", "full mTLS handshakes, server side", "tcp", load.handshakes, (), 0.99, 0.95, "tcp", alone=True),
    Row("tcp", "TCP bytes, 1 hop", "tcp", tcp_bytes, (), 0.49, 1.2, measure=RATE),
    Row("tcp-mtls", "TCP bytes, 2 hops mTLS", "tcp", tcp_bytes, (), 0.51, 1.15, "tcp", RATE),
    Row("latency", "p99 at 2,000 rps, HTTP/1, 1 hop", "http1", steady, OHA, 0.92, 1, "", LATENCY, HAPROXY),
    Row("latency-500", "p99 at 500 rps, HTTP/1, 1 hop", "http1", calm, OHA, 0.65, 1, "", LATENCY, HAPROXY),
    Row("latency-500-mtls", "p99 at 500 rps, 2 hops mTLS", "http1", calm, OHA, 0.61, 1, "http1", LATENCY, HAPROXY),
    Row("latency-mtls", "p99 at 2,000 rps, 2 hops mTLS", "http1", steady, OHA, 1, 1, "http1", LATENCY, HAPROXY),
    Row("start", "exec to first answered request", "http1", None, (), 0.20, 0.10, measure=START, probe=still.first_answer),
    Row("memory", "memory at start", "http1", None, (), 0.29, 0.12, measure=MEMORY, probe=still.at_start),
    Row("memory-http1", "memory an idle HTTP/1 connection", "http1", None, (), 1.03, 0.26, "", EACH, probe=still.each_connection),
    Row("memory-tcp-mtls", "memory a TCP connection, both sides of mTLS", "tcp", None, (), 1.40, 0.50, "tcp", EACH, probe=still.each_connection),
]
