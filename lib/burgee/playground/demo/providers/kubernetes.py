"""Services alone: Envoy in the place of kube-proxy, and applications that measure themselves."""

from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.kube_proxy import KUBERNETES as DIALECT
from burgee.playground.dataplane.xds import RANDOM
from burgee.playground.demo.providers.base import (
    POD_QUANTILE,
    Apparatus,
    Climb,
    Ground,
    Provider,
)
from burgee.playground.demo.providers.pods import pods_of
from burgee.playground.demo.providers.sharing import evidence
from burgee.playground.demo.shares import share_of_pods


def _build(ground: Ground) -> Apparatus:
    envoy = Envoy(ground.directory / "envoy", policy=RANDOM)
    pods = pods_of(ground.store)
    return Apparatus(
        plane=ControlPlane(ground.store, envoy, DIALECT),
        targets=lambda: [pods.target],
        exporters=(pods,),
    )


# each request goes to a random pod: 4,000 of them show a share within 3 points, but for one run
# in 10,000
KUBERNETES = Provider(
    name="kubernetes",
    build=_build,
    median=POD_QUANTILE,
    counter="http_request_duration_seconds_count",
    replicas=5,
    climb=Climb(
        interval_seconds=8,
        requests_per_second=500.0,
        steps=(20, 40, 60),
        steered=(20, 40),
        by_hand=60,
        fewest_requests=2000,
        tolerance_points=3.0,
        effect_seconds=6.0,
    ),
    share=share_of_pods,
    evidence=evidence,
)
