"""Resident memory of the hook server's processes over many syncs.

Forty-nine of fifty syncs show nothing new, the fiftieth is a step of an analysis: about what a
server sees that looks after Canaries of which few are being released.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load
from bench.bodies import Scene
from bench.servers import HOOKS, TOKEN, Gunicorn, StandIn
from bench.throughput import answers_of

SETTLED_SYNCS = 5_000
_QUIET_FOR_EACH_STEP = 49
_KIB_PER_MIB = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """Resident MiB of one process: at the start, once settled, and in the end."""

    process: str
    start_mib: float
    settled_mib: float
    end_mib: float

    @property
    def growth_mib(self) -> float:
        """What was added after the process had settled."""
        return self.end_mib - self.settled_mib


def measure(directory: Path, scenes: dict[str, Scene], *, syncs: int) -> list[Footprint]:
    """The master's and the worker's memory over so many syncs."""
    settled_after = min(SETTLED_SYNCS, syncs // 2)
    bodies = [scenes["rest"].body] * _QUIET_FOR_EACH_STEP + [scenes["step"].body]
    with StandIn(directory / "memory-stand-in", answers_of(scenes)) as stand_in:
        config = stand_in.kubeconfig(directory / "memory.kubeconfig")
        with Gunicorn(
            HOOKS, directory / "memory", kubeconfig=config, metrics_url=stand_in.url
        ) as hooks:
            processes = {"master": hooks.pid}
            for number, pid in enumerate(hooks.worker_pids()):
                processes[f"worker {number + 1}"] = pid
            requests = [load.http_post(f"{hooks.url}/sync", body, token=TOKEN) for body in bodies]
            start = _resident_mib(list(processes.values()))
            load.run(hooks.url, requests, count=settled_after)
            settled = _resident_mib(list(processes.values()))
            load.run(hooks.url, requests, count=syncs - settled_after)
            end = _resident_mib(list(processes.values()))
    return [
        Footprint(process=name, start_mib=start[pid], settled_mib=settled[pid], end_mib=end[pid])
        for name, pid in processes.items()
    ]


def _resident_mib(pids: Sequence[int]) -> dict[int, float]:
    command = ["ps", "-o", "pid=,rss=", "-p", ",".join(map(str, pids))]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    pairs = (line.split() for line in listed.stdout.splitlines())
    return {int(pid): int(kib) / _KIB_PER_MIB for pid, kib in pairs}
