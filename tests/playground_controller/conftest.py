import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hook_world import MESH, HookServer, Reply, World, crd

from burgee.api.manifest import Manifest

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def hooks() -> Iterator[HookServer]:
    server = HookServer()
    yield server
    server.close()


@pytest.fixture
def world(hooks: HookServer) -> Iterator[World]:
    made = World(hooks)
    yield made
    made.close()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def hook_server() -> Iterator[Callable[[], HookServer]]:
    """Makes more hook servers, as replicas."""
    made: list[HookServer] = []

    def make() -> HookServer:
        made.append(HookServer())
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def recorded() -> Callable[[str], Manifest]:
    """A body that the real Metacontroller 4.17.2 sent."""

    def load(name: str) -> Manifest:
        found: Manifest = json.loads((RECORDED / f"{name}.json").read_text())
        return found

    return load


@pytest.fixture
def mesh_crd() -> Manifest:
    """The CRD of a kind that no CompositeController lists."""
    return crd(*MESH, subresources=False)
