"""One sync's share of the threads, and the Secrets that it reads once."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.secrets import Secrets
from burgee.adapters.fieldwork import Fieldwork
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.errands import Errands
from burgee.adapters.share import Share
from burgee.adapters.sources.registry import Sources
from burgee.engine.decision import Plan
from burgee.engine.effects import HookResult
from burgee.errors import ClusterError
from burgee.metrics.model import Check, Limits, Source, Verdict
from hooks.context import IO_THREADS_PER_SYNC, ContextExecutor

LONG_SECONDS = 10.0
SYNCS = 8


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Ends what hangs, at the latest when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as running:
        yield running


def test_no_more_than_its_share_runs_at_a_time(pool: ThreadPoolExecutor) -> None:
    share, lock = Share(pool, 2), threading.Lock()
    counted = {"now": 0, "most": 0}

    def work(number: int) -> int:
        with lock:
            counted["now"] += 1
            counted["most"] = max(counted.values())
        time.sleep(0.005)
        with lock:
            counted["now"] -= 1
        return number

    futures = [share.submit(work, number) for number in range(20)]

    assert [one.result(LONG_SECONDS) for one in futures] == list(range(20))
    assert counted["most"] == 2


def test_one_that_hangs_leaves_the_others_their_threads(
    pool: ThreadPoolExecutor, release: threading.Event
) -> None:
    greedy, modest = Share(pool, 2), Share(pool, 2)
    hanging = [greedy.submit(release.wait, LONG_SECONDS) for _ in range(50)]

    assert [modest.submit(str, n).result(LONG_SECONDS) for n in range(5)] == list("01234")
    assert not any(one.done() for one in hanging)

    for one in hanging[10:]:
        assert one.cancel()
    release.set()
    wait(hanging, LONG_SECONDS)
    assert greedy.submit(str, 1).result(LONG_SECONDS) == "1"


def test_what_goes_wrong_is_told_and_costs_no_thread(pool: ThreadPoolExecutor) -> None:
    share = Share(pool, 1)

    def broken() -> None:
        raise ValueError("x")

    for _ in range(3):
        with pytest.raises(ValueError, match="x"):
            share.submit(broken).result(LONG_SECONDS)
    assert share.submit(str, 1).result(LONG_SECONDS) == "1"


def test_a_pool_that_is_closed_takes_nothing(pool: ThreadPoolExecutor) -> None:
    share = Share(pool, 1)
    pool.shutdown()

    for _ in range(2):
        with pytest.raises(RuntimeError):
            share.submit(str, 1)


# ---- with real sources


@pytest.fixture
def threads() -> Iterator[ContextExecutor]:
    with ContextExecutor(max_workers=SYNCS * IO_THREADS_PER_SYNC) as running:
        yield running


@pytest.fixture
def work(kube: KubeClient, sources: Sources, threads: ContextExecutor) -> Callable[..., Fieldwork]:
    """The IO of one sync, made as the hook server makes it."""

    def made(seconds: float = LONG_SECONDS) -> Fieldwork:
        return Fieldwork(
            kube=kube,
            secrets=Secrets(kube),
            errands=Errands(lambda _hook, _seconds: HookResult(succeeded=True, message="")),
            sources=sources,
            policy=AddressPolicy(deny=()),
            executor=Share(threads, IO_THREADS_PER_SYNC),
            namespace="test",
            deadline=time.monotonic() + seconds,
            monotonic=time.monotonic,
        )

    return made


def checks(name: str, count: int, address: str, **source: Any) -> tuple[Check, ...]:
    return tuple(
        Check(
            id=f"{name}/{number}",
            name=f"{name}-{number}",
            source=Source(type="graphite", address=address, **source),
            query=f"target={name}{number}",
            limits=Limits(maximum=5),
        )
        for number in range(count)
    )


def verdicts(work: Fieldwork, due: tuple[Check, ...]) -> list[Verdict]:
    found = work.run(Plan(analysis=True, checks=due))
    assert found.checks is not None
    return [judged.verdict for judged in found.checks]


def test_fifty_checks_are_asked_side_by_side(
    work: Callable[..., Fieldwork], server: Any, json_reply: Any
) -> None:
    together = threading.Barrier(IO_THREADS_PER_SYNC)

    def answer(seen: Any) -> Any:
        number = int(seen.params["target"].removeprefix("m"))
        if number < IO_THREADS_PER_SYNC:
            together.wait(LONG_SECONDS)
        return json_reply([{"target": "t", "datapoints": [[4, 1]]}])

    server.replies = [answer]

    assert verdicts(work(), checks("m", 50, server.url)) == [Verdict.PASSED] * 50


def test_eight_syncs_of_fifty_checks_at_the_same_time(
    work: Callable[..., Fieldwork], server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply([{"target": "t", "datapoints": [[4, 1]]}])]

    with ThreadPoolExecutor(SYNCS) as syncs:
        found = list(
            syncs.map(lambda n: verdicts(work(), checks(f"s{n}m", 50, server.url)), range(SYNCS))
        )

    assert found == [[Verdict.PASSED] * 50] * SYNCS
    assert len(server.seen) == 50 * SYNCS


def test_a_canary_whose_source_hangs_holds_up_no_other(
    work: Callable[..., Fieldwork], server: Any, json_reply: Any, release: threading.Event
) -> None:
    hung = threading.Event()

    def answer(seen: Any) -> Any:
        if seen.path.startswith("/hangs"):
            hung.set()
            release.wait(LONG_SECONDS)
        return json_reply([{"target": "t", "datapoints": [[4, 1]]}])

    server.replies = [answer]
    with ThreadPoolExecutor(1) as other:
        due = checks("h", 400, f"{server.url}/hangs")
        bad = other.submit(verdicts, work(2.0), due)
        assert hung.wait(LONG_SECONDS)
        good = verdicts(work(), checks("g", 20, server.url))

        assert good == [Verdict.PASSED] * 20
        assert not bad.done()
        assert bad.result(LONG_SECONDS) == [Verdict.ERROR] * 400


# ---- Secrets


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys", "namespace": "test"},
    "data": {
        key: base64.b64encode(value.encode()).decode()
        for key, value in {"username": "u", "password": "p"}.items()
    },
}


def test_a_secret_is_read_once_for_all_checks(
    work: Callable[..., Fieldwork], server: Any, json_reply: Any
) -> None:
    points = [{"target": "t", "datapoints": [[4, 1]]}]
    server.replies = [
        lambda seen: json_reply(SECRET if seen.path.startswith("/api/v1/na") else points)
    ]
    due = checks("m", 20, server.url, secret=("test", "keys"))

    assert verdicts(work(), due) == [Verdict.PASSED] * 20
    assert verdicts(work(), due) == [Verdict.PASSED] * 20

    read = [seen.path for seen in server.seen if seen.path.startswith("/api/v1/na")]
    assert read == ["/api/v1/namespaces/test/secrets/keys"] * 2, "once for each sync"
    asked = [seen.headers["Authorization"] for seen in server.seen if "render" in seen.path]
    assert len(asked) == 40
    assert set(asked) == {"Basic dTpw"}


def test_a_secret_that_cannot_be_read_fails_for_everybody(
    kube: KubeClient, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply({"message": "S3CRET"}, 403)]
    secrets = Secrets(kube)

    for _ in range(2):
        with pytest.raises(ClusterError, match="answered 403"):
            secrets.data("test", "keys", 5)
    assert len(server.seen) == 1


def test_who_waits_for_a_secret_has_a_deadline(kube: KubeClient, server: Any, reply: Any) -> None:
    server.replies = [reply(hang=True)]
    secrets = Secrets(kube)

    with ThreadPoolExecutor(1) as other:
        slow = other.submit(secrets.data, "test", "keys", 1.0)
        time.sleep(0.1)
        with pytest.raises(ClusterError, match="in time"):
            secrets.data("test", "keys", 0.1)
        with pytest.raises(ClusterError):
            slow.result(LONG_SECONDS)
