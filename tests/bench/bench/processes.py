"""Starts servers on one core, knows what they cost, and ends them."""

import os
import pathlib
import signal
import socket
import subprocess
import time

# Proxies have this core for themselves; load and upstream share the other.
PROXY_CORE, OTHER_CORE = 0, 1
# No server lives longer than that, whatever becomes of us.
LIFETIME = 3600
TICKS = os.sysconf("SC_CLK_TCK")


def free_port(count=1):
    """The first of some free ports in a row on loopback."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = probe.getsockname()[1]
        if first + count < 65536 and all(is_free(port) for port in range(first, first + count)):
            return first


def is_free(port):
    """Whether nothing listens on a port."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Failure(Exception):
    """Why a contender has no figure."""


class Server:
    """A server with all its processes."""

    running = []

    def __init__(self, command, port, core, log):
        self.port = port
        self.log = pathlib.Path(log)
        pinned = ["taskset", "-c", str(core), "timeout", "--kill-after=5", str(LIFETIME), *map(str, command)]
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
        Server.running.append(self)

    def await_port(self):
        """Waits until it listens."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise Failure(f"no server on port {self.port}: {self.said()}")

    def said(self):
        """What it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace").strip()

    def pids(self):
        """Its processes but for `timeout`."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
            except OSError:
                continue
            children = [int(child) for child in text.split()]
            found += children
            waiting += children
        return found

    def stop(self):
        """Ends it, and waits for that."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            # `timeout` leads a group of its own.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        Server.running.remove(self)

    @classmethod
    def stop_all(cls):
        """Ends all of them."""
        for server in list(cls.running):
            server.stop()


def cpu_seconds(servers):
    """The processor seconds that servers have taken so far."""
    ticks = 0
    for server in servers:
        for pid in server.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def memory(servers):
    """The resident megabytes of servers."""
    pages = 0
    for server in servers:
        for pid in server.pids():
            pages += int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
