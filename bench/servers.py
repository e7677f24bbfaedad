"""The processes that are measured, and those that stand around them."""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port

ROOT = Path(__file__).parents[1]
TOKEN = "bench-token"
HOOKS = "hooks.app:create_app()"
ECHO = "bench.echo:create_app()"
_START_SECONDS = 30.0


class Gunicorn:
    """An application under the gunicorn settings of the hook server.

    Attributes:
        url: its base address.
    """

    def __init__(
        self, app: str, directory: Path, *, kubeconfig: Path, metrics_url: str = ""
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "lib"), str(ROOT))),
            "KUBECONFIG": str(kubeconfig),
            "METRICS_SERVER": metrics_url or "http://127.0.0.1:9",
            "MESH_PROVIDER": "istio",
            "BURGEE_MIN_INTERVAL_SECONDS": "1",
            "BURGEE_TOKEN": TOKEN,
            "BURGEE_BIND": bind,
        }
        configuration = ROOT / "hooks" / "gunicorn_conf.py"
        self._process = Child(
            [sys.executable, "-m", "gunicorn", "-c", str(configuration), app],
            log=directory / "gunicorn.log",
            env=environment,
            cwd=directory,
        )
        self._wait_ready()

    @property
    def pid(self) -> int:
        """The process id of the master."""
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """The process ids of the workers."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        pairs = (line.split() for line in listed.stdout.splitlines())
        return [int(pid) for pid, parent in pairs if int(parent) == self.pid]

    def cpu_seconds(self) -> float:
        """Processor time that the workers have used; not a number where /proc is missing."""
        try:
            stats = [Path(f"/proc/{pid}/stat").read_text() for pid in self.worker_pids()]
        except OSError:
            return math.nan
        # After the name, which may hold anything: user and system time are fields 14 and 15.
        fields = (stat.rpartition(")")[2].split() for stat in stats)
        return sum(int(found[11]) + int(found[12]) for found in fields) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.close()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self._process.demand_running()
            try:
                if requests.get(f"{self.url}/readyz", timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            if time.monotonic() > deadline:
                self._process.close()
                raise TimeoutError("gunicorn did not become ready")
            time.sleep(0.05)


class StandIn:
    """The responder in a process of its own; see bench.responder.

    Attributes:
        url: its base address.
    """

    def __init__(self, directory: Path, answers: Mapping[str, Any]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "answers.json"
        config.write_text(json.dumps(answers), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.responder", str(config)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        self.url = f"http://127.0.0.1:{port}"

    def counts(self) -> dict[str, int]:
        """Calls by method and path."""
        found: dict[str, int] = requests.get(f"{self.url}/counts", timeout=10).json()
        return found

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads here."""
        name = urlsplit(self.url).netloc
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": self.url}}],
            "users": [{"name": name, "user": {"token": TOKEN}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
