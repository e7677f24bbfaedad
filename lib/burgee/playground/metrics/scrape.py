"""Reading metrics into the sample store, as a scrape of Prometheus does."""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from burgee.playground.metrics.promql import Labels, SampleStore, labels_from
from burgee.playground.metrics.promql.values import METRIC_NAME, number_from
from burgee.playground.metrics.relabel import Rule, relabelled

SCRAPE_SECONDS = 0.25
_TIMEOUT_SECONDS = 2.0

_LINE = re.compile(r"(?P<name>[^\s{]+)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One way to look at a target: no rules show what it says itself."""

    name: str
    rules: Sequence[Rule] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Something that shows metrics in Prometheus's text format.

    Attributes:
        url: its base address.
        path: where the metrics are.
        parameters: of the query.
        jobs: each asks once.
    """

    url: str
    jobs: Sequence[Job]
    path: str = "/metrics"
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def instance(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


def parse_exposition(text: str) -> list[tuple[dict[str, str], float]]:
    """The samples of Prometheus's text format, without times."""
    found: list[tuple[dict[str, str], float]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            continue
        labels = {METRIC_NAME: match["name"]}
        for name, value in _LABEL.findall(match["labels"] or ""):
            labels[name] = _ESCAPE.sub(_unescaped, value)
        found.append((labels, number_from(match["value"])))
    return found


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


class Scraper:
    """Asks one target four times a second and stores what each job makes of the answer."""

    def __init__(self, target: Target, store: SampleStore) -> None:
        self._target = target
        self._store = store
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scraper")

    def start(self) -> None:
        """Begin to scrape."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            due = time.monotonic()
            while not self._stopped.wait(max(0.0, due - time.monotonic())):
                self._scrape(session)
                due = max(due + SCRAPE_SECONDS, time.monotonic())

    def _scrape(self, session: requests.Session) -> None:
        at_ms = time.time_ns() // 1_000_000
        try:
            response = session.get(
                self._target.url + self._target.path,
                params=dict(self._target.parameters),
                timeout=_TIMEOUT_SECONDS,
            )
            response.raise_for_status()
            samples = parse_exposition(response.text)
        except (requests.RequestException, ValueError):
            samples, up = [], 0.0
        else:
            up = 1.0
        for job in self._target.jobs:
            identity = {"job": job.name, "instance": self._target.instance}
            found: dict[Labels, float] = {}
            for labels, value in samples:
                changed = relabelled({**labels, **identity}, job.rules)
                if changed is not None:
                    found[labels_from(changed)] = value
            found[labels_from({METRIC_NAME: "up", **identity})] = up
            self._store.append_scrape(job.name, at_ms, found)
