"""Envoy's configuration as data: bootstrap, clusters, endpoints, listener.

Pure. Clusters are named `{namespace}_{service}_{port}`, which is how Contour names them, so that
Flagger's Contour queries work on Envoy's own metrics unchanged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from burgee.playground.dataplane.endpoints import Endpoint, ServicePort

Config: TypeAlias = dict[str, Any]
"""A piece of Envoy configuration, as JSON."""

LISTENER = "mesh"
ROUTES = "mesh-routes"
ROUND_ROBIN, RANDOM = "ROUND_ROBIN", "RANDOM"
_TYPE = "type.googleapis.com/"
_LATENCY_BUCKETS_MS = (
    *(0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750),
    *(1000, 2000, 3000, 5000, 10_000, 30_000, 60_000),
)
STATS_FLUSH_SECONDS = 0.25
"""Envoy's default of 5 s would leave short query windows without a histogram."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The files that a running Envoy follows, all in one directory."""

    directory: Path

    @property
    def bootstrap(self) -> Path:
        """Read once at the start."""
        return self.directory / "bootstrap.json"

    @property
    def clusters(self) -> Path:
        """CDS."""
        return self.directory / "clusters.json"

    @property
    def routes(self) -> Path:
        """RDS."""
        return self.directory / "routes.json"

    def endpoints(self, cluster: str) -> Path:
        """EDS of one cluster."""
        return self.directory / f"endpoints-{cluster}.json"


def _discovery(type_url: str, resources: Iterable[Config]) -> Config:
    return {"resources": [{"@type": _TYPE + type_url, **resource} for resource in resources]}


def _source(path: Path) -> Config:
    """Follow one file. A shared `watched_directory` would reload all files at every change."""
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def bootstrap(files: Files) -> Config:
    """What Envoy starts with; admin and listener take any free loopback port."""
    return {
        "node": {"id": "burgee-playground", "cluster": "burgee-playground"},
        "admin": {"address": _address(Endpoint(address="127.0.0.1", port=0))},
        "stats_flush_interval": f"{STATS_FLUSH_SECONDS}s",
        "stats_config": {
            "histogram_bucket_settings": [
                {"match": {"suffix": "upstream_rq_time"}, "buckets": list(_LATENCY_BUCKETS_MS)}
            ]
        },
        "dynamic_resources": {"cds_config": _source(files.clusters)},
        "static_resources": {"listeners": [_listener(files)]},
    }


def _address(endpoint: Endpoint) -> Config:
    return {"socket_address": {"address": endpoint.address, "port_value": endpoint.port}}


def _listener(files: Files) -> Config:
    filters = "envoy.extensions.filters"
    manager: Config = {
        "@type": _TYPE + f"{filters}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": LISTENER,
        "use_remote_address": True,
        "strip_any_host_port": True,
        "generate_request_id": False,
        "rds": {"route_config_name": ROUTES, "config_source": _source(files.routes)},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _TYPE + f"{filters}.http.router.v3.Router"},
            }
        ],
    }
    return {
        "name": LISTENER,
        "address": _address(Endpoint(address="127.0.0.1", port=0)),
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }
                ]
            }
        ],
    }


def clusters(ports: Iterable[ServicePort], files: Files, *, policy: str = ROUND_ROBIN) -> Config:
    """CDS: one cluster for each port of a Service; an unchanged one keeps its counters."""
    return _discovery(
        "envoy.config.cluster.v3.Cluster",
        (
            {
                "name": port.cluster,
                "type": "EDS",
                "connect_timeout": "1s",
                "lb_policy": policy,
                "eds_cluster_config": {"eds_config": _source(files.endpoints(port.cluster))},
                "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
            }
            for port in sorted(ports)
        ),
    )


def endpoints(cluster: str, addresses: Sequence[Endpoint]) -> Config:
    """EDS: where the pods behind one port of a Service answer."""
    hosts = [{"endpoint": {"address": _address(address)}} for address in sorted(addresses)]
    return _discovery(
        "envoy.config.endpoint.v3.ClusterLoadAssignment",
        [{"cluster_name": cluster, "endpoints": [{"lb_endpoints": hosts}]}],
    )


def routes(virtual_hosts: Sequence[Mapping[str, Any]]) -> Config:
    """RDS: the one route configuration of the listener."""
    return _discovery(
        "envoy.config.route.v3.RouteConfiguration",
        [{"name": ROUTES, "virtual_hosts": [dict(host) for host in virtual_hosts]}],
    )
