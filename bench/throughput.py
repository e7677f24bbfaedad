"""Syncs per second and their latency, beside a bare Flask echo of the same body.

The two servers run side by side and are loaded in turn, a second or two each, so that whatever
else the machine does hits both. A ratio is taken within each pair of turns; its median counts.
"""

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from bench import load
from bench.bodies import Scene, Wish, due, make_scenes
from bench.cluster import METRICS, METRICS_ANSWERS
from bench.servers import ECHO, HOOKS, TOKEN, Gunicorn, StandIn
from burgee.api.manifest import Manifest

# So many ConfigMaps make a request of 40 kB of the recorded one.
_CONFIGS_FOR_40_KB = 12
# More variants of a request than can be remembered or under way at once.
_VARIANTS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        cpu_us: processor time of the worker for one sync; it hardly depends on what else the
            machine does.
        echo_cpu_us: the echo's, for one request.
    """

    name: str
    body_bytes: int
    syncs_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    echo_per_second: float
    echo_cpu_us: float
    ratio: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is sent in one line of the table."""

    name: str
    bodies: tuple[bytes, ...]
    queries: int = 0


WISHES = [
    Wish(namespace="rest", at_rest=True, configs=0),
    Wish(namespace="step", at_rest=False, configs=0),
    Wish(namespace="rest-large", at_rest=True, configs=_CONFIGS_FOR_40_KB),
    Wish(namespace="step-large", at_rest=False, configs=_CONFIGS_FOR_40_KB),
]


def scenes_of(directory: Path) -> dict[str, Scene]:
    """All requests that are sent here."""
    with StandIn(directory / "scene-metrics", METRICS_ANSWERS) as metrics:
        return make_scenes(directory, WISHES, metrics.url)


def answers_of(scenes: dict[str, Scene]) -> dict[str, object]:
    """What the stand-in for the API server and for Prometheus says of these scenes."""
    lives = {
        scene.path: scene.live if name.startswith("rest") else due(scene)
        for name, scene in scenes.items()
    }
    objects = {path: one for scene in scenes.values() for path, one in scene.objects.items()}
    return {**METRICS_ANSWERS, "/version": {"gitVersion": "v1.0.0"}, **objects, **lives}


def measure(
    directory: Path, scenes: dict[str, Scene], *, rounds: int, seconds: float
) -> Iterator[Row]:
    """The rows, each as soon as it is known."""
    with StandIn(directory / "stand-in", answers_of(scenes)) as stand_in:
        config = stand_in.kubeconfig(directory / "stand-in.kubeconfig")
        with (
            Gunicorn(
                HOOKS, directory / "burgee", kubeconfig=config, metrics_url=stand_in.url
            ) as hooks,
            Gunicorn(ECHO, directory / "echo", kubeconfig=config) as echo,
        ):
            for name, scene in scenes.items():
                if name.startswith("step"):
                    _demand_step(hooks, scene)
            for case in _cases(scenes):
                before = _queries(stand_in)
                row, syncs = _row(case, hooks, echo, rounds=rounds, seconds=seconds)
                asked = _queries(stand_in) - before
                # What several syncs ask at the same instant is sent once.
                most = case.queries * syncs
                if asked > most or (most and not asked):
                    raise load.WrongAnswer(f"{case.name}: {asked} queries in {syncs} syncs")
                yield row


def _demand_step(hooks: Gunicorn, scene: Scene) -> None:
    """See that it is a step that is measured.

    Raises:
        WrongAnswer: the answer leaves the weight as it is.
    """
    answer = requests.post(
        f"{hooks.url}/sync",
        scene.body,
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        timeout=10,
    )
    before, after = (one.get("canaryWeight", 0) for one in (scene.live["status"], _status(answer)))
    if after <= before:
        raise load.WrongAnswer(f"the weight was {before} and is {after}")


def _status(answer: requests.Response) -> Manifest:
    found: Manifest = answer.json().get("status") or {}
    return found


def _cases(scenes: dict[str, Scene]) -> Iterator[Case]:
    for suffix in ("", "-large"):
        rest, step = scenes[f"rest{suffix}"], scenes[f"step{suffix}"]
        yield Case(name="no-op", bodies=(rest.body,))
        yield Case(name="no-op, not seen before", bodies=tuple(_variants(rest)))
        yield Case(name="analysis step", bodies=(step.body,), queries=len(METRICS))


def _variants(scene: Scene) -> Iterator[bytes]:
    """The same request with other resourceVersions of a child: nothing remembered fits."""
    for number in range(_VARIANTS):
        body = json.loads(scene.body)
        [child] = body["children"]["Deployment.apps/v1"].values()
        child["metadata"]["resourceVersion"] += str(number)
        yield json.dumps(body, separators=(",", ":")).encode()


def _row(
    case: Case, hooks: Gunicorn, echo: Gunicorn, *, rounds: int, seconds: float
) -> tuple[Row, int]:
    """The row, and how many syncs it took."""
    ours = _requests(case.bodies, hooks.url)
    theirs = _requests(case.bodies, echo.url)
    warm_up = 3 * load.CLIENTS
    for server, sent in ((hooks, ours), (echo, theirs)):
        load.run(server.url, sent, count=warm_up)
    spent = (hooks.cpu_seconds(), echo.cpu_seconds())
    runs: list[load.Run] = []
    echoes: list[load.Run] = []
    for _ in range(rounds):
        echoes.append(load.run(echo.url, theirs, seconds=seconds))
        runs.append(load.run(hooks.url, ours, seconds=seconds))
    spent = (hooks.cpu_seconds() - spent[0], echo.cpu_seconds() - spent[1])
    latencies = sorted(value for run in runs for value in run.latencies_ms)
    pairs = zip(runs, echoes, strict=True)
    row = Row(
        name=case.name,
        body_bytes=len(case.bodies[0]),
        syncs_per_second=statistics.median(run.per_second for run in runs),
        p50_ms=_percentile(latencies, 50),
        p99_ms=_percentile(latencies, 99),
        cpu_us=spent[0] / len(latencies) * 1e6,
        echo_per_second=statistics.median(run.per_second for run in echoes),
        echo_cpu_us=spent[1] / sum(len(run.latencies_ms) for run in echoes) * 1e6,
        ratio=statistics.median(run.per_second / echo.per_second for run, echo in pairs),
    )
    return row, len(latencies) + warm_up


def _requests(bodies: Sequence[bytes], url: str) -> list[bytes]:
    return [load.http_post(f"{url}/sync", body, token=TOKEN) for body in bodies]


def _queries(stand_in: StandIn) -> int:
    return stand_in.counts().get("GET /api/v1/query", 0)


def _percentile(ordered: Sequence[float], percent: float) -> float:
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
