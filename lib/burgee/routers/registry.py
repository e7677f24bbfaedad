"""From a provider's name to its router."""

from types import MappingProxyType
from typing import Final

from burgee.errors import InvalidCanary
from burgee.routers.base import RelatedKind, Router
from burgee.routers.istio import IstioRouter
from burgee.routers.kubernetes import KubernetesRouter

_ROUTERS: Final = MappingProxyType[str, Router](
    {"istio": IstioRouter(), "kubernetes": KubernetesRouter()}
)


def router_of(provider: str) -> Router:
    """The router of a provider.

    Raises:
        InvalidCanary: there is none. Flagger takes an unknown name for istio; a Canary would
            then wait for objects of a mesh that is not there.
    """
    found = _ROUTERS.get(provider)
    if found is None:
        supported = ", ".join(sorted(_ROUTERS))
        raise InvalidCanary(
            "UnsupportedProvider",
            f"provider {provider} is not supported yet; supported: {supported}",
        )
    return found


def all_kinds() -> tuple[RelatedKind, ...]:
    """The kinds of all route objects that burgee may write."""
    return tuple(kind for router in _ROUTERS.values() for kind in router.kinds())
