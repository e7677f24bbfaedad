"""The in-process engine gives the numbers of a real Prometheus, query by query."""

import math
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from real_servers import program

from burgee.playground.metrics.promserver import PromServer
from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port
from tests.playground_data import prom_samples

INSTANTS_MS = (
    prom_samples.START_MS + 12_000,
    prom_samples.START_MS + 30_123,
    prom_samples.START_MS + 55_500,
    prom_samples.END_MS - 100,
    prom_samples.END_MS + 1_000,
)


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for name in ("prometheus", "promtool"):
        program(name, package="Debian's prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    prom_samples.write_openmetrics(folder / "samples.txt")
    subprocess.run(
        [
            *("promtool", "tsdb", "create-blocks-from", "openmetrics"),
            *(str(folder / "samples.txt"), str(folder / "data")),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (folder / "prometheus.yml").write_text("global: {}\n")
    url = f"http://127.0.0.1:{free_port()}"
    server = Child(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address={url.removeprefix('http://')}",
        ],
        log=folder / "prometheus.log",
    )
    try:
        deadline = time.monotonic() + 20
        while not _ready(url):
            server.demand_running()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield url
    finally:
        server.close()


@pytest.fixture(scope="module")
def our_url() -> Iterator[str]:
    server = PromServer(prom_samples.filled_store())
    server.start()
    yield server.url
    server.close()


@pytest.mark.parametrize("query", prom_samples.FLAGGER + prom_samples.GENERAL)
def test_engine_equals_prometheus(query: str, our_url: str, real_url: str) -> None:
    for at_ms in INSTANTS_MS:
        ours, real = (_ask(url, query, at_ms) for url in (our_url, real_url))
        assert ours.status_code == real.status_code == 200, (ours.text, real.text)
        assert _same(_canonical(ours, query), _canonical(real, query)), (at_ms, ours.text)


@pytest.mark.parametrize("query", prom_samples.BROKEN)
def test_engine_refuses_what_prometheus_refuses(query: str, our_url: str, real_url: str) -> None:
    ours, real = (_ask(url, query, prom_samples.END_MS - 100) for url in (our_url, real_url))
    assert ours.status_code == real.status_code
    assert ours.json()["status"] == real.json()["status"] == "error"
    assert ours.json()["errorType"] == real.json()["errorType"]


def test_samples_make_most_queries_answer_with_numbers(our_url: str) -> None:
    """The comparison would prove little if both sides had nothing to say."""
    silent = [
        query
        for query in prom_samples.FLAGGER + prom_samples.GENERAL
        if not _ask(our_url, query, prom_samples.END_MS - 100).json()["data"]["result"]
    ]
    assert len(silent) <= 6, silent


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=2).ok
    except requests.RequestException:
        return False


def _ask(url: str, query: str, at_ms: int) -> requests.Response:
    parameters = {"query": query, "time": f"{at_ms / 1000:.3f}"}
    return requests.get(f"{url}/api/v1/query", params=parameters, timeout=10)


def _canonical(response: requests.Response, query: str) -> Any:
    data = response.json()["data"]
    if data["resultType"] not in {"vector", "matrix"}:
        return data["resultType"], data["result"]
    elements = [
        (sorted(e["metric"].items()), e.get("value") or e["values"]) for e in data["result"]
    ]
    if not query.startswith("sort"):
        elements.sort(key=lambda element: element[0])
    return data["resultType"], elements


def _same(ours: Any, real: Any) -> bool:
    if isinstance(ours, (list, tuple)):
        return len(ours) == len(real) and all(map(_same, ours, real))
    try:
        left, right = float(ours), float(real)
    except ValueError:
        return bool(ours == real)
    both_nan = math.isnan(left) and math.isnan(right)
    return both_nan or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
