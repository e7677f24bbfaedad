"""Recorded routes of ingresses and the like, strict schemas, and Canaries to build cases from."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.routers.base import Weights
from burgee.targets.naming import Names

_HERE = Path(__file__).parent
_RECORDINGS = sorted(path.stem for path in (_HERE / "data").glob("*.yaml"))
_GOLDENS = {
    f"{path.stem}/{name}": {**case, "provider": path.stem}
    for path in sorted((_HERE / "goldens").glob("*.yaml"))
    for name, case in yaml.safe_load(path.read_text()).items()
}
_SCHEMAS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((_HERE / "schemas").glob("*.yaml"))
}
_METADATA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "namespace": {"type": "string", "minLength": 1},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedStep:
    """One state of the route."""

    weights: Weights
    route: Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedProvider:
    """One scenario: its Canary, the user's objects, each state of the route, other objects."""

    scenario: str
    provider: str
    canary: Canary
    names: Names
    originals: list[Manifest]
    others: list[Manifest]
    steps: list[RecordedStep]


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenCase:
    """What is rendered for a Canary, written down."""

    provider: str
    canary: Canary
    names: Names
    originals: list[Manifest]
    weights: Weights
    objects: list[Manifest]


@pytest.fixture(params=_RECORDINGS)
def ingress_recording(request: pytest.FixtureRequest) -> RecordedProvider:
    """Each recorded scenario in turn."""
    found = yaml.safe_load((_HERE / "data" / f"{request.param}.yaml").read_text())
    canary = Canary.model_validate(found["canary"])
    mesh = {"mesh": found["mesh"]} if "mesh" in found else {}
    return RecordedProvider(
        scenario=request.param,
        provider=found["provider"],
        canary=canary,
        names=names_for(canary),
        originals=found["originals"],
        others=found["others"],
        steps=[
            RecordedStep(weights=Weights(**route.pop("weights")), route={**route, **mesh})
            for route in found["routes"]
        ],
    )


@pytest.fixture(params=sorted(_GOLDENS))
def golden_case(request: pytest.FixtureRequest) -> GoldenCase:
    """Each golden case in turn."""
    case = deepcopy(_GOLDENS[request.param])
    canary = canary_for(case["spec"], case.get("annotations"))
    return GoldenCase(
        provider=case["provider"],
        canary=canary,
        names=names_for(canary),
        originals=users_objects(),
        weights=Weights(**case["weights"]),
        objects=case["objects"],
    )


@pytest.fixture
def make_case() -> Callable[..., tuple[Canary, Names]]:
    """A Canary with the given parts of spec, and its names."""

    def make(annotations: Manifest | None = None, **spec: object) -> tuple[Canary, Names]:
        canary = canary_for(spec, annotations)
        return canary, names_for(canary)

    return make


@pytest.fixture
def users() -> dict[str, Manifest]:
    """The user's objects by the word of originals.yaml."""
    return yaml.safe_load((_HERE / "originals.yaml").read_text())


@pytest.fixture
def check_schema() -> Callable[[Manifest], None]:
    """Holds an object to the strict schema of its kind."""

    def check(found: Manifest) -> None:
        group = found["apiVersion"].partition("/")[0]
        kind = found["kind"].lower()
        if "spec" in found:
            jsonschema.validate(found["metadata"], _METADATA)
            jsonschema.validate(found, _SCHEMAS[f"{kind}.{group}"])
        else:
            jsonschema.validate(found, _SCHEMAS[f"{kind}-patch.{group}"])

    return check


def users_objects() -> list[Manifest]:
    return list(yaml.safe_load((_HERE / "originals.yaml").read_text()).values())


def canary_for(spec: Manifest, annotations: Manifest | None = None) -> Canary:
    """A Canary of Deployment podinfo, or of the target that the spec names."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"}
    analysis = {"interval": "10s", **spec.get("analysis", {})}
    service = {"port": 80, **spec.get("service", {})}
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {
                "name": "podinfo",
                "namespace": "test",
                "uid": "canary-uid",
                "annotations": annotations,
            },
            "spec": {"targetRef": target, **spec, "service": service, "analysis": analysis},
        }
    )


def names_for(canary: Canary) -> Names:
    return Names(
        target=canary.spec.target_ref.name,
        apex=canary.spec.apex_name,
        selector_key="app",
        selector_value=canary.spec.target_ref.name,
    )


def by_name(objects: list[Manifest], name: str) -> Manifest:
    return next(found for found in objects if name_of(found) == name)
