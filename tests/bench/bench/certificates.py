"""Makes the certificates of a run: P-256, with a URI and a DNS name."""

import subprocess

SERVER, CLIENT = "server", "client"
DOMAIN = "bench.internal"


def name(who):
    """The DNS name of a side."""
    return f"{who}.{DOMAIN}"


def uri(who):
    """The identity of a side."""
    return f"spiffe://{DOMAIN}/ns/bench/sa/{who}"


def openssl(tools, *arguments):
    """Runs openssl."""
    subprocess.run([tools["openssl"], *map(str, arguments)], check=True, capture_output=True)


def make(tools, folder):
    """Writes `ca.pem`, and for each side a certificate, its key, and both in one file."""
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2]
    openssl(tools, *new, "-subj", "/CN=bench", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    for who in (SERVER, CLIENT):
        key, certificate = folder / f"{who}.key", folder / f"{who}.pem"
        signed = ["-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-subj", "/"]
        signed += ["-keyout", key, "-out", certificate]
        names = f"subjectAltName=critical,URI:{uri(who)},DNS:{name(who)}"
        openssl(tools, *new, *signed, "-addext", names, "-addext", "basicConstraints=critical,CA:FALSE")
        both = certificate.read_text(encoding="ascii") + key.read_text(encoding="ascii")
        (folder / f"{who}.both.pem").write_text(both, encoding="ascii")
