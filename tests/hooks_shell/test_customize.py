"""What Metacontroller is asked to watch: nothing that the cluster does not serve."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.api.manifest import Manifest
from hooks.app import create_app
from hooks.settings import Settings

ISTIO = "networking.istio.io/v1beta1"
KINDS = {
    "resources": [
        {"name": "virtualservices", "kind": "VirtualService", "namespaced": True},
        {"name": "destinationrules", "kind": "DestinationRule", "namespaced": True},
    ]
}

Answer = tuple[int, Manifest]
Asked = Callable[..., tuple[list[str], list[str]]]


@pytest.fixture
def ask() -> Iterator[Asked]:
    """What the hook asks of an API server that answers discovery so, and what it answers."""
    opened: list[Any] = []

    def ask_with(discovery: Answer, reads: int = 404) -> tuple[list[str], list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                code, body = (404, {})
                if self.path.startswith(f"/apis/{ISTIO}"):
                    code, body = (reads, {})
                if self.path == f"/apis/{ISTIO}":
                    code, body = discovery
                content = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        opened.append((server, thread))
        url = f"http://127.0.0.1:{server.server_address[1]}"
        app = create_app(Settings(insecure=True), kube=KubeClient(KubeAccess(server=url)))
        try:
            answer = app.test_client().post("/customize", json=request_body())
            again = app.test_client().post("/customize", json=request_body())
        finally:
            app.extensions["burgee"].close()
        assert answer.status_code == 200
        assert again.json == answer.json
        return asked, [rule["resource"] for rule in answer.json["relatedResources"]]

    yield ask_with
    for server, thread in opened:
        server.shutdown()
        server.server_close()
        thread.join()


def request_body() -> Manifest:
    return {
        "controller": {},
        "parent": {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "app", "namespace": "t", "uid": "u-1"},
            "spec": {
                "provider": "istio",
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
                "service": {"port": 80},
            },
        },
    }


@pytest.mark.parametrize(
    ("discovery", "routes"),
    [
        pytest.param((200, KINDS), ["destinationrules", "virtualservices"], id="served"),
        pytest.param((404, {}), [], id="not served"),
        pytest.param(
            (200, {"resources": KINDS["resources"][:1]}), ["virtualservices"], id="in part"
        ),
        # It is not known: Metacontroller finds out, and the sync is put off at worst.
        pytest.param((503, {}), ["destinationrules", "virtualservices"], id="no answer"),
        pytest.param((200, {"resources": "?"}), [], id="nonsense"),
    ],
)
def test_kinds_that_are_not_served_are_left_out(
    ask: Asked, discovery: Answer, routes: list[str]
) -> None:
    _, resources = ask(discovery)

    assert resources == ["deployments", "services", *routes]


@pytest.mark.parametrize(("code", "watched"), [(200, 2), (404, 2), (403, 0), (500, 2)])
def test_kinds_that_must_not_be_read_are_left_out(ask: Asked, code: int, watched: int) -> None:
    _, resources = ask((200, KINDS), reads=code)

    assert len(resources) == 2 + watched


def test_versions_and_rights_are_asked_for_once(ask: Asked) -> None:
    asked, _ = ask((200, KINDS))

    assert asked.count(f"/apis/{ISTIO}") == 1
    assert len([path for path in asked if path.startswith(f"/apis/{ISTIO}/")]) == 2
