"""Contour: Envoy programmed from HTTPProxies, with metrics of Envoy's own."""

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.contour import CONTOUR as DIALECT
from burgee.playground.dataplane.contour import HTTP_PROXY
from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PORT, PREVIEW_HOST
from burgee.playground.demo.providers.base import Apparatus, Ground, Provider
from burgee.playground.metrics.envoy_stats import envoy_target

_MEDIAN = """
histogram_quantile({{ variables.quantile }},
  sum(rate(envoy_cluster_upstream_rq_time_bucket{
    envoy_cluster_name=~"{{ namespace }}_{{ service }}-canary_[0-9a-zA-Z-]+"
  }[{{ interval }}])) by (le))
"""


def _build(ground: Ground) -> Apparatus:
    envoy = Envoy(ground.directory / "envoy")
    return Apparatus(
        plane=ControlPlane(ground.store, envoy, DIALECT),
        targets=lambda: [envoy_target(envoy.admin_url)],
    )


def _root(name: str, fqdn: str, **spec: object) -> Manifest:
    return {
        "apiVersion": HTTP_PROXY.api_version,
        "kind": HTTP_PROXY.kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"virtualhost": {"fqdn": fqdn}, **spec},
    }


CONTOUR = Provider(
    name="contour",
    build=_build,
    median=_MEDIAN,
    counter="envoy_cluster_upstream_rq",
    objects=(
        _root(f"{APP}-host", APP, includes=[{"name": APP, "conditions": [{"prefix": "/"}]}]),
        _root(
            f"{APP}-preview",
            PREVIEW_HOST,
            routes=[{"services": [{"name": CANARY_SERVICE, "port": PORT}]}],
        ),
    ),
)
