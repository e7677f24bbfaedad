"""API server, Prometheus and webhooks that are slow, down or answer garbage.

A sync answers within its budget whatever they do, and no traffic moves by accident.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hook_process import HookProcess
from release_world import App, Arena, analysis
from scripted_http import DROP, HANG, Received, Reply
from scripted_peers import BROKEN, GARBAGE, NO_DATA, TRUNCATED, result, vector

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

BUDGET_SECONDS = 0.6
# What a busy machine may add; the next bound of the meters' buckets above the budget.
LATEST_SECONDS = 5.0
SLOW = Reply(delay_seconds=5.0)
HUGE = Reply(body=b'{"status":"success","data":{"result":[' + b" " * 64 * 1024 * 1024)

Spoil = Callable[[Received, Callable[[], Reply]], Reply]


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Hooks with little time, behind a proxy that can be told to misbehave."""
    told = {"BURGEE_BUDGET_SECONDS": str(BUDGET_SECONDS), "BURGEE_THREADS": "24"}
    with Arena(
        tmp_path_factory.mktemp("frail"), proxied=True, webhook_timeout="3s", environment=told
    ) as made:
        yield made
        [hook] = made.hooks
        assert hook.errors() == []
        assert late_syncs(hook) == 0
        assert not made.cluster.controller.tally.crashed


@pytest.fixture(autouse=True)
def honest(frail: Arena) -> Iterator[None]:
    """Every test begins and ends with a proxy that does no harm."""
    yield
    frail.proxy.spoil = None


def late_syncs(hook: HookProcess) -> int:
    """Calls that took longer than they may, by the server's own meters."""
    lines = requests.get(f"{hook.url}/metrics", timeout=5).text.splitlines()
    kept = [line for line in lines if line.startswith("burgee_sync_duration_seconds")]
    in_time = [line for line in kept if f'le="{LATEST_SECONDS}"' in line]
    total = [line for line in kept if "_count{" in line]

    def number(line: str) -> int:
        return int(float(line.rpartition(" ")[2]))

    return sum(map(number, total)) - sum(map(number, in_time))


def always(reply: Reply) -> Callable[[str], Reply]:
    """The same answer to every query."""
    return lambda _: reply


def asked(frail: Arena, path: str, times: int) -> Callable[[], bool]:
    """Whether a webhook has been called that often."""
    return lambda: frail.webhooks.count(path) >= times


def all_ready(frail: Arena, names: list[str], **spec: Any) -> dict[str, App]:
    """Apps at rest, one for each name."""
    apps = {name: frail.app(name, **spec) for name in names}
    for app in apps.values():
        app.wait_phase("Initialized")
        app.wait_scaled(0)
    return apps


# ---- Prometheus

SOURCES = {
    "slow": (SLOW, "Error"),
    "hangs": (HANG, "Error"),
    "down": (DROP, "Error"),
    "html": (GARBAGE, "Error"),
    "truncated": (TRUNCATED, "Error"),
    "error-500": (BROKEN, "Error"),
    "redirect": (Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}), "Error"),
    "huge": (HUGE, "Error"),
    "no-series": (NO_DATA, "NoData"),
    "not-a-number": (vector("NaN"), "NoData"),
    "infinite": (vector("+Inf"), "Failed"),
    "matrix": (result([{"metric": {}, "values": [[1, "1"], [2, "2"]]}]), "Error"),
}


def test_a_source_that_cannot_say_is_a_failed_check_and_moves_nothing(frail: Arena) -> None:
    spec = {"analysis": analysis(threshold=1000)}
    apps = all_ready(frail, [f"prom-{name}" for name in SOURCES], **spec)
    for (bad, _), app in zip(SOURCES.values(), apps.values(), strict=True):
        frail.prometheus.answers[app.namespace] = always(bad)
        app.set_image("app:2")

    for (name, (_, verdict)), app in zip(SOURCES.items(), apps.values(), strict=True):
        status = app.wait(lambda s: s.get("failedChecks", 0) >= 2, seconds=30)
        assert (name, app.routes) == (name, [0, 25])
        assert verdict in {c["verdict"] for c in status["checks"]}, (name, status["checks"])
        assert status["phase"] == "Progressing"

    for app in apps.values():
        del frail.prometheus.answers[app.namespace]
    for name, app in apps.items():
        app.wait_phase("Succeeded", seconds=30)
        assert (name, app.routes) == (name, [0, 25, 50, 0])
        assert (name, app.problems()) == (name, [])


