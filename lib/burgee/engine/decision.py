"""What a sync decides: one answer, and the IO that has to come first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from burgee.api.manifest import Manifest
from burgee.api.status import CanaryStatus
from burgee.engine.effects import Effect, HookCall, HookResult
from burgee.metrics.model import BrokenCheck, Check, Judged, Source
from burgee.routers.base import RelatedKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The IO that is due before a decision can be made; empty for most syncs.

    Attributes:
        analysis: whether this is a step of the analysis, with checks or without any.
        checks: queries, all to be run at once.
        hooks: webhooks, one after the other, until the first that fails; beside the checks.
        pods_of: labels of the pods whose state explains a failure; None where none is asked for.
        sources: metric sources to be asked whether they are online.
        others: a kind of routes, to be listed in the Canary's namespace.
        decision: where nothing is due, what was decided on the way.
    """

    analysis: bool = False
    checks: tuple[Check | BrokenCheck, ...] = ()
    hooks: tuple[HookCall, ...] = ()
    pods_of: Mapping[str, str] | None = None
    sources: tuple[Source, ...] = ()
    others: RelatedKind | None = None
    decision: "Decision | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What the IO of the plans of one sync brought.

    Attributes:
        checks: judged, in the order of the plan; None where none were asked.
        hooks: results by the call's key; calls after the first failed one have none.
        pods: the state of the worst pod, empty where none is known; None where not asked.
        sources: what is wrong with each metric source, empty for nothing; None where not asked.
        others: routes of one kind in the namespace, none where they may not be listed; None where
            not asked.
    """

    checks: tuple[Judged, ...] | None = None
    hooks: Mapping[str, HookResult] = field(default_factory=dict)
    pods: str | None = None
    sources: Mapping[Source, str] | None = None
    others: tuple[Manifest, ...] | None = None

    def and_then(self, plan: Plan, later: "Findings") -> "Findings":
        """These and what a further plan brought."""
        checks = (later.checks or ()) if plan.analysis else self.checks
        pods = (later.pods or "") if plan.pods_of is not None else self.pods
        sources = (later.sources or {}) if plan.sources else self.sources
        others = (later.others or ()) if plan.others else self.others
        return Findings(
            checks=checks,
            hooks={**self.hooks, **later.hooks},
            pods=pods,
            sources=sources,
            others=others,
        )


NOTHING_FOUND = Findings()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The answer to a sync.

    Attributes:
        status: complete, replaces the old one.
        children: complete for listed kinds; routes only where they are not as wanted.
        resync_after_seconds: when to ask again without an event, None for never.
        effects: performed before the answer is sent.
        quiet: nothing changes and nothing is timed, so that the same observation has the same
            answer at any later time.
    """

    status: CanaryStatus
    children: tuple[Manifest, ...]
    resync_after_seconds: float | None = None
    effects: tuple[Effect, ...] = ()
    quiet: bool = False
