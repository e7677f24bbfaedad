"""Says at the end of a run how many random lives and syncs it was made of."""

from typing import Any

import pytest
from chaos import TALLY

_ELSEWHERE = {"lives": 0, "syncs": 0}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its numbers to the process that started it."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["lives"] = dict(TALLY)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """The numbers of a worker that is done."""
    del error
    for key, count in getattr(node, "workeroutput", {}).get("lives", {}).items():
        _ELSEWHERE[key] += count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The line at the end."""
    lives, syncs = (TALLY[key] + _ELSEWHERE[key] for key in ("lives", "syncs"))
    if lives:
        terminalreporter.write_line(f"random lives: {lives} releases, {syncs} syncs")
