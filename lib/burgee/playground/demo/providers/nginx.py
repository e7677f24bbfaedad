"""ingress-nginx: a real nginx from Ingresses and their canary annotations, its log counted."""

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.ingress_nginx import CLASS, INGRESS, INGRESS_NGINX
from burgee.playground.dataplane.nginx import Nginx, find_nginx
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PORT, PREVIEW_HOST
from burgee.playground.demo.providers.base import Apparatus, Ground, Provider
from burgee.playground.demo.providers.pods import pods_of
from burgee.playground.metrics.ingress_nginx import nginx_exporter

_MEDIAN = """
1000 * histogram_quantile({{ variables.quantile }},
  sum(rate(nginx_ingress_controller_response_duration_seconds_bucket{
    namespace="{{ namespace }}", ingress="{{ ingress }}", canary!=""
  }[{{ interval }}])) by (le))
"""


def _build(ground: Ground) -> Apparatus:
    nginx = Nginx(ground.directory / "nginx", binary=find_nginx())
    requests, pods = nginx_exporter(nginx.access_log), pods_of(ground.store)
    return Apparatus(
        plane=ControlPlane(ground.store, nginx, INGRESS_NGINX),
        targets=lambda: [requests.target, pods.target],
        exporters=(requests, pods),
    )


def _ingress(name: str, host: str, service: str) -> Manifest:
    backend = {"service": {"name": service, "port": {"number": PORT}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": INGRESS.api_version,
        "kind": INGRESS.kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "ingressClassName": CLASS,
            "rules": [{"host": host, "http": {"paths": [path]}}],
        },
    }


NGINX = Provider(
    name="nginx",
    build=_build,
    median=_MEDIAN,
    counter="nginx_ingress_controller_requests",
    fields={"ingressRef": {"apiVersion": INGRESS.api_version, "kind": INGRESS.kind, "name": APP}},
    objects=(
        _ingress(APP, APP, APP),
        _ingress(f"{APP}-preview", PREVIEW_HOST, CANARY_SERVICE),
    ),
    program=find_nginx,
    cookie={"exact": "canary"},
    mirror_weight=100,
    measures_aside=False,
)
