"""Tasks: what runs, what the caller hears, what is never started."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
Wait = Callable[..., None]


def script(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


class Load:
    """A program that counts its starts and runs until `end`."""

    def __init__(self, folder: Path) -> None:
        self._count = folder / "count"
        self._go = folder / "go"
        self.command = str(folder / "load")
        script(
            folder,
            "load",
            f"echo x >> {self._count}; while ! test -e {self._go}; do sleep 0.05; done",
        )

    @property
    def starts(self) -> int:
        return len(self._count.read_text().split()) if self._count.exists() else 0

    def end(self) -> None:
        self._go.touch()


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    made = Load(tmp_path)
    yield made
    made.end()


@pytest.mark.parametrize("kind", [{}, {"type": "cmd"}, {"type": ""}], ids=["none", "cmd", "empty"])
def test_a_cmd_runs_behind_the_callers_back(
    tester: Any, waiting: Wait, tmp_path: Path, kind: dict[str, str]
) -> None:
    made = tmp_path / "made by it"

    assert tester.answer(f"touch '{made}'", **kind) == (202, "")

    waiting(made.exists)
    waiting(
        lambda: (
            tester.metric("burgee_loadtester_tasks_total", type="cmd", outcome="succeeded") == 1
        )
    )


def test_every_path_that_is_nothing_else_takes_tasks_by_any_method(tester: Any) -> None:
    for method in ("GET", "POST", "PUT"):
        for path in ("/", "/any/path", "/a//b", "/gate", "/gate/other"):
            answer = tester.call(path, method=method, metadata={"type": "bash", "cmd": "true"})
            assert answer.status_code == 200, (method, path)


def test_the_same_cmd_of_a_canary_runs_once_at_a_time(
    tester: Any, waiting: Wait, load: Load
) -> None:
    for _ in range(5):
        assert tester.task(load.command).status_code == 202
    assert tester.task(load.command, name="other").status_code == 202
    assert tester.task(f"{load.command} fast").status_code == 202
    waiting(lambda: load.starts == 3)
    assert tester.running == 3

    load.end()
    tester.wait_idle()
    assert tester.task(load.command).status_code == 202
    tester.wait_idle()
    assert load.starts == 4


def test_calls_at_the_same_moment_start_one_load(tester: Any, load: Load) -> None:
    barrier = threading.Barrier(8)
    codes: list[int] = []

    def call() -> None:
        barrier.wait(10)
        codes.append(tester.task(load.command).status_code)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert codes == [202] * 8
    load.end()
    tester.wait_idle()
    assert load.starts == 1


@pytest.mark.parametrize(
    ("cmd", "code", "text"),
    [
        pytest.param("true", 200, "", id="true"),
        pytest.param("echo secret", 200, "", id="output is not given unasked"),
        pytest.param("false", 500, "the command ended with exit code 1", id="false"),
        pytest.param("echo x; exit 7", 500, "the command ended with exit code 7", id="exit"),
        pytest.param("kill -9 $$", 500, "the command was ended by signal 9", id="signal"),
        pytest.param("echo a | grep -q a && [[ a == a ]]", 200, "", id="words of bash"),
    ],
)
def test_a_bash_task_is_waited_for(tester: Any, cmd: str, code: int, text: str) -> None:
    assert tester.answer(cmd, type="bash") == (code, text)


def test_output_is_the_answer_where_it_is_asked_for(tester: Any) -> None:
    asked = {"type": "bash", "returnCmdOutput": "true"}

    assert tester.answer("echo out; echo err >&2", **asked) == (200, "out\nerr\n")
    assert tester.answer("echo why; exit 3", **asked) == (
        500,
        "the command ended with exit code 3\nwhy\n",
    )
    assert tester.answer("echo out", type="bash", returnCmdOutput="no") == (200, "")


def test_output_without_end_is_cut_and_stops_nobody(make: Make) -> None:
    tester = make(max_output_bytes=1000)

    code, text = tester.answer(
        "head -c 5000000 /dev/zero | tr '\\0' a", type="bash", returnCmdOutput="true"
    )

    assert (code, text) == (200, "a" * 1000)


@pytest.mark.parametrize("kind", ["helm", "helmv3", "kubectl"])
def test_tools_get_their_arguments_without_a_shell(programs: Path, tester: Any, kind: str) -> None:
    script(programs, kind.removesuffix("v3"), 'printf "%s|" "$@"')

    answer = tester.answer(
        "test podinfo --set 'a=b c' $HOME;  -n test", type=kind, returnCmdOutput="true"
    )

    assert answer == (200, "test|podinfo|--set|a=b c|$HOME;|-n|test|")


@pytest.mark.parametrize("kind", ["helm", "kubectl"])
def test_a_tool_that_fails_fails_the_call(programs: Path, tester: Any, kind: str) -> None:
    script(programs, kind, "exit 2")

    assert tester.answer("test x", type=kind) == (500, "the command ended with exit code 2")


def test_a_program_that_is_not_there_is_said_at_once(tester: Any) -> None:
    expected = (500, "the program is not in the load tester's image")

    assert tester.answer("no-such-program -x") == expected
    assert tester.running == 0


@pytest.mark.parametrize(
    ("metadata", "code", "says"),
    [
        pytest.param(None, 400, "metadata not found in payload", id="no metadata"),
        pytest.param({}, 400, "metadata not found in payload", id="empty metadata"),
        pytest.param({"type": "cmd"}, 400, "no cmd", id="no cmd"),
        pytest.param({"type": "bash", "cmd": " \n"}, 400, "no cmd", id="blank cmd"),
        pytest.param({"type": "bash"}, 400, "no cmd", id="bash without cmd"),
        pytest.param({"type": "perl", "cmd": "x"}, 400, "unknown task type", id="unknown type"),
        pytest.param({"type": "CMD", "cmd": "x"}, 400, "unknown task type", id="upper case"),
        pytest.param({"type": "concord", "server": "x"}, 400, "org is required", id="concord"),
        pytest.param({"type": "ngrinder", "server": "x"}, 400, "clone is req", id="ngrinder"),
        pytest.param({"cmd": "a 'b"}, 400, "quotation mark", id="open quote"),
        pytest.param({"cmd": "a\0b"}, 400, "zero byte", id="zero byte"),
        pytest.param({"cmd": "''"}, 400, "no program", id="empty word"),
        pytest.param({"cmd": "a | b"}, 400, "'|' needs a shell", id="needs a shell"),
    ],
)
def test_a_task_that_cannot_be_understood_is_refused(
    tester: Any, metadata: dict[str, str] | None, code: int, says: str
) -> None:
    answer = tester.call(metadata=metadata)

    assert answer.status_code == code
    assert says in answer.text
    assert tester.running == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"name": 1}', id="a number for a name"),
        pytest.param(b'{"name": "a", "metadata": {"cmd": 1}}', id="a number in metadata"),
        pytest.param(b'{"name": "a", "metadata": "cmd"}', id="metadata is a text"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/gate/check", "/gate/open", "/rollback/close"])
def test_what_is_no_payload_is_refused(tester: Any, path: str, body: bytes) -> None:
    answer = tester.send(path, body)

    assert (answer.status_code, answer.text) == (400, "the body is not the payload of a webhook")


def test_a_body_that_is_too_large_is_refused(make: Make) -> None:
    tester = make(max_body_bytes=2048)

    assert tester.answer("true", type="bash")[0] == 200
    assert tester.answer("true", type="bash", other="x" * 3000)[0] == 413


def test_types_can_be_switched_off(make: Make) -> None:
    tester = make(tasks=frozenset({"cmd"}))

    code, text = tester.answer("true", type="bash")

    assert code == 403
    assert "BURGEE_LOADTESTER_TASKS" in text
    assert tester.answer("true")[0] == 202


def test_a_shell_runs_a_cmd_only_where_that_is_allowed(make: Make, tmp_path: Path) -> None:
    made = tmp_path / "made"
    command = f"echo a b | tr ' ' '\\n' > {made}"
    assert make().answer(command)[0] == 400

    tester = make(shell=True)
    assert tester.answer(command)[0] == 202
    tester.wait_idle()
    assert made.read_text() == "a\nb\n"


def test_only_so_many_tasks_run_at_once(make: Make) -> None:
    tester = make(max_tasks=2)
    assert tester.answer("sleep 20")[0] == 202
    assert tester.answer("sleep 21")[0] == 202

    full = tester.task("sleep 22")

    assert full.status_code == 429
    assert full.headers["Retry-After"] == "1"
    assert tester.answer("true", type="bash")[0] == 429
    assert tester.answer("sleep 20")[0] == 202
    assert tester.call("/gate/approve").status_code == 200


def test_a_command_that_takes_too_long_is_killed_with_all_it_started(
    make: Make, alive: Callable[[int], bool], waiting: Wait, tmp_path: Path
) -> None:
    tester = make(timeout_seconds=1.5)
    pids = tmp_path / "pids"
    began = time.monotonic()

    code, text = tester.answer(f"sleep 30 & echo $! $$ > {pids}; wait", type="bash")

    assert (code, "BURGEE_LOADTESTER_TIMEOUT_SECONDS" in text) == (500, True)
    assert time.monotonic() - began < 10
    for pid in pids.read_text().split():
        waiting(lambda pid=pid: not alive(int(pid)))
    assert tester.metric("burgee_loadtester_tasks_total", type="bash", outcome="timed_out") == 1


def test_a_command_that_ignores_the_request_to_end_is_killed(make: Make) -> None:
    tester = make(timeout_seconds=0.3)
    began = time.monotonic()

    assert tester.answer("trap '' TERM; while true; do sleep 0.1; done", type="bash")[0] == 500
    assert time.monotonic() - began < 8


def test_what_a_command_leaves_behind_ends_with_it(
    tester: Any, alive: Callable[[int], bool], waiting: Wait, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    began = time.monotonic()

    assert tester.answer(f"sleep 30 & echo $! > {pid}", type="bash")[0] == 200

    assert time.monotonic() - began < 5
    waiting(lambda: not alive(int(pid.read_text())))


def test_a_process_that_fled_its_group_holds_nobody_up(tester: Any, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    began = time.monotonic()

    code, _ = tester.answer(
        f"setsid sh -c 'echo $$ > {pid}; exec sleep 30' & while ! test -s {pid}; do :; done",
        type="bash",
    )

    assert code == 200
    assert time.monotonic() - began < 5
    subprocess.run(["kill", pid.read_text().strip()], check=True)


def test_a_server_that_stops_ends_what_runs(tester: Any, waiting: Wait) -> None:
    assert tester.answer("sleep 30")[0] == 202
    answers: list[tuple[int, str]] = []
    caller = threading.Thread(
        target=lambda: answers.append(tester.answer("sleep 31", type="bash"))
    )
    caller.start()
    waiting(lambda: tester.running == 2)

    tester.runner.close()

    caller.join(10)
    assert answers == [(503, "the load tester is being stopped")]
    assert tester.running == 0
    assert tester.answer("true", type="bash")[0] == 503


def test_a_command_does_not_see_the_settings_of_the_server(make: Make) -> None:
    os.environ["BURGEE_LOADTESTER_TOKEN"] = "seen"
    try:
        tester = make(tasks=frozenset({"bash"}))
        _, text = tester.answer("env", type="bash", returnCmdOutput="true")
    finally:
        del os.environ["BURGEE_LOADTESTER_TOKEN"]

    assert "PATH=" in text
    assert "BURGEE_" not in text
    assert "seen" not in text


def test_neither_command_nor_output_is_logged_unasked(
    tester: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tester.answer("echo p1ssw0rd", type="bash")
    tester.task("echo p1ssw0rd")
    tester.wait_idle()
    quiet = capsys.readouterr().out
    tester.answer("echo out-$((40 + 2)) p1ssw0rd", type="bash", logCmdOutput="true")
    asked = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert "p1ssw0rd" not in quiet
    ended = [json.loads(line) for line in quiet.splitlines()]
    assert {"bash", "cmd"} == {line["type"] for line in ended if line["event"] == "task ended"}
    assert [line["output"] for line in asked if "output" in line] == ["out-42 p1ssw0rd\n"]
    assert all(line["canary"] == "podinfo.test" for line in asked)
