"""The control plane reports what its proxy took, and nothing before."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from burgee.playground.dataplane.contour import CONTOUR, HTTP_PROXY
from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.plane import Plan
from burgee.playground.storage.store import Store
from tests.playground_data.cluster_objects import MERGE, service

Eventually = Callable[..., None]


class Reluctant:
    """A proxy that takes plans only while it is willing to, and hears of them while it is free."""

    url = "http://127.0.0.1:1"
    description = "nothing"

    def __init__(self) -> None:
        self.willing = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.asked: list[Plan] = []

    def start(self) -> None:
        """Nothing to start."""

    def close(self) -> None:
        """Nothing to stop."""

    def serve(self, plan: Plan) -> None:
        self.free.wait(10)
        self.asked.append(plan)

    def serves(self, plan: Plan) -> bool:
        return self.willing.is_set() and plan is self.asked[-1]

    def uses(self, endpoint: Endpoint) -> bool:
        del endpoint
        return False


def _proxy(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "projectcontour.io/v1",
        "kind": "HTTPProxy",
        "metadata": {"name": name, "namespace": "test"},
        "spec": spec,
    }


@pytest.fixture
def proxy() -> Reluctant:
    return Reluctant()


@pytest.fixture
def plane(store: Store, proxy: Reluctant) -> Iterator[ControlPlane]:
    made = ControlPlane(store, proxy, CONTOUR)
    store.create(store.resource("v1", "services"), service("web", "web"))
    store.create(
        HTTP_PROXY, _proxy("host", virtualhost={"fqdn": "web"}, includes=[{"name": "web"}])
    )
    store.create(HTTP_PROXY, _proxy("web", routes=[{"services": [{"name": "web", "port": 80}]}]))
    made.start()
    yield made
    made.close()


def _status(store: Store, name: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = store.get(HTTP_PROXY, "test", name).get("status") or {}
    return found


def test_nothing_is_valid_before_the_proxy_took_it(
    store: Store, plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    eventually(lambda: proxy.asked)
    assert _status(store).get("currentStatus") != "valid"
    assert plane.history() == []
    proxy.willing.set()
    eventually(lambda: _status(store).get("currentStatus") == "valid")
    [change] = plane.history()
    assert change.asked <= change.served
    assert change.weights == {"test/web": {"web": 100}}


def test_what_the_proxy_does_not_take_is_told(
    store: Store, plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    eventually(lambda: "not taken" in _status(store).get("description", ""))
    assert _status(store)["currentStatus"] == "invalid"
    assert plane.history() == []
    proxy.willing.set()
    eventually(lambda: _status(store).get("currentStatus") == "valid")


def test_plan_that_was_not_taken_is_tried_again(
    plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    eventually(lambda: len(proxy.asked) >= 2, 10)
    proxy.willing.set()
    eventually(lambda: len(plane.history()) == 1)


def test_a_change_is_behind_until_the_proxy_was_seen_to_follow(
    plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    eventually(lambda: proxy.asked)
    assert not plane.is_caught_up()
    proxy.willing.set()
    eventually(plane.is_caught_up)

    proxy.willing.clear()
    assert not plane.is_caught_up()
    proxy.willing.set()
    eventually(plane.is_caught_up)


def test_a_change_that_nobody_looked_at_yet_is_behind(
    store: Store, plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    proxy.willing.set()
    eventually(plane.is_caught_up)
    proxy.free.clear()

    store.create(store.resource("v1", "services"), service("other", "other"))

    assert not plane.is_caught_up()
    proxy.free.set()
    eventually(plane.is_caught_up)
    assert {port.service for port in proxy.asked[-1].endpoints} == {"web", "other"}


def test_what_was_overtaken_before_it_was_seen_is_kept(
    store: Store, plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    def give(weight: int) -> None:
        services = [
            {"name": "web", "port": 80, "weight": 100 - weight},
            {"name": "new", "port": 80, "weight": weight},
        ]
        patch = {"spec": {"routes": [{"services": services}]}}
        store.patch(HTTP_PROXY, "test", "web", patch, content_type=MERGE)
        eventually(lambda: proxy.asked[-1].rules["test/web"][-1].weights.get("new") == weight)

    proxy.willing.set()
    eventually(lambda: len(plane.history()) == 1)
    store.create(store.resource("v1", "services"), service("new", "new"))
    proxy.willing.clear()
    give(10)
    give(30)
    proxy.willing.set()
    eventually(lambda: len(plane.history()) == 2)
    first, second = plane.history()
    assert first.overtaken == ()
    assert [rules["test/web"][-1].weights["new"] for rules in second.overtaken] == [10]
    assert second.weights["test/web"]["new"] == 30
    give(50)
    eventually(lambda: len(plane.history()) == 3)
    assert plane.history()[-1].overtaken == ()


def test_object_without_a_spec_stops_nothing(
    store: Store, plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    proxy.willing.set()
    broken = _proxy("broken")
    del broken["spec"]
    store.create(HTTP_PROXY, {**broken, "spec": None})
    store.create(
        HTTP_PROXY, _proxy("odd", virtualhost={"fqdn": "odd"}, routes=[{"services": [1]}])
    )
    eventually(lambda: "malformed" in plane.refusals().get("HTTPProxy test/odd", ""))
    eventually(lambda: _status(store).get("currentStatus") == "valid")


def test_refusal_is_told_at_once_and_ends_with_its_cause(
    store: Store, plane: ControlPlane, proxy: Reluctant, eventually: Eventually
) -> None:
    proxy.willing.set()
    eventually(lambda: _status(store).get("currentStatus") == "valid")
    wrong = {"spec": {"routes": [{"services": [{"name": "web", "port": 80}], "websocket": True}]}}
    proxy.willing.clear()
    store.patch(HTTP_PROXY, "test", "web", wrong, content_type=MERGE)
    eventually(lambda: _status(store).get("currentStatus") == "invalid")
    assert "websocket" in plane.refusals()["HTTPProxy test/web"]
    proxy.willing.set()
    right = {"spec": {"routes": [{"services": [{"name": "web", "port": 80}]}]}}
    store.patch(HTTP_PROXY, "test", "web", right, content_type=MERGE)
    eventually(lambda: _status(store).get("currentStatus") == "valid")
    generation = store.get(HTTP_PROXY, "test", "web")["metadata"]["generation"]
    assert _status(store)["conditions"][0]["observedGeneration"] == generation
    assert plane.refusals() == {}
