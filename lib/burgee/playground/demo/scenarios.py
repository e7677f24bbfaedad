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
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.providers.base import Provider
from burgee.playground.demo.stage import Stage
from burgee.routers.base import Capabilities

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


_NEEDS: Mapping[Scenario, tuple[Callable[[Capabilities], bool], str]] = {
    Scenario.AB: (lambda able: able.matching, "A/B tests"),
    Scenario.MIRROR: (lambda able: able.mirroring, "copies of requests"),
    Scenario.AFFINITY: (lambda able: able.session_affinity, "session affinity"),
    Scenario.BLUE_GREEN: (lambda _: True, ""),
}
_NEEDS_WEIGHTS: tuple[Callable[[Capabilities], bool], str] = (
    lambda able: able.weights or able.by_replicas,
    "weights",
)


def inability(scenario: Scenario, provider: Provider) -> str:
    """Why a provider cannot play a scenario, in a line; empty where it can."""
    lack = _lack(scenario, provider)
    if not lack:
        return ""
    others = ", ".join(other for other in _ACTS if not _lack(other, provider))
    return f"provider {provider.name} has no {lack}, its scenarios are: {others}, all"


def _lack(scenario: Scenario, provider: Provider) -> str:
    """What a scenario needs and the provider does not have."""
    able, what = _NEEDS.get(scenario, _NEEDS_WEIGHTS)
    return "" if scenario is Scenario.ALL or able(provider.capabilities) else what


def acts_of(scenario: Scenario, provider: Provider) -> list[Act]:
    """The acts after the first, which is the same for all.

    Args:
        scenario: `all` means all that the provider can play.
        provider: of the traffic.
    """
    if scenario is Scenario.ALL:
        parts = [part for part in _ACTS if part not in {Scenario.PROMOTE, Scenario.ROLLBACK}]
        return [act for part in parts if not _lack(part, provider) for act in _ACTS[part]]
    return list(_ACTS[scenario])


def play(stage: Stage, scenario: Scenario) -> Iterator[Finding]:
    """Play a scenario; yields what had to be true as it turns out."""
    acts = acts_of(scenario, stage.cluster.provider)
    yield from initialize(stage, analyses.weighted(stage.cluster.provider))
    for act in acts:
        yield from act(stage)
