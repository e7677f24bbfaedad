"""Both metrics servers tell the same of the same Envoy, in Istio's shape and in Envoy's own."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from real_servers import program

from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.istio import VIRTUAL_SERVICE
from burgee.playground.metrics.envoy_stats import envoy_target
from burgee.playground.metrics.server import (
    IN_PROCESS,
    MetricsServer,
    find_prometheus,
    metrics_server,
)
from burgee.playground.storage.store import Store
from burgee.playground.workloads.processes import Processes
from tests.playground_data import prom_samples
from tests.playground_data.cluster_objects import (
    deployment,
    service,
    virtual_service,
    weighted,
)

Eventually = Callable[..., None]
REQUESTS = 300
ISTIO = 'reporter="destination",destination_workload_namespace="test",destination_workload=~"app"'
CONTOUR = 'envoy_cluster_name=~"test_web-canary_[0-9a-zA-Z-]+"'


@pytest.fixture
def traffic(
    store: Store, mesh: ControlPlane, envoy: Envoy, tmp_path: Path, eventually: Eventually
) -> Iterator[Envoy]:
    """An app that fails a fifth of its requests and takes 5 ms, as canary of the Service web."""
    app = deployment("app", "v2", FAIL_SHARE="0.2", LATENCY_MS="5")
    store.create(store.resource("apps/v1", "deployments"), app)
    store.create(store.resource("v1", "services"), service("web-canary", "app"))
    store.create(VIRTUAL_SERVICE, virtual_service(weighted(100)))
    processes = Processes(store, tmp_path / "pods", in_use=mesh.uses)
    processes.start()
    try:
        eventually(lambda: envoy.addresses().get("test_web-canary_80"))
        eventually(lambda: requests.get(envoy.url, timeout=5).headers.get("x-version") == "v2")
        yield envoy
    finally:
        processes.close()


@pytest.fixture(params=["in-process", "prometheus"])
def server(
    request: pytest.FixtureRequest, traffic: Envoy, tmp_path: Path, eventually: Eventually
) -> Iterator[MetricsServer]:
    binary = ""
    if request.param == "prometheus":
        binary = program("prometheus", package="Debian's prometheus")
    target = envoy_target(traffic.admin_url, istio={("test", "web"): "app"})
    made = metrics_server([target], tmp_path / "prometheus", binary=binary)
    try:
        made.start()
        eventually(made.scrapes, 15)
        yield made
    finally:
        made.close()


def _value(server: MetricsServer, query: str) -> float | None:
    response = requests.get(
        f"{server.url}/api/v1/query", params={"query": query}, timeout=5
    ).json()
    found = response["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def _ask(traffic: Envoy, server: MetricsServer, eventually: Eventually) -> str:
    """Enough requests to judge shares by, however long they take; the window that has them all."""
    began = time.monotonic()
    with requests.Session() as session:
        for _ in range(REQUESTS):
            session.get(traffic.url, timeout=5)
    eventually(lambda: (_value(server, "sum(istio_requests_total)") or 0) >= REQUESTS)
    return f"{math.ceil(time.monotonic() - began) + 1}s"


def test_success_rate_and_latency_are_those_of_the_app(
    server: MetricsServer, traffic: Envoy, eventually: Eventually
) -> None:
    window = _ask(traffic, server, eventually)
    for metric, selector, code in (
        ("istio_requests_total", ISTIO, "response_code"),
        ("envoy_cluster_upstream_rq", CONTOUR, "envoy_response_code"),
    ):
        query = prom_samples.success_rate(metric, selector, code, window)
        assert _value(server, query) == pytest.approx(80, abs=2)
    for metric, selector in (
        ("istio_request_duration_milliseconds_bucket", ISTIO),
        ("envoy_cluster_upstream_rq_time_bucket", CONTOUR),
    ):
        latency_ms = _value(server, prom_samples.p99(metric, selector, window))
        assert latency_ms is not None
        assert 4 <= latency_ms <= 500, "a busy machine adds to it, another unit is far off"
    assert _value(server, "sum(up)") == 2
    assert _value(server, 'istio_requests_total{reporter!="destination"}') is None


def test_query_without_traffic_has_no_value(server: MetricsServer) -> None:
    assert _value(server, 'sum(rate(istio_requests_total{destination_workload="no"}[2s]))') is None


def test_choice_of_a_prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_prometheus("") == str(program)
    assert find_prometheus(str(program)) == str(program)
    assert find_prometheus(IN_PROCESS) == ""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert find_prometheus("") == ""
    with pytest.raises(FileNotFoundError):
        find_prometheus(str(tmp_path / "missing"))
