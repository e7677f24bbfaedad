"""Plays many scenarios at once."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from conformance.contract import Difference, differences, points
from conformance.lab import Lab
from conformance.play import Play
from conformance.scenario import Scenario, load

OWNERS_LABEL = "metadata.labels.controller-uid"
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What came of one scenario.

    Attributes:
        problem: why it was not played to its end.
        points: how many were compared.
        differences: all, also those on purpose.
    """

    problem: str
    points: int
    differences: tuple[Difference, ...]


class Stage:
    """Scenarios with the same flags share a cluster and a hook server."""

    def __init__(self, directory: Path, names: Iterable[str]) -> None:
        self._directory = directory
        self._scenarios = [load(name) for name in names]
        self._labs: dict[tuple[str, ...], Lab] = {}
        self._verdicts: dict[str, Future[Verdict]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for number, flags in enumerate(dict.fromkeys(s.flags for s in self._scenarios)):
                lab = Lab(self._directory / str(number), flags)
                self._labs[flags] = stack.enter_context(lab)
            pool = stack.enter_context(ThreadPoolExecutor(_AT_ONCE))
            stack.callback(pool.shutdown, cancel_futures=True)
            for number, scenario in enumerate(self._scenarios):
                # No other text may contain it.
                namespace = f"ns{number:03}q"
                self._verdicts[scenario.name] = pool.submit(self._play, scenario, namespace)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def verdict(self, name: str) -> Verdict:
        """Waits for the end of a scenario."""
        return self._verdicts[name].result()

    def summary(self) -> str:
        """How much was compared, and how much of it differs besides the owner's label."""
        done = [future.result() for future in self._verdicts.values()]
        points = sum(verdict.points for verdict in done)
        unlike = [one for v in done for one in v.differences if one.path != OWNERS_LABEL]
        return (
            f"conformance: {points} points in {len(done)} scenarios, "
            f"{len(unlike)} differences besides the owner's label"
        )

    def troubles(self) -> list[str]:
        """What was logged as an error."""
        return [line for lab in self._labs.values() for line in lab.troubles()]

    def _play(self, scenario: Scenario, namespace: str) -> Verdict:
        play = Play(self._labs[scenario.flags], scenario, namespace)
        try:
            outcome = play.run()
            compared = list(points(scenario.expected, outcome))
        finally:
            play.end()
        return Verdict(
            problem=outcome.problem,
            points=len(compared),
            differences=tuple(found for point in compared for found in differences(point)),
        )
