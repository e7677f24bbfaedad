"""The HTTP face of the in-process engine, as a client of Prometheus sees it."""

from collections.abc import Iterator

import pytest
import requests
from prometheus_api_client import PrometheusConnect
from urllib3.util.retry import Retry

from burgee.playground.metrics.promql import SampleStore, labels_from
from burgee.playground.metrics.promserver import PromServer


@pytest.fixture
def server() -> Iterator[PromServer]:
    store = SampleStore()
    for at_ms in range(1_000_000, 1_010_250, 250):
        store.append(
            labels_from({"__name__": "requests_total", "code": "200"}), at_ms, at_ms / 250.0
        )
    made = PromServer(store)
    made.start()
    yield made
    made.close()


def _get(server: PromServer, **parameters: str) -> requests.Response:
    return requests.get(f"{server.url}/api/v1/query", params=parameters, timeout=5)


@pytest.mark.parametrize(
    ("query", "data"),
    [
        pytest.param(
            "sum(rate(requests_total[2s]))",
            {"resultType": "vector", "result": [{"metric": {}, "value": [1010, "4"]}]},
            id="vector",
        ),
        pytest.param("3", {"resultType": "scalar", "result": [1010, "3"]}, id="scalar"),
        pytest.param('"x"', {"resultType": "string", "result": [1010, "x"]}, id="string"),
        pytest.param("gone", {"resultType": "vector", "result": []}, id="empty"),
        pytest.param("gone[1s]", {"resultType": "matrix", "result": []}, id="empty matrix"),
        pytest.param(
            "requests_total[250ms]",
            {
                "resultType": "matrix",
                "result": [
                    {
                        "metric": {"__name__": "requests_total", "code": "200"},
                        "values": [[1009.75, "4039"], [1010, "4040"]],
                    }
                ],
            },
            id="matrix",
        ),
    ],
)
def test_query_answers_as_prometheus_does(
    server: PromServer, query: str, data: dict[str, object]
) -> None:
    response = _get(server, query=query, time="1010")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"status": "success", "data": data}


def test_query_by_post_is_read_from_the_form(server: PromServer) -> None:
    form = {"query": "requests_total", "time": "1970-01-01T00:16:50Z"}
    response = requests.post(f"{server.url}/api/v1/query", data=form, timeout=5)
    assert response.json()["data"]["result"][0]["value"] == [1010, "4040"]


@pytest.mark.parametrize(
    ("parameters", "status", "kind", "text"),
    [
        pytest.param({"query": "sum("}, 400, "bad_data", "parse error", id="syntax"),
        pytest.param({}, 400, "bad_data", "no expression found", id="no query"),
        pytest.param({"query": "1", "time": "soon"}, 400, "bad_data", '"soon"', id="time"),
        pytest.param({"query": "1", "time": "inf"}, 400, "bad_data", '"inf"', id="endless time"),
        pytest.param(
            {"query": "day_of_week(requests_total)"},
            422,
            "execution",
            "not supported",
            id="execution",
        ),
    ],
)
def test_query_is_refused_as_prometheus_does(
    server: PromServer, parameters: dict[str, str], status: int, kind: str, text: str
) -> None:
    response = _get(server, **parameters)
    assert response.status_code == status
    body = response.json()
    assert (body["status"], body["errorType"]) == ("error", kind)
    assert text in body["error"]


def test_client_library_speaks_to_it(server: PromServer) -> None:
    client = PrometheusConnect(server.url, retry=Retry(0), timeout=5)
    assert client.custom_query("vector(1)")[0]["value"][1] == "1"


@pytest.mark.parametrize(("path", "status"), [("/-/ready", 200), ("/-/healthy", 200), ("/x", 404)])
def test_probe_paths(server: PromServer, path: str, status: int) -> None:
    assert requests.get(server.url + path, timeout=5).status_code == status


def test_huge_body_is_refused(server: PromServer) -> None:
    response = requests.post(
        f"{server.url}/api/v1/query", data={"query": "x" * 1_100_000}, timeout=5
    )
    assert response.status_code == 413
