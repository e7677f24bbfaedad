"""One quiet arena for the tests that need nothing special; each test has its own namespace."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from release_world import App, Arena

MakeApp = Callable[..., App]


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A cluster in which nothing goes wrong by itself."""
    with Arena(tmp_path_factory.mktemp("arena")) as made:
        yield made
        assert not made.cluster.controller.tally.crashed


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def app(arena: Arena, numbers: Iterator[int]) -> Iterator[MakeApp]:
    """Makes apps; after the test none of them may have broken a rule."""
    made: list[App] = []

    def make(**how: Any) -> App:
        made.append(arena.app(f"t{next(numbers)}", **how))
        return made[-1]

    yield make
    problems = [problem for each in made for problem in each.problems()]
    for each in made:
        arena.cluster.delete("v1", "Namespace", "", each.namespace)
    assert problems == []


@pytest.fixture
def initialized(app: MakeApp) -> MakeApp:
    """Makes apps and waits until their primary is set up and the target rests."""

    def make(**how: Any) -> App:
        found = app(**how)
        found.wait_phase("Initialized")
        found.wait_scaled(0)
        return found

    return make
