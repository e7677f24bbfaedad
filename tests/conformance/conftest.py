"""All scenarios are played at once, by the first test that asks for one."""

from collections.abc import Iterator

import pytest
from conformance.scenario import names
from conformance.stage import Stage

_COUNTED = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def stage(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("conformance"), names()) as made:
        yield made
        pytestconfig.stash[_COUNTED] = made.summary()
        assert made.troubles() == []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _COUNTED in config.stash:
        terminalreporter.write_line(config.stash[_COUNTED])
