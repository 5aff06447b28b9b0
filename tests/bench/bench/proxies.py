"""Measures the rows of the proxies, all contenders taking turns in every round."""

import collections
import pathlib

from . import build, contenders, processes, rows, verdict
from .processes import OTHER_CORE, Server, cpu_seconds, free_port

REFERENCE = "Envoy"
# Seconds of load a round and contender, and before the first.
SECONDS, QUICK_SECONDS, WARM_UP = 3, 2, 1


def run(chosen, rounds, only, folder):
    """Measures rows and prints their table."""
    competing = [contender for contender in contenders.ALL if not only or contender.name in only]
    needs = {need for contender in competing for need in contender.needs}
    tools = build.install(*sorted(needs | {tool for row in chosen for tool in row.tools}))
    build.release("mesh-forwarder")
    print(f"{len(competing)} contenders, {rounds} interleaved rounds, medians with quartiles; {machine()}")
    seconds = SECONDS if rounds >= verdict.ENOUGH else QUICK_SECONDS
    port = free_port(2)
    upstream = Server([build.TARGET / "mesh-forwarder", "server", port], port, OTHER_CORE, folder / "upstream.log")
    upstream.await_port()
    for row in chosen:
        figures = measure(row, competing, rounds, seconds, port + (row.protocol != "http1"), tools, folder)
        table(row, figures)
    upstream.stop()


def machine():
    """What of the machine bears on the figures."""
    control = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text(encoding="ascii").strip()
    return f"kernel {pathlib.Path('/proc/sys/kernel/osrelease').read_text(encoding='ascii').strip()}, {control}"


def measure(row, competing, rounds, seconds, upstream, tools, folder):
    """The figures of one row by contender: processor seconds for 100,000 requests, and requests a second."""
    started = {}
    for contender in competing:
        if contender.serves(row):
            started[contender.name] = contender.start(row, upstream, tools, folder)
    for servers, port in started.values():
        for server in servers:
            server.await_port()
        row.load(tools, port, WARM_UP)
    figures = collections.defaultdict(list)
    for turn in range(rounds):
        names = list(started)
        # Whoever came after a heavy one would always do so.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            servers, port = started[name]
            before = cpu_seconds(servers)
            count = row.load(tools, port, seconds)
            figures[name].append(((cpu_seconds(servers) - before) / count * 100_000, count / seconds))
    memory = {name: processes.memory(servers) for name, (servers, _) in started.items()}
    for servers, _ in started.values():
        for server in servers:
            server.stop()
    return {name: (figures[name], memory[name]) for name in started}


def table(row, figures):
    """Prints one row's figures."""
    print(f"\n{row.name}: {row.title} (share of Envoy: must < {row.must}, goal <= {row.goal})\n")
    print(f"{'':<16}{'CPU s/100k':>11}{'share of Envoy':>24}{'req/s':>9}{'RSS MB':>8}   must, goal")
    reference = figures.get(REFERENCE)
    for name, (measured, memory) in figures.items():
        seconds = verdict.quartiles([cpu for cpu, _ in measured])[1]
        rate = verdict.quartiles([rate for _, rate in measured])[1]
        if name == "direct":
            print(f"{name:<16}{'':>11}{'':>24}{rate:>9,.0f}")
            continue
        share, judged = "", ""
        if reference:
            shares = [cpu / base for (cpu, _), (base, _) in zip(measured, reference[0], strict=True)]
            low, middle, high = verdict.quartiles(shares)
            share = f"{middle:.3f} ({low:.3f}-{high:.3f})"
            if name != REFERENCE:
                judged = f"{verdict.reached(shares, row.must)}, {verdict.reached(shares, row.goal)}"
        print(f"{name:<16}{seconds:>11.2f}{share:>24}{rate:>9,.0f}{memory:>8.1f}   {judged}")


NAMES = [row.name for row in rows.ALL]
