"""Programs on a leash: their end, and what they said."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from burgee.playground.programs import leash
from burgee.playground.programs.leash import Child


def _python(code: str, log: Path) -> Child:
    return Child([sys.executable, "-c", code], log=log)


def test_program_that_ends_early_is_told_with_its_last_words(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    child = _python("import sys; sys.exit('no such flag')", tmp_path / "log")
    eventually(lambda: not child.running)
    with pytest.raises(RuntimeError, match="ended with 1: no such flag"):
        child.demand_running()
    child.close()


def test_program_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    monkeypatch.setitem(vars(leash), "STOP_TIMEOUT_SECONDS", 0.3)
    log = tmp_path / "log"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('deaf', flush=True); time.sleep(60)"
    )
    child = _python(code, log)
    eventually(lambda: log.read_text() == "deaf\n")
    began = time.monotonic()
    child.close()
    assert not child.running
    assert 0.3 <= time.monotonic() - began < 5


def test_leash_of_a_parent_that_is_gone_starts_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(SystemExit):
        leash.main(["1", sys.executable, "-c", f"open({str(mark)!r}, 'w')"])
    assert not mark.exists()
