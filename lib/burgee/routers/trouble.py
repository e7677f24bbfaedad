"""What a provider's controller writes into a status when it does not do what a route asks for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.routers.contour import status as contour_status
from burgee.routers.gateway import defaults as gateway_defaults
from burgee.routers.gateway.parents import parents_trouble
from burgee.routers.gloo import status as gloo_status
from burgee.routers.unmet import conditions_of, generation_of, unmet

# Conditions that have to be True, where a status has nothing but plain ones.
_TYPES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        ("apisix.apache.org", "ApisixRoute"): ("Accepted", "ResourcesAvailable"),
        ("appmesh.k8s.aws", "VirtualNode"): ("VirtualNodeActive",),
        ("appmesh.k8s.aws", "VirtualRouter"): ("VirtualRouterActive",),
        ("appmesh.k8s.aws", "VirtualService"): ("VirtualServiceActive",),
        ("serving.knative.dev", "Service"): ("RoutesReady",),
    }
)


def trouble_of(found: Manifest, canary: Canary) -> str:
    """What is wrong with an observed route object as it is now; empty where nothing is said.

    Args:
        found: the object with its status.
        canary: whose fields are named.
    """
    group = str(found.get("apiVersion", "")).partition("/")[0]
    match group:
        case gateway_defaults.GROUP:
            return parents_trouble(found, canary)
        case contour_status.GROUP:
            said = contour_status.said_of(found)
        case gloo_status.GATEWAY_GROUP | gloo_status.GROUP:
            said = gloo_status.said_of(found)
        case _:
            types = _TYPES.get((group, str(found.get("kind"))), ())
            said = "; ".join(unmet(conditions_of(found), types, generation_of(found)))
    return f"{found['kind']} {name_of(found)}: {said}" if said else ""
