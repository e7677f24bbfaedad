"""The rules that watch the releases: each finds what it is there for, and only that."""

from collections.abc import Sequence
from typing import Any

import pytest
from release_journal import Written
from release_rules import backwards, unsafe

from burgee.api.manifest import Manifest
from burgee.targets.hashing import template_hash

NAMESPACE = "test"


def workload(name: str, image: str = "app:1", *, replicas: int = 2, **status: Any) -> Manifest:
    """A Deployment that is rolled out, unless its status says otherwise."""
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "generation": 1},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [{"image": image}]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "availableReplicas": replicas,
            **status,
        },
    }


TARGET = workload("podinfo")
PRIMARY = workload("podinfo-primary")
UNAVAILABLE: dict[str, Any] = {"availableReplicas": 0}


def route(weight: int) -> Manifest:
    shares = {"podinfo-primary": 100 - weight, "podinfo-canary": weight}
    backends = [{"destination": {"host": h}, "weight": w} for h, w in shares.items()]
    return {
        "kind": "VirtualService",
        "metadata": {"name": "podinfo", "namespace": NAMESPACE},
        "spec": {"http": [{"route": backends}]},
    }


def apex(selects: str = "podinfo-primary") -> Manifest:
    return {
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": NAMESPACE},
        "spec": {"selector": {"app": selects}},
    }


def canary(phase: str = "Progressing", weight: int = 0, **status: Any) -> Manifest:
    return {
        "kind": "Canary",
        "metadata": {"name": "podinfo", "namespace": NAMESPACE},
        "spec": {},
        "status": {
            "phase": phase,
            "canaryWeight": weight,
            "failedChecks": 0,
            "lastAppliedSpec": template_hash(TARGET),
            "phaseStartTime": "2026-01-01T00:00:00Z",
            **status,
        },
    }


def journal(*objects: Manifest, apart_seconds: float = 10.0) -> list[Written]:
    """Objects written one after the other."""
    known: dict[tuple[str, str], Manifest] = {}
    entries: list[Written] = []
    for number, manifest in enumerate(objects, start=1):
        key = manifest["kind"], manifest["metadata"]["name"]
        entries.append(
            Written(version=number, at=number * apart_seconds, old=known.get(key), new=manifest)
        )
        known[key] = manifest
    return entries


def test_a_good_release_breaks_no_rule() -> None:
    new = workload("podinfo", "app:2")
    meant: dict[str, Any] = {"lastAppliedSpec": template_hash(new)}
    entries = journal(
        TARGET,
        canary("Initializing"),
        PRIMARY,
        apex(),
        route(0),
        canary("Initialized"),
        workload("podinfo", replicas=0),
        workload("podinfo", "app:2", replicas=0),
        canary("Progressing", **meant),
        new,
        route(25),
        canary("Progressing", 25, **meant),
        canary("Promoting", 25, **meant),
        workload("podinfo-primary", "app:2"),
        route(0),
        canary("Finalising", **meant),
        canary("Succeeded", **meant),
        workload("podinfo", "app:2", replicas=0),
    )

    assert unsafe(entries) == []
    assert backwards(entries, [25]) == []


