"""Recorded states of a Canary's objects, and small objects to build cases from."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.api.settings import EngineSettings
from burgee.targets.naming import Names
from burgee.targets.workload import TargetKind, kind_of

_DATA = Path(__file__).parent / "data"
_SCENARIOS = sorted(path.stem for path in _DATA.glob("*.yaml"))
UID = "6f1c6a3e-0000-4000-8000-000000000001"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One state in which Flagger left a Canary's objects."""

    scenario: str
    moment: str
    canary: Canary
    target: Manifest
    configs: tuple[Manifest, ...]
    tracked: dict[str, str]
    scaler: Manifest | None
    expected: Manifest

    @property
    def names(self) -> Names:
        return self.kind.names(self.canary, self.target, EngineSettings())

    @property
    def kind(self) -> TargetKind:
        return kind_of(self.canary.spec.target_ref)


def _with_uid(canary: Manifest) -> Canary:
    return Canary.model_validate({**canary, "metadata": {**canary["metadata"], "uid": UID}})


def _load(scenario: str) -> list[Recorded]:
    moments = yaml.safe_load((_DATA / f"{scenario}.yaml").read_text())
    return [
        Recorded(
            scenario=scenario,
            moment=moment,
            canary=_with_uid(state["canary"]),
            target=state["target"],
            configs=tuple(state["configs"]),
            tracked=state["tracked"],
            scaler=state.get("scaler"),
            expected=state["expected"],
        )
        for moment, state in moments.items()
    ]


_ALL = {(r.scenario, r.moment): r for scenario in _SCENARIOS for r in _load(scenario)}


@pytest.fixture(params=sorted(_ALL), ids="/".join)
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """Each recorded state in turn."""
    return deepcopy(_ALL[request.param])


@pytest.fixture
def state() -> Callable[[str, str], Recorded]:
    """One recorded state by scenario and moment."""
    return lambda scenario, moment: deepcopy(_ALL[scenario, moment])


@pytest.fixture
def make_canary() -> Callable[..., Canary]:
    """A Canary of Deployment podinfo with the given service and further spec."""

    def make(service: Manifest | None = None, **spec: object) -> Canary:
        return Canary.model_validate(
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
                    "service": service or {"port": 80},
                    "analysis": {"interval": "10s", "stepWeight": 10},
                    **spec,
                },
            }
        )

    return make


@pytest.fixture
def make_target() -> Callable[..., Manifest]:
    """A small Deployment podinfo with the given pod spec and further fields of spec."""

    def make(pod_spec: Manifest | None = None, **spec: object) -> Manifest:
        container = {"name": "app", "image": "registry.test/podinfo:1"}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "podinfo", "namespace": "test", "labels": {"app": "podinfo"}},
            "spec": {
                "selector": {"matchLabels": {"app": "podinfo"}},
                "template": {
                    "metadata": {"labels": {"app": "podinfo"}},
                    "spec": {"containers": [container], **(pod_spec or {})},
                },
                **spec,
            },
        }

    return make


@pytest.fixture
def names() -> Names:
    """The names for Deployment podinfo."""
    return Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")


@pytest.fixture
def by_name() -> Callable[[list[Manifest]], dict[str, Manifest]]:
    """Objects by name."""
    return lambda objects: {name_of(found): found for found in objects}
