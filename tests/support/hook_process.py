"""The real hook server as a process that can be killed and started again at its address."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import requests

ROOT = Path(__file__).parents[2]
COMMAND = (
    sys.executable,
    "-m",
    "gunicorn",
    "-c",
    str(ROOT / "hooks" / "gunicorn_conf.py"),
    "hooks.app:create_app()",
)
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class HookProcess:
    """gunicorn with the hooks on a loopback port.

    Args:
        directory: for its log.
        environment: what it is told besides address and token.
        token: the bearer token that it demands.
    """

    def __init__(self, directory: Path, environment: dict[str, str], *, token: str = "") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.token = token or secrets.token_urlsafe(16)
        self.url = f"http://127.0.0.1:{port}"
        self.log = directory / f"hooks-{port}.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BURGEE_")}
        self._environment = {
            **kept,
            "BURGEE_ALLOW_NETWORKS": "127.0.0.0/8",
            **environment,
            "BURGEE_TOKEN": self.token,
            "BURGEE_BIND": f"127.0.0.1:{port}",
        }
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> Self:
        """Start it, without waiting for it."""
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(
                COMMAND,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                process_group=0,
            )
        return self

    def wait_ready(self) -> Self:
        """Until it serves; its API server need not be there."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text("utf-8")
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return self
            except requests.RequestException:
                time.sleep(0.03)
        raise AssertionError(f"it does not come up: {self.log.read_text('utf-8')}")

    def kill(self) -> None:
        """End it in the middle of whatever it does: no handler runs, nothing is tidied up."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def close(self) -> None:
        """Stop it in an orderly way."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def errors(self) -> list[str]:
        """What it logged as an error: exceptions that no handler expected, refused answers."""
        lines = self.log.read_text("utf-8").splitlines()
        return [line for line in lines if '"level":"error"' in line.replace(" ", "")]
