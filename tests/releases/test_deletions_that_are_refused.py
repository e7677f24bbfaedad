"""A deletion with revertOnDeletion whose writes are refused: it ends when its time is over."""

from collections.abc import Callable, Iterator

import pytest
from release_world import APP, CANARY, App, Arena, deployment
from scripted_http import Received, Reply

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

SERVICE = ("v1", "Service")


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("refused"), proxied=True) as made:
        yield made
        assert not made.cluster.controller.tally.crashed


def refuse(*paths: str) -> Callable[[Received, Callable[[], Reply]], Reply]:
    def answer(received: Received, forward: Callable[[], Reply]) -> Reply:
        patch = received.method == "PATCH" and any(path in received.path for path in paths)
        return Reply(status=403, body=b"{}") if patch else forward()

    return answer


def users_service() -> Manifest:
    return {
        "apiVersion": SERVICE[0],
        "kind": SERVICE[1],
        "metadata": {"name": APP},
        "spec": {"selector": {"app": APP}, "ports": [{"name": "http", "port": 9898}]},
    }


@pytest.mark.parametrize(
    "path", [f"/services/{APP}?", f"/deployments/{APP}/scale"], ids=["service", "scale"]
)
def test_it_ends_and_does_what_can_be_done(
    arena: Arena, numbers: Iterator[int], path: str
) -> None:
    app: App = arena.app(
        f"refused{next(numbers)}",
        objects=[deployment(), users_service()],
        revertOnDeletion=True,
        progressDeadlineSeconds=2,
    )
    app.wait_phase("Initialized")
    app.wait_scaled(0)
    arena.proxy.spoil = refuse(path)

    arena.cluster.delete(*CANARY, app.namespace, APP)

    app.wait_for(lambda: app.get(*CANARY) is None, seconds=30)
    arena.proxy.spoil = None
    selector = (app.get(*SERVICE) or {})["spec"]["selector"]
    replicas = app.deployment()["spec"]["replicas"]
    by_path = {"services": ({"app": f"{APP}-primary"}, 2), "deployments": ({"app": APP}, 0)}
    assert (selector, replicas) == by_path[path.split("/")[1]]