def test_a_source_that_stays_down_rolls_back_at_the_threshold(frail: Arena) -> None:
    [app] = all_ready(frail, ["prom-threshold"]).values()
    frail.prometheus.answers[app.namespace] = lambda _: DROP

    status = app.release("app:2", until="Failed", seconds=30)

    assert status["failure"]["reason"] == "FailedChecks"
    assert app.routes == [0, 25, 0]
    assert app.image() == "app:1"
    assert app.problems() == []


# ---- webhooks


def hook_of(frail: Arena, name: str, kind: str) -> list[Manifest]:
    return [{"name": "gate", "type": kind, "url": f"{frail.webhooks.url}/{name}"}]


HOLDS = {
    "confirm-rollout": ("Waiting", [0]),
    "pre-rollout": ("Progressing", [0]),
    "rollout": ("Progressing", [0, 25]),
    "confirm-traffic-increase": ("Progressing", [0]),
    "confirm-promotion": ("WaitingPromotion", [0, 25, 50]),
}


@pytest.mark.parametrize("bad", [HANG, DROP], ids=["hangs", "down"])
def test_a_webhook_that_does_not_answer_holds_or_fails_and_moves_nothing(
    frail: Arena, bad: Reply
) -> None:
    word = "hangs" if bad is HANG else "down"
    apps: dict[str, App] = {}
    for kind in HOLDS:
        name = f"{kind}-{word}"
        frail.webhooks.says(f"/{name}", bad)
        apps[kind] = frail.app(
            name, analysis=analysis(threshold=1000, webhooks=hook_of(frail, name, kind))
        )
    for app in apps.values():
        app.wait_phase("Initialized")
        app.wait_scaled(0)
        app.set_image("app:2")

    for kind, (phase, route) in HOLDS.items():
        app = apps[kind]
        app.wait_for(asked(frail, f"/{app.namespace}", 3), seconds=30)
        assert (kind, app.status["phase"], app.routes) == (kind, phase, route)
        counts = kind in {"pre-rollout", "rollout"}
        # While a promotion waits the analysis goes on, and a busy machine may fail it.
        if kind != "confirm-promotion":
            assert (app.status["failedChecks"] > 0) is counts, kind

    for app in apps.values():
        frail.webhooks.says(f"/{app.namespace}", 200)
    for kind, app in apps.items():
        app.wait_phase("Succeeded", seconds=30)
        assert (kind, app.routes) == (kind, [0, 25, 50, 0])
        assert (kind, app.problems()) == (kind, [])


@pytest.mark.parametrize("kind", ["rollback", "post-rollout"])
def test_a_webhook_that_hangs_where_nobody_waits_for_it_stops_nothing(
    frail: Arena, kind: str
) -> None:
    name = f"{kind}-ignored"
    frail.webhooks.says(f"/{name}", HANG)
    [app] = all_ready(
        frail, [name], analysis=analysis(webhooks=hook_of(frail, name, kind))
    ).values()

    app.release("app:2", seconds=30)

    assert app.routes == [0, 25, 50, 0]
    assert frail.webhooks.count(f"/{name}") >= 1
    assert app.problems() == []


# ---- the API server


def is_read(received: Received) -> bool:
    return received.method == "GET"


def every(reply: Reply) -> Spoil:
    return lambda _received, _forward: reply


def reads(reply: Reply) -> Spoil:
    return lambda received, forward: reply if is_read(received) else forward()


def after_a_while(_received: Received, forward: Callable[[], Reply]) -> Reply:
    time.sleep(0.05)
    return forward()


DOWN = [
    pytest.param(every(DROP), id="down"),
    pytest.param(every(HANG), id="hangs"),
    pytest.param(every(BROKEN), id="500"),
    pytest.param(every(Reply(status=429, headers={"Retry-After": "1"})), id="429"),
    pytest.param(every(Reply(status=403, body=b'{"kind":"Status"}')), id="403"),
    pytest.param(reads(GARBAGE), id="html"),
    pytest.param(reads(TRUNCATED), id="truncated"),
    pytest.param(reads(Reply(body=b"[1, 2]")), id="another shape"),
    pytest.param(reads(Reply(body=b"{}")), id="an empty object"),
]


