"""Metric sources of whole Canaries, by the real hook server."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from fake_keptn import ANALYSES, FakeKeptn
from release_world import App, Arena, analysis, deployment
from scripted_http import Received, Reply, ScriptedServer

from burgee.api.manifest import Manifest
from burgee.playground.storage.store import Store

pytestmark = pytest.mark.slow

Make = Callable[..., App]

SECRET: Manifest = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "token"},
    "data": {"token": "YWJj"},
}


def template(name: str, address: str, **provider: object) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "MetricTemplate",
        "metadata": {"name": name},
        "spec": {
            "provider": {"type": "prometheus", "address": address, **provider},
            "query": 'up{namespace="{{ namespace }}"}',
        },
    }


def metrics(*names: str) -> list[Manifest]:
    return [{"name": name, "templateRef": {"name": name}} for name in names]


@pytest.fixture
def guarded() -> Iterator[ScriptedServer]:
    """A Prometheus that wants a token."""

    def answer(received: Received) -> Reply:
        if received.headers.get("authorization") != "Bearer abc":
            return Reply(status=401, body=b"S3CRET")
        series = [{"metric": {}, "value": [1, "1"]}]
        data = {"resultType": "vector", "result": series}
        return Reply(body=json.dumps({"status": "success", "data": data}).encode())

    with ScriptedServer(answer) as running:
        yield running


def of_sources(app: App) -> list[tuple[str, str]]:
    """What events say about metric sources."""
    told = ((e["type"], e["message"]) for e in app.events())
    return [(kind, text) for kind, text in told if text.startswith(("All metric", "Metrics"))]


def test_sources_that_answer_are_told_once(initialized: Make, guarded: ScriptedServer) -> None:
    app = initialized(
        objects=[
            SECRET,
            template("errors", guarded.url, secretRef={"name": "token"}),
            deployment(),
        ],
        analysis=analysis(metrics=metrics("errors")),
    )

    assert of_sources(app) == [("Normal", "All metric sources answer")]


def test_sources_that_do_not_are_told_by_metric_and_nothing_waits(
    initialized: Make, guarded: ScriptedServer
) -> None:
    app = initialized(
        objects=[
            template("errors", guarded.url),
            template("away", "http://127.0.0.1:9"),
            template("keyless", guarded.url, secretRef={"name": "nowhere"}),
            deployment(),
        ],
        analysis=analysis(metrics=metrics("errors", "away", "keyless")),
    )

    [(kind, text)] = of_sources(app)
    assert kind == "Warning"
    assert "errors (the metrics server does not accept the credentials (HTTP 401))" in text
    assert "away (the metrics server was not reached: connection refused)" in text
    assert "keyless (the Secret of the metric source: " in text
    assert "S3CRET" not in text


@pytest.fixture
def keptn(arena: Arena) -> Iterator[FakeKeptn]:
    made = FakeKeptn(arena.cluster.store)
    yield made
    made.close()


def analyses(store: Store) -> list[Manifest]:
    return store.list(ANALYSES)[0]


def test_a_release_is_judged_by_analyses_of_keptn(
    initialized: Make, arena: Arena, keptn: FakeKeptn
) -> None:
    slo: Manifest = {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "MetricTemplate",
        "metadata": {"name": "slo"},
        "spec": {
            "provider": {"type": "keptn"},
            "query": "analysis/{{ namespace }}/slo/1m/workload={{ target }}",
        },
    }
    metric = {"name": "slo", "templateRef": {"name": "slo"}, "thresholdRange": {"min": 1}}
    app = initialized(objects=[slo, deployment()], analysis=analysis(metrics=[metric]))

    app.release("app:2")

    assert app.routes == [0, 25, 50, 0]
    names = [one["metadata"]["name"] for one in keptn.made]
    assert len(set(names)) == 2, "one for each step"
    assert keptn.made[0]["spec"]["args"] == {"workload": "podinfo"}
    assert analyses(arena.cluster.store) == []

    keptn.passes["slo"] = False
    status = app.release("app:3", until="Failed")

    assert status["checks"][0]["value"] == 0
    assert status["checks"][0]["message"] == "0, below the minimum of 1"
    assert analyses(arena.cluster.store) == []


class Counting:
    """A Prometheus that takes a tenth of a second, or hangs; counts what it does at a time."""

    def __init__(self, delay_seconds: float) -> None:
        self.most = 0
        self._now = 0
        self.delay_seconds = delay_seconds
        self._lock = threading.Lock()
        self.server = ScriptedServer(self._answer)

    def _answer(self, received: Received) -> Reply:
        del received
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self.delay_seconds)
        with self._lock:
            self._now -= 1
        series = [{"metric": {}, "value": [1, "1"]}]
        data = {"resultType": "vector", "result": series}
        return Reply(body=json.dumps({"status": "success", "data": data}).encode())


def many(count: int) -> list[Manifest]:
    """Metrics that all ask something else."""
    return [
        {"name": f"m{n}", "query": f"up{n}", "thresholdRange": {"min": 1}} for n in range(count)
    ]


def test_fifty_checks_of_a_step_are_asked_side_by_side(initialized: Make) -> None:
    slow = Counting(0.1)
    with slow.server:
        app = initialized(metricsServer=slow.server.url, analysis=analysis(metrics=many(50)))

        app.release("app:2")

    assert app.routes == [0, 25, 50, 0]
    assert slow.most == 32


def test_a_canary_whose_source_hangs_holds_up_no_other(initialized: Make) -> None:
    silent = Counting(3.0)
    with silent.server:
        stuck = initialized(
            metricsServer=silent.server.url, analysis=analysis(metrics=many(100), threshold=1000)
        )
        other = initialized()
        stuck.set_image("app:2")
        stuck.wait_for(lambda: silent.most >= 32)

        other.release("app:2")

        assert stuck.routes == [0, 25]
        silent.delay_seconds = 0
        stuck.wait_run("Succeeded", seconds=30)
    assert silent.most == 32
