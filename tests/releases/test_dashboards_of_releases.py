"""What the dashboards and alerts ask, asked of a real Prometheus about real releases."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from dashboards import BOARDS, Query, alert_queries, panel_queries, variable_queries
from prometheus_process import Exporter, PrometheusProcess
from real_servers import program
from release_world import APP, Arena, analysis, deployment
from scripted_http import HANG
from scripted_peers import vector

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

RELEASES, CANARY = (
    next(path for path in BOARDS if path.stem == f"burgee-{name}")
    for name in ("releases", "canary")
)
# Good, bad, at a closed gate, and one that cannot be worked with.
GOOD, BAD, GATE, HELD = "good", "bad", "gate", "held"
RATES = {"__rate_interval": "30s", "__range": "10m"}


def of_a_data_plane(namespace: str) -> tuple[list[str], list[str]]:
    """Counters and gauges of one release, in the shapes that Flagger's queries know."""
    counters, gauges = [], ['workqueue_depth{name="CompositeController-burgee"}']
    for workload, service in ((APP, f"{APP}-canary"), (f"{APP}-primary", f"{APP}-primary")):
        pod = f'pod="{workload}-5d4f-x2x",namespace="{namespace}",container="app"'
        http = f'kubernetes_namespace="{namespace}",kubernetes_pod_name="{workload}-5d4f-x2x"'
        istio = (
            f'reporter="destination",destination_workload_namespace="{namespace}",'
            f'destination_workload="{workload}"'
        )
        envoy = f'envoy_cluster_name="{namespace}_{service}_9898"'
        counters += [
            f'istio_requests_total{{{istio},response_code="200"}}',
            f'envoy_cluster_upstream_rq{{{envoy},envoy_response_code="200"}}',
            f'http_request_duration_seconds_count{{{http},status="200"}}',
            f"container_cpu_usage_seconds_total{{{pod}}}",
            f"kube_pod_container_status_restarts_total{{{pod}}}",
        ]
        for bound in ("10", "+Inf"):
            counters += [
                f'istio_request_duration_milliseconds_bucket{{{istio},le="{bound}"}}',
                f'envoy_cluster_upstream_rq_time_bucket{{{envoy},le="{bound}"}}',
                f'http_request_duration_seconds_bucket{{{http},le="{bound}"}}',
            ]
        gauges.append(f"container_memory_working_set_bytes{{{pod}}}")
    return counters, gauges


def provider(address: str) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "AlertProvider",
        "metadata": {"name": "chat"},
        "spec": {"type": "webhook", "address": address},
    }


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Releases that have been played, and who has watched them."""

    arena: Arena
    prometheus: PrometheusProcess

    def ask(self, query: Query, namespace: str = ".*") -> list[Any]:
        values = {"namespace": namespace, "name": APP, "service": ""}
        return self.prometheus.ask(query.filled({**values, **RATES}))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    program("prometheus", package="Debian's prometheus")
    folder = tmp_path_factory.mktemp("watched")
    exporter = Exporter(*of_a_data_plane(GOOD))
    exporter.start()
    with Arena(folder, hooks=2) as arena:
        targets = {"burgee-hooks": [hook.url for hook in arena.hooks], "others": [exporter.url]}
        prometheus = PrometheusProcess(folder / "prometheus", targets)
        try:
            prometheus.wait_scraping()
            play(arena)
            seen = f'count(burgee_canary_waiting_timestamp_seconds{{namespace="{GATE}"}}) == 2'
            end = time.monotonic() + 20
            while not prometheus.ask(seen):
                assert time.monotonic() < end, "Prometheus did not see the last release"
                time.sleep(0.1)
            time.sleep(1.0)  # so that nothing is known from one scrape alone
            yield Scene(arena=arena, prometheus=prometheus)
        finally:
            prometheus.close()
            exporter.close()


def play(arena: Arena) -> None:
    """One release of every kind; what each needs to say is said to a receiver or two."""
    url = arena.webhooks.url
    arena.prometheus.answers[""] = lambda _query: vector(1)
    arena.prometheus.answers[BAD] = lambda _query: vector(1)
    arena.webhooks.says("/deaf", HANG)
    arena.webhooks.says("/gate", 403)
    apps = {
        namespace: arena.app(
            namespace,
            objects=[deployment(), provider(f"{url}{path}")],
            analysis=analysis(
                alerts=[{"name": "chat", "severity": "info", "providerRef": {"name": "chat"}}],
                webhooks=[
                    {"name": "load", "type": "rollout", "url": f"{url}/load"},
                    {"name": "log", "type": "event", "url": f"{url}/log"},
                    *gates,
                ],
            ),
        )
        for namespace, path, gates in (
            (GOOD, "/chat", []),
            (BAD, "/chat", []),
            (GATE, "/deaf", [{"name": "ask", "type": "confirm-promotion", "url": f"{url}/gate"}]),
        )
    }
    arena.app(HELD, service={"port": 0})
    for app in apps.values():
        app.wait_phase("Initialized")
        app.wait_scaled(0)
    time.sleep(0.6)  # Prometheus sees the counts at zero
    apps[GOOD].release("app:2")
    apps[BAD].release("app:2", until="Failed")
    apps[GATE].release("app:2", until="WaitingPromotion")


def where(query: Query) -> str:
    return query.where


@pytest.mark.parametrize("query", panel_queries(RELEASES), ids=where)
def test_every_panel_of_all_releases_shows_something(scene: Scene, query: Query) -> None:
    assert scene.ask(query)


@pytest.mark.parametrize("query", panel_queries(CANARY), ids=where)
def test_every_panel_of_one_canary_shows_something_of_some_canary(
    scene: Scene, query: Query
) -> None:
    shown = {name: scene.ask(query, name) for name in (GOOD, BAD, GATE, HELD)}

    assert any(shown.values())
    if not query.is_ours:
        assert shown[GOOD]
        assert not shown[BAD], "another namespace's traffic"


@pytest.mark.parametrize(
    "query", [q for path in BOARDS for q in variable_queries(path)], ids=where
)
def test_every_variable_has_something_to_choose_from(scene: Scene, query: Query) -> None:
    assert scene.ask(query, GOOD)


@pytest.mark.parametrize("query", alert_queries(), ids=where)
def test_every_alert_can_be_asked(scene: Scene, query: Query) -> None:
    firing = {found["metric"].get("namespace") for found in scene.ask(query)}

    assert firing == ({BAD} if query.where == "BurgeeReleaseFailed" else set())


def test_each_release_is_an_increase_of_one(scene: Scene) -> None:
    """The counts begin at zero, and only one of the servers counts."""
    for ending, namespace in (("successes", GOOD), ("failures", BAD)):
        series = f'flagger_canary_{ending}_total{{namespace="{namespace}"}}'
        changes = scene.prometheus.ask(f"sum(changes({series}[10m]))")
        assert [found["value"][1] for found in changes] == ["1"]
        assert scene.prometheus.ask(f"sum({series}) == 1")


def test_the_newest_phase_is_told_of_every_canary(scene: Scene) -> None:
    (query,) = [q for q in panel_queries(RELEASES) if q.where.endswith("All Canaries A")]

    phases = {found["metric"]["namespace"]: found["metric"]["phase"] for found in scene.ask(query)}

    assert phases == {
        GOOD: "Succeeded",
        BAD: "Failed",
        GATE: "WaitingPromotion",
        HELD: "Initializing",
    }
