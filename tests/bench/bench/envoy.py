"""Writes bootstraps that Envoy and mesh-proxy read."""

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "envoy.extensions.filters.http.router.v3.Router"
TYPE = "type.googleapis.com/"
RETRIES = "connect-failure,refused-stream,unavailable,cancelled,reset-before-request"
UNLIMITED = 100_000


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
