"""Routes of Gateway API, and a parent that accepts them."""

from collections.abc import Callable
from typing import Any

from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Weights
from burgee.routers.gateway.router import HTTP_V1

REFS = {"gatewayRefs": [{"name": "gw"}]}
QUARTER = Weights(primary=75, canary=25)
HALF = Weights(primary=50, canary=50)


def accepted(status: str = "True", **fields: object) -> Manifest:
    return {"type": "Accepted", "status": status, **fields}


def route(make_routed: Callable[..., Any], *parents: Manifest) -> Manifest:
    (built,) = HTTP_V1.render(Aim(*make_routed(REFS, stepWeight=25), QUARTER))
    built["metadata"]["generation"] = 3
    return {**built, "status": {"parents": list(parents)}}
