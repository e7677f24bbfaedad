"""Tells what happened in its true order, as snapshots for the view.

An Event is written a moment before the status that it speaks of, and the data plane follows a moment
later. What belongs together is told once: words wait for what comes within an instant of them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from burgee.playground.dataplane.load import by_version
from burgee.playground.dataplane.steering import Rule
from burgee.playground.demo.shares import (
    mirrored_to_canary,
    pods_behind,
    pods_of_canary,
    weight_of_canary,
    weight_of_matching,
)
from burgee.playground.demo.stage import Stage
from burgee.playground.demo.timeline import Moment
from burgee.playground.demo.view import Clients, Snapshot, Steering

_INSTANT_SECONDS = 0.15
_CLIENT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A moment and where requests went then."""

    moment: Moment
    steering: Steering


class Narrator:
    """Follows one stage."""

    def __init__(self, stage: Stage, began: float) -> None:
        self._stage = stage
        self._began = began
        self._count = 0
        self._until = began
        self._last = Told(moment=Moment(at=began, phase="", words=""), steering=Steering())

    def news(self, *, everything: bool = False) -> Iterator[Snapshot]:
        """What happened since the last call; `everything` does not wait for what may follow."""
        now = time.monotonic()
        settled = now if everything else now - _INSTANT_SECONDS
        moments = self._stage.cluster.timeline.moments(self._count)
        for number, moment in enumerate(moments):
            after = moments[number + 1] if number + 1 < len(moments) else None
            if after is None and moment.at > settled:
                return
            self._count += 1
            if after is not None and _belongs(moment, after):
                continue
            until = min(now, moment.at + _INSTANT_SECONDS)
            self._until = min(until, after.at) if after else until
            yield self._snapshot(Told(moment=moment, steering=self._steering(self._until)))
        self._until = max(self._until, settled)
        steering = self._steering(self._until)
        if steering != self._last.steering:
            moment = Moment(at=now, phase=self._last.moment.phase, words=self._last.moment.words)
            yield self._snapshot(Told(moment=moment, steering=steering))

    def present(self) -> Snapshot:
        """What was told last, with the numbers of now."""
        moment = self._last.moment
        now = Moment(at=time.monotonic(), phase=moment.phase, words=moment.words)
        return self._snapshot(Told(moment=now, steering=self._last.steering))

    def _snapshot(self, told: Told) -> Snapshot:
        self._last = told
        cluster, stage = self._stage.cluster, self._stage
        return Snapshot(
            title=stage.title,
            elapsed_seconds=told.moment.at - self._began,
            phase=told.moment.phase,
            steering=told.steering,
            checks=cluster.timeline.status.get("checks") or (),
            clients=[
                Clients(
                    name=name,
                    versions=by_version(recent),
                    failed=sum(response.failed for response in recent),
                )
                for name, load in {"client": cluster.load, **stage.audiences}.items()
                if (recent := load.last(_CLIENT_SECONDS)) or name == "client"
            ],
            words=told.moment.words,
        )

    def _steering(self, at: float) -> Steering:
        """Where the data plane sent requests at a moment."""
        rules: tuple[Rule, ...] = ()
        for change in self._stage.cluster.plane.history():
            if change.served <= at:
                rules = tuple(self._stage.rules_in(change))
        return Steering(
            weight=round(weight_of_canary(rules)),
            matching=round(weight_of_matching(rules)),
            mirrored=round(mirrored_to_canary(rules)),
            pods=(pods_of_canary(rules), pods_behind(rules)),
        )


def _belongs(moment: Moment, after: Moment) -> bool:
    """Whether the next moment tells the same words again, now with their phase."""
    return after.words == moment.words and after.at - moment.at < _INSTANT_SECONDS