@pytest.mark.parametrize(
    ("before", "bad", "says"),
    [
        pytest.param(
            [canary(), workload("podinfo", replicas=0), PRIMARY, route(0)],
            route(25),
            "25 % for a target that does not serve",
            id="weight for a target at zero",
        ),
        pytest.param(
            [canary(), workload("podinfo", **UNAVAILABLE), PRIMARY, route(0)],
            route(25),
            "25 % for a target that does not serve",
            id="weight for pods that are not ready",
        ),
        pytest.param(
            [canary(), workload("podinfo", observedGeneration=0), PRIMARY, route(0)],
            route(25),
            "0 -> 25 % for a target that is not rolled out",
            id="weight before the rollout was looked at",
        ),
        pytest.param(
            [canary(lastAppliedSpec="b1-another"), TARGET, PRIMARY, route(0)],
            route(25),
            "for a template that is not the one analysed",
            id="weight for another revision",
        ),
        pytest.param(
            [canary(), TARGET, workload("podinfo-primary", **UNAVAILABLE)],
            route(0),
            "100 % for a primary that does not serve",
            id="weight for a primary that is not ready",
        ),
        pytest.param(
            [
                canary("Promoting", 50),
                TARGET,
                PRIMARY,
                route(50),
                workload("podinfo-primary", "app:2", updatedReplicas=1),
            ],
            route(0),
            "50 -> 0 % while the primary is not rolled out",
            id="all traffic for a half promoted primary",
        ),
        pytest.param(
            [canary(), TARGET, PRIMARY, apex(), route(25)],
            workload("podinfo", replicas=0),
            "scaled to zero while the route gives it 25 %",
            id="target at zero under weight",
        ),
        pytest.param(
            [canary("Initializing"), TARGET, PRIMARY, apex("podinfo"), route(0)],
            workload("podinfo", replicas=0),
            "scaled to zero while the apex Service selects",
            id="target at zero behind its Service",
        ),
        pytest.param(
            [canary("Initializing"), TARGET, PRIMARY, apex()],
            workload("podinfo", replicas=0),
            "scaled to zero before there is a route",
            id="target at zero without a route",
        ),
        pytest.param(
            [canary("Initializing"), TARGET, workload("podinfo-primary", **UNAVAILABLE)],
            apex(),
            "points to a primary that does not serve",
            id="apex without pods",
        ),
        pytest.param(
            [canary("Progressing"), TARGET, PRIMARY],
            workload("podinfo-primary", "app:2"),
            "its pod template changed in phase Progressing",
            id="primary rebuilt in a run",
        ),
    ],
)
def test_what_leaves_traffic_without_pods_is_found(
    before: Sequence[Manifest], bad: Manifest, says: str
) -> None:
    assert unsafe(journal(*before)) == []

    found = unsafe(journal(*before, bad))

    assert any(says in problem for problem in found), found
    assert unsafe(journal(*before, bad), by_hand={len(before) + 1}) == []


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        pytest.param(
            canary(weight=50), canary(weight=25), "not the next weight", id="a lower weight"
        ),
        pytest.param(
            canary(weight=25), canary(weight=75), "not the next weight", id="a weight left out"
        ),
        pytest.param(
            canary(weight=25), canary(weight=30), "not on the ladder", id="an unknown weight"
        ),
        pytest.param(
            canary(weight=25),
            canary(weight=0),
            "not on the ladder",
            id="the start again, without a new revision",
        ),
        pytest.param(
            canary(failedChecks=2), canary(failedChecks=1), "forgotten", id="fewer failed checks"
        ),
        pytest.param(
            canary("Promoting", 50),
            canary("Progressing", 50),
            "without a new revision",
            id="analysis again",
        ),
        pytest.param(
            canary("Finalising"), canary("Promoting"), "no way leads", id="a phase before"
        ),
        pytest.param(
            canary("Failed"), canary("Succeeded"), "no way leads", id="a failure forgotten"
        ),
        pytest.param(
            canary(nextStepTime="2026-01-01T00:00:09Z"),
            canary(nextStepTime="2026-01-01T00:00:05Z"),
            "nextStepTime goes back",
            id="an earlier step",
        ),
        pytest.param(
            canary(phaseStartTime="2026-01-01T00:00:09Z"),
            canary(),
            "phaseStartTime goes back",
            id="an earlier phase",
        ),
        pytest.param(
            canary(observedGeneration=3),
            canary(observedGeneration=2),
            "observedGeneration goes back",
            id="an older spec",
        ),
        pytest.param(
            canary(weight=25),
            canary(weight=25, lastAppliedSpec="b1-another"),
            "begins anew with weight",
            id="a new revision that keeps the weight",
        ),
    ],
)
def test_a_status_that_goes_back_is_found(before: Manifest, after: Manifest, says: str) -> None:
    # What leads to the first of the two is not under test.
    known = backwards(journal(before), [25, 50, 75])
    found = backwards(journal(before, after), [25, 50, 75])

    assert found[: len(known)] == known
    assert any(says in problem for problem in found[len(known) :]), found


def test_a_restart_for_a_new_revision_is_no_step_back() -> None:
    entries = journal(
        canary("Initializing"),
        canary("Initialized"),
        canary(),
        canary(weight=25),
        canary(lastAppliedSpec="b1-another"),
        canary(weight=25, lastAppliedSpec="b1-another"),
    )

    assert backwards(entries, [25, 50]) == []


def test_only_where_two_may_write_an_echo_is_forgiven() -> None:
    entries = journal(
        canary("Initializing"),
        canary("Initialized"),
        canary(),
        canary(weight=25),
        canary(),
        canary(weight=25),
    )

    assert backwards(entries, [25, 50]) != []
    assert backwards(entries, [25, 50], twins=True) == []
