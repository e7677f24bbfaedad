"""The real hook server as a subprocess: gunicorn, as it runs in a cluster."""

import importlib.util
import os
import secrets
import sys
import time
from pathlib import Path

import requests

from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port

_START_TIMEOUT_SECONDS = 20.0


class HookServer:
    """gunicorn with `hooks.app:create_app()` on a loopback port.

    Attributes:
        url: its base address.
        token: the bearer token that it demands.
    """

    def __init__(
        self,
        directory: Path,
        *,
        kubeconfig: Path,
        metrics_url: str,
        min_interval_seconds: float = 1.0,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        self.token = secrets.token_urlsafe(24)
        self.log = directory / "hooks.log"
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "METRICS_SERVER": metrics_url,
            "MESH_PROVIDER": "istio",
            # Also where the playground itself runs in a pod: all that it plays is on loopback.
            "BURGEE_ALLOW_NETWORKS": "127.0.0.0/8,::1/128",
            "BURGEE_MIN_INTERVAL_SECONDS": f"{min_interval_seconds:g}",
            "BURGEE_TOKEN": self.token,
            "BURGEE_BIND": bind,
        }
        self._process: Child | None = None

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            RuntimeError: it does not come up.
        """
        command = [sys.executable, "-m", "gunicorn", "-c", str(_configuration())]
        self._process = Child(
            [*command, "hooks.app:create_app()"],
            log=self.log,
            name="the hook server",
            env=self._environment,
            cwd=self._directory,
        )
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not self._ready():
            self._process.demand_running()
            if time.monotonic() > deadline:
                raise RuntimeError(f"the hook server did not become ready, see {self.log}")
            time.sleep(0.05)

    def close(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.close()

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False


def _configuration() -> Path:
    """Gunicorn's configuration, which stands beside the hooks.

    Raises:
        FileNotFoundError: the hooks are not installed.
    """
    found = importlib.util.find_spec("hooks")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package `hooks` is not installed")
    return Path(found.origin).with_name("gunicorn_conf.py")
