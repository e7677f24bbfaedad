"""The demo can fail: what it judges, on histories that are as they should be and that are not."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from burgee.playground.dataplane.load import Load, Response
from burgee.playground.dataplane.mesh import RouteChange
from burgee.playground.demo import plays
from burgee.playground.demo.plays import Stage, Window


@dataclass
class _History:
    changes: list[RouteChange] = field(default_factory=list)

    def history(self) -> list[RouteChange]:
        return self.changes


def _stage(responses: list[Response], changes: list[RouteChange] | None = None) -> Stage:
    load = Load("http://127.0.0.1:1", host="shop")
    load._responses.extend(responses)
    store = SimpleNamespace(resource=lambda *_: None)
    cluster: Any = SimpleNamespace(load=load, mesh=_History(changes or []), store=store)
    return Stage(cluster, lambda: None)


def _responses(canary: int, primary: int, status: int = 200) -> list[Response]:
    return [
        Response(started=1.0, ended=1.1, version="v", status=status, pod=pod)
        for pod in ["shop-abc-1"] * canary + ["shop-primary-def-2"] * primary
    ]


@pytest.mark.parametrize(
    ("canary", "primary", "weight", "holds"),
    [
        pytest.param(100, 900, 10, True, id="exact"),
        pytest.param(149, 851, 10, True, id="within five points"),
        pytest.param(160, 840, 10, False, id="too much"),
        pytest.param(40, 960, 10, False, id="too little"),
        pytest.param(10, 90, 10, False, id="too few to judge"),
        pytest.param(0, 0, 10, False, id="none at all"),
    ],
)
def test_split_at_the_client(canary: int, primary: int, weight: int, holds: bool) -> None:
    stage = _stage(_responses(canary, primary))
    [finding] = plays._splits(stage, [Window(start=0.5, end=2.0, weight=weight)])
    assert finding.holds is holds, finding.text


def test_windows_lie_between_route_changes() -> None:
    def change(at: float, weight: int) -> RouteChange:
        weights = {"demo/shop": {"shop-primary": 100 - weight, "shop-canary": weight}}
        return RouteChange(asked=at, served=at + 0.05, weights=weights)

    stage = _stage([], [change(0.0, 0), change(10.0, 10), change(14.0, 30)])
    first, second, third = plays._windows(stage, 8.0)
    assert (first.weight, first.end) == (0, 10.0)
    assert first.start == pytest.approx(8.1)
    assert (second.weight, second.start, second.end) == (10, pytest.approx(10.15), 14.0)
    assert third.weight == 30


@pytest.mark.parametrize(
    ("version", "status", "holds"),
    [
        pytest.param("v3", 500, True, id="on purpose"),
        pytest.param("v3", 503, False, id="bad version, other failure"),
        pytest.param("v2", 500, False, id="good version fails"),
        pytest.param("", 0, False, id="no response"),
        pytest.param("", 503, False, id="Envoy had nobody to ask"),
    ],
)
def test_only_failures_on_purpose_are_forgiven(version: str, status: int, holds: bool) -> None:
    wrong = Response(started=1.0, ended=1.1, version=version, status=status)
    finding = plays.no_other_failures(_stage([*_responses(1, 1), wrong]), ["v3"])
    assert finding.holds is holds, finding.text


def test_no_traffic_at_all_is_wrong() -> None:
    assert not plays.no_other_failures(_stage([]), ["v3"]).holds
