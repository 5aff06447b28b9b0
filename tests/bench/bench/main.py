"""Reads the arguments and runs what they choose."""

import argparse
import pathlib
import resource
import signal
import sys
import tempfile

from . import build, contenders, inject, proxies, rows, still
from .processes import Server

ROUNDS, QUICK_ROUNDS = 7, 3
SIZE = "size"


def arguments():
    """What the user chose."""
    names = [inject.NAME, *proxies.NAMES, SIZE]
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Measures meshctl against its peers.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds in place of {ROUNDS}")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=names, help=f"only these: {', '.join(names)}")
    parser.add_argument("--builds", nargs="+", metavar="NAME=PATH", default=[], help="other builds of mesh-proxy")
    parser.add_argument("--as-built", action="store_true", help="build nothing")
    parser.add_argument("--contenders", nargs="+", metavar="NAME", help="only these, and what they are compared with")
    return parser.parse_args()


def main():
    """Runs the benchmark."""
    chosen = arguments()
    sys.stdout.reconfigure(line_buffering=True)
    rounds = QUICK_ROUNDS if chosen.quick else ROUNDS
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    build.skipped = chosen.as_built
    contenders.add_builds(chosen.builds)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        is_complete = True
        try:
            if not chosen.only or inject.NAME in chosen.only:
                build.release("meshctl", "mesh-bench")
                inject.run(rounds, folder)
            selected = [row for row in rows.ALL if not chosen.only or row.name in chosen.only]
            if selected:
                is_complete = proxies.run(selected, rounds, chosen.contenders, folder)
            if not chosen.only or SIZE in chosen.only:
                build.release("mesh-proxy")
                still.size()
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            Server.stop_all()
    sys.exit(not is_complete)
