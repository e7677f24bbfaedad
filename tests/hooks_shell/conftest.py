"""The app around small handlers, and an API server that only says its version."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.api.manifest import Manifest
from hooks.app import create_app
from hooks.context import Handler
from hooks.settings import Settings

NOWHERE = "http://127.0.0.1:1"


def envelope(**changed: Any) -> Manifest:
    body: Manifest = {
        "controller": {"kind": "CompositeController"},
        "parent": {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "app", "namespace": "t", "uid": "u-1"},
        },
        "children": {},
        "related": {},
        "finalizing": False,
    }
    body.update(changed)
    return body


class Shop:
    """Makes apps and posts to them; everything closes with the test."""

    envelope = staticmethod(envelope)

    def __init__(self) -> None:
        self._apps: list[Flask] = []

    def app(
        self,
        handler: Handler,
        *,
        server: str = NOWHERE,
        **told: Any,
    ) -> Flask:
        if not {"token", "token_file", "insecure"} & set(told):
            told["insecure"] = True
        made = create_app(
            Settings(**told),
            handlers=dict.fromkeys(("sync", "finalize", "customize"), handler),
            kube=KubeClient(KubeAccess(server=server)),
        )
        self._apps.append(made)
        return made

    def post(
        self, app: Flask, hook: str = "sync", body: Any = None, token: str | None = None
    ) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = body if isinstance(body, bytes | str) else json.dumps(body or envelope())
        return app.test_client().post(
            f"/{hook}", data=data, content_type="application/json", headers=headers
        )

    def close(self) -> None:
        for app in self._apps:
            app.extensions["burgee"].close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


class _Version(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name is http.server's
        content = b'{"gitVersion": "v1.33.0"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Version)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join(10)
    server.server_close()
