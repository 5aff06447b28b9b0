#!/usr/bin/env python3
"""Makes an image of one layer from a folder: `archive.py OUT.tar NAME:TAG FOLDER [CONFIG-JSON]`.

The form is the one that `docker save` writes and `ctr images import` reads. The same files give the same bytes.
"""

import hashlib
import io
import json
import os
import platform
import sys
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def neutral(entry):
    """Without what differs from machine to machine."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    return entry


def layer_of(folder):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(os.listdir(folder)):
            tar.add(os.path.join(folder, name), arcname=name, filter=neutral)
    return layer.getvalue()


def write(out, reference, folder, config):
    layer = layer_of(folder)
    digest = hashlib.sha256(layer).hexdigest()
    image = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]},
        "history": [{"created": "1970-01-01T00:00:00Z"}],
    }
    image = json.dumps(image).encode()
    name = hashlib.sha256(image).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": [digest + "/layer.tar"]}]
    files = {name: image, digest + "/layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    with tarfile.open(out, "w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    write(*sys.argv[1:4], json.loads(sys.argv[4]) if len(sys.argv) > 4 else {})
