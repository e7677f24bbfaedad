"""A real Prometheus that scrapes what a test has running, and something for it to scrape."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import yaml
from scripted_http import Received, Reply, ScriptedServer

from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port

_START_SECONDS = 20.0


class PrometheusProcess:
    """Debian's `prometheus`, in a hurry.

    Args:
        directory: for its configuration and data.
        targets: base URLs by the name of their job; labels that they show are kept.
    """

    def __init__(self, directory: Path, targets: Mapping[str, Sequence[str]]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._targets = sum(len(urls) for urls in targets.values())
        config = directory / "prometheus.yml"
        config.write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms"},
                    "scrape_configs": [
                        {
                            "job_name": job,
                            "honor_labels": True,
                            "static_configs": [{"targets": [urlsplit(u).netloc for u in urls]}],
                        }
                        for job, urls in targets.items()
                    ],
                }
            )
        )
        self._process = Child(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={urlsplit(self.url).netloc}",
                "--log.level=warn",
            ],
            log=directory / "prometheus.log",
        )

    def wait_scraping(self) -> Self:
        """Until every target was scraped; it begins 5 s after its start."""
        end = time.monotonic() + _START_SECONDS
        while True:
            self._process.demand_running()
            try:
                if self.ask(f"sum(up) == {self._targets}"):
                    return self
            except requests.RequestException:
                pass
            assert time.monotonic() < end, "it does not scrape"
            time.sleep(0.1)

    def ask(self, query: str) -> list[Any]:
        """What an instant query brings; it must not fail."""
        answer = requests.get(
            f"{self.url}/api/v1/query", params={"query": query}, timeout=10
        ).json()
        assert answer["status"] == "success", (query, answer)
        assert not answer.get("warnings"), (query, answer)
        found: list[Any] = answer["data"]["result"]
        return found

    def close(self) -> None:
        """Stop it."""
        self._process.close()


class Exporter:
    """Counters that grow with every look at them."""

    def __init__(self, counters: Sequence[str], gauges: Sequence[str]) -> None:
        """Show these series."""
        self._counters, self._gauges = counters, gauges
        self._looks = 0
        self._server = ScriptedServer(self._answer)
        self.url = self._server.url
        self.start, self.close = self._server.start, self._server.close

    def _answer(self, _received: Received) -> Reply:
        self._looks += 1
        lines = [f"{series} {self._looks}" for series in self._counters]
        lines += [f"{series} 3" for series in self._gauges]
        text = "".join(f"{line}\n" for line in lines)
        return Reply(body=text.encode(), content_type="text/plain; version=0.0.4")
