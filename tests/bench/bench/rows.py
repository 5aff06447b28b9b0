"""Lists what is measured: a row is a scenario with its load and its goals."""

import dataclasses

from . import load


@dataclasses.dataclass(frozen=True)
class Row:
    """A scenario."""

    name: str
    title: str
    protocol: str
    load: object
    tools: tuple
    # As shares of Envoy: what linkerd2-proxy takes, and what we aim for.
    must: float
    goal: float
    hops: int = 1


def http1(tools, port, seconds):
    """64 connections that stay."""
    return load.wrk(tools, port, seconds)


def http1_new(tools, port, seconds):
    """A new connection for every request."""
    return load.wrk(tools, port, seconds, close=True)


def http2(tools, port, seconds):
    """8 connections with 32 streams."""
    return load.h2load(tools, port, seconds)


ALL = [
    Row("http1", "HTTP/1, 1 hop, 64 connections", "http1", http1, ("wrk",), 0.60, 0.20),
    Row("http2", "HTTP/2, 1 hop, 8 connections x 32 streams", "http2", http2, ("h2load",), 0.39, 0.10),
    Row("http1-new", "new HTTP/1 connections, 1 hop", "http1", http1_new, ("wrk",), 0.84, 0.40),
]
