"""A request that was answered before is not worked out again while nothing changes."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.adapters.memo import Memo, Remembered, fingerprint_of, head_of
from burgee.api.manifest import Manifest
from hooks.app import create_app
from hooks.settings import Settings

CANARY: Manifest = {
    "apiVersion": "flagger.app/v1beta1",
    "kind": "Canary",
    "metadata": {
        "name": "app",
        "namespace": "t",
        "uid": "u-1",
        "generation": 1,
        "resourceVersion": "1",
    },
    "spec": {
        "provider": "istio",
        "suspend": True,
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
        "service": {"port": 80},
    },
}
TARGET: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "app", "namespace": "t", "resourceVersion": "7"},
    "spec": {
        "selector": {"matchLabels": {"app": "app"}},
        "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": []}},
    },
}


class Server:
    """An API server that holds one Canary and takes every Event."""

    def __init__(self) -> None:
        self.live: Manifest = CANARY
        self.reads = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.reads += 1
                self._answer(200, outer.live)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(201, {})

            def _answer(self, code: int, body: Manifest) -> None:
                content = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def change(self, **fields: Any) -> None:
        """Write to the Canary; its resourceVersion moves."""
        meta = self.live["metadata"]
        version = str(int(meta["resourceVersion"]) + 1)
        self.live = {
            **self.live,
            **fields,
            "metadata": {**meta, **fields.get("metadata", {}), "resourceVersion": version},
        }

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def app(server: Server) -> Iterator[Any]:
    """The real hooks, which have answered once: what they answered is the Canary's status."""
    made = create_app(Settings(insecure=True), kube=KubeClient(KubeAccess(server=server.url)))
    first = post(made)
    assert first.status_code == 200
    server.change(status=first.json["status"])
    yield made
    made.extensions["burgee"].close()


def request_body() -> bytes:
    return json.dumps(
        {
            "controller": {},
            "parent": CANARY,
            "children": {},
            "related": {
                "Deployment.apps/v1": {"t/app": TARGET},
                "VirtualService.networking.istio.io/v1beta1": {},
                "DestinationRule.networking.istio.io/v1beta1": {},
            },
            "finalizing": False,
        }
    ).encode()


def post(app: Any) -> Any:
    return app.test_client().post(
        "/sync", data=request_body(), headers={"Content-Type": "application/json"}
    )


def known(app: Any) -> Remembered | None:
    memo: Memo = app.extensions["burgee"].memo
    return memo.recall(fingerprint_of(request_body()))


def test_an_answer_that_changes_something_is_not_remembered(app: Any) -> None:
    assert known(app) is None


def test_a_repeated_request_costs_one_read_and_has_the_same_answer(
    app: Any, server: Server
) -> None:
    second = post(app)
    remembered = known(app)
    assert remembered is not None
    assert remembered.answer == second.data

    before = server.reads
    third = post(app)

    assert third.data == second.data
    assert server.reads == before + 1


def test_a_repeated_request_about_a_changed_canary_is_decided_anew(
    app: Any, server: Server
) -> None:
    before = post(app).json["status"]
    assert known(app)

    server.change(status={**server.live["status"], "failedChecks": 3})

    assert before["failedChecks"] == 0
    assert post(app).json["status"]["failedChecks"] == 3


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"generation": 2}, id="another spec"),
        pytest.param({"uid": "u-2"}, id="another Canary of the name"),
        pytest.param({"deletionTimestamp": "2026-01-01T00:00:00Z"}, id="being deleted"),
    ],
)
def test_a_repeated_request_that_is_too_old_is_refused(
    app: Any, server: Server, changed: Manifest
) -> None:
    post(app)
    assert known(app)

    server.change(metadata=changed)

    assert post(app).status_code == 429


def test_a_repeated_request_is_refused_while_the_canary_cannot_be_read(
    app: Any, server: Server
) -> None:
    post(app)
    assert known(app)

    server.live = {"metadata": {}}

    assert post(app).status_code == 429


def test_a_repeated_request_keeps_what_prometheus_sees_of_the_canary(app: Any) -> None:
    post(app)
    context = app.extensions["burgee"]
    assert known(app)

    context.series.forget("u-1")
    post(app)

    assert context.series.touch("u-1"), "a Canary that is not shown is looked at anew"


def remembered(uid: str, request: bytes) -> Remembered:
    return Remembered(
        fingerprint=fingerprint_of(request),
        parent=head_of({"metadata": {"uid": uid, "name": uid, "namespace": "t"}}),
        version="1",
        answer=b"{}",
    )


def test_the_memo_holds_one_answer_for_a_canary_and_as_many_as_fit() -> None:
    memo = Memo(most_bytes=2 * len(b"{}"))
    for uid, request in (("a", b"a1"), ("a", b"a2"), ("b", b"b1")):
        memo.keep(remembered(uid, request))

    assert memo.recall(fingerprint_of(b"a1")) is None
    assert memo.recall(fingerprint_of(b"a2")) is not None

    memo.keep(remembered("c", b"c1"))

    assert memo.recall(fingerprint_of(b"b1")) is None
    assert memo.recall(fingerprint_of(b"a2")) is not None

    memo.forget("a")
    memo.forget("a")

    assert memo.recall(fingerprint_of(b"a2")) is None
