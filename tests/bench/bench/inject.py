"""Measures `meshctl inject` against reading and writing the same stream with serde_yaml."""

import os
import statistics
import sys

from . import build, verdict

STREAM_BYTES = 10_000_000
STARTS = 200
NAME = "inject"

DEPLOYMENT = """\
---
# Number {n} of the shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-{n}
  namespace: shop
  labels:
    app.kubernetes.io/name: shop-{n}
    app.kubernetes.io/part-of: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: shop-{n}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: shop-{n}
    spec:
      serviceAccountName: shop
      containers:
        - name: shop
          image: example/shop:1.{n}
          args: ["--listen", ":8080"]
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: DATABASE
              value: "postgres://shop-db:5432/shop"
            - name: FEATURE_FLAG
              value: 'on'
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          volumeMounts:
            - name: config
              mountPath: /etc/shop
      volumes:
        - name: config
          configMap:
            name: shop-{n}
"""


class Usage:
    """What one process took: wall and processor seconds, and the most memory it held."""

    def __init__(self, command, stdin):
        with open(stdin, "rb") as source, open(os.devnull, "wb") as sink:
            start = os.times().elapsed
            # Not subprocess: its children start as copies of this process, whose memory would count.
            files = [
                (os.POSIX_SPAWN_DUP2, source.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, sink.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, sink.fileno(), 2),
            ]
            child = os.posix_spawn(command[0], command, os.environ, file_actions=files)
            _, status, used = os.wait4(child, 0)
            self.wall = os.times().elapsed - start
        if status != 0:
            sys.exit(f"error: {' '.join(command)} ended with status {status}")
        self.cpu = used.ru_utime + used.ru_stime
        self.memory = used.ru_maxrss * 1024


def write_stream(path):
    """Writes the stream piece by piece: what this process holds would count as its children's."""
    count = written = 0
    with open(path, "w", encoding="utf-8") as out:
        while written < STREAM_BYTES:
            written += out.write(DEPLOYMENT.format(n=count))
            count += 1
    return written, count


def throughput(rounds, folder):
    stream = folder / "stream.yaml"
    size, count = write_stream(stream)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(Usage([str(build.TARGET / "meshctl"), "inject"], stream))
        theirs.append(Usage([str(build.TARGET / "mesh-bench")], stream))
    print(f"{size / 1e6:.1f} MB, {count} Deployments, {rounds} interleaved rounds, medians\n")
    speed = {}
    for name, runs in (("meshctl inject, proof included", ours), ("serde_yaml, read and write", theirs)):
        speed[name] = statistics.median(size / 1e6 / run.cpu for run in runs)
        verdict.line(name, f"{speed[name]:.1f} MB/s CPU", "")
    ratios = [b.cpu / a.cpu for a, b in zip(ours, theirs)]
    ratio = statistics.median(ratios)
    verdict.line("speed against serde_yaml: must", f"{ratio:.2f}x", verdict.aim(ratios, 1, True))
    verdict.line("speed against serde_yaml: goal", f"{ratio:.2f}x", verdict.aim(ratios, 5, True))
    memory = [run.memory / size for run in ours]
    multiple = f"{statistics.median(memory):.2f}x"
    verdict.line("most memory, as a multiple of the input", multiple, verdict.aim(memory, 4, False))


def start_up(folder):
    small = folder / "small.yaml"
    small.write_text(DEPLOYMENT.format(n=0), encoding="utf-8")
    command = [str(build.TARGET / "meshctl"), "inject"]
    milliseconds = [Usage(command, small).cpu * 1000 for _ in range(STARTS)]
    middle = f"{statistics.median(milliseconds):.2f}"
    verdict.line(f"CPU of one small file, {STARTS} runs, ms", middle, verdict.aim(milliseconds, 5, False))


def run(rounds, folder):
    """All rows of injection."""
    throughput(rounds, folder)
    start_up(folder)
