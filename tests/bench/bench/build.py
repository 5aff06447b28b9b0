"""Builds the programs, and installs what they are measured against and with."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


# Whether what was built before is measured.
skipped = False


def release(*packages):
    """Builds packages of the workspace in release mode."""
    if skipped:
        return
    command = ["cargo", "build", "--quiet", "--release", "--locked"]
    for package in packages:
        command += ["-p", package]
    subprocess.run(command, cwd=ROOT, check=True)


def install(*wanted):
    """Installs load generators and other proxies; returns where each is."""
    script = ROOT / "tests/bench/install.sh"
    done = subprocess.run(["bash", script, *wanted], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())
