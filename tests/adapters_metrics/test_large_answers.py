"""Answers that are large: one at a time is made sense of, and others do not wait for it."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from burgee.adapters.sources.turns import MOST_BYTES, in_turn
from burgee.metrics.model import Sample, SourceError


def graphite(filler: str) -> bytes:
    return json.dumps([{"target": filler, "datapoints": [[4, 1]]}]).encode()


def prometheus(filler: str) -> bytes:
    result = [{"metric": {"filler": filler}, "value": [1, "4"]}]
    content = {"status": "success", "data": {"resultType": "vector", "result": result}}
    return json.dumps(content).encode()


BODIES = {"graphite": graphite, "prometheus": prometheus}
SMALL, LARGE = "x" * 1000, "x" * 100_000
KINDS = pytest.mark.parametrize("kind", sorted(BODIES))


@pytest.fixture
def large_turn() -> Iterator[threading.Event]:
    """Some large answer is made sense of, until the event is set."""
    over, began = threading.Event(), threading.Event()

    def hold() -> None:
        with in_turn(LARGE.encode()):
            began.set()
            over.wait(10)

    holding = threading.Thread(target=hold)
    holding.start()
    began.wait(10)
    yield over
    over.set()
    holding.join(10)


@KINDS
def test_a_large_answer_waits_for_another(
    kind: str, ask: Any, server: Any, reply: Any, large_turn: threading.Event
) -> None:
    server.replies = [reply(body=BODIES[kind](LARGE))]

    with ThreadPoolExecutor(1) as executor:
        asked = executor.submit(ask, kind)
        with pytest.raises(TimeoutError):
            asked.result(0.5)
        large_turn.set()
        assert asked.result(10) == Sample(value=4)


@KINDS
@pytest.mark.usefixtures("large_turn")
def test_an_ordinary_answer_waits_for_nobody(kind: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=BODIES[kind](SMALL))]

    assert ask(kind) == Sample(value=4)


@KINDS
def test_a_turn_ends_whatever_the_answer_is(kind: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [
        reply(body=LARGE.encode()),
        reply(code=500, body=LARGE.encode()),
        reply(body=BODIES[kind](LARGE)),
    ]

    assert isinstance(ask(kind), SourceError)
    assert isinstance(ask(kind), SourceError)
    assert ask(kind) == Sample(value=4)


@KINDS
def test_an_answer_has_a_most(kind: str, ask: Any, server: Any, reply: Any) -> None:
    room = MOST_BYTES - len(BODIES[kind](""))
    server.replies = [
        reply(body=BODIES[kind]("x" * room)),
        reply(body=BODIES[kind]("x" * (room + 1))),
    ]

    assert ask(kind) == Sample(value=4)
    assert "larger than 1048576 bytes" in str(ask(kind))
