"""What the sample app measures of itself, and how it reaches a scrape."""

from collections.abc import Callable
from pathlib import Path

import requests

from burgee.playground.dataplane.kube_proxy import plan
from burgee.playground.dataplane.objects import Objects
from burgee.playground.demo.providers.pods import pods_of
from burgee.playground.metrics.pods import labelled
from burgee.playground.metrics.scrape import parse_exposition
from burgee.playground.storage.store import Store
from burgee.playground.workloads.app_metrics import AppMetrics
from burgee.playground.workloads.processes import Processes
from tests.playground_data.cluster_objects import deployment, service

Eventually = Callable[..., None]


def test_durations_are_counted_by_status() -> None:
    metrics = AppMetrics()
    for seconds, status in ((0.003, "200"), (0.005, "200"), (0.02, "200"), (60, "500")):
        metrics.observe("GET", status, seconds)
    found = {
        (labels["__name__"].rpartition("_")[2], labels["status"], labels.get("le", "")): value
        for labels, value in parse_exposition(metrics.exposition())
    }
    assert found["bucket", "200", "0.005"] == 2
    assert found["bucket", "200", "0.025"] == 3
    assert found["bucket", "500", "10.0"] == 0
    assert found["bucket", "500", "+Inf"] == found["count", "500", ""] == 1
    assert found["sum", "500", ""] == 60


def test_labels_are_added_to_every_series() -> None:
    assert labelled('a{b="1"} 2', {"c": "3"}) == 'a{b="1",c="3"} 2'
    assert labelled("a 2", {"c": "3"}) == 'a{c="3"} 2'
    assert labelled("# TYPE a counter", {"c": "3"}) == ""


def test_exporter_shows_pods_as_they_come(
    store: Store, tmp_path: Path, eventually: Eventually
) -> None:
    deployments = store.resource("apps/v1", "deployments")
    processes = Processes(store, tmp_path)
    exporter = pods_of(store)
    exporter.start()
    processes.start()
    try:
        assert _pods(exporter.target.url) == {}
        store.create(deployments, deployment("web", "v1", replicas=2))
        pods = store.resource("v1", "pods")
        eventually(lambda: _ready(store.list(pods)[0]) == 2)
        for pod in store.list(pods)[0]:
            port = pod["metadata"]["annotations"]["burgee.dev/playground-port"]
            for _ in range(3):
                assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
            assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
        names = {pod["metadata"]["name"] for pod in store.list(pods)[0]}
        assert _pods(exporter.target.url) == {("test", name): 3.0 for name in names}
    finally:
        processes.close()
        exporter.close()


def _ready(pods: list[dict[str, object]]) -> int:
    return str(pods).count("'type': 'Ready', 'status': 'True'")


def _pods(url: str) -> dict[tuple[str, str], float]:
    text = requests.get(f"{url}/metrics", timeout=5).text
    return {
        (labels["kubernetes_namespace"], labels["kubernetes_pod_name"]): value
        for labels, value in parse_exposition(text)
        if labels["__name__"] == "http_request_duration_seconds_count"
    }


def test_short_names_are_known_where_they_are_not_ambiguous() -> None:
    elsewhere = service("web", "web")
    elsewhere["metadata"] = {**elsewhere["metadata"], "namespace": "prod"}
    found = plan(Objects(services=[service("web", "web"), service("api", "api"), elsewhere]))
    domains = [host["domains"][0] for host in found.config]
    assert domains == ["web.prod", "api", "web.test"]
    assert found.rules == {}
