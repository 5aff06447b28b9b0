"""Measures the rows of the proxies, all contenders taking turns in every round."""

import collections
import contextlib
import dataclasses
import pathlib

from . import build, certificates, contenders, processes, rows, verdict
from .processes import OTHER_CORE, Failure, Server, cpu_seconds, free_port

REFERENCE = "Envoy"
# What mesh-proxy says of a bootstrap that asks for more than it does.
NOT_SERVED = "not served yet"
NAMES = [row.name for row in rows.ALL]
# Seconds of load a round and contender, and before the first.
SECONDS, WARM_UP = 2, 3
# Where the upstream answers, from its first port on.
PORTS = {"http1": 0, "http2": 1, "tcp": 2}


@dataclasses.dataclass
class Figures:
    """What one contender came to in one row, a value a round."""

    by_measure: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    memory: float = 0

    def add(self, cpu, outcome):
        """Takes in one round under load."""
        self.by_measure[rows.CPU].append(cpu / outcome.count * 100_000)
        self.by_measure[rows.RATE].append(outcome.count / SECONDS / 1e6)
        self.by_measure[rows.LATENCY].append(outcome.latency)

    def shares(self, measure, other):
        """Each round as a share of another contender's same round."""
        pairs = zip(self.by_measure[measure], other.by_measure[measure], strict=True)
        return [mine / theirs for mine, theirs in pairs]


def run(chosen, rounds, only, folder):
    """Measures rows and prints their table; says whether all contenders came through."""
    competing = [contender for contender in contenders.ALL if not only or contender.name in only]
    needs = {"openssl"}.union(*(contender.needs for contender in competing), *(row.tools for row in chosen))
    tools = build.install(*sorted(needs)) | {"certificates": folder}
    build.release("mesh-forwarder", "mesh-proxy")
    certificates.make(tools, folder)
    print(f"{rounds} interleaved rounds, medians (quartiles); {machine()}")
    port = free_port(3)
    upstream = Server([build.TARGET / "mesh-forwarder", "server", port], port, OTHER_CORE, folder / "upstream.log")
    upstream.await_port()
    failed = []
    for row in chosen:
        taking_part = [contender for contender in competing if contender.serves(row)]
        figures = measure(row, taking_part, rounds, port + PORTS[row.wire], tools, folder, failed)
        table(row, figures)
    upstream.stop()
    return not failed


def machine():
    """What of the machine bears on the figures."""
    control = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text(encoding="ascii").strip()
    return f"kernel {pathlib.Path('/proc/sys/kernel/osrelease').read_text(encoding='ascii').strip()}, {control}"


def measure(row, competing, rounds, upstream, tools, folder, failed):
    """The figures of one row by contender, but for those that fail."""
    kind = Probed if row.probe else Loaded
    taking_part = {}
    for contender in competing:
        with left_out(row, contender.name, taking_part, failed):
            taking_part[contender.name] = kind(row, contender, upstream, tools, folder)
    for turn in range(rounds):
        # Whoever came after a heavy one would always do so.
        names = list(taking_part)
        first = turn % max(len(names), 1)
        for name in names[first:] + names[:first]:
            with left_out(row, name, taking_part, failed):
                taking_part[name].turn()
    for one in taking_part.values():
        one.end()
    return {name: one.figures for name, one in taking_part.items()}


@contextlib.contextmanager
def left_out(row, name, taking_part, failed):
    """Goes on without a contender that fails."""
    try:
        yield
    except Failure as failure:
        taking_part.pop(name, None)
        if NOT_SERVED in str(failure):
            print(f"\n{row.name}: {name} does not serve this yet")
            return
        failed.append((row.name, name))
        print(f"\nerror: {row.name}: {name} is left out: {failure}")


class Loaded:
    """A contender whose proxies stay for the whole row, and carry load when it is their turn."""

    def __init__(self, row, contender, upstream, tools, folder):
        self.row, self.tools, self.figures = row, tools, Figures()
        self.servers, self.port = contender.start(row, upstream, tools, folder)
        row.load(tools, self.port, WARM_UP)

    def turn(self):
        """One round."""
        before = cpu_seconds(self.servers)
        outcome = self.row.load(self.tools, self.port, SECONDS)
        self.figures.add(cpu_seconds(self.servers) - before, outcome)

    def end(self):
        """The last look at its proxies."""
        self.figures.memory = processes.memory(self.servers)
        for server in self.servers:
            server.stop()


class Probed:
    """A contender that is started anew each time."""

    def __init__(self, row, contender, *place):
        self.row, self.figures = row, Figures()
        self.probe = lambda: row.probe(contender, row, *place)

    def turn(self):
        """One round."""
        self.figures.by_measure[self.row.measure].append(self.probe())

    def end(self):
        """Nothing is left."""


def table(row, figures):
    """Prints one row's figures."""
    sign = (">", ">=") if row.most_wins else ("<", "<=")
    print(f"\n{row.name}: {row.title}")
    print(f"must {sign[0]} {row.must:.2f} of {REFERENCE}, goal {sign[1]} {row.goal:.2f} of {row.against}\n")
    other = {rows.RATE: "CPU s/GB"}.get(row.measure, "" if row.probe else "answers/s")
    heads = f"{row.measure:>11}{'of Envoy':>24}{'of HAProxy':>12}{other:>11}{'' if row.probe else 'RSS MB':>8}"
    print(f"{'':<15}{heads}   must; goal")
    for name, mine in figures.items():
        value = verdict.quartiles(mine.by_measure[row.measure])[1]
        rate = f"{beside(row, mine):>11}"
        if name == "direct" and row.measure == rows.CPU:
            print(f"{name:<15}{'':>47}{rate}")
            continue
        resident = f"{mine.memory:>8.1f}" if mine.memory else " " * 8
        cells = f"{value:>11.2f}{share(row, mine, figures, REFERENCE, 24)}{share(row, mine, figures, 'HAProxy', 12)}"
        print(f"{name:<15}{cells}{rate}{resident}   {judge(row, name, mine, figures)}".rstrip())


def beside(row, mine):
    """The figure beside the one that counts: what bytes cost, or how many answers there were."""
    if row.probe:
        return ""
    if row.measure == rows.RATE:
        # From 100,000 bytes to a gigabyte.
        return f"{verdict.quartiles(mine.by_measure[rows.CPU])[1] * 1e4:.2f}"
    return f"{verdict.quartiles(mine.by_measure[rows.RATE])[1] * 1e6:,.0f}"


def share(row, mine, figures, other, width):
    """A cell with a contender's share of another's figure."""
    if other not in figures:
        return " " * width
    low, middle, high = verdict.quartiles(mine.shares(row.measure, figures[other]))
    spread = f" ({low:.3f}-{high:.3f})" if width > 20 else ""
    return f"{middle:.3f}{spread}".rjust(width)


def judge(row, name, mine, figures):
    """Whether a contender reaches must and goal."""
    said = []
    for limit, other in ((row.must, REFERENCE), (row.goal, row.against)):
        if name not in ("direct", other) and other in figures:
            said.append(verdict.reached(mine.shares(row.measure, figures[other]), limit, row.most_wins))
    return "; ".join(said)
