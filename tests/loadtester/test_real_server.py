"""The command as a person starts it: gunicorn, signals, a ConfigMap, a release."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from loadtester_process import LoadtesterProcess
from release_world import APP, Arena, analysis

from burgee.playground.cluster import Cluster

pytestmark = pytest.mark.slow

Alive = Callable[[int], bool]
Wait = Callable[..., None]
Start = Callable[..., LoadtesterProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with contextlib.ExitStack() as stack:

        def begin(**told: str) -> LoadtesterProcess:
            made = LoadtesterProcess(tmp_path, **told)
            stack.callback(made.close)
            return made.start()

        yield begin


def test_it_serves_gates_while_every_task_is_waited_for(
    start: Start, waiting: Wait, tmp_path: Path
) -> None:
    server = start(MAX_TASKS="4")
    go = tmp_path / "go"
    task = {"type": "bash", "cmd": f"while ! test -e {go}; do sleep 0.05; done"}
    codes: list[int] = []
    callers = [
        threading.Thread(target=lambda: codes.append(server.call("/", metadata=task)[0]))
        for _ in range(6)
    ]
    for caller in callers:
        caller.start()
    waiting(lambda: codes == [429] * 2)

    assert server.call("/gate/open") == (202, "")
    assert server.call("/gate/check") == (200, "Approved")
    text = requests.get(f"{server.url}/metrics", timeout=5).text
    assert "burgee_loadtester_tasks_running 4.0" in text

    go.touch()
    for caller in callers:
        caller.join(20)
    assert sorted(codes) == [200] * 4 + [429] * 2


def test_a_stop_ends_what_runs_at_once(
    start: Start, alive: Alive, waiting: Wait, tmp_path: Path
) -> None:
    server = start()
    pids = tmp_path / "pids"
    answers: list[tuple[int, str]] = []
    task = {"type": "bash", "cmd": f"sleep 60 & echo $! $$ > {pids}; wait"}
    caller = threading.Thread(target=lambda: answers.append(server.call("/", metadata=task)))
    caller.start()
    assert server.call("/", metadata={"cmd": "sleep 61"}) == (202, "")
    waiting(lambda: pids.exists() and len(pids.read_text().split()) == 2)

    assert server.close() < 8

    caller.join(10)
    assert answers == [(503, "the load tester is being stopped")]
    for pid in pids.read_text().split():
        waiting(lambda pid=pid: not alive(int(pid)))
    ended = [line for line in server.lines() if line["event"] == "task ended"]
    assert {line["outcome"] for line in ended} == {"stopped"}
    assert len(ended) == 2


def test_its_log_is_json_and_holds_no_command(start: Start) -> None:
    server = start(TOKEN="t0ken", TOKEN_FOR="gates", LOG_LEVEL="debug")
    assert server.call("/", metadata={"type": "bash", "cmd": "echo s3cret"})[0] == 200
    assert server.call("/gate/open")[0] == 401
    server.close()

    lines = server.lines()
    assert {"burgee.loadtester.runner", "gunicorn.error"} <= {line["logger"] for line in lines}
    text = server.log.read_text("utf-8")
    assert "s3cret" not in text
    assert "t0ken" not in text


def test_it_does_not_start_with_settings_it_cannot_use(tmp_path: Path) -> None:
    for told, says in (
        ({"TIMEOUT_SECONDS": "1h"}, "BURGEE_LOADTESTER_TIMEOUT_SECONDS"),
        ({"GATES": "a/b", "KUBECONFIG": "/nowhere"}, "KUBECONFIG"),
    ):
        server = LoadtesterProcess(tmp_path, **told)
        with pytest.raises(AssertionError, match=says):
            server.start()
        server.kill()


def test_gates_survive_a_kill_where_a_config_map_keeps_them(start: Start, tmp_path: Path) -> None:
    with Cluster(namespaces=["burgee-system"]) as cluster:
        told = {
            "GATES": "burgee-system/gates",
            "KUBECONFIG": str(cluster.kubeconfig(tmp_path / "kubeconfig")),
        }
        first = start(**told)
        assert first.call("/gate/check") == (403, "Forbidden")
        assert first.call("/gate/open") == (202, "")
        first.kill()

        second = start(**told)
        assert second.call("/gate/check") == (200, "Approved")
        assert second.call("/rollback/check") == (403, "Forbidden")
        second.close()


def test_a_release_waits_for_its_gate_and_runs_its_load(start: Start, tmp_path: Path) -> None:
    server = start()
    ran = tmp_path / "ran"
    webhooks = [
        {"name": "gate", "type": "confirm-rollout", "url": f"{server.url}/gate/check"},
        {
            "name": "acceptance",
            "type": "pre-rollout",
            "url": f"{server.url}/",
            "metadata": {"type": "bash", "cmd": f"echo tested >> {ran}"},
        },
        {
            "name": "load",
            "url": f"{server.url}/",
            "metadata": {"cmd": f"tee -a {ran}.load", "logCmdOutput": "true"},
        },
        {"name": "back", "type": "rollback", "url": f"{server.url}/rollback/check"},
    ]
    with Arena(tmp_path) as arena:
        app = arena.app("t", analysis=analysis(webhooks=webhooks))
        app.wait_phase("Initialized")
        app.wait_scaled(0)

        app.set_image("app:2")
        app.wait_phase("Waiting")
        assert app.image() == "app:1"
        assert not ran.exists()
        assert server.call("/gate/open", namespace="t")[0] == 202
        app.wait_phase("Succeeded")
        assert app.image() == "app:2"
        assert ran.read_text() == "tested\n"
        assert Path(f"{ran}.load").exists()

        assert server.call("/rollback/open", namespace="t")[0] == 202
        status = app.release("app:3", until="Failed")
        assert status["failure"]["reason"] == "RollbackWebhook"
        assert app.image(f"{APP}-primary") == "app:2"
        assert app.problems() == []
    started = [line for line in server.lines() if line["event"] == "task started"]
    assert {line["type"] for line in started} == {"bash", "cmd"}
    assert {line["canary"] for line in started} == {f"{APP}.t"}


def test_a_test_that_takes_longer_than_a_sync_runs_once_and_passes(
    start: Start, tmp_path: Path
) -> None:
    server = start()
    ran = tmp_path / "ran"
    webhooks = [
        {
            "name": "acceptance",
            "type": "pre-rollout",
            "url": f"{server.url}/",
            "timeout": "3m",
            "metadata": {"type": "bash", "cmd": f"echo tested >> {ran}; sleep 5"},
        }
    ]
    # Either hook server may be asked how the test is.
    with Arena(tmp_path, hooks=2) as arena:
        app = arena.app("t", analysis=analysis(webhooks=webhooks))
        app.wait_phase("Initialized")
        app.wait_scaled(0)

        app.set_image("app:2")
        app.wait(lambda status: (status.get("waiting") or {}).get("on") == "webhook/acceptance")
        status = app.wait_run("Succeeded", seconds=30)

        assert status.get("failedChecks", 0) == 0
        assert app.routes == [0, 25, 50, 0]
        assert ran.read_text() == "tested\n"
        assert app.problems() == []


def test_the_command_says_what_it_is() -> None:
    burgee = Path(sys.executable).with_name("burgee")
    help_text = subprocess.run(
        [burgee, "loadtester", "--help"], capture_output=True, text=True, check=True, timeout=20
    ).stdout

    assert "BURGEE_LOADTESTER_TOKEN" in help_text
