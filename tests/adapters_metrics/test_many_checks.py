"""Many checks at the same time: side by side, and the same one once."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from burgee.adapters.fanout import run_checks
from burgee.adapters.sources.registry import Sources
from burgee.adapters.sources.together import Together
from burgee.metrics.model import Check, Limits, Measurement, NoData, Sample, Source, SourceError


def check(number: int, address: str, *, query: str = "", kind: str = "graphite") -> Check:
    return Check(
        id=str(number),
        name=f"m{number}",
        source=Source(type=kind, address=address),
        query=query or f"target=t{number}",
        limits=Limits(),
    )


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=32) as running:
        yield running


@pytest.fixture
def slowly(json_reply: Any) -> Callable[[Any], Any]:
    def answer(_seen: Any) -> Any:
        time.sleep(0.1)
        return json_reply([{"target": "t", "datapoints": [[4, 1]]}])

    return answer


def measured(
    sources: Sources, checks: list[Check], executor: ThreadPoolExecutor, seconds: float = 8
) -> dict[str, Measurement]:
    def measure(one: Check, left: float) -> Measurement:
        return sources.measure(one, None, timeout_seconds=left)

    return run_checks(checks, measure, executor, time.monotonic() + seconds)


def test_fifty_checks_of_a_step(
    sources: Sources, server: Any, json_reply: Any, executor: ThreadPoolExecutor
) -> None:
    """They are asked for at once: nobody is answered before half of them have asked."""
    half = threading.Barrier(25)

    def together(_seen: Any) -> Any:
        half.wait(8)
        return json_reply([{"target": "t", "datapoints": [[4, 1]]}])

    server.replies = [together]

    found = measured(sources, [check(n, server.url) for n in range(50)], executor)

    assert found == {str(n): Sample(value=4) for n in range(50)}


def test_a_source_that_hangs_costs_its_own_check(
    sources: Sources, server: Any, slowly: Any, executor: ThreadPoolExecutor
) -> None:
    hanging = check(0, f"{server.url}/hangs")
    silent = threading.Event()

    def hold(seen: Any) -> Any:
        if seen.path.startswith("/hangs"):
            silent.wait(3)
        return slowly(seen)

    server.replies = [hold]
    found = measured(
        sources, [hanging, *(check(n, server.url) for n in range(1, 10))], executor, 0.7
    )
    silent.set()

    assert isinstance(found.pop("0"), SourceError)
    assert found == {str(n): Sample(value=4) for n in range(1, 10)}


def test_canaries_that_ask_the_same_share_the_answer(
    sources: Sources, server: Any, slowly: Any, executor: ThreadPoolExecutor
) -> None:
    server.replies = [slowly]
    same = check(0, server.url)

    asked = [executor.submit(sources.measure, same, None, timeout_seconds=5) for _ in range(20)]

    assert {one.result() for one in asked} == {Sample(value=4)}
    assert len(server.seen) < 5


def test_the_next_one_asks_again(sources: Sources, server: Any, slowly: Any) -> None:
    server.replies = [slowly]

    for _ in range(2):
        assert sources.measure(check(0, server.url), None, timeout_seconds=5) == Sample(value=4)

    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("first", "second", "sent"),
    [
        pytest.param(Sample(value=1), Sample(value=1), 1, id="a value is shared"),
        pytest.param(NoData(), NoData(), 1, id="no data is shared"),
        pytest.param(SourceError(message="x"), Sample(value=2), 2, id="a failure is not"),
    ],
)
def test_what_is_shared(first: Measurement, second: Measurement, sent: int) -> None:
    together, answers, release = Together(), [first, second], threading.Event()
    sending: list[float] = []

    def send(seconds: float) -> Measurement:
        sending.append(seconds)
        assert release.wait(5)
        return answers[len(sending) - 1]

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(together.ask, "q", send, seconds=5)
        two = pool.submit(together.ask, "q", send, seconds=5)
        time.sleep(0.05)
        release.set()
        found = {one.result(5), two.result(5)}

    assert found == {first, second}
    assert len(sending) == sent


def test_who_waits_has_a_deadline_of_its_own() -> None:
    together, release = Together(), threading.Event()

    def send(_seconds: float) -> Measurement:
        assert release.wait(5)
        return Sample(value=1)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(together.ask, "q", send, seconds=5)
        time.sleep(0.05)
        quick = together.ask("q", send, seconds=0.05)
        release.set()

        assert slow.result(5) == Sample(value=1)
    assert quick == SourceError(message="the metrics server gave no answer in time")


def test_an_exception_leaves_nobody_waiting() -> None:
    together = Together()

    def broken(_seconds: float) -> Measurement:
        raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            together.ask("q", broken, seconds=1)
