"""Puts load on a port and counts what was answered."""

import dataclasses
import json
import re
import subprocess

from . import build
from .processes import OTHER_CORE, Failure

H2_CONNECTIONS, H2_STREAMS = 8, 32


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How much was answered, requests or bytes, and the 99th percentile of the latency in milliseconds."""

    count: int
    latency: float = 0


def generate(command, seconds):
    """Runs a load generator on the other core; returns what it printed."""
    pinned = ["taskset", "-c", str(OTHER_CORE), *map(str, command)]
    done = subprocess.run(pinned, capture_output=True, text=True, timeout=seconds + 30, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(pinned)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def fail(text):
    """Takes a contender out because of answers that are none."""
    raise Failure(f"the load met failures\n{text}")


def wrk(tools, port, seconds, connections=64, close=False):
    """HTTP/1 in a closed loop; returns the number of answers."""
    command = [tools["wrk"], "-t1", f"-c{connections}", f"-d{seconds}", f"http://127.0.0.1:{port}/shop/items?page=2"]
    if close:
        command[1:1] = ["-H", "Connection: close"]
    text = generate(command, seconds)
    if "Non-2xx" in text or ("Socket errors" in text and not close):
        fail(text)
    return Outcome(int(re.search(r"(\d+) requests in", text)[1]))


def h2load(tools, port, seconds, headers=(), data=None):
    """HTTP/2 in a closed loop of connections with many streams each; returns the number of answers."""
    command = [tools["h2load"], f"-c{H2_CONNECTIONS}", f"-m{H2_STREAMS}", f"-D{seconds}"]
    for header in headers:
        command += ["-H", header]
    if data:
        command += ["-d", data]
    text = generate([*command, f"http://127.0.0.1:{port}/shop.Items/List"], seconds)
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", text)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    wrong = [int(counts[3]), *(int(codes[group]) for group in (2, 3, 4))]
    if any(wrong) or not int(codes[1]):
        fail(text)
    return Outcome(int(counts[2]))


def oha(tools, port, seconds, rate):
    """HTTP/1 at a fixed rate; returns the answers and their 99th percentile."""
    command = [tools["oha"], "--no-tui", "--output-format", "json", "-z", f"{seconds}s", "-q", rate, "-c", 64]
    command += ["--latency-correction", f"http://127.0.0.1:{port}/shop/items?page=2"]
    text = generate(command, seconds)
    report = json.loads(text)
    if report["summary"]["successRate"] < 1:
        fail(text)
    count = sum(report["statusCodeDistribution"].values())
    return Outcome(count, report["latencyPercentiles"]["p99"] * 1000)


def tcp(kind, port, seconds, connections):
    """TCP connections by our own load generator; returns the number of answers or bytes."""
    text = generate([build.TARGET / "mesh-forwarder", kind, port, seconds, connections], seconds)
    return Outcome(int(text))


def handshakes(tools, port, seconds):
    """Full handshakes of TLS 1.3 with a client certificate, one after the other; returns how many."""
    folder = tools["certificates"]
    command = [tools["openssl"], "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-tls1_3", "-time", seconds]
    command += ["-cert", folder / "client.pem", "-key", folder / "client.key", "-CAfile", folder / "ca.pem"]
    count = int(re.search(r"(\d+) connections in [\d.]+s;", generate(command, seconds))[1])
    if not count:
        fail("no handshake came to its end")
    return Outcome(count)
