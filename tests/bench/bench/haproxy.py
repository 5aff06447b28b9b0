"""Writes HAProxy's configuration."""

from . import certificates


def of_hop(hop):
    """The configuration of one proxy."""
    accept, connect = hop.protocols
    folder = hop.folder
    mode = "tcp" if accept == "tcp" else "http"
    bind = " proto h2" if accept == "http2" else ""
    server = " proto h2" if connect == "http2" else ""
    alpn = {"http1": " alpn http/1.1", "http2": " alpn h2", "tcp": ""}
    if hop.role == "server":
        bind = f" ssl crt {folder}/server.both.pem ca-file {folder}/ca.pem verify required"
        bind += f" ssl-min-ver TLSv1.3 curves X25519{alpn[accept]}"
    if hop.role == "client":
        name = certificates.name("server")
        server = f" ssl crt {folder}/client.both.pem ca-file {folder}/ca.pem verify required"
        server += f" ssl-min-ver TLSv1.3{alpn[connect]} sni str({name}) verifyhost {name}"
    return f"""global
    nbthread 1
    maxconn 8000
    tune.h2.max-concurrent-streams 1000
defaults
    mode {mode}
    timeout connect 1s
    timeout client 300s
    timeout server 15s
    {"http-reuse always" if mode == "http" else ""}
    retries 2
frontend bench
    bind 127.0.0.1:{hop.port}{bind}
    default_backend next
backend next
    server next 127.0.0.1:{hop.upstream}{server} maxconn 8000
"""
