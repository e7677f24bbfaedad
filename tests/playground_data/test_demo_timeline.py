"""What the demo tells of a release: in its true order, each thing once."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.load import Load
from burgee.playground.dataplane.steering import RouteChange, Rule
from burgee.playground.demo.narrator import Narrator
from burgee.playground.demo.stage import Stage
from burgee.playground.demo.timeline import Moment, Timeline
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store

Eventually = Callable[..., None]
CANARY = Resource(
    group="flagger.app",
    version="v1beta1",
    plural="canaries",
    kind="Canary",
    subresources=frozenset({"status"}),
)


@pytest.fixture
def cluster(store: Store) -> Store:
    store.register(CANARY)
    return store


@pytest.fixture
def timeline(cluster: Store) -> Iterator[Timeline]:
    made = Timeline(cluster)
    try:
        made.start()
        yield made
    finally:
        made.close()


def _canary(store: Store) -> Manifest:
    return store.create(CANARY, {"metadata": {"name": "shop", "namespace": "test"}, "spec": {}})


def _enter(store: Store, phase: str) -> None:
    store.patch(
        CANARY,
        "test",
        "shop",
        {"status": {"phase": phase}},
        content_type="application/merge-patch+json",
        subresource="status",
    )


def _tell(store: Store, canary: Manifest, words: str) -> None:
    about = {"kind": "Canary", "uid": canary["metadata"]["uid"], "name": "shop"}
    store.create(
        store.resource("v1", "events"),
        {
            "metadata": {"generateName": "shop.", "namespace": "test"},
            "involvedObject": about,
            "message": words,
        },
    )


def test_events_and_phases_stand_in_the_order_in_which_they_were_written(
    cluster: Store, timeline: Timeline, eventually: Eventually
) -> None:
    canary = _canary(cluster)
    expected: list[tuple[str, str]] = []
    words, phase = "", ""
    for number in range(50):
        words = f"words {number}"
        _tell(cluster, canary, words)
        expected += [(phase, words)] if phase else []
        phase = f"Phase{number}"
        _enter(cluster, phase)
        expected.append((phase, words))
    eventually(lambda: timeline.phase == phase)
    assert [(moment.phase, moment.words) for moment in timeline.moments()] == expected
    assert timeline.phases_since(0.0) == [f"Phase{number}" for number in range(50)]


def test_every_status_is_kept(cluster: Store, timeline: Timeline, eventually: Eventually) -> None:
    _canary(cluster)
    for phase in ("First", "Second", "Second", "Third"):
        _enter(cluster, phase)
    eventually(lambda: timeline.phase == "Third")
    known = timeline.statuses_since(0.0)
    assert [status.get("phase") for status in known] == [None, "First", "Second", "Third"]
    assert timeline.statuses_since(time.monotonic()) == []


def test_events_of_others_are_not_told(
    cluster: Store, timeline: Timeline, eventually: Eventually
) -> None:
    canary = _canary(cluster)
    _tell(cluster, canary, "ours")
    _tell(cluster, {"metadata": {"uid": "another"}}, "not ours")
    _enter(cluster, "Initialized")
    eventually(lambda: timeline.phase == "Initialized")
    assert timeline.last_words == "ours"


def _rule(weight: int) -> dict[str, list[Rule]]:
    rule = Rule(weights={"shop-primary": 100 - weight, "shop-canary": weight})
    return {"demo/shop": [rule]}


@pytest.mark.parametrize(
    ("moments", "changes", "told"),
    [
        pytest.param(
            [(1.0, "Initialized", "set up"), (5.0, "Initialized", "go"), (5.02, "Running", "go")],
            [],
            [("Initialized", 0, "set up"), ("Running", 0, "go")],
            id="words before their phase",
        ),
        pytest.param(
            [(5.0, "Running", "weight 10"), (9.0, "Running", "weight 30")],
            [(5.05, 10), (9.1, 30)],
            [("Running", 10, "weight 10"), ("Running", 30, "weight 30")],
            id="the route follows at once",
        ),
        pytest.param(
            [(5.0, "Running", "weight 10")],
            [(6.0, 10)],
            [("Running", 0, "weight 10"), ("Running", 10, "weight 10")],
            id="the route follows late",
        ),
        pytest.param(
            [(5.0, "Promoting", "a"), (5.05, "Finalising", "b"), (5.1, "Succeeded", "c")],
            [(1.0, 60), (5.07, 0)],
            [("Promoting", 60, "a"), ("Finalising", 0, "b"), ("Succeeded", 0, "c")],
            id="short phases",
        ),
    ],
)
def test_what_belongs_together_is_told_once(
    moments: list[tuple[float, str, str]],
    changes: list[tuple[float, int]],
    told: list[tuple[str, int, str]],
) -> None:
    known = [Moment(at=at, phase=phase, words=words) for at, phase, words in moments]
    history = [RouteChange(asked=at, served=at, rules=_rule(weight)) for at, weight in changes]
    cluster: Any = SimpleNamespace(
        store=SimpleNamespace(resource=lambda *_: None),
        timeline=SimpleNamespace(moments=lambda first: known[first:], status={}),
        plane=SimpleNamespace(history=lambda: history),
        load=Load("http://127.0.0.1:1", host="shop"),
    )
    narrator = Narrator(Stage(cluster, lambda: None), 0.0)
    shown = [*narrator.news(), *narrator.news()]
    assert [(s.phase, s.steering.weight, s.words) for s in shown] == told
