"""A blocking task that is called for again: the same run answers, where the caller says so."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
Wait = Callable[..., None]


class Slow:
    """A command that counts its runs and ends when it is told to."""

    def __init__(self, folder: Path) -> None:
        self._runs, self._go = folder / "runs", folder / "go"
        self.command = (
            f"echo x >> {self._runs}; while ! test -e {self._go}; do sleep 0.02; done; echo done"
        )

    @property
    def runs(self) -> int:
        return len(self._runs.read_text().split()) if self._runs.exists() else 0

    def end(self) -> None:
        self._go.touch()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(tmp_path)
    yield made
    made.end()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as running:
        yield running


def call(tester: Any, command: str, key: str = "", name: str = "podinfo") -> tuple[int, str]:
    answer = tester.app.test_client().post(
        "/",
        json={
            "name": name,
            "namespace": "test",
            "metadata": {"type": "bash", "cmd": command, "returnCmdOutput": "true"},
        },
        headers={"Idempotency-Key": key} if key else {},
    )
    return answer.status_code, answer.text


def test_who_comes_again_waits_for_the_same_run(
    tester: Any, slow: Slow, pool: ThreadPoolExecutor, waiting: Wait
) -> None:
    asked = [pool.submit(call, tester, slow.command, "step-1") for _ in range(3)]
    waiting(lambda: slow.runs == 1)
    slow.end()

    assert [one.result(10) for one in asked] == [(200, "done\n")] * 3
    assert call(tester, slow.command, "step-1") == (200, "done\n"), "also when it has ended"
    assert slow.runs == 1


def test_another_step_command_or_canary_is_another_run(tester: Any, slow: Slow) -> None:
    slow.end()

    call(tester, slow.command, "step-1")
    call(tester, slow.command, "step-2")
    call(tester, f"{slow.command};", "step-1")
    call(tester, slow.command, "step-1", name="other")

    assert slow.runs == 4


def test_who_says_nothing_means_another_run(tester: Any, slow: Slow) -> None:
    slow.end()

    for _ in range(2):
        assert call(tester, slow.command) == (200, "done\n")

    assert slow.runs == 2


def test_a_failure_is_the_same_for_everybody(tester: Any, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for _ in range(2):
        assert call(tester, f"echo x >> {ran}; exit 3", "k") == (
            500,
            "the command ended with exit code 3",
        )
    assert ran.read_text() == "x\n"


def test_what_was_not_started_is_tried_again(
    make: Make, slow: Slow, pool: ThreadPoolExecutor, waiting: Wait
) -> None:
    tester = make(max_tasks=1)
    first = pool.submit(call, tester, slow.command, "a")
    waiting(lambda: slow.runs == 1)

    assert call(tester, slow.command, "b")[0] == 429
    slow.end()
    assert first.result(10)[0] == 200
    assert call(tester, slow.command, "b")[0] == 200


def test_not_everybody_may_wait(
    make: Make, slow: Slow, pool: ThreadPoolExecutor, waiting: Wait
) -> None:
    tester = make(max_tasks=2)
    asked = [pool.submit(call, tester, slow.command, "a") for _ in range(5)]
    waiting(lambda: sum(one.done() for one in asked) == 2)

    assert {one.result()[0] for one in asked if one.done()} == {429}
    slow.end()
    assert sorted(one.result(10)[0] for one in asked) == [200] * 3 + [429] * 2
