"""`burgee demo` from end to end, and every way to end it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from burgee.cli import main
from burgee.playground.demo.scenarios import Scenario

Eventually = Callable[..., None]


class _Demo:
    """A running `burgee demo` whose lines are collected as they come."""

    def __init__(self, *options: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("burgee")), "demo", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
            process_group=0,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def said(self, words: str) -> bool:
        assert self.process.poll() is None or words in self.text, self.text
        return words in self.text

    def end(self, seconds: float) -> int:
        code = self.process.wait(seconds)
        self._reader.join()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def descendants(self) -> list[int]:
        found, todo = [], [self.process.pid]
        while todo:
            for task in Path(f"/proc/{todo.pop()}/task").iterdir():
                children = [int(pid) for pid in (task / "children").read_text().split()]
                found += children
                todo += children
        return found


Start = Callable[..., _Demo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[_Demo] = []

    def run(*options: str) -> _Demo:
        running.append(_Demo(*options, folder=tmp_path))
        return running[-1]

    yield run
    for demo in running:
        demo.close()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
def test_default_plays_end_as_they_should(start: Start, tmp_path: Path) -> None:
    demo = start("--prometheus", "in-process")
    assert demo.end(90) == 0, demo.text
    assert "in-process PromQL engine" in demo.text
    assert "as it should be" in demo.text
    assert "WRONG" not in demo.text
    assert re.search(r"the MetricTemplate median-latency measured [0-9.]+ .*Passed", demo.text)
    for phase in ("Initialized", "Progressing", "Promoting", "Succeeded", "Failed"):
        assert re.search(rf"^\[ *[0-9.]+\] {phase} ", demo.text, re.MULTILINE), phase
    assert "\x1b" not in demo.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        pytest.param(
            "gate", ["the closed gate held v2", "phases: Waiting, Progressing"], id="gate"
        ),
        pytest.param(
            "ab",
            [
                "the traffic of v2 went 0, 100, 0 %",
                "100 % of matching requests",
                "answers to insiders came from v2 in the canary",
                "answers to everybody else came from the primary, which ran v1",
            ],
            id="ab",
        ),
        pytest.param(
            "bluegreen",
            [
                "before the switch the tester got",
                "the traffic of v2 went 0, 100, 0 %",
                "at weight 100 % the client saw 100.0 %",
            ],
            id="bluegreen",
        ),
        pytest.param(
            "mirror",
            [
                "the mirrored traffic of v2 went 0, 50, 0 %",
                "the canary's access log has",
                "the mirrored traffic of v3 went 0, 50, 0 %",
                "answers to clients came from v2 all the time, none failed",
            ],
            id="mirror",
        ),
        pytest.param(
            "affinity",
            [
                "visitors came to v2 before the rest, 0 of their later answers",
                "after the release 0 visitors have its cookie",
            ],
            id="affinity",
        ),
        pytest.param(
            "commands",
            [
                "kubectl annotate burgee.dev/pause=1 took effect within",
                "the traffic of v2 went 0, 10, 50, 0 %",
                "status has pause, promote, resume, set-weight as obeyed",
                "given by kubectl-annotate",
                "phases: Progressing, Failed",
            ],
            id="commands",
        ),
    ],
)
def test_scenario_ends_as_it_should(start: Start, scenario: str, told: list[str]) -> None:
    demo = start("--scenario", scenario, "--prometheus", "in-process")
    assert demo.end(120) == 0, demo.text
    for words in (*told, "requests 0 failed that should not have", "as it should be"):
        assert words in demo.text, demo.text
    assert "WRONG" not in demo.text


@pytest.mark.slow
def test_kept_demo_answers_kubectl_and_curl(start: Start, eventually: Eventually) -> None:
    demo = start("--scenario", "rollback", "--keep", "--prometheus", "in-process")
    eventually(lambda: demo.said("Everything is still up"), 60)
    eventually(lambda: demo.said("logs:"), 5)
    found = re.search(r"KUBECONFIG=(\S+)", demo.text)
    assert found
    kubectl = subprocess.run(
        [str(Path(sys.executable).with_name("kubectl")), "-n", "demo", "get", "canaries"],
        env={**os.environ, "KUBECONFIG": found[1]},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "Failed" in kubectl.stdout
    curl = re.search(r"curl -i -H 'Host: shop' (\S+)", demo.text)
    assert curl
    response = requests.get(curl[1], headers={"host": "shop"}, timeout=5)
    assert response.headers["x-version"] == "v1"
    demo.process.send_signal(signal.SIGINT)
    assert demo.end(20) == 0, demo.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "moment", "options", "code"),
    [
        pytest.param(
            signal.SIGINT, "Progressing", ["--prometheus", "in-process"], 130, id="in a release"
        ),
        pytest.param(signal.SIGTERM, "Initialized", [], 130, id="at rest"),
        pytest.param(signal.SIGKILL, "Initialized", [], -9, id="killed"),
    ],
)
def test_no_process_is_left(
    start: Start,
    eventually: Eventually,
    number: signal.Signals,
    moment: str,
    options: list[str],
    code: int,
) -> None:
    demo = start(*options)
    eventually(lambda: demo.said(moment), 30)
    family = demo.descendants()
    assert len(family) >= 4
    demo.process.send_signal(number)
    assert demo.end(20) == code
    eventually(lambda: not any(_alive(pid) for pid in family), 10)


@pytest.mark.slow
def test_interrupt_while_setting_up_leaves_nothing(
    start: Start, eventually: Eventually, tmp_path: Path
) -> None:
    demo = start()
    eventually(lambda: any(tmp_path.glob("*/envoy/bootstrap.json")), 20)
    time.sleep(0.1)
    family = demo.descendants()
    demo.process.send_signal(signal.SIGINT)
    assert demo.end(20) == 130, demo.text
    eventually(lambda: not any(_alive(pid) for pid in family), 10)
    assert list(tmp_path.iterdir()) == []


def test_missing_prometheus_is_told_without_a_trace() -> None:
    result = CliRunner().invoke(main, ["demo", "--prometheus", "/no/such/program"])
    assert result.exit_code == 1
    assert "/no/such/program is no program" in result.output
    assert "Traceback" not in result.output


def test_help_names_the_scenarios() -> None:
    result = CliRunner().invoke(main, ["demo", "--help"])
    assert result.exit_code == 0
    for word in (*Scenario, "--keep", "--prometheus"):
        assert word in result.output
