"""Recorded routes of meshes and Gateway API, and strict schemas for what burgee writes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import Cookies, Weights
from burgee.targets.naming import Names

_HERE = Path(__file__).parent
_RECORDINGS = {path.stem: path for path in sorted((_HERE / "data").glob("*.yaml"))}
_SCHEMAS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((_HERE / "schemas").glob("*.yaml"))
}
METADATA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "namespace"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "namespace": {"type": "string", "minLength": 1},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One state of the route."""

    weights: Weights
    cookies: Cookies
    route: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """One scenario: its Canary, each state of the route, and the objects that stay the same."""

    provider: str
    canary: Canary
    names: Names
    steps: tuple[Step, ...]
    others: tuple[dict[str, Any], ...]


@pytest.fixture(params=sorted(_RECORDINGS))
def recording(request: pytest.FixtureRequest) -> Recording:
    """Each recorded scenario in turn."""
    found = yaml.safe_load(_RECORDINGS[request.param].read_text())
    canary = Canary.model_validate(found["canary"])
    target = canary.spec.target_ref.name
    return Recording(
        provider=found["provider"],
        canary=canary,
        names=Names(
            target=target,
            apex=canary.spec.apex_name,
            selector_key=found["selector_key"],
            selector_value=target,
        ),
        steps=tuple(
            Step(
                weights=Weights(**step["weights"]),
                cookies=Cookies(**step.get("cookies", {})),
                route=step,
            )
            for step in found["steps"]
        ),
        others=tuple(found["others"]),
    )


@pytest.fixture(scope="session")
def fits() -> Callable[[Manifest], None]:
    """Raises where an object has a field, or lacks one, that our schema of its kind does not."""

    def check(manifest: Manifest) -> None:
        group, version = manifest["apiVersion"].split("/")
        schema = _SCHEMAS[f"{manifest['kind'].lower()}.{group.partition('.')[0]}"]
        whole = {
            "$defs": schema["$defs"],
            "type": "object",
            "additionalProperties": False,
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": {
                "apiVersion": {"const": manifest["apiVersion"]},
                "kind": {"const": manifest["kind"]},
                "metadata": METADATA,
                "spec": schema["versions"][version],
            },
        }
        jsonschema.Draft202012Validator(whole).validate(manifest)

    return check
