"""Istio: Envoy programmed from VirtualServices, with metrics in the shape of Istio's."""

from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.istio import ISTIO as DIALECT
from burgee.playground.demo.objects import APP, NAMESPACE
from burgee.playground.demo.providers.base import Apparatus, Ground, Provider
from burgee.playground.metrics.envoy_stats import envoy_target

_MEDIAN = """
histogram_quantile({{ variables.quantile }},
  sum(rate(istio_request_duration_milliseconds_bucket{
    reporter="destination",
    destination_workload_namespace="{{ namespace }}",
    destination_workload="{{ target }}"
  }[{{ interval }}])) by (le))
"""


def _build(ground: Ground) -> Apparatus:
    envoy = Envoy(ground.directory / "envoy")
    return Apparatus(
        plane=ControlPlane(ground.store, envoy, DIALECT),
        targets=lambda: [envoy_target(envoy.admin_url, istio={(NAMESPACE, APP): APP})],
    )


ISTIO = Provider(name="istio", build=_build, median=_MEDIAN, counter="istio_requests_total")
