"""A simulation that checks every write against the rules that keep traffic safe."""

import copy
from dataclasses import dataclass
from datetime import datetime

from simulation import Manifest, Simulation

from burgee.api.guards import APEX_LABEL
from burgee.engine.decision import Decision
from burgee.engine.effects import Scale
from burgee.engine.phases.ending import Farewell
from burgee.targets.hashing import template_hash

DEADLINE_SECONDS = 60
"""progressDeadlineSeconds of the Canaries that are watched."""

LEGAL = {
    "": {"Initializing"},
    "Initializing": {"Initialized"},
    "Initialized": {"Progressing", "Waiting"},
    "Waiting": {"Progressing", "Failed"},
    "Progressing": {"Promoting", "WaitingPromotion", "Failed", "Succeeded"},
    "WaitingPromotion": {"Progressing", "Promoting", "Failed", "Succeeded"},
    "Promoting": {"Finalising", "Failed", "Progressing"},
    "Finalising": {"Succeeded", "Failed"},
    "Succeeded": {"Progressing", "Waiting"},
    "Failed": {"Progressing", "Waiting"},
}


class Broken(AssertionError):
    """A rule that keeps traffic safe does not hold."""


@dataclass
class Watched(Simulation):
    """A simulation that checks every write.

    Attributes:
        opened_to: the revision of the target that the apex Service was turned to last; empty
            where a person let newer ones be rolled out, until they have to wait again.
        route: name of the VirtualService that carries the weights.
    """

    opened_to: str = ""
    route: str = "podinfo"

    def _effects(self, decision: Decision | Farewell) -> dict[tuple[str, str], bool]:
        for effect in decision.effects:
            if isinstance(effect, Scale) and effect.name == "podinfo" and effect.replicas == 0:
                self._must(self.canary_share() == 0, "the target goes to zero with weight on it")
            if isinstance(effect, Scale) and self.by_replicas:
                self._keeps_capacity(effect)
        before, share = self.serving(), self._share_on_record()
        outcomes = super()._effects(decision)
        self._aims_well(before)
        self._has_pods_for(share)
        return outcomes

    def _children(self, decision: Decision) -> None:
        before, pods = self._share_on_record(), self.serving()
        old_primary = self._template("podinfo-primary")
        super()._children(decision)
        self._aims_well(pods)
        self._has_pods_for(before)
        if old_primary and self._template("podinfo-primary") != old_primary:
            promotes = (
                self.phase == "Promoting" or self.skips or self.phase in {"", "Initializing"}
            )
            self._must(promotes, f"the primary changed in phase {self.phase}")

    def _write_status(self, decision: Decision) -> None:
        before = self.phase
        super()._write_status(decision)
        after = self.phase
        if after != before:
            self._must(after in LEGAL[before], f"phase {before} -> {after}")
        weight = self.status.get("canaryWeight", 0)
        self._must(0 <= weight <= 100, f"weight {weight}")

    def _share_on_record(self) -> int:
        """What the canary gets, or got: a route that somebody changed is put back as it was."""
        if self.by_replicas:
            return self.canary_share()
        weight = self.status.get("trafficWeight", self.status.get("canaryWeight", 0))
        return max(self.canary_share(), int(weight))

    def _has_pods_for(self, before: int) -> None:
        if self.canary_share() > before:
            status = self.get("Deployment", "podinfo").get("status") or {}
            self._must(status.get("availableReplicas", 0) > 0, "weight on a canary without pods")

    @property
    def skips(self) -> bool:
        return bool(self.parent["spec"].get("skipAnalysis"))

    @property
    def by_replicas(self) -> bool:
        return self.parent["spec"].get("provider") == "kubernetes"

    def serving(self) -> dict[str, int]:
        """Pods behind the apex Service, where they are what carries weights."""
        there = self.by_replicas and ("Service", "podinfo") in self.objects
        return self.behind() if there else {}

    def _keeps_capacity(self, effect: Scale) -> None:
        """Whoever gives pods up leaves enough of them behind the apex Service."""
        pods = self.serving()
        has, record = pods.get(effect.name, 0), self.status.get("replicaRatio")
        promoted = self.phase in {"Promoting", "Finalising"} or self.skips
        scaled = "autoscalerRef" in self.parent["spec"]
        if record is None or effect.replicas >= has or promoted or scaled:
            return
        left = sum(pods.values()) - has + effect.replicas
        enough = left >= record["capacity"] or self.is_late
        self._must(enough, f"{left} pods of {record['capacity']} would serve")

    def _aims_well(self, before: dict[str, int]) -> None:
        """The apex Service is turned to pods that can serve, of the revision meant."""
        after = self.serving()
        if "podinfo" in after and "podinfo" not in before:
            served = template_hash({"spec": {"template": self._rolled["podinfo"]}})
            known = served == self.status.get("lastAppliedSpec")
            self._must(known, "traffic for a revision that nobody meant")
            paused = self.get("Deployment", "podinfo")["spec"].get("paused")
            self._must(bool(paused), "traffic for pods that may be rolled over")
            self.opened_to = served
        # Where a person lets newer revisions be rolled out, that they get no traffic comes first.
        closed = "podinfo" in before and "podinfo" not in after and self.opened_to
        if closed and not self.is_late and "autoscalerRef" not in self.parent["spec"]:
            record = self.status.get("replicaRatio") or {}
            wanted = min(record.get("capacity", 0), sum(before.values()))
            self._must(sum(after.values()) >= wanted, f"{after} after {before}")

    def controllers(self) -> None:
        """Nothing is rolled out behind the apex Service, but where nothing else could serve."""
        super().controllers()
        if "podinfo" in self.serving() and self.status.get("canaryWeight") != 100:
            served = template_hash({"spec": {"template": self._rolled["podinfo"]}})
            if not self.opened_to:
                paused = self.get("Deployment", "podinfo")["spec"].get("paused")
                self.opened_to = served if paused else ""
                return
            self._must(served == self.opened_to, "another revision behind the apex Service")

    @property
    def is_late(self) -> bool:
        """Whether the deadline of pods is over, so that nothing is waited for."""
        record = self.status.get("replicaRatio") or {}
        if "since" not in record:
            return False
        waited = self.now - datetime.fromisoformat(record["since"])
        return waited.total_seconds() >= DEADLINE_SECONDS

    def canary_share(self) -> int:
        """What the stored route gives the canary."""
        if self.by_replicas:
            pods = self.serving()
            return -(-100 * pods.get("podinfo", 0) // max(sum(pods.values()), 1))
        route = self.objects.get(("VirtualService", self.route))
        if route is None:
            return 0
        backends = route["spec"]["http"][0]["route"]
        return next(
            (int(b["weight"]) for b in backends if b["destination"]["host"] == "podinfo-canary"), 0
        )

    def _template(self, name: str) -> Manifest | None:
        """The pod template without the label that comes and goes with weights."""
        found = self.objects.get(("Deployment", name))
        if found is None:
            return None
        bare = copy.deepcopy(found["spec"]["template"])
        bare["metadata"]["labels"].pop(APEX_LABEL, None)
        return bare

    def _must(self, held: bool, rule: str) -> None:
        if not held:
            raise Broken(f"{rule}; phase {self.phase}, status {self.status}")
