"""Recorded route objects, and small Canaries to build cases from."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.targets.naming import Names

_DATA = Path(__file__).parent / "data"
_ALL = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(_DATA.glob("*.yaml"))}
UID = "6f1c6a3e-0000-4000-8000-000000000001"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRoutes:
    """The route objects of one scenario, in the order in which Flagger wrote them."""

    canary: Canary
    names: Names
    routes: list[Manifest]
    destination_rules: list[Manifest]
    apex_service: Manifest | None


@pytest.fixture(params=sorted(_ALL))
def recorded_routes(request: pytest.FixtureRequest) -> RecordedRoutes:
    """Each recorded scenario in turn."""
    found = deepcopy(_ALL[request.param])
    found["canary"]["metadata"]["uid"] = UID
    canary = Canary.model_validate(found["canary"])
    apex = found.get("apex_service")
    if apex:
        apex["metadata"]["ownerReferences"] = [{"uid": UID, "controller": True}]
    return RecordedRoutes(
        canary=canary,
        names=_names(canary, found["selector_key"]),
        routes=found["routes"],
        destination_rules=found["destination_rules"],
        apex_service=apex,
    )


@pytest.fixture
def make_routed() -> Callable[..., tuple[Canary, Names]]:
    """A Canary with the given service and analysis, and its names."""

    def make(service: Manifest | None = None, **analysis: object) -> tuple[Canary, Names]:
        canary = Canary.model_validate(
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "Canary",
                "metadata": {"name": "podinfo", "namespace": "test", "uid": UID},
                "spec": {
                    "targetRef": {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "name": "podinfo",
                    },
                    "service": {"port": 80, **(service or {})},
                    "analysis": {"interval": "10s", **analysis},
                },
            }
        )
        return canary, _names(canary, "app")

    return make


def _names(canary: Canary, selector_key: str) -> Names:
    return Names(
        target=canary.spec.target_ref.name,
        apex=canary.spec.apex_name,
        selector_key=selector_key,
        selector_value=canary.spec.target_ref.name,
    )
