"""Two Canaries of one Knative Service, by the real hook server."""

from collections.abc import Iterator
from typing import Any

import pytest
from provider_world import KNATIVE_SERVICE, ProviderWorld, knative_service, spec_for
from release_world import APP, CANARY, App, Arena, analysis, canary

from burgee.api.manifest import Manifest, annotations_of

pytestmark = pytest.mark.slow

HOLDER = "burgee.dev/canary"
# A Canary that is refused looks again after twenty seconds.
LOOK_AGAIN_SECONDS = 40.0
CHECK = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("knative")) as made:
        world = ProviderWorld(made)
        yield made
        world.close()
        assert not made.cluster.controller.tally.crashed


def spec(**more: Any) -> Manifest:
    return {**spec_for("knative"), "analysis": analysis(metrics=[CHECK]), **more}


@pytest.fixture
def first(arena: Arena, numbers: Iterator[int]) -> Iterator[App]:
    """The app of the first Canary, at rest."""
    app = arena.app(f"knative{next(numbers)}", objects=[knative_service()], **spec())
    app.wait_phase("Initialized")
    yield app
    arena.cluster.delete("v1", "Namespace", "", app.namespace)


def status(app: App, name: str) -> Manifest:
    found: Manifest = (app.get(*CANARY, name) or {}).get("status") or {}
    return found


def reason(app: App, name: str) -> str:
    conditions: list[Manifest] = status(app, name).get("conditions") or []
    return next((str(c["reason"]) for c in conditions if c["type"] == "Accepted"), "")


def apply_second(app: App) -> None:
    second = canary(**spec())
    app.apply({**second, "metadata": {"name": "second"}})


def service(app: App) -> Manifest:
    return app.get(*KNATIVE_SERVICE) or {}


def test_the_second_touches_nothing_until_the_first_is_gone(first: App, arena: Arena) -> None:
    before = service(first)
    assert annotations_of(before)[HOLDER] == f"{first.namespace}/{APP}"

    apply_second(first)
    first.wait_for(lambda: reason(first, "second") == "TargetConflict")

    assert service(first) == before
    first.apply(knative_service("app:2"))
    first.wait_phase("Succeeded")
    assert reason(first, "second") == "TargetConflict"
    assert not reason(first, APP)

    arena.cluster.delete(*CANARY, first.namespace, APP)
    first.wait_for(
        lambda: status(first, "second").get("phase") == "Initialized", seconds=LOOK_AGAIN_SECONDS
    )
    first.wait_for(
        lambda: annotations_of(service(first)).get(HOLDER) == f"{first.namespace}/second"
    )


def test_a_canary_that_went_without_a_word_holds_nothing(first: App) -> None:
    first.merge(
        KNATIVE_SERVICE, APP, {"metadata": {"annotations": {HOLDER: f"{first.namespace}/gone"}}}
    )

    first.wait_for(
        lambda: annotations_of(service(first)).get(HOLDER) == f"{first.namespace}/{APP}"
    )
    assert not reason(first, APP)


def test_a_canary_that_has_another_target_by_now_holds_nothing(first: App) -> None:
    apply_second(first)
    first.wait_for(lambda: reason(first, "second") == "TargetConflict")

    target = {**spec()["targetRef"], "name": "elsewhere"}
    first.edit(targetRef=target)

    first.wait_for(
        lambda: status(first, "second").get("phase") == "Initialized", seconds=LOOK_AGAIN_SECONDS
    )
    assert reason(first, APP) == "TargetNotFound"
