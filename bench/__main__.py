"""`python -m bench`: every measurement in one run, as a table for a person to read."""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import fleet, idle, memory, routes, throughput
from bench.bodies import Scene

FLAGGER_IDLE_CALLS = 96
"""A minute, at an interval of 10 s, with an HPA, a ConfigMap and a Secret; Flagger 1.44."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How much is measured."""

    rounds: int
    round_seconds: float
    memory_syncs: int
    idle_resyncs: int
    canaries: int
    interval_seconds: int


FULL = Extent(
    rounds=5,
    round_seconds=1.0,
    memory_syncs=100_000,
    idle_resyncs=40,
    canaries=200,
    interval_seconds=10,
)
QUICK = Extent(
    rounds=3,
    round_seconds=0.3,
    memory_syncs=4_000,
    idle_resyncs=10,
    canaries=20,
    interval_seconds=2,
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short version of each part")
    parser.add_argument("--only", choices=sorted(_PARTS), help="one part alone")
    chosen = parser.parse_args()
    extent = QUICK if chosen.quick else FULL
    began = time.monotonic()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.machine()}")
    with tempfile.TemporaryDirectory(prefix="burgee-bench-") as made:
        directory = Path(made)
        for name, part in _PARTS.items():
            if chosen.only in {None, name}:
                part(directory / name, extent)
    print(f"\n{time.monotonic() - began:.0f} s in all")


def _throughput(directory: Path, extent: Extent) -> None:
    print(
        f"\nSyncs per second beside a bare Flask echo of the same body: 4 clients, "
        f"{extent.rounds} rounds of {extent.round_seconds:g} s each in turn"
    )
    print(
        f"  {'':24}{'body':>8}{'syncs/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}"
        f"{'echo/s':>8}{'CPU us':>8}"
    )
    rows = throughput.measure(
        directory,
        _scenes(directory),
        rounds=extent.rounds,
        seconds=extent.round_seconds,
    )
    for row in rows:
        print(
            f"  {row.name:24}{row.body_bytes / 1000:5.1f} kB{row.syncs_per_second:9.0f}"
            f"{row.p50_ms:8.1f}{row.p99_ms:8.1f}{row.cpu_us:8.0f}"
            f"{row.echo_per_second:8.0f}{row.echo_cpu_us:8.0f}"
            f"  ratio to echo {row.ratio:.2f}",
            flush=True,
        )


def _memory(directory: Path, extent: Extent) -> None:
    settled = min(memory.SETTLED_SYNCS, extent.memory_syncs // 2)
    print("\nResident memory of the hook server, every fiftieth sync an analysis step")
    for found in memory.measure(directory, _scenes(directory), syncs=extent.memory_syncs):
        print(
            f"  {found.process:10}{found.start_mib:6.1f} MiB at start, {found.settled_mib:.1f} "
            f"after {settled:,} syncs, {found.end_mib:.1f} after {extent.memory_syncs:,}: "
            f"{found.growth_mib:+.1f} MiB in between",
            flush=True,
        )


def _idle(directory: Path, extent: Extent) -> None:
    found = idle.measure(directory, resyncs=extent.idle_resyncs)
    print(
        f"\nAPI calls of an idle Canary a minute, resyncPeriodSeconds {idle.RESYNC_SECONDS} "
        f"({found.syncs} syncs in {found.resyncs} resyncs)\n"
        f"  burgee {found.hooks_per_minute:g}, Metacontroller besides "
        f"{found.controller_per_minute:g}; Flagger {FLAGGER_IDLE_CALLS}",
        flush=True,
    )


def _fleet(directory: Path, extent: Extent) -> None:
    found = fleet.measure(
        directory, canaries=extent.canaries, interval_seconds=extent.interval_seconds
    )
    times = (found.min_seconds, found.median_seconds, found.max_seconds)
    ratios = " / ".join(f"{seconds / found.ideal_seconds:.2f}" for seconds in times)
    print(
        f"\n{found.canaries} releases at once, {len(fleet.STEP_WEIGHTS)} steps of "
        f"{extent.interval_seconds} s, fake pods: image change to Succeeded\n"
        f"  min / median / max {' / '.join(f'{seconds:.1f}' for seconds in times)} s, "
        f"ideal {found.ideal_seconds:.1f} s, ratio to ideal {ratios}\n"
        f"  {found.api_calls_each:.0f} API calls of burgee each; "
        f"all initialized after {found.initialized_seconds:.1f} s",
        flush=True,
    )


def _routes(directory: Path, extent: Extent) -> None:
    del directory
    print(
        f"\nRoutes of one sync for a Canary that asks for all that its provider can do, beside "
        f"json.dumps of them: the best of {extent.rounds} rounds"
    )
    print(f"  {'':24}{'objects':>8}{'rest us':>9}{'step us':>9}{'json us':>9}")
    for row in routes.measure(rounds=extent.rounds, seconds=extent.round_seconds / 20):
        print(
            f"  {row.provider:24}{row.objects:8}{row.resting_us:9.0f}{row.stepping_us:9.0f}"
            f"{row.json_us:9.0f}  ratio to json {row.ratio:.1f}",
            flush=True,
        )


def _scenes(directory: Path) -> dict[str, Scene]:
    return throughput.scenes_of(directory / "scenes")


_PARTS: dict[str, Callable[[Path, Extent], None]] = {
    "throughput": _throughput,
    "memory": _memory,
    "idle": _idle,
    "fleet": _fleet,
    "routes": _routes,
}

if __name__ == "__main__":
    main()
