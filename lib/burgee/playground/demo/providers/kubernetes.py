"""Services alone: Envoy in the place of kube-proxy, and applications that measure themselves."""

from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.kube_proxy import KUBERNETES as DIALECT
from burgee.playground.dataplane.xds import RANDOM
from burgee.playground.demo.providers.base import POD_QUANTILE, Apparatus, Ground, Provider
from burgee.playground.demo.providers.pods import pods_of


def _build(ground: Ground) -> Apparatus:
    envoy = Envoy(ground.directory / "envoy", policy=RANDOM)
    pods = pods_of(ground.store)
    return Apparatus(
        plane=ControlPlane(ground.store, envoy, DIALECT),
        targets=lambda: [pods.target],
        exporters=(pods,),
    )


KUBERNETES = Provider(
    name="kubernetes",
    build=_build,
    median=POD_QUANTILE,
    counter="http_request_duration_seconds_count",
)
