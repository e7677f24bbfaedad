"""A Knative Service as a target: revisions instead of workloads."""

from datetime import UTC, datetime
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.hashing import is_ours, revision_id
from burgee.targets.knative_service import KnativeServiceKind, revisions_of
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import NotReady, Ready

KIND = KnativeServiceKind()
PRIMARY = "flagger.app/primary-revision"
TS = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = EngineSettings()


def knative(latest: str | None = "podinfo-00002", **annotations: str) -> Manifest:
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "test", "annotations": annotations},
        "status": {"latestCreatedRevisionName": latest} if latest else {},
    }


def revision(name: str = "podinfo-00002", **status: Any) -> Manifest:
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": {"name": name, "generation": 1},
        "status": status,
    }


@pytest.fixture
def knative_canary() -> Canary:
    ref = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "podinfo"}
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test"},
            "spec": {"targetRef": ref},
        }
    )


def test_a_service_without_a_revision_is_not_released() -> None:
    KIND.check(knative())

    with pytest.raises(InvalidCanary, match="no revision yet") as caught:
        KIND.check(knative(None))

    assert caught.value.reason == "TargetHasNoRevision"


@pytest.mark.parametrize(
    ("annotations", "primary"), [({}, ""), ({PRIMARY: "podinfo-00001"}, "podinfo-00001")]
)
def test_both_sides_are_revisions(
    knative_canary: Canary, annotations: dict[str, str], primary: str
) -> None:
    names = KIND.names(knative_canary, knative(**annotations), SETTINGS)

    assert KIND.primary_key(names) == ("Revision", primary)
    assert KIND.canary_key(names) == ("Revision", "podinfo-00002")
    assert (names.target, names.apex) == ("podinfo", "podinfo")


def test_names_of_another_kind_name_no_revision() -> None:
    names = Names(target="a", apex="a", selector_key="", selector_value="")

    assert KIND.primary_key(names) == KIND.canary_key(names) == ("Revision", "")


def test_a_revision_is_known_by_its_name() -> None:
    target = knative("podinfo-00002")

    assert is_ours(KIND.template_hash(target))
    assert KIND.revision_of(revision()) == revision_id(KIND.template_hash(target), {})
    assert KIND.revision_of(revision("podinfo-00001")) != KIND.revision_of(revision())


def test_a_promotion_is_an_annotation(knative_canary: Canary) -> None:
    target = knative(**{PRIMARY: "podinfo-00001", "other": "x"})

    built = KIND.build_primary(
        Blueprint(
            target=target,
            names=KIND.names(knative_canary, target, SETTINGS),
            revision="r",
            flagger_id="i",
            copied_names=(),
            settings=SETTINGS,
            first=False,
            observed=None,
        )
    )

    assert built["metadata"] == {
        "name": "podinfo",
        "namespace": "test",
        "annotations": {PRIMARY: "podinfo-00002"},
    }
    assert set(built) == {"apiVersion", "kind", "metadata"}


@pytest.mark.parametrize(
    ("status", "ready", "said"),
    [
        ({"conditions": [{"type": "Ready", "status": "True"}]}, True, ""),
        (
            {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]},
            True,
            "",
        ),
        (
            {"observedGeneration": 0, "conditions": [{"type": "Ready", "status": "True"}]},
            False,
            "says nothing",
        ),
        (
            {"conditions": [{"type": "Ready", "status": "False", "reason": "Broken"}]},
            False,
            "Broken",
        ),
        ({"conditions": [{"type": "Ready", "status": "Unknown"}]}, False, "Unknown"),
        ({"conditions": [{"type": "Active", "status": "True"}]}, False, "says nothing"),
        ({}, False, "says nothing"),
    ],
)
def test_readiness_is_the_revisions_condition(status: Manifest, ready: bool, said: str) -> None:
    found = KIND.readiness(
        revision(**status), threshold_percent=100, deadline_seconds=1, now=TS, since=TS
    )

    match found:
        case Ready():
            assert ready
        case NotReady(retriable=retriable, message=message):
            assert not ready
            assert retriable
            assert said in message


def test_nothing_is_made_scaled_or_tracked(knative_canary: Canary) -> None:
    target = knative()
    names = KIND.names(knative_canary, target, SETTINGS)

    assert KIND.services(knative_canary, names, target, {}).backends == ()
    assert KIND.services(knative_canary, names, target, {}).apex is None
    assert KIND.config_template(target) is None
    assert KIND.replicas(target) is None
    assert KIND.scale_to_zero(target) is None
    assert KIND.scale_from_zero(target, None, 3) is None
    assert not KIND.is_scaled_to_zero(target)
    assert KIND.keep(target) is target


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (knative(), ("podinfo-00002",)),
        (knative(**{PRIMARY: "podinfo-00001"}), ("podinfo-00001", "podinfo-00002")),
        (knative(**{PRIMARY: "podinfo-00002"}), ("podinfo-00002",)),
        (knative(None), ()),
        ({"apiVersion": "v1", "kind": "Service"}, ()),
    ],
)
def test_revisions_that_decide_something(target: Manifest, names: tuple[str, ...]) -> None:
    assert revisions_of(target) == names
