"""Watches, tables and the wire itself."""

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from gadget_api import GADGETS, TABLE, Client, Make

from burgee.api.manifest import Manifest
from burgee.playground.apiserver.server import ApiServer
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store


def events(answer: Any, count: int) -> list[Manifest]:
    lines = answer.iter_lines()
    return [json.loads(next(lines)) for _ in range(count)]


def test_a_watch_from_a_list(
    client: Client, store: Store, config_maps: Resource, config_map: Make
) -> None:
    store.create(config_maps, config_map("before"))
    version = client.call("GET", "/api/v1/configmaps").json()["metadata"]["resourceVersion"]
    store.create(config_maps, config_map("between"))
    path = f"/api/v1/configmaps?watch=true&resourceVersion={version}"
    with client.call("GET", path, stream=True) as answer:
        store.delete(config_maps, "default", "before")
        seen = events(answer, 2)
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in seen] == [
        ("ADDED", "between"),
        ("DELETED", "before"),
    ]


def test_a_watch_without_a_version_begins_with_what_is_there(
    client: Client, store: Store, config_maps: Resource, config_map: Make
) -> None:
    store.create(config_maps, config_map("there"))
    with client.call("GET", "/api/v1/configmaps?watch=1", stream=True) as answer:
        assert events(answer, 1)[0]["type"] == "ADDED"


