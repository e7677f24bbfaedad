"""Weights by numbers of pods: which numbers are a step, and what is judged of a run by them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.endpoints import PORT_ANNOTATION
from burgee.playground.dataplane.kube_proxy import plan
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.steering import RouteChange, Rule, percents
from burgee.playground.demo import judgement
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.providers.base import Run
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.playground.demo.providers.sharing import evidence
from burgee.playground.demo.shares import pods_behind, share_of_pods
from burgee.playground.demo.stage import Stage

KUBERNETES = PROVIDERS["kubernetes"]
Pods = tuple[int, int]
"""Of the primary and of the canary."""

UP: tuple[Pods, ...] = ((5, 0), (5, 1), (4, 1), (4, 2), (3, 2), (3, 3), (2, 3))
DOWN: tuple[Pods, ...] = ((3, 3), (4, 3), (5, 3), (5, 0))
GOOD = (*UP, *DOWN)


def _rules(pods: Pods) -> list[Rule]:
    there = dict(zip(("shop-primary", "shop-canary"), pods, strict=True))
    return [Rule(weights=percents(there), pods=there)] if any(pods) else []


def _told(requested: int, achieved: float) -> Manifest:
    return {"replicaRatio": {"requestedWeight": requested, "achievedWeight": achieved}}


TOLD = (_told(0, 0), _told(20, 16.7), _told(20, 20), _told(40, 40.0), _told(60, 60), {})


def _found(
    *,
    pods: Sequence[Pods] = GOOD,
    statuses: Sequence[Manifest] = TOLD,
    weights: Sequence[float] = (0, 20, 40, 60, 0),
) -> dict[str, Finding]:
    run = Run(weights=weights, rules=[*map(_rules, pods)], statuses=statuses, replicas=5)
    enough, between, told = evidence(run)
    return {"enough": enough, "between": between, "told": told}


@pytest.mark.parametrize(
    ("pods", "share"),
    [
        pytest.param((5, 0), 0, id="at rest"),
        pytest.param((4, 1), 20, id="a step"),
        pytest.param((5, 1), None, id="the canary has come"),
        pytest.param((3, 1), None, id="too few"),
        pytest.param((0, 5), 100, id="all"),
        pytest.param((8, 0), 0, id="the primary is rolled over"),
        pytest.param((0, 0), 0, id="nobody"),
    ],
)
def test_pods_that_are_complete_are_a_step(pods: Pods, share: float | None) -> None:
    assert share_of_pods(_rules(pods), 5) == share
    assert KUBERNETES.served(_rules(pods)) == share


def test_other_providers_have_no_way_between_two_weights() -> None:
    rules = [Rule(weights={"shop-primary": 83, "shop-canary": 17})]
    assert PROVIDERS["istio"].served(rules) == 17


def _stage(*moments: tuple[float, Pods]) -> Stage:
    history = [
        RouteChange(asked=at, served=at + 0.05, rules={"demo/shop": _rules(pods)})
        for at, pods in moments
    ]
    cluster: Any = SimpleNamespace(
        store=SimpleNamespace(resource=lambda *_: None),
        plane=SimpleNamespace(history=lambda: history),
        timeline=SimpleNamespace(statuses_since=lambda _: TOLD),
        provider=KUBERNETES,
    )
    return Stage(cluster, lambda: None)


def test_windows_leave_out_the_way_from_step_to_step() -> None:
    stage = _stage((0, (5, 0)), (5, (5, 1)), (6, (4, 1)), (14, (4, 2)), (15, (3, 2)))
    seen = judgement.windows(stage, 4.0)
    assert [window.weight for window in seen] == [0, 20, 40]
    assert [window.end for window in seen[:2]] == [5, 14]


def test_a_step_that_is_left_and_taken_again_is_seen_twice() -> None:
    stage = _stage((0, (4, 1)), (5, (5, 1)), (6, (4, 1)))
    assert [window.weight for window in judgement.windows(stage, 1.0)] == [20, 20]


def test_a_run_is_judged_from_what_was_served_before_it() -> None:
    stage = _stage(*((10.0 * n, pods) for n, pods in enumerate(GOOD)))
    found = list(judgement.besides(stage, 1.0, judgement.windows(stage, 1.0)))
    assert [finding.holds for finding in found] == [True, True, True], found


def test_a_run_as_it_should_be() -> None:
    found = _found()
    assert all(finding.holds for finding in found.values()), found
    assert "at least 5 pods" in found["enough"].text
    assert "8 at the most" in found["enough"].text
    assert "had 20, 40, 60 % as requested and achieved, and is gone" in found["told"].text


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        pytest.param("enough", {"pods": [*UP, (2, 2), *DOWN]}, id="a pod is taken away first"),
        pytest.param("enough", {"pods": [*UP, (0, 0), *DOWN]}, id="nobody serves"),
        pytest.param("enough", {"pods": []}, id="nothing was seen"),
        pytest.param("between", {"pods": [*UP[:4], (2, 4), *UP[4:], *DOWN]}, id="too much"),
        pytest.param("between", {"pods": [*UP, (2, 4), *DOWN]}, id="more for a moment"),
        pytest.param("between", {"pods": GOOD[:-1]}, id="it did not come to an end"),
        pytest.param("told", {"statuses": TOLD[:-1]}, id="it is still told"),
        pytest.param("told", {"statuses": [*TOLD[:3], *TOLD[4:]]}, id="a step was not told"),
        pytest.param("told", {"statuses": [{}]}, id="nothing was told"),
        pytest.param("told", {"weights": (0, 20, 60, 0)}, id="more was told than served"),
    ],
)
def test_what_is_wrong_is_found(wrong: str, what: dict[str, Any]) -> None:
    assert not _found(**what)[wrong].holds


def _pod(name: str, app: str, port: int) -> Manifest:
    return {
        "metadata": {
            "name": name,
            "namespace": "demo",
            "labels": {"app": app, "both": "yes"},
            "annotations": {PORT_ANNOTATION: str(port)},
        },
        "status": {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _service(name: str, **selector: str) -> Manifest:
    return {
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"selector": selector, "ports": [{"port": 80}]},
    }


@pytest.mark.parametrize(
    ("selector", "pods"),
    [
        pytest.param({"app": "shop-primary"}, (3, 0), id="the primary alone"),
        pytest.param({"both": "yes"}, (3, 1), id="both"),
        pytest.param({"app": "shop"}, (0, 1), id="the canary alone"),
    ],
)
def test_data_plane_counts_the_pods_behind_the_service(
    selector: dict[str, str], pods: Pods
) -> None:
    objects = Objects(
        services=[
            _service("shop", **selector),
            _service("shop-primary", app="shop-primary"),
            _service("shop-canary", app="shop"),
        ],
        pods=[*(_pod(f"p{n}", "shop-primary", n) for n in range(3)), _pod("c", "shop", 9)],
    )
    [rule] = plan(objects).rules["demo/shop"]
    assert rule == _rules(pods)[0]
    assert pods_behind([rule]) == sum(pods)
