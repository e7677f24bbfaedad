"""Gateway API: Envoy programmed from HTTPRoutes, and applications that measure themselves."""

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.gateway_api import GATEWAY, GATEWAY_CLASS, HTTP_ROUTE
from burgee.playground.dataplane.gateway_api import GATEWAY_API as DIALECT
from burgee.playground.dataplane.gateway_status import CONTROLLER
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PORT, PREVIEW_HOST
from burgee.playground.demo.providers.base import POD_QUANTILE, Apparatus, Ground, Provider
from burgee.playground.demo.providers.pods import pods_of

_NAME = "public"
_PARENT = {"name": _NAME, "namespace": NAMESPACE}
_CLASS: Manifest = {
    "apiVersion": GATEWAY_CLASS.api_version,
    "kind": GATEWAY_CLASS.kind,
    "metadata": {"name": "playground"},
    "spec": {"controllerName": CONTROLLER},
}
_GATEWAY: Manifest = {
    "apiVersion": GATEWAY.api_version,
    "kind": GATEWAY.kind,
    "metadata": _PARENT,
    "spec": {
        "gatewayClassName": "playground",
        "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}],
    },
}
_PREVIEW: Manifest = {
    "apiVersion": HTTP_ROUTE.api_version,
    "kind": HTTP_ROUTE.kind,
    "metadata": {"name": f"{APP}-preview", "namespace": NAMESPACE},
    "spec": {
        "parentRefs": [_PARENT],
        "hostnames": [PREVIEW_HOST],
        "rules": [{"backendRefs": [{"name": CANARY_SERVICE, "port": PORT}]}],
    },
}


def _build(ground: Ground) -> Apparatus:
    envoy = Envoy(ground.directory / "envoy")
    pods = pods_of(ground.store)
    return Apparatus(
        plane=ControlPlane(ground.store, envoy, DIALECT),
        targets=lambda: [pods.target],
        exporters=(pods,),
    )


GATEWAY_API = Provider(
    name="gatewayapi:v1",
    build=_build,
    median=POD_QUANTILE,
    counter="http_request_duration_seconds_count",
    service={"hosts": [APP], "gatewayRefs": [_PARENT]},
    objects=(_CLASS, _GATEWAY, _PREVIEW),
)
