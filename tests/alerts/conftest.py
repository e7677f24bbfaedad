"""A receiver that remembers, and AlertProviders with only what matters set."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_http import Received, Reply, ScriptedServer

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.api.alert_provider import AlertProvider


class Room:
    """A chat service: takes everything, unless a test says otherwise for a path."""

    def __init__(self) -> None:
        self.says: dict[str, Reply] = {}
        self._received: list[Received] = []
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._answer).start()
        self.url = self._server.url
        self.close = self._server.close

    def _answer(self, received: Received) -> Reply:
        with self._lock:
            self._received.append(received)
        return self.says.get(received.path, Reply(body=b"ok"))

    @property
    def received(self) -> list[Received]:
        with self._lock:
            return list(self._received)

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(r.body) for r in self.received if r.path == path]

    def wait(self, count: int, seconds: float = 5.0) -> list[Received]:
        end = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < end, f"only {len(self.received)} of {count} arrived"
            time.sleep(0.002)
        return self.received


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


@pytest.fixture
def make_kube() -> Iterator[Callable[[Callable[[Received], Reply]], KubeClient]]:
    """A client of an API server that answers by a function."""
    closing: list[Callable[[], None]] = []

    def make(answer: Callable[[Received], Reply]) -> KubeClient:
        server = ScriptedServer(answer).start()
        client = KubeClient(KubeAccess(server=server.url))
        closing.extend((client.close, server.close))
        return client

    yield make
    for close in closing:
        close()


@pytest.fixture
def nowhere() -> Iterator[KubeClient]:
    """A client of an API server that is not there."""
    client = KubeClient(KubeAccess(server="http://127.0.0.1:1"))
    yield client
    client.close()


@pytest.fixture
def providers() -> Callable[..., dict[tuple[str, str], AlertProvider]]:
    """AlertProviders by their names, with these parts of their specs."""

    def make(namespace: str = "test", **specs: Any) -> dict[tuple[str, str], AlertProvider]:
        return {
            (namespace, name): AlertProvider.model_validate(
                {
                    "apiVersion": "flagger.app/v1beta1",
                    "kind": "AlertProvider",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": spec,
                }
            )
            for name, spec in specs.items()
        }

    return make
