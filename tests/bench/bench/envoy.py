"""Writes bootstraps that Envoy and mesh-proxy read."""

from . import certificates

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
ROUTER = "envoy.extensions.filters.http.router.v3.Router"
TYPE = "type.googleapis.com/"
RETRIES = "connect-failure,refused-stream,unavailable,cancelled,reset-before-request"
UNLIMITED = 100_000
TLS = "envoy.extensions.transport_sockets.tls.v3."
ALPN = {"http1": ["http/1.1"], "http2": ["h2"]}


def of_hop(hop, admin):
    """The bootstrap of one proxy."""
    accept, connect = hop.protocols
    accept_tls = downstream_tls(hop.folder) if hop.role == "server" else None
    connect_tls = upstream_tls(hop.folder, connect) if hop.role == "client" else None
    if accept == "tcp":
        proxy = {"@type": TYPE + TCP_PROXY, "stat_prefix": "bench", "cluster": "next"}
        made = chain(hop.port, {"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}, accept_tls)
    else:
        codec = "AUTO" if accept_tls else {"http1": "HTTP1", "http2": "HTTP2"}[accept]
        made = listener(hop.port, codec, retries=not accept_tls, tls=accept_tls)
    return bootstrap(admin, made, cluster(hop.upstream, connect, connect_tls))


def common_tls(folder, mine, theirs, alpn):
    """What both sides of TLS have in common."""
    files = {"certificate_chain": f"{mine}.pem", "private_key": f"{mine}.key"}
    return {
        "alpn_protocols": alpn,
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_3",
            "tls_maximum_protocol_version": "TLSv1_3",
            "ecdh_curves": ["X25519"],
        },
        "tls_certificates": [{field: {"filename": str(folder / file)} for field, file in files.items()}],
        "validation_context": {
            "trusted_ca": {"filename": str(folder / "ca.pem")},
            "match_typed_subject_alt_names": [
                {"san_type": "URI", "matcher": {"exact": certificates.uri(theirs)}}
            ],
        },
    }


def socket(kind, config):
    """A transport socket."""
    return {"name": "envoy.transport_sockets.tls", "typed_config": {"@type": TYPE + TLS + kind, **config}}


def upstream_tls(folder, protocol):
    """TLS towards the other proxy."""
    common = common_tls(folder, certificates.CLIENT, certificates.SERVER, ALPN.get(protocol, []))
    config = {"sni": certificates.name(certificates.SERVER), "common_tls_context": common}
    return socket("UpstreamTlsContext", config)


def downstream_tls(folder):
    """TLS from the other proxy."""
    common = common_tls(folder, certificates.SERVER, certificates.CLIENT, ["h2", "http/1.1"])
    return socket("DownstreamTlsContext", {"require_client_certificate": True, "common_tls_context": common})


def address(port):
    """A port on loopback."""
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def bootstrap(admin, listener, cluster):
    """A whole bootstrap."""
    return {
        "node": {"id": "bench", "cluster": "bench"},
        "admin": {"address": address(admin)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    }


def listener(port, codec, retries=True, tls=None):
    """A listener with an HTTP connection manager and one route."""
    route = {"cluster": "next", "timeout": "15s"}
    if retries:
        route["retry_policy"] = {"retry_on": RETRIES, "num_retries": 2}
    manager = {
        "@type": TYPE + MANAGER,
        "stat_prefix": "bench",
        "codec_type": codec,
        "stream_idle_timeout": "300s",
        "http2_protocol_options": {"max_concurrent_streams": 1000},
        "route_config": {
            "name": "all",
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]}
            ],
        },
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": TYPE + ROUTER}}],
    }
    return chain(port, {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}, tls)


def chain(port, network_filter, tls):
    """A listener with one filter."""
    only = {"filters": [network_filter]}
    if tls:
        only["transport_socket"] = tls
    return {"name": f"port-{port}", "address": address(port), "filter_chains": [only]}


def cluster(port, protocol, tls=None):
    """A static cluster of one endpoint; the protocol is `http1`, `http2` or `tcp`."""
    endpoint = {"endpoint": {"address": address(port)}}
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    made = {
        "name": "next",
        "type": "STATIC",
        "lb_policy": "LEAST_REQUEST",
        "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [dict.fromkeys(limits, UNLIMITED)]},
        "load_assignment": {"cluster_name": "next", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if protocol != "tcp":
        options = {"http1": {"http_protocol_options": {}}}
        options["http2"] = {"http2_protocol_options": {"max_concurrent_streams": 1000}}
        made["typed_extension_protocol_options"] = {
            HTTP_OPTIONS: {
                "@type": TYPE + HTTP_OPTIONS,
                "explicit_http_config": options[protocol],
            }
        }
    if tls:
        made["transport_socket"] = tls
    return made
