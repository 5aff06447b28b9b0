"""Puts load on a port and counts what was answered."""

import json
import re
import subprocess
import sys

from .processes import OTHER_CORE


def generate(command, seconds):
    """Runs a load generator on the other core; returns what it printed."""
    pinned = ["taskset", "-c", str(OTHER_CORE), *map(str, command)]
    done = subprocess.run(pinned, capture_output=True, text=True, timeout=seconds + 30, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(pinned)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def fail(text):
    """Ends the run because of answers that are none."""
    sys.exit(f"error: the load met failures\n{text}")


def wrk(tools, port, seconds, connections=64, close=False):
    """HTTP/1 in a closed loop; returns the number of answers."""
    command = [tools["wrk"], "-t1", f"-c{connections}", f"-d{seconds}", f"http://127.0.0.1:{port}/shop/items?page=2"]
    if close:
        command[1:1] = ["-H", "Connection: close"]
    text = generate(command, seconds)
    if "Non-2xx" in text or ("Socket errors" in text and not close):
        fail(text)
    return int(re.search(r"(\d+) requests in", text)[1])


def h2load(tools, port, seconds, headers=(), data=None):
    """HTTP/2 in a closed loop of 8 connections with 32 streams; returns the number of answers."""
    command = [tools["h2load"], "-c8", "-m32", f"-D{seconds}"]
    for header in headers:
        command += ["-H", header]
    if data:
        command += ["-d", data]
    text = generate([*command, f"http://127.0.0.1:{port}/shop.Items/List"], seconds)
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", text)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    if int(counts[3]) or any(int(codes[group]) for group in (2, 3, 4)) or not int(codes[1]):
        fail(text)
    return int(counts[2])


def oha(tools, port, seconds, rate):
    """HTTP/1 at a fixed rate; returns the latencies in milliseconds by percentile."""
    command = [tools["oha"], "--no-tui", "--output-format", "json", "-z", f"{seconds}s", "-q", rate, "-c", 64]
    command += ["--latency-correction", f"http://127.0.0.1:{port}/shop/items?page=2"]
    text = generate(command, seconds)
    report = json.loads(text)
    if report["summary"]["successRate"] < 1:
        fail(text)
    return {name: value * 1000 for name, value in report["latencyPercentiles"].items() if value is not None}
