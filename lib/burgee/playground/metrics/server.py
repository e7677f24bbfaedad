"""The demo's metrics: a real Prometheus where there is one, else the engine in this process.

Both scrape the same targets at the same pace, under the same rules, and answer the same API.
"""

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import yaml

from burgee.playground.metrics.promql import SampleStore
from burgee.playground.metrics.promserver import PromServer
from burgee.playground.metrics.scrape import SCRAPE_SECONDS, Scraper, Target
from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port

IN_PROCESS = "in-process"
"""Instead of a path: do not look for a Prometheus."""

_START_TIMEOUT_SECONDS = 15.0


class MetricsServer(Protocol):
    """What answers PromQL.

    Attributes:
        url: its base address.
        description: for a person.
    """

    url: str
    description: str

    def start(self) -> None:
        """Come up; returns when it answers."""
        ...

    def scrapes(self) -> bool:
        """Whether all targets' metrics arrive; a real Prometheus begins 5 s after its start."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


def find_prometheus(choice: str) -> str:
    """The path of a Prometheus binary, empty where none is to be used.

    Args:
        choice: a path, `in-process`, or nothing to look on the PATH.

    Raises:
        FileNotFoundError: a path that is no program.
    """
    if choice == IN_PROCESS:
        return ""
    found = shutil.which(choice or "prometheus") or ""
    if choice and not found:
        raise FileNotFoundError(f"{choice} is no program that can be run")
    return found


def metrics_server(targets: Sequence[Target], directory: Path, *, binary: str) -> MetricsServer:
    """The server that scrapes these targets.

    Args:
        targets: each is up already.
        directory: for the files of a real server.
        binary: a Prometheus, or nothing.
    """
    if binary:
        return RealPrometheus(targets, directory, binary=binary)
    return InProcessPrometheus(targets)


class InProcessPrometheus:
    """The PromQL engine of this package behind its own HTTP server."""

    description = "in-process PromQL engine (no prometheus on PATH was used)"

    def __init__(self, targets: Sequence[Target]) -> None:
        store = SampleStore()
        self._count = _series_of(targets)
        self._scrapers = [Scraper(target, store) for target in targets]
        self._server = PromServer(store)
        self.url = self._server.url

    def start(self) -> None:
        """Scrape and serve."""
        for scraper in self._scrapers:
            scraper.start()
        self._server.start()

    def scrapes(self) -> bool:
        """Whether all targets' metrics arrive."""
        return _sees_targets(self.url, self._count)

    def close(self) -> None:
        """Stop both."""
        for scraper in self._scrapers:
            scraper.close()
        self._server.close()


class RealPrometheus:
    """A Prometheus binary with a configuration of ours."""

    def __init__(self, targets: Sequence[Target], directory: Path, *, binary: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._binary = binary
        self._count = _series_of(targets)
        self._config = configuration(targets)
        self._process: Child | None = None
        self.url = f"http://127.0.0.1:{free_port()}"
        self.description = f"{_version(binary)} at {binary}"

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            RuntimeError: it does not come up.
        """
        config = self._directory / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config, sort_keys=False))
        self._process = Child(
            [
                self._binary,
                f"--config.file={config}",
                f"--storage.tsdb.path={self._directory / 'data'}",
                f"--web.listen-address={urlsplit(self.url).netloc}",
                "--log.level=warn",
            ],
            log=self._directory / "prometheus.log",
        )
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not self._ready():
            self._process.demand_running()
            if time.monotonic() > deadline:
                raise RuntimeError("Prometheus did not become ready")
            time.sleep(0.05)

    def scrapes(self) -> bool:
        """Whether all targets' metrics arrive."""
        return _sees_targets(self.url, self._count)

    def close(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.close()

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False


def _series_of(targets: Sequence[Target]) -> int:
    """How many series `up` has."""
    return sum(len(target.jobs) for target in targets)


def _sees_targets(url: str, count: int) -> bool:
    """Whether so many targets were scraped with success."""
    query = f"sum(up) == {count}"
    try:
        answer = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=5).json()
    except requests.RequestException:
        return False
    return bool(answer.get("data", {}).get("result"))


def configuration(targets: Sequence[Target]) -> dict[str, Any]:
    """prometheus.yml: a scrape job for each way to look at each target."""
    return {
        "global": {"scrape_interval": _milliseconds(SCRAPE_SECONDS)},
        "scrape_configs": [
            {
                "job_name": job.name,
                "scrape_timeout": _milliseconds(SCRAPE_SECONDS),
                "metrics_path": target.path,
                "params": {name: [value] for name, value in target.parameters.items()},
                "static_configs": [{"targets": [target.instance]}],
                **({"metric_relabel_configs": list(job.rules)} if job.rules else {}),
            }
            for target in targets
            for job in target.jobs
        ],
    }


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _version(binary: str) -> str:
    """The first words of `prometheus --version`."""
    shown = subprocess.run(
        [binary, "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    text = shown.stdout or shown.stderr
    return " ".join(text.replace(",", "").split()[:3]) or "prometheus"
