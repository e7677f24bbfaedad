"""Weights by numbers of pods: what is seen of both sides, and what a weight asks of them.

Rules, in the order in which they win:

1. No pod of an unknown revision stands behind the apex Service: while both sides do, a new
   template of the target has to wait (`paused`) until the Service chooses the primary alone.
2. Never fewer pods serve than before the run: one side gives pods up only as the other has them.
3. The numbers come as near to the weight as whole pods allow.

With an autoscaler the number of the primary's pods is the autoscaler's to decide. The target gets
the pods of a step once, within its autoscaler's bounds, and is left to it from then on.
"""

from dataclasses import dataclass
from typing import Final

from burgee.api.status import CanaryStatus, Phase, ReplicaRatio
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
        late: whether the deadline of the phase is over: nothing is waited for any longer.
        phase: of the release, on record.
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
    late: bool
    phase: Phase

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
    def achieved_percent(self) -> float:
        """What the target's pods get, by what is seen."""
        match self.side:
            case Side.BOTH:
                return share_percent(self.primary.available, self.canary.available)
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
            return Side.PRIMARY if self._may_close() else Side.BOTH
        if not self.is_shared and not self._may_open():
            return Side.PRIMARY
        wanted = self.counts(weight).canary if self.bounds else self.capacity
        if weight >= FULL and self.canary.available >= wanted:
            return Side.CANARY
        return Side.BOTH

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
        if self.is_shared:
            wanted = max(wanted, whole - self.canary.available)
        elif wanted < whole:
            wanted = whole
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
        if weight <= 0 and self.phase in _IN_A_RUN:
            weight = self.first
        wanted = self.counts(weight).canary
        if self.bounds is not None:
            raised = self.record is not None and self.record.reached_weight == weight
            return has if has and (raised or has > wanted) else wanted
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
        if not (self.is_shared or (weight > 0 and self.active and self._is_set())):
            return False
        if not self.meant or weight <= 0:
            return True
        return self.canary.updated > 0 if self.paused else self.canary.ready

    def recorded(self, status: CanaryStatus) -> CanaryStatus:
        """The status with what is to be remembered, until everything is as it was before a run."""
        shared = self.is_shared or (self.paused and self.record is not None)
        whole = self.bounds is not None or self.primary.available >= self.capacity
        weight = status.routed_weight if self.active else 0
        at_rest = status.phase not in _IN_A_RUN | _TAKING_OVER and weight == 0
        if at_rest and not shared and (whole or self.record is None):
            return changed_status(status, replica_ratio=None)
        taking_over = status.phase in _TAKING_OVER
        reached = self.record.reached_weight if self.record else None
        if self.bounds is not None and self.is_shared and self._has_pods(weight):
            reached = weight
        return changed_status(
            status,
            replica_ratio=ReplicaRatio(
                capacity=self.promoted if taking_over else self.capacity,
                promoted=self.promoted,
                requested_weight=weight,
                achieved_weight=self.achieved_percent,
                reached_weight=reached,
            ),
        )

    def _has_pods(self, weight: int) -> bool:
        """True where both sides have the pods of a weight."""
        wanted = self.counts(weight)
        enough = self.canary.ready and self.canary.available >= wanted.canary
        if self.bounds is not None:
            reached = self.record is not None and self.record.reached_weight == weight
            return self.canary.ready and (enough or reached)
        return (
            enough
            and self.canary.replicas == wanted.canary
            and self.primary.replicas == wanted.primary
            and self.primary.available >= wanted.primary
        )

    def _is_set(self) -> bool:
        """True where both sides can stand behind one Service."""
        return (
            self.meant
            and self.primary.labelled
            and self.primary.ready
            and self.canary.labelled
            and self.canary.ready
        )

    def _may_open(self) -> bool:
        return self._is_set() and self.paused

    def _may_close(self) -> bool:
        """True where the primary can serve alone, or nothing else does."""
        if not self.is_shared or self.late or self.canary.available == 0:
            return True
        if not (self.meant or self.paused):
            return True  # a revision that nobody looked at is being rolled out
        if self.bounds is not None:
            return self.primary.available > 0
        return self.primary.available >= self.capacity
