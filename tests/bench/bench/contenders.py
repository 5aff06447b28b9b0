"""Knows how to start whatever is measured: a new one is one class here."""

import json

from . import build, envoy
from .processes import PROXY_CORE, Server, free_port


class Contender:
    """Something between the load and the upstream."""

    name = ""
    # What has to be installed for it.
    needs = ()

    def serves(self, row):
        """Whether it can do what a row asks for."""
        raise NotImplementedError

    def start(self, row, upstream, tools, folder):
        """Starts it; returns its servers and the port for the load."""
        raise NotImplementedError

    def spawn(self, command, port, folder, role=""):
        """Starts one server of it on the proxies' core."""
        return Server(command, port, PROXY_CORE, folder / f"{self.name.replace(' ', '-')}{role}.log")


class Direct(Contender):
    """Nothing between them."""

    name = "direct"

    def serves(self, row):
        return True

    def start(self, row, upstream, tools, folder):
        return [], upstream


class Forwarder(Contender):
    """A minimal forwarder of ours."""

    def __init__(self, name, **kinds):
        self.name = name
        self.kinds = kinds

    def serves(self, row):
        return row.hops == 1 and row.protocol in self.kinds

    def start(self, row, upstream, tools, folder):
        port = free_port()
        command = [build.TARGET / "mesh-forwarder", self.kinds[row.protocol], port, upstream]
        return [self.spawn(command, port, folder)], port


class Envoy(Contender):
    """The real Envoy; everything else is a share of it."""

    name = "Envoy"
    needs = ("envoy",)

    def serves(self, row):
        return row.hops == 1

    def command(self, tools, config):
        """The command that starts it with a bootstrap."""
        options = ["--concurrency", 1, "--disable-hot-restart", "--log-level", "error"]
        return [tools["envoy"], "-c", config, *options]

    def start(self, row, upstream, tools, folder):
        port = free_port()
        listener = envoy.listener(port, {"http1": "HTTP1", "http2": "HTTP2"}[row.protocol])
        bootstrap = envoy.bootstrap(free_port(), listener, envoy.cluster(upstream, row.protocol))
        config = folder / f"{self.name}.json"
        config.write_text(json.dumps(bootstrap, indent=1), encoding="utf-8")
        return [self.spawn(self.command(tools, config), port, folder)], port


class HAProxy(Contender):
    """HAProxy with one thread."""

    name = "HAProxy"
    needs = ("haproxy",)

    def serves(self, row):
        return row.hops == 1

    def start(self, row, upstream, tools, folder):
        port = free_port()
        proto = " proto h2" if row.protocol == "http2" else ""
        config = folder / "haproxy.cfg"
        config.write_text(
            f"""global
    nbthread 1
    maxconn 8000
    tune.h2.max-concurrent-streams 1000
defaults
    mode http
    timeout connect 1s
    timeout client 300s
    timeout server 15s
    http-reuse always
    retries 2
frontend bench
    bind 127.0.0.1:{port}{proto}
    default_backend next
backend next
    server next 127.0.0.1:{upstream}{proto} maxconn 8000
""",
            encoding="utf-8",
        )
        return [self.spawn([tools["haproxy"], "-db", "-f", config], port, folder)], port


class Nginx(Contender):
    """nginx with one worker; to the server it can only speak HTTP/1 and gRPC."""

    name = "nginx"
    needs = ("nginx",)

    def serves(self, row):
        return row.hops == 1

    def start(self, row, upstream, tools, folder):
        port = free_port()
        http2 = " http2" if row.protocol == "http2" else ""
        # The upstream answers HTTP/1 on the port before that of HTTP/2.
        server = upstream - 1 if http2 else upstream
        config = folder / "nginx.conf"
        config.write_text(
            f"""worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8000; }}
http {{
    access_log off;
    keepalive_requests 800000000;
    http2_max_concurrent_streams 1000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream next {{ server 127.0.0.1:{server}; keepalive 512; keepalive_requests 800000000; }}
    server {{
        listen 127.0.0.1:{port}{http2};
        location / {{
            proxy_pass http://next;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
        }}
    }}
}}
""",
            encoding="utf-8",
        )
        return [self.spawn([tools["nginx"], "-p", folder, "-c", config], port, folder)], port


ALL = [
    Direct(),
    Forwarder("hyper", http1="hyper", http2="hyper-http2"),
    Forwarder("h2 crate", http2="h2"),
    Forwarder("hand on tokio", http1="hand-tokio"),
    Forwarder("hand on mio", http1="hand", http2="hand-http2"),
    Forwarder("hand, dynamic", http2="hand-http2-dynamic"),
    HAProxy(),
    Nginx(),
    Envoy(),
]
