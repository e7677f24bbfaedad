import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.istio import ISTIO
from burgee.playground.storage.store import Store


@pytest.fixture
def store() -> Store:
    made = Store()
    made.create(
        made.resource("v1", "namespaces"),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}},
    )
    return made


@pytest.fixture
def envoy(tmp_path: Path) -> Envoy:
    return Envoy(tmp_path / "envoy")


@pytest.fixture
def mesh(store: Store, envoy: Envoy) -> Iterator[ControlPlane]:
    made = ControlPlane(store, envoy, ISTIO)
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.01)

    return wait
