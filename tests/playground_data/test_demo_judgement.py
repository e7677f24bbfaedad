"""The demo can fail: what it judges, on histories that are as they should be and that are not."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from burgee.playground.dataplane.load import Load, Response
from burgee.playground.dataplane.steering import RouteChange, Rule
from burgee.playground.demo import judgement
from burgee.playground.demo.judgement import Window
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.playground.demo.shares import mirrored_to_canary, weight_of_matching
from burgee.playground.demo.stage import Stage


@dataclass
class _History:
    changes: list[RouteChange] = field(default_factory=list)

    def history(self) -> list[RouteChange]:
        return self.changes


def _stage(
    responses: list[Response],
    changes: list[RouteChange] | None = None,
    status: dict[str, Any] | None = None,
    provider: str = "istio",
) -> Stage:
    load = Load("http://127.0.0.1:1", host="shop")
    load._responses.extend(responses)
    store = SimpleNamespace(resource=lambda *_: None)
    cluster: Any = SimpleNamespace(
        load=load,
        plane=_History(changes or []),
        store=store,
        timeline=SimpleNamespace(status=status or {}),
        provider=PROVIDERS[provider],
    )
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
    [finding] = judgement.splits(stage, [Window(start=0.5, end=2.0, weight=weight)])
    assert finding.holds is holds, finding.text


def test_windows_lie_between_route_changes() -> None:
    def change(at: float, weight: int) -> RouteChange:
        rule = Rule(weights={"shop-primary": 100 - weight, "shop-canary": weight})
        return RouteChange(asked=at, served=at + 0.05, rules={"demo/shop": [rule]})

    stage = _stage([], [change(0.0, 0), change(10.0, 10), change(14.0, 30)])
    first, second, third = judgement.windows(stage, 8.0)
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
    stage = _stage([*_responses(1, 1), wrong])
    stage.flawed.append("v3")
    finding = judgement.no_other_failures(stage)
    assert finding.holds is holds, finding.text


def test_the_first_failure_is_told() -> None:
    failed = Response(started=1.0, ended=1.1, version="v2", status=503, pod="shop-abc-1")
    none = Response(started=1.2, ended=1.3, version="", status=0)
    finding = judgement.no_other_failures(_stage([*_responses(1, 1), failed, none]))
    assert "2 failed" in finding.text
    assert finding.text.endswith("(first: status 503 of v2 from shop-abc-1)")


def test_no_traffic_at_all_is_wrong() -> None:
    assert not judgement.no_other_failures(_stage([])).holds


def test_failures_of_clients_who_left_count() -> None:
    stage = _stage(_responses(1, 1))
    gone = Load("http://127.0.0.1:1", host="shop")
    gone._responses.append(Response(started=1.0, ended=1.1, version="v2", status=500))
    stage.audiences["insiders"] = gone
    stage.dismiss("insiders")
    assert not judgement.no_other_failures(stage).holds


@pytest.mark.parametrize(
    ("canary", "primary", "holds"),
    [
        pytest.param(100, 0, True, id="all of them"),
        pytest.param(999, 1, False, id="all but one"),
        pytest.param(10, 0, False, id="too few to judge"),
    ],
)
def test_all_traffic_means_every_request(canary: int, primary: int, holds: bool) -> None:
    stage = _stage(_responses(canary, primary))
    [finding] = judgement.splits(stage, [Window(start=0.5, end=2.0, weight=100)])
    assert finding.holds is holds, finding.text


def test_rules_that_give_the_same_weight_are_one_window() -> None:
    def change(at: float, *rules: Rule) -> RouteChange:
        return RouteChange(asked=at, served=at + 0.05, rules={"demo/shop": rules})

    rest, insiders = Rule(weights={"shop-primary": 100}), Rule(weights={"shop-canary": 100})
    copied = Rule(weights={"shop-primary": 100}, mirrored={"shop-canary": 50.0})
    stage = _stage([], [change(0, rest), change(4, insiders, rest), change(8, copied)])
    assert [w.weight for w in judgement.windows(stage, 1.0)] == [0]
    matching = judgement.windows(stage, 1.0, weight_of_matching)
    assert [(w.weight, w.end) for w in matching[:2]] == [(0, 4), (100, 8)]
    copies = judgement.windows(stage, 1.0, mirrored_to_canary)
    assert [w.weight for w in copies] == [0, 50]


@pytest.mark.parametrize(
    ("right", "wrong", "holds"),
    [
        pytest.param(20, 0, True, id="alike"),
        pytest.param(500, 1, False, id="one is not"),
        pytest.param(19, 0, False, id="too few to judge"),
        pytest.param(0, 0, False, id="none"),
    ],
)
def test_one_answer_that_is_wrong_is_too_many(right: int, wrong: int, holds: bool) -> None:
    stage = _stage(_responses(right, wrong))
    window = Window(start=0.5, end=2.0, weight=100)
    load = stage.cluster.load
    assert judgement.alike(load, [window], judgement.by_canary, "answers").holds is holds


def _journey(visitor: str, *answers: tuple[str, str]) -> list[Response]:
    return [
        Response(started=n, ended=n + 0.1, version=version, pod=pod, status=200, visitor=visitor)
        for n, (version, pod) in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(
            [("v1", "shop-primary-a"), ("v2", "shop-b"), ("v2", "shop-b")], (1, 0), id="stayed"
        ),
        pytest.param(
            [("v2", "shop-b"), ("v1", "shop-primary-a"), ("v2", "shop-b")], (1, 1), id="went back"
        ),
        pytest.param([("v1", "shop-primary-a")] * 3, (0, 0), id="never came"),
        pytest.param(
            [("v2", "shop-b"), ("v2", "shop-primary-c")], (1, 0), id="the primary has it now"
        ),
    ],
)
def test_visitors_who_turn_back_are_found(
    answers: list[tuple[str, str]], expected: tuple[int, int]
) -> None:
    others = _journey("another", ("v1", "shop-primary-a"))
    found = judgement.turned_back([*_journey("one", *answers), *others], "v2")
    assert found == expected


@pytest.mark.parametrize(
    ("checks", "holds"),
    [
        pytest.param(
            [{"name": "median", "value": 3.1, "max": 100, "verdict": "Passed"}], True, id="passed"
        ),
        pytest.param([{"name": "median", "verdict": "NoData", "max": 100}], False, id="no data"),
        pytest.param(
            [{"name": "median", "value": 300.0, "max": 100, "verdict": "Failed"}],
            False,
            id="failed",
        ),
        pytest.param([{"name": "other", "value": 3.1}], False, id="never asked"),
    ],
)
def test_a_template_has_to_measure_something(checks: list[dict[str, Any]], holds: bool) -> None:
    stage = _stage([], status={"checks": checks})
    assert judgement.measured(stage, "median").holds is holds