@pytest.fixture(scope="module")
def running(frail: Arena) -> App:
    """An app in the middle of an endless run: its first step takes a minute."""
    [app] = all_ready(frail, ["running"], analysis=analysis(interval="60s")).values()
    app.set_image("app:2")
    app.wait_for(lambda: app.routes == [0, 25])
    app.wait(lambda status: status["canaryWeight"] == 25)
    return app


@pytest.mark.parametrize("spoil", DOWN)
def test_without_the_api_server_a_sync_asks_to_come_back_and_writes_nothing(
    frail: Arena, running: App, spoil: Spoil
) -> None:
    [hook] = frail.hooks
    tally = frail.cluster.controller.tally
    before = len(running.writes)
    body = {
        "controller": {"kind": "CompositeController"},
        "parent": running.canary,
        "children": {},
        "related": {},
        "finalizing": False,
    }
    throttled = tally["throttled"]
    frail.proxy.spoil = spoil

    began = time.monotonic()
    headers = {"Authorization": f"Bearer {hook.token}"}
    answer = requests.post(f"{hook.url}/sync", json=body, headers=headers, timeout=10)

    assert answer.status_code == 429, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    assert time.monotonic() - began < LATEST_SECONDS
    frail.cluster.controller.loop.resync()
    running.wait_for(lambda: tally["throttled"] > throttled)
    assert len(running.writes) == before


def test_a_run_outlives_an_api_server_that_goes_and_comes_back(frail: Arena) -> None:
    apps = all_ready(frail, [f"outage-{n}" for n in range(3)])
    spoils: list[Spoil | None] = [every(DROP), None, every(HANG), None, every(BROKEN), None]
    for app in apps.values():
        app.set_image("app:2")
    for spoil in spoils:
        frail.proxy.spoil = spoil
        time.sleep(0.4)

    for app in apps.values():
        status = app.wait_phase("Succeeded", seconds=30)
        assert status["failedChecks"] == 0
        assert app.routes == [0, 25, 50, 0]
        assert app.problems() == []


def test_a_slow_api_server_only_slows_a_run_down(frail: Arena) -> None:
    frail.proxy.spoil = after_a_while
    [app] = all_ready(frail, ["slow-api"]).values()

    app.release("app:2", seconds=30)

    assert app.routes == [0, 25, 50, 0]
    assert app.problems() == []


def test_a_target_that_cannot_be_scaled_gets_no_traffic(frail: Arena) -> None:
    [app] = all_ready(frail, ["unscaled"]).values()

    def no_scaling(received: Received, forward: Callable[[], Reply]) -> Reply:
        return BROKEN if "/scale" in received.path else forward()

    frail.proxy.spoil = no_scaling
    app.set_image("app:2")
    app.wait_phase("Progressing")
    failed = frail.cluster.controller.tally["failed"]
    app.wait_for(lambda: frail.cluster.controller.tally["failed"] >= failed + 2)
    assert app.routes == [0]

    frail.proxy.spoil = None
    app.wait_phase("Succeeded", seconds=30)
    assert app.routes == [0, 25, 50, 0]
    assert app.problems() == []


def test_another_object_in_the_place_of_a_workload_moves_no_traffic(frail: Arena) -> None:
    [app] = all_ready(frail, ["mistaken"]).values()
    [hook] = frail.hooks
    wrong = Reply(body=b'{"kind": "Deployment", "metadata": {"name": "other"}}')

    def mistaken(received: Received, forward: Callable[[], Reply]) -> Reply:
        deployments = is_read(received) and "/deployments/" in received.path
        return wrong if deployments else forward()

    frail.proxy.spoil = mistaken
    tally = frail.cluster.controller.tally
    failed = tally["failed"]
    app.set_image("app:2")
    app.wait_for(lambda: tally["failed"] >= failed + 2)
    assert app.routes == [0]
    assert hook.errors() == []

    frail.proxy.spoil = None
    app.wait_phase("Succeeded", seconds=30)
    assert app.routes == [0, 25, 50, 0]
    assert app.problems() == []


def test_events_that_cannot_be_written_hold_nothing_up(frail: Arena) -> None:
    [app] = all_ready(frail, ["no-events"]).values()

    def no_events(received: Received, forward: Callable[[], Reply]) -> Reply:
        return DROP if "/events" in received.path else forward()

    frail.proxy.spoil = no_events
    app.release("app:2", seconds=30)

    assert app.routes == [0, 25, 50, 0]
    assert app.problems() == []
