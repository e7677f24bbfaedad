"""From a provider's name to its router.

Source: flagger pkg/router/factory.go. Different on purpose: an unknown name is an error. Flagger
takes it for istio; a Canary would then wait for objects of a mesh that is not there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.routers.apisix import APISIX_ROUTE, ApisixRouter
from burgee.routers.appmesh.v1beta1 import AppMeshV1Beta1Router
from burgee.routers.appmesh.v1beta2 import AppMeshV1Beta2Router
from burgee.routers.base import Capabilities, RelatedKind, Router
from burgee.routers.contour.router import ContourRouter
from burgee.routers.gateway import defaults as gateway_defaults
from burgee.routers.gateway.router import GRPC_V1, HTTP_V1, HTTP_V1BETA1, GatewayRouter
from burgee.routers.gloo.router import GlooRouter
from burgee.routers.ingress.nginx import NginxRouter
from burgee.routers.ingress.skipper import SkipperRouter
from burgee.routers.istio.router import IstioRouter
from burgee.routers.knative import KnativeRouter
from burgee.routers.kubernetes import KubernetesRouter
from burgee.routers.kuma import KumaRouter
from burgee.routers.smi import GROUP as SMI_GROUP
from burgee.routers.smi import SmiRouter
from burgee.routers.traefik import TraefikRouter
from burgee.routers.users.lists import LAYOUTS
from burgee.routers.users.route import UsersRoute

_DEFAULTS: Final = EngineSettings()
_ROUTERS: Final = MappingProxyType[str, Router](
    {
        "apisix": ApisixRouter(),
        "appmesh": AppMeshV1Beta1Router(),
        "appmesh:v1beta2": AppMeshV1Beta2Router(),
        "contour": ContourRouter(),
        "gatewayapi:v1": HTTP_V1,
        "gatewayapi:v1:grpc": GRPC_V1,
        "gatewayapi:v1beta1": HTTP_V1BETA1,
        "gloo": GlooRouter(),
        "istio": IstioRouter(),
        "knative": KnativeRouter(),
        "kubernetes": KubernetesRouter(),
        "kuma": KumaRouter(),
        "linkerd": SmiRouter(version="v1alpha1", mesh="linkerd"),
        "nginx": NginxRouter(),
        "osm": SmiRouter(version="v1alpha2", mesh="osm"),
        "skipper": SkipperRouter(),
        "smi:v1alpha1": SmiRouter(version="v1alpha1"),
        "smi:v1alpha2": SmiRouter(version="v1alpha2"),
        "smi:v1alpha3": SmiRouter(version="v1alpha3"),
        "smi:v1alpha4": SmiRouter(version="v1alpha4"),
        "traefik": TraefikRouter(),
    }
)
# What may follow these after a further colon means the mesh (smi), or nothing, as in Flagger.
_OPEN_ENDED: Final = ("appmesh:v1beta2", "gatewayapi:v1", "gatewayapi:v1beta1")
_GLOO: Final = "gloo:"
_APISIX: Final = "apisix"
_TRAEFIK: Final = "traefik"
_COPY: Final = "copy"


def carrier_of(canary: Canary, settings: EngineSettings) -> str:
    """What carries a Canary's weights, as status.provider says it: a name for router_of.

    A provider, or `provider kind/name` for a route that the user wrote. Flagger knows routeRef
    for apisix alone, where it may name the route that a copy is made of, and ignores it
    elsewhere. For a test on traefik it names the IngressRoute that is copied for those who take
    part: `traefik copy/name`, so that the copy is known when the test is taken back.
    """
    provider = canary.provider(settings.mesh_provider)
    ref = canary.spec.route_ref
    if ref is None or (ref.kind == APISIX_ROUTE.kind and provider != _APISIX):
        return provider
    if provider == _TRAEFIK and canary.spec.plan.match:
        return f"{provider} {_COPY}/{ref.name}"
    return f"{provider} {ref.kind}/{ref.name}"


def router_of(carrier: str, settings: EngineSettings = _DEFAULTS) -> Router:
    """The router of a provider, or of a route that the user wrote.

    Args:
        carrier: the name of a provider as a user writes it, or what carrier_of made.
        settings: name the ingress controller that is meant.

    Raises:
        InvalidCanary: there is none.
    """
    provider, _, reference = carrier.partition(" ")
    router = _provider(provider, settings)
    return _users_route(router, provider, reference) if reference else router


def _provider(provider: str, settings: EngineSettings) -> Router:
    match provider:
        case "nginx":
            return NginxRouter(settings.ingress_annotations_prefix)
        case "contour":
            return ContourRouter(settings.ingress_class)
        case _:
            found = _ROUTERS.get(provider) or _open_ended(provider)
    if found is None:
        supported = ", ".join(sorted(_ROUTERS))
        raise InvalidCanary(
            "UnsupportedProvider",
            f"provider {provider} is not supported yet; supported: {supported}",
        )
    return found


def all_kinds() -> tuple[RelatedKind, ...]:
    """The kinds of all route objects that burgee may write, each once."""
    kinds = (kind for router in _ROUTERS.values() for kind in router.kinds())
    return tuple(dict.fromkeys(kinds))


def capabilities_by_provider() -> Mapping[str, Capabilities]:
    """What each provider can do, by the names that users write."""
    return {name: _ROUTERS[name].capabilities for name in sorted(_ROUTERS)}


def users_routes(provider: str) -> tuple[str, ...]:
    """The kinds that spec.routeRef may name with a provider, by the name that users write."""
    return tuple(kind.kind for kind in _weighable(_ROUTERS[provider]))


def canonical(route: Manifest) -> Manifest:
    """A route object with the defaults that its CRD fills in, for comparing two of them."""
    if str(route.get("apiVersion", "")).startswith(f"{gateway_defaults.GROUP}/"):
        return gateway_defaults.with_defaults(route)
    return route


def _users_route(router: Router, provider: str, reference: str) -> Router:
    """The route `kind/name`, which has to be one that the provider's data plane serves."""
    word, _, name = reference.partition("/")
    if isinstance(router, TraefikRouter) and word == _COPY:
        return TraefikRouter(copied=name)
    kind = next((kind for kind in _weighable(router) if kind.kind == word), None)
    if kind is None:
        raise InvalidCanary(
            "UnsupportedReference",
            f"spec.routeRef.kind {word} is no route of the provider {provider}",
        )
    if isinstance(router, ApisixRouter):
        return ApisixRouter(name=name)
    layout = replace(
        LAYOUTS[word],
        accepted=isinstance(router, GatewayRouter) and router.accepted,
        text=kind.api_version == f"{SMI_GROUP}/v1alpha1",
    )
    return UsersRoute(kind=kind, layout=layout, name=name)


def _weighable(router: Router) -> Iterator[RelatedKind]:
    """The kinds of routes that a user may have written for a provider's data plane."""
    served = (*router.kinds(), *(GRPC_V1.kinds() if router is HTTP_V1 else ()))
    known = ((kind, LAYOUTS.get(kind.kind)) for kind in served)
    return (kind for kind, layout in known if layout and layout.is_of(kind.api_version))


def _open_ended(provider: str) -> Router | None:
    if provider.startswith(_GLOO):
        return _ROUTERS["gloo"]
    family, _, rest = provider.partition(":")
    version, _, mesh = rest.partition(":")
    name = f"{family}:{version}"
    if not mesh or name not in _ROUTERS:
        return None
    if family == "smi":
        return SmiRouter(version=version, mesh=mesh)
    return _ROUTERS[name] if name in _OPEN_ENDED else None
