"""Which acts a scenario plays."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from burgee.playground.demo import analyses
from burgee.playground.demo.acts.ab import try_on_insiders
from burgee.playground.demo.acts.affinity import keep_visitors
from burgee.playground.demo.acts.beginning import initialize
from burgee.playground.demo.acts.blue_green import switch
from burgee.playground.demo.acts.mirrored import mirror, refuse_mirrored
from burgee.playground.demo.acts.steered import abort_and_retry, steer
from burgee.playground.demo.acts.weighted import hold_at_gate, promote, roll_back
from burgee.playground.demo.stage import Finding, Stage

Act: TypeAlias = Callable[[Stage], Iterator[Finding]]


class Scenario(StrEnum):
    """What is played."""

    DEFAULT = "default"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    GATE = "gate"
    AB = "ab"
    BLUE_GREEN = "bluegreen"
    MIRROR = "mirror"
    AFFINITY = "affinity"
    COMMANDS = "commands"
    ALL = "all"


_ACTS: Mapping[Scenario, Sequence[Act]] = {
    Scenario.DEFAULT: (promote, roll_back),
    Scenario.PROMOTE: (promote,),
    Scenario.ROLLBACK: (roll_back,),
    Scenario.GATE: (hold_at_gate,),
    Scenario.AB: (try_on_insiders,),
    Scenario.BLUE_GREEN: (switch,),
    Scenario.MIRROR: (mirror, refuse_mirrored),
    Scenario.AFFINITY: (keep_visitors,),
    Scenario.COMMANDS: (steer, abort_and_retry),
}


def acts_of(scenario: Scenario) -> list[Act]:
    """The acts after the first, which is the same for all."""
    if scenario is Scenario.ALL:
        parts = [part for part in _ACTS if part not in {Scenario.PROMOTE, Scenario.ROLLBACK}]
        return [act for part in parts for act in _ACTS[part]]
    return list(_ACTS[scenario])


def play(stage: Stage, scenario: Scenario) -> Iterator[Finding]:
    """Play a scenario; yields what had to be true as it turns out."""
    yield from initialize(stage, analyses.weighted())
    for act in acts_of(scenario):
        yield from act(stage)
