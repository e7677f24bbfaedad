"""Weights by numbers of pods: what is seen of both sides, and what a weight asks of them.

Rules, in the order in which they win:

1. No pod of an unknown revision stands behind the apex Service: while both sides do, a new
   template of the target has to wait (`paused`) until the Service chooses the primary alone.
2. Never fewer pods serve than before the run: one side gives pods up only as the other has them.
3. The numbers come as near to the weight as whole pods allow.

With an autoscaler the number of the primary's pods is the autoscaler's to decide. The target is
given the pods of a step once, within its autoscaler's bounds, and is left to it from then on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from burgee.api.status import CanaryStatus, Phase, ReplicaRatio
from burgee.engine.clock import fine_stamp
from burgee.engine.transitions import changed_status
from burgee.targets.sharing import FULL, Side, Split, beside, share_percent, split

_IN_A_RUN: Final = frozenset({Phase.PROGRESSING, Phase.WAITING_PROMOTION})
_TAKING_OVER: Final = frozenset({Phase.PROMOTING, Phase.FINALISING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Pods:
    """The pods of one side.

    Attributes:
        replicas: asked for.
        available: that can serve, of whatever template.
        updated: of the newest template.
        labelled: whether the newest template has the shared label.
        ready: all that are asked for are of the newest template, and available.
    """

    replicas: int = 0
    available: int = 0
    updated: int = 0
    labelled: bool = False
    ready: bool = False

    def serve_as(self, count: int) -> bool:
        """True where so many serve, or what the analysis takes for so many."""
        return self.available >= count or (self.ready and self.replicas >= count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What the target's autoscaler allows."""

    least: int
    most: int | None

    def within(self, count: int) -> int:
        """The nearest number that is allowed."""
        count = max(count, self.least)
        return count if self.most is None else min(count, self.most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """Both sides of a Canary whose weights are numbers of pods.

    Attributes:
        active: False where only what a run left behind is to be put right.
        record: of status; None where no run has left anything.
        first: the first weight of a run, in percent.
        primary: the primary's pods.
        canary: the target's pods.
        paused: whether a new template of the target has to wait.
        meant: whether the target is the revision that status is about.
        side: whose pods the observed apex Service chooses; None for none, or others.
        bounds: of the target's autoscaler, None without one.
        overdue: whether what the record asks for has not been there for the whole deadline.
        phase: of the release, on record.
        now: aware, UTC.
    """

    active: bool
    record: ReplicaRatio | None
    first: int
    primary: Pods
    canary: Pods
    paused: bool
    meant: bool
    side: Side | None
    bounds: Bounds | None
    overdue: bool
    phase: Phase
    now: datetime

    @property
    def capacity(self) -> int:
        """Pods that have to serve; without a record as many as the primary has."""
        return self.record.capacity if self.record else max(self.primary.replicas, 1)

    @property
    def promoted(self) -> int:
        """Pods that the primary gets when it takes the revision over."""
        if self.record:
            return self.record.promoted
        return self.canary.replicas or self.capacity

    @property
    def is_shared(self) -> bool:
        """True where the target's pods are behind the apex Service."""
        return self.side in {Side.BOTH, Side.CANARY}

    @property
    def canary_serves(self) -> int:
        """Pods of the target that get traffic, or would: those without the label do not."""
        hidden = self.side is Side.BOTH and not self.canary.labelled
        return 0 if hidden else self.canary.available

    @property
    def achieved_percent(self) -> float:
        """What the target's pods get, by what is seen."""
        match self.side:
            case Side.BOTH:
                return share_percent(self.primary.available, self.canary_serves)
            case Side.CANARY:
                return float(FULL)
            case _:
                return 0.0

    @property
    def needs_label(self) -> bool:
        """True where the primary's pods lack the shared label, and a run waits for it.

        That of a primary which was made before its Canary asked for weights.
        """
        made = self.primary.replicas > 0 and not self.primary.labelled
        return self.active and made and self.phase in _IN_A_RUN

    def counts(self, weight: int) -> Split:
        """The pods that a weight asks for."""
        if not self.active:
            weight = 0
        if self.bounds is None:
            return split(self.capacity, weight)
        wanted = beside(self.primary.replicas, weight)
        canary = self.bounds.within(wanted) if weight else 0
        return Split(primary=self.primary.replicas, canary=canary)

    def is_late(self, weight: int) -> bool:
        """True where the pods of a weight have not come within the deadline."""
        asked = weight if self.active else 0
        return self.overdue and self.record is not None and self.record.requested_weight == asked

    def shows(self, weight: int) -> bool:
        """True where what is seen gives the canary this weight, as near as pods allow."""
        if weight <= 0 or not self.active:
            return self.side is Side.PRIMARY
        if weight >= FULL:
            return self.side is Side.CANARY
        return self.side is Side.BOTH and self._has_pods(weight)

    def side_for(self, weight: int) -> Side:
        """Whose pods the apex Service is to choose now."""
        if weight <= 0 or not self.active:
            return Side.PRIMARY if self._may_close(weight) else Side.BOTH
        if not self.is_shared and not self._may_open(weight):
            return Side.PRIMARY
        held = self.paused or self.side is Side.CANARY
        return Side.CANARY if weight >= FULL and held and self._has_all() else Side.BOTH

    def primary_replicas(self, weight: int, *, building: bool) -> int:
        """Replicas that the primary is to have now.

        Args:
            weight: of the canary, in percent.
            building: whether the primary takes the revision over.
        """
        has = self.primary.replicas
        if self.bounds is not None or self.record is None:
            return has
        whole = self.promoted if building else self.capacity
        wanted = whole
        if self.phase in _IN_A_RUN and self.active and weight > 0 and not building:
            wanted = self.counts(weight).primary
        wanted = max(wanted, whole - self.canary_serves) if self.is_shared else whole
        steady = self.canary.ready and self.meant
        return wanted if wanted >= has or building or steady else has

    def target_replicas(self, weight: int) -> int:
        """Replicas that the target is to have now.

        Args:
            weight: in percent; before the first step of a run the target gets the pods of it.
        """
        has = self.canary.replicas
        if weight <= 0 and self.phase in _TAKING_OVER:
            return has
        if not self.active and self.phase in _IN_A_RUN:
            return max(has, self.bounds.least if self.bounds else self.capacity)
        weight = self._asked(weight)
        wanted = self.counts(weight).canary
        if self.bounds is not None:
            return has if has and (self._was_asked(weight) or has > wanted) else wanted
        if self.is_shared and has > wanted:
            shares = self.side is Side.BOTH and self.primary.labelled
            others = self.primary.available if shares else 0
            return max(wanted, min(has, self.capacity - others), 1)
        return wanted

    def holds_rollout(self, weight: int) -> bool:
        """Whether a new template of the target has to wait.

        One that is meant to get traffic does not, and is rolled out to its end: that of the next
        revision where a broken primary leaves the target all of it, or a shared label that was
        lost and is set again.
        """
        if not (self.is_shared or (weight > 0 and self.active and self._is_set(weight))):
            return False
        if not self.meant or weight <= 0:
            return True
        if not self.canary.labelled:
            return False
        return self.canary.updated > 0 if self.paused else self.canary.ready

    def recorded(self, status: CanaryStatus) -> CanaryStatus:
        """The status with what is to be remembered, until everything is as it was before a run."""
        weight = status.routed_weight if self.active else 0
        at_rest = status.phase not in _IN_A_RUN | _TAKING_OVER and weight == 0
        if at_rest and (self.record is None or self._is_restored()) and not self.is_shared:
            return changed_status(status, replica_ratio=None)
        taking_over = status.phase in _TAKING_OVER
        asked = self.record.asked_weight if self.record else None
        if self.bounds is not None and self.active and {self.phase, status.phase} <= _IN_A_RUN:
            asked = self._asked(weight)
        return changed_status(
            status,
            replica_ratio=ReplicaRatio(
                capacity=self.promoted if taking_over else self.capacity,
                promoted=self.promoted,
                requested_weight=weight,
                achieved_weight=self.achieved_percent,
                asked_weight=asked,
                since=None if self.shows(weight) else self._missing_since(weight),
            ),
        )

    def _is_restored(self) -> bool:
        """True where everything was asked to be as before the run, and the target has no pods.

        Pods that it still has would be taken for what the user wants with the next revision.
        """
        whole = self.bounds is not None or self.primary.replicas >= self.capacity
        return whole and not self.paused and self.canary.replicas == 0

    def _missing_since(self, weight: int) -> str:
        """Since when pods are not what this weight asks for; now, where it asks for the first time."""
        record = self.record
        known = record.since if record and record.requested_weight == weight else None
        return known or fine_stamp(self.now)

    def _asked(self, weight: int) -> int:
        """The weight whose pods the target is to have: before the first step that of the step."""
        return self.first if weight <= 0 and self.phase in _IN_A_RUN else weight

    def _was_asked(self, weight: int) -> bool:
        return self.record is not None and self.record.asked_weight == weight

    def _has_pods(self, weight: int) -> bool:
        """True where both sides have the pods of a weight."""
        wanted = self.counts(weight)
        if self.bounds is not None:
            enough = self.canary.available >= wanted.canary
            return self.canary.ready and (enough or self._was_asked(weight))
        # Pods of the canary that the analysis does without are made up for.
        primary = max(wanted.primary, self.capacity - self.canary.available)
        return (
            self.canary.ready
            and self.canary.replicas == wanted.canary
            and self.primary.replicas == primary
            and self.primary.serve_as(primary)
        )

    def _has_all(self) -> bool:
        """True where the target can serve alone."""
        return self.canary.serve_as(self.counts(FULL).canary)

    def _is_set(self, weight: int) -> bool:
        """True where the target can stand behind the apex Service, and the primary beside it."""
        beside = weight >= FULL or (self.primary.labelled and self.primary.ready)
        serves = self.canary.ready and self.canary.available > 0
        return self.meant and self.canary.labelled and serves and beside

    def _may_open(self, weight: int) -> bool:
        alone = weight >= FULL and not (self.primary.labelled and self.primary.ready)
        return self._is_set(weight) and self.paused and (not alone or self._has_all())

    def _may_close(self, weight: int) -> bool:
        """True where the primary can serve alone, or nothing else does."""
        if not self.is_shared or self.canary_serves == 0:
            return True
        if not (self.meant or self.paused):
            return True  # a revision that nobody looked at is being rolled out
        if self.bounds is not None or self.is_late(weight):
            return self.primary.available > 0
        return self.primary.serve_as(self.capacity)
