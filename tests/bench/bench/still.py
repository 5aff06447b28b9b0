"""Measures what needs no load: how soon a proxy answers, and the memory that it and its connections take."""

import os
import socket
import time

from . import build
from .contenders import Hop
from .processes import PROXY_CORE, Failure, Server, free_port, memory

CONNECTIONS = 1_000
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
PATIENCE = 20


def size():
    """Prints how large the program is."""
    bytes_ = os.stat(build.TARGET / "mesh-proxy").st_size
    print(f"\nsize: mesh-proxy, stripped: {bytes_ / 1e6:.1f} MB, goal <= 10: {'met' if bytes_ <= 10e6 else 'not met'}")


def first_answer(contender, row, upstream, tools, folder):
    """Milliseconds from the start of the program to its first answer."""
    return started(contender, row, upstream, tools, folder)[0]


def at_start(contender, row, upstream, tools, folder):
    """Megabytes of a proxy that has answered once."""
    return started(contender, row, upstream, tools, folder)[1]


def started(contender, row, upstream, tools, folder):
    """Starts a proxy, asks until it answers, and ends it."""
    hop = Hop(row, "only", free_port(), upstream, folder)
    command = contender.command(hop, tools)
    begun = time.monotonic()
    server = Server(command, hop.port, PROXY_CORE, folder / "start.log")
    try:
        while not answers(hop.port):
            if time.monotonic() > begun + PATIENCE or server.process.poll() is not None:
                raise Failure(server.said())
            time.sleep(0.0005)
        took = time.monotonic() - begun
        return took * 1_000, memory([server])
    finally:
        server.stop()


def answers(port):
    """Whether a request on a new connection is answered."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return ask(connection)
    except OSError:
        return False


def ask(connection):
    """Whether a request is answered with 200, to its last byte."""
    connection.sendall(REQUEST)
    answer = b""
    while True:
        got = connection.recv(4096)
        if not got:
            return False
        answer += got
        head, _, body = answer.partition(b"\r\n\r\n")
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if length and len(body) >= int(length[0].split(b":")[1]):
            return answer.startswith(b"HTTP/1.1 200")


def each_connection(contender, row, upstream, tools, folder):
    """Kilobytes of all proxies for one more connection that does nothing any more."""
    servers, port = contender.start(row, upstream, tools, folder)
    connections = []
    try:
        # What is allocated once is not a connection's.
        warm = [open_one(row, port) for _ in range(20)]
        time.sleep(0.5)
        before = memory(servers)
        connections = [open_one(row, port) for _ in range(CONNECTIONS)]
        time.sleep(2)
        grown = memory(servers) - before
        for connection in warm:
            connection.close()
        return max(grown, 0.001) * 1e3 / CONNECTIONS
    finally:
        for connection in connections:
            connection.close()
        for server in servers:
            server.stop()


def open_one(row, port):
    """A connection that has had its answer, if it is one of HTTP."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    if row.wire == "http1" and not ask(connection):
        raise Failure("a connection is not answered")
    return connection
