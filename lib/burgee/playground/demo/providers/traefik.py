"""Traefik: it reads IngressRoutes and TraefikServices itself, and has metrics of its own."""

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.traefik import Traefik, find_traefik
from burgee.playground.dataplane.traefik_routes import INGRESS_ROUTE, TRAEFIK_SERVICE
from burgee.playground.dataplane.traefik_routes import TRAEFIK as DIALECT
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PORT, PREVIEW_HOST
from burgee.playground.demo.providers.base import Apparatus, Ground, Provider
from burgee.playground.metrics.scrape import Job, Target

_PREVIEW = f"{APP}-preview"
_MEDIAN = """
1000 * histogram_quantile({{ variables.quantile }},
  sum(rate(traefik_service_request_duration_seconds_bucket{
    service=~"{{ namespace }}-{{ service }}-canary-[0-9a-zA-Z-]+@kubernetescrd"
  }[{{ interval }}])) by (le))
"""


def _build(ground: Ground) -> Apparatus:
    traefik = Traefik(
        ground.store, ground.directory / "traefik", binary=find_traefik(), api_url=ground.api_url
    )
    return Apparatus(
        plane=ControlPlane(ground.store, traefik, DIALECT),
        targets=lambda: [Target(url=traefik.admin_url, jobs=(Job(name="traefik"),))],
    )


def _preview() -> Manifest:
    """The canary by itself; a route to a Service without it would be measured by another name."""
    return {
        "apiVersion": TRAEFIK_SERVICE.api_version,
        "kind": TRAEFIK_SERVICE.kind,
        "metadata": {"name": _PREVIEW, "namespace": NAMESPACE},
        "spec": {"weighted": {"services": [{"name": CANARY_SERVICE, "port": PORT}]}},
    }


def _route(name: str, host: str, service: Manifest) -> Manifest:
    return {
        "apiVersion": INGRESS_ROUTE.api_version,
        "kind": INGRESS_ROUTE.kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "entryPoints": ["web"],
            "routes": [{"kind": "Rule", "match": f"Host(`{host}`)", "services": [service]}],
        },
    }


TRAEFIK = Provider(
    name="traefik",
    build=_build,
    median=_MEDIAN,
    counter="traefik_service_requests_total",
    test_fields={
        "routeRef": {
            "apiVersion": INGRESS_ROUTE.api_version,
            "kind": INGRESS_ROUTE.kind,
            "name": APP,
        }
    },
    objects=(
        _route(APP, APP, {"kind": TRAEFIK_SERVICE.kind, "name": APP}),
        _preview(),
        _route(_PREVIEW, PREVIEW_HOST, {"kind": TRAEFIK_SERVICE.kind, "name": _PREVIEW}),
    ),
    program=find_traefik,
)