def test_initial_events_end_with_a_bookmark(
    client: Client, store: Store, config_maps: Resource, config_map: Make
) -> None:
    store.create(config_maps, config_map("there"))
    path = "/api/v1/configmaps?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
    with client.call("GET", path, stream=True) as answer:
        seen = events(answer, 2)
    assert [e["type"] for e in seen] == ["ADDED", "BOOKMARK"]
    meta = seen[1]["object"]["metadata"]
    assert meta["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_ends_when_its_time_is_over(client: Client) -> None:
    begin = time.monotonic()
    answer = client.call("GET", "/api/v1/configmaps?watch=1&timeoutSeconds=1")
    assert answer.text == ""
    assert 0.9 <= time.monotonic() - begin < 5


def test_a_watch_of_rows(client: Client, store: Store, gadgets: Resource, gadget: Make) -> None:
    store.create(gadgets, gadget("one"))
    path = "/apis/example.com/v1/gadgets?watch=1"
    with client.call("GET", path, stream=True, headers={"Accept": TABLE}) as answer:
        store.create(gadgets, gadget("two"))
        seen = events(answer, 2)
    assert [e["object"]["rows"][0]["cells"][0] for e in seen] == ["one", "two"]
    assert [bool(e["object"]["columnDefinitions"]) for e in seen] == [True, False]


def test_a_client_that_leaves_ends_its_watch(
    client: Client, server: ApiServer, store: Store, config_maps: Resource
) -> None:
    with client.call("GET", "/api/v1/configmaps?watch=1", stream=True):
        deadline = time.monotonic() + 5
        while not store._db._watches[config_maps.key] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(store._db._watches[config_maps.key]) == 1
    client.session.close()
    deadline = time.monotonic() + 5
    while store._db._watches[config_maps.key] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not store._db._watches[config_maps.key]
    assert server.total_calls("tester") == 1


def test_closing_the_server_ends_watches(store: Store) -> None:
    server = ApiServer(store).start()
    ended = threading.Event()

    def read() -> None:
        with requests.get(f"{server.url}/api/v1/pods?watch=1", stream=True, timeout=10) as answer:
            try:
                for _ in answer.iter_lines():
                    pass
            except requests.exceptions.ChunkedEncodingError:
                pass
        ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    deadline = time.monotonic() + 5
    while not server.total_calls() and time.monotonic() < deadline:
        time.sleep(0.01)
    server.close()
    server.close()
    reader.join(timeout=5)
    assert ended.is_set()


def test_tables(client: Client, store: Store, gadgets: Resource, gadget: Make) -> None:
    store.create(gadgets, gadget())
    listed = client.call("GET", GADGETS, headers={"Accept": TABLE}).json()
    assert listed["kind"] == "Table"
    assert [r["cells"] for r in listed["rows"]] == [["g", 1, None, "slow"]]
    single = client.call("GET", f"{GADGETS}/g", headers={"Accept": TABLE}).json()
    assert single["rows"] == listed["rows"]


def test_discovery(client: Client) -> None:
    groups = client.call("GET", "/apis").json()["groups"]
    assert {"apps", "example.com"} <= {g["name"] for g in groups}
    served = client.call("GET", "/apis/example.com/v1").json()["resources"]
    assert [r["name"] for r in served] == ["gadgets", "gadgets/status"]
    assert served[0]["shortNames"] == ["gd"]
    deployments = client.call("GET", "/apis/apps/v1").json()["resources"]
    assert "deployments/scale" in [r["name"] for r in deployments]
    assert client.call("GET", "/api").json()["versions"] == ["v1"]
    assert client.call("GET", "/apis/example.com").json()["preferredVersion"]["version"] == "v1"
    assert client.call("GET", "/version").json()["major"] == "1"
    assert client.call("GET", "/readyz").text == "ok"
    documents = client.call("GET", "/openapi/v3").json()["paths"]
    place = documents["apis/example.com/v1"]["serverRelativeURL"]
    schemas = client.call("GET", place).json()["components"]["schemas"]
    assert "spec" in schemas["com.example.v1.Gadget"]["properties"]


def test_calls_are_counted(client: Client, server: ApiServer, gadget: Make) -> None:
    client.call("POST", GADGETS, gadget())
    client.call("GET", GADGETS)
    client.call("GET", f"{GADGETS}/g")
    client.call("GET", f"{GADGETS}/g")
    client.patch(f"{GADGETS}/g/status", {"status": {}})
    client.call("GET", "/apis")
    counted = {(c.agent, c.verb, c.resource): n for c, n in server.calls().items()}
    assert counted == {
        ("tester", "create", "gadgets"): 1,
        ("tester", "list", "gadgets"): 1,
        ("tester", "get", "gadgets"): 2,
        ("tester", "patch", "gadgets/status"): 1,
    }
    assert (server.total_calls(), server.total_calls("other")) == (5, 0)
    server.reset_calls()
    assert server.calls() == {}


def test_a_token_is_demanded(store: Store, tmp_path: Path) -> None:
    with ApiServer(store, token="letmein") as server:
        url = f"{server.url}/api/v1/pods"
        assert requests.get(url, timeout=10).status_code == 401
        wrong = {"Authorization": "Bearer other"}
        assert requests.get(url, headers=wrong, timeout=10).status_code == 401
        right = {"Authorization": "Bearer letmein"}
        assert requests.get(url, headers=right, timeout=10).status_code == 200
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        path = server.kubeconfig(tmp_path / "config")
    assert path.stat().st_mode & 0o077 == 0
    config = json.loads(path.read_text())
    assert config["users"][0]["user"] == {"token": "letmein"}
    assert config["clusters"][0]["cluster"]["server"] == server.url


def exchange(server: ApiServer, data: bytes) -> bytes:
    with socket.create_connection((server._server.host, server._server.port), timeout=5) as peer:
        peer.sendall(data)
        received = b""
        while chunk := peer.recv(65536):
            received += chunk
        return received


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"nonsense\r\n\r\n", id="no request line"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="no header"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", id="no length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", id="too long"),
        pytest.param(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk"
        ),
    ],
)
def test_what_is_no_http_is_hung_up_on(server: ApiServer, data: bytes) -> None:
    assert exchange(server, data) == b""
    assert requests.get(f"{server.url}/healthz", timeout=10).text == "ok"


def test_several_requests_on_one_connection(server: ApiServer) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert exchange(server, one + one + last).count(b"HTTP/1.1 200 OK") == 3


def test_a_chunked_body(server: ApiServer, gadget: Make) -> None:
    body = json.dumps(gadget()).encode()
    half = len(body) // 2
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:], b"")
    )
    head = f"POST {GADGETS} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert b"201 Created" in exchange(server, head.encode() + chunks)


def test_answers_do_not_wait_for_each_other(client: Client) -> None:
    client.call("GET", "/healthz")
    took: list[float] = []
    for _ in range(50):
        begin = time.monotonic()
        client.call("GET", "/healthz")
        took.append(time.monotonic() - begin)
    # With Nagle's algorithm and delayed acknowledgements each would take 40 ms, on a machine that
    # does nothing else, too.
    assert min(took[10:]) < 0.03
