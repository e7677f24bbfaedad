"""The real load tester as a process: `burgee loadtester`, which becomes gunicorn."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import requests

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class LoadtesterProcess:
    """The load tester on a loopback port.

    Args:
        directory: for its log.
        told: its settings, without the prefix of their names.
    """

    def __init__(self, directory: Path, **told: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = directory / f"loadtester-{self._port}.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BURGEE_")}
        own = {f"BURGEE_LOADTESTER_{k}": v for k, v in told.items() if k != "KUBECONFIG"}
        kubeconfig = {k: v for k, v in told.items() if k == "KUBECONFIG"}
        self._environment = {**kept, **own, **kubeconfig}
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it serves."""
        command = [Path(sys.executable).with_name("burgee"), "loadtester"]
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port)],
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                process_group=0,
            )
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None, self.log.read_text("utf-8")
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return self
            except requests.RequestException:
                time.sleep(0.03)
        self.kill()
        raise AssertionError(f"it does not come up: {self.log.read_text('utf-8')}")

    def call(self, path: str, **payload: Any) -> tuple[int, str]:
        """What a webhook of the Canary podinfo in test hears, or of another one."""
        body = {"name": "podinfo", "namespace": "test", **payload}
        with requests.post(f"{self.url}{path}", json=body, timeout=20) as answer:
            return answer.status_code, answer.text

    def close(self) -> float:
        """Stop it in an orderly way; returns the seconds that took."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        self._process.terminate()
        try:
            assert self._process.wait(_STOP_SECONDS) == 0, self.log.read_text("utf-8")
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self._process = None
        return time.monotonic() - began

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
