"""Load testers in this process, and what tests ask of them."""

import base64
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jobs_elsewhere import KEY, PASSWORD, Elsewhere

from burgee.loadtester.app import EXTENSION, create_app
from burgee.loadtester.gates import Gates
from burgee.loadtester.settings import Settings

NAME, NAMESPACE = "podinfo", "test"


class Tester:
    """A load tester and calls to it; the default Canary is podinfo in test."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.runner = app.extensions[EXTENSION]

    def call(self, path: str = "/", token: str = "", method: str = "POST", **payload: Any) -> Any:
        return self.send(
            path,
            json.dumps({"name": NAME, "namespace": NAMESPACE, "phase": "Progressing", **payload}),
            method=method,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    def send(self, path: str, body: str | bytes, method: str = "POST", **how: Any) -> Any:
        return self.app.test_client().open(
            path, method=method, data=body, content_type="application/json", **how
        )

    def task(self, cmd: str | None = None, *, name: str = NAME, **metadata: str) -> Any:
        if cmd is not None:
            metadata["cmd"] = cmd
        return self.call(name=name, metadata=metadata)

    def answer(self, cmd: str | None = None, **metadata: str) -> tuple[int, str]:
        answered = self.task(cmd, **metadata)
        return answered.status_code, answered.text

    def metric(self, name: str, **labels: str) -> float:
        """A sample of /metrics, 0 where there is none."""
        text = self.app.test_client().get("/metrics").text
        for line in text.splitlines():
            found = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
            if found and dict(re.findall(r'(\w+)="(.*?)"', found[1] or "")) == labels:
                return float(found[2])
        return 0.0

    @property
    def running(self) -> int:
        return int(self.metric("burgee_loadtester_tasks_running"))

    def wait_idle(self) -> None:
        wait_for(lambda: self.running == 0)


def wait_for(happened: Callable[[], object], *, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def make() -> Iterator[Callable[..., Tester]]:
    made: list[Tester] = []

    def build(gates: Gates | None = None, **told: Any) -> Tester:
        made.append(Tester(create_app(Settings(**told), gates=gates)))
        return made[-1]

    yield build
    for tester in made:
        tester.runner.close()


@pytest.fixture
def tester(make: Callable[..., Tester]) -> Tester:
    return make()


@pytest.fixture
def waiting() -> Callable[..., None]:
    return wait_for


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return is_alive


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Path]:
    """A folder that is first on the PATH."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{tmp_path}{os.pathsep}{before}"
    yield tmp_path
    os.environ["PATH"] = before


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    with made.server:
        yield made


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "concord-key"
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture
def concord(elsewhere: Elsewhere, key: Path) -> dict[str, str]:
    """The metadata of a webhook that Flagger's load tester would take."""
    return {
        "type": "concord",
        "server": elsewhere.url,
        "org": "my-org",
        "project": "canary",
        "repo": "acceptance",
        "entrypoint": "default",
        "apiKeyPath": str(key),
        "endpoint": "http://podinfo-canary.test:9898",
        "pollInterval": "1",
        "arguments.env": "prod=1; ü",
    }


@pytest.fixture
def ngrinder(elsewhere: Elsewhere) -> dict[str, str]:
    return {
        "type": "ngrinder",
        "server": f"{elsewhere.url}/",
        "clone": "960",
        "username": "admin",
        "passwd": base64.b64encode(PASSWORD.encode()).decode(),
        "pollInterval": "100ms",
    }
