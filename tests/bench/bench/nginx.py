"""Writes nginx's configuration."""

from . import certificates


MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"


def of_hop(hop):
    """The configuration of one proxy."""
    accept, _ = hop.protocols
    stream = accept == "tcp"
    directive = "proxy" if hop.row.protocol != "grpc" else "grpc"
    listen = [f"127.0.0.1:{hop.port}"]
    if hop.role == "server":
        listen.append("ssl")
    # To a server it speaks HTTP/2 for gRPC alone, so the leg between two of them is HTTP/1 for all else.
    if accept == "http2" and (directive == "grpc" or hop.role != "server"):
        listen.append("http2")
    settings = accept_tls(hop.folder) if hop.role == "server" else []
    settings += connect_tls(hop.folder, directive, stream) if hop.role == "client" else []
    settings += [] if stream else [f"{directive}_set_header Host $host;"]
    secure = "s" if hop.role == "client" else ""
    if stream:
        settings.append("proxy_pass next;")
    else:
        scheme = {"grpc": "grpc", "proxy": "http"}[directive]
        settings.append(f"location / {{ {directive}_pass {scheme}{secure}://next; }}")
        settings += ["proxy_http_version 1.1;", 'proxy_set_header Connection "";']
    return whole(hop, stream, upstream(hop), " ".join(listen), "\n        ".join(settings))


def upstream(hop):
    """The port that it forwards to."""
    # The server answers HTTP/1 on the port before that of HTTP/2.
    return hop.upstream - (hop.row.protocol == "http2" and hop.role != "client")


def accept_tls(folder):
    """TLS from the other proxy."""
    return [
        f"ssl_certificate {folder}/server.pem;",
        f"ssl_certificate_key {folder}/server.key;",
        f"ssl_client_certificate {folder}/ca.pem;",
        "ssl_verify_client on;",
        "ssl_protocols TLSv1.3;",
        "ssl_ecdh_curve X25519;",
    ]


def connect_tls(folder, directive, stream):
    """TLS towards the other proxy."""
    return ["proxy_ssl on;"] * stream + [
        f"{directive}_ssl_certificate {folder}/client.pem;",
        f"{directive}_ssl_certificate_key {folder}/client.key;",
        f"{directive}_ssl_trusted_certificate {folder}/ca.pem;",
        f"{directive}_ssl_verify on;",
        f"{directive}_ssl_protocols TLSv1.3;",
        f"{directive}_ssl_server_name on;",
        f"{directive}_ssl_name {certificates.name('server')};",
    ]


def whole(hop, stream, port, listen, settings):
    """The file around one server."""
    folder = hop.folder
    http = f"""access_log off;
    keepalive_requests 1000000000;
    http2_max_concurrent_streams 1000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;"""
    keepalive = "" if stream else "keepalive 512; keepalive_requests 1000000000;"
    return f"""{f"load_module {MODULE};" if stream else ""}
worker_processes 1;
daemon off;
pid {folder}/nginx-{hop.role}.pid;
error_log stderr crit;
events {{ worker_connections 8000; }}
{"stream" if stream else "http"} {{
    {"" if stream else http}
    upstream next {{ server 127.0.0.1:{port}; {keepalive} }}
    server {{
        listen {listen};
        {settings}
    }}
}}
"""
