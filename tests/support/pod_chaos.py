"""Random lives where weights are numbers of pods, with what only then can go wrong."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from chaos import STRATEGIES, Life, lived
from shared_pods import HPA, SCALED
from simulation import Manifest, scaled_object
from watched import Broken

from burgee.api.guards import APEX_LABEL
from burgee.engine.decide import advance
from burgee.engine.effects import MergePatch, Scale
from burgee.engine.phases.ending import end

KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "podinfo-so"}
MOST_FAREWELLS = 12


@dataclass
class PodLife(Life):
    """A life with Services alone.

    Attributes:
        wished: numbers of pods that the user ever asked for.
        hurt: the user took pods away, so that fewer may serve.
        late: effects of calls that were given up.
    """

    wished: set[int] = field(default_factory=set)
    hurt: bool = False
    late: list[Any] = field(default_factory=list)

    @classmethod
    def begin(cls, choice: int, provider: str) -> Self:
        life = super().begin(choice, provider)
        sim = life.sim
        life.wished = {sim.replicas("podinfo")}
        if choice % 3 == 1:
            sim.put(HPA)
            sim.edit(**SCALED)
        elif choice % 3 == 2:
            sim.put(scaled_object())
            sim.edit(autoscalerRef=KEDA)
        if choice % 4 == 2:
            plan = sim.parent["spec"]["analysis"]
            sim.edit(analysis={**plan, "canaryReadyThreshold": 50})
        sim.edit(revertOnDeletion=bool(choice % 2))
        life.warm_up(choice % 8)
        return life

    def acts(self) -> Sequence[Callable[[int], None]]:
        return (
            *super().acts(),
            self._slow,
            self._strategy,
            self._scale,
            self._replace_target,
            self._autoscale,
            self._give_up,
            self._write_late,
        )

    def calm_down(self) -> None:
        super().calm_down()
        self._is_as_before()

    def go(self) -> None:
        """The Canary is deleted in the middle of all that, and leaves nothing on the target."""
        sim = self.sim
        sim.never_ready.clear()
        sim.slow.clear()
        sim.controllers()
        sim.edit(service={"port": 9898})
        sim.opened_to = ""  # whose target it is decides what it runs from here on
        record = sim.status.get("replicaRatio") or {}
        before = min(record.get("capacity", 9), sum(sim.serving().values()))
        head = {**sim.parent["metadata"], "deletionTimestamp": sim.now.isoformat()}
        sim.parent = {**sim.parent, "metadata": head}
        for _ in range(MOST_FAREWELLS):
            farewell = end(sim.observe(), sim.now)
            sim._effects(farewell)
            sim.parent = {**sim.parent, "status": farewell.status.as_manifest()}
            self._autoscale(0)
            sim.controllers()
            if farewell.finalized:
                break
        else:
            raise Broken(f"a Canary that does not go: {sim.status}")
        target = sim.get("Deployment", "podinfo")
        if target["spec"].get("paused") or APEX_LABEL in str(target["spec"]):
            raise Broken(f"left on the target: {target['spec']}")
        reverts = sim.parent["spec"]["revertOnDeletion"] and not self._is_scaled
        if reverts and sim.replicas("podinfo") < before:
            raise Broken(f"{sim.replicas('podinfo')} pods in place of {before}")

    # ---- what happens

    def _wait(self, size: int) -> None:
        super()._wait(size)
        self.sync()  # pods come and go by several looks

    def _strategy(self, size: int) -> None:
        """Weights become iterations in the middle of a run, or other weights."""
        plan = self.sim.parent["spec"]["analysis"]
        gone = {"stepWeight", "stepWeights", "maxWeight", "iterations", "match", "mirror"}
        kept = {key: value for key, value in plan.items() if key not in gone}
        self.sim.edit(analysis={**kept, **STRATEGIES[size % len(STRATEGIES)]})

    def _scale(self, size: int) -> None:
        """A manifest with a number of pods of its own is applied."""
        self.wished.add(1 + size % 5)
        self._write_target(lambda spec: {**spec, "replicas": 1 + size % 5})

    def _replace_target(self, size: int) -> None:
        """As `kubectl replace`: everything that is not in the user's manifest goes."""
        del size

        def replaced(spec: Manifest) -> Manifest:
            spec.pop("paused", None)
            spec["template"]["metadata"]["labels"].pop(APEX_LABEL, None)
            return spec

        self.sim.opened_to = ""
        self._write_target(replaced)

    def _write_target(self, change: Callable[[Manifest], Manifest]) -> None:
        target = copy.deepcopy(self.sim.get("Deployment", "podinfo"))
        self.hurt = True
        self.sim.put({**target, "spec": change(target["spec"])})
        self.sim.controllers()

    @property
    def _is_scaled(self) -> bool:
        return "autoscalerRef" in self.sim.parent["spec"]

    def _autoscale(self, size: int) -> None:
        """Both autoscalers want something else."""
        if not self._is_scaled:
            return
        for name, count in (("podinfo", 2 + size % 3), ("podinfo-primary", 2 + size % 5)):
            found = self.sim.objects.get(("Deployment", name))
            if found is not None and self.sim.replicas(name) > 0:
                self.sim.put({**found, "spec": {**found["spec"], "replicas": count}})
        self.sim.controllers()

    def _give_up(self, size: int) -> None:
        """A call takes too long: its answer counts for nothing, and its effects may come later."""
        del size
        sim = self.sim
        if not sim.parent["spec"].get("suspend"):
            decided = advance(sim.observe(), sim.now, sim._findings)
            self.late = [e for e in decided.effects if isinstance(e, Scale | MergePatch)]

    def _write_late(self, size: int) -> None:
        """What such a call asked of workloads is written at last."""
        del size
        sim = self.sim
        for effect in self.late:
            if effect.kind != "Deployment" or (effect.kind, effect.name) not in sim.objects:
                continue
            found = sim.get(effect.kind, effect.name)
            guard = (
                effect.resource_version
                if isinstance(effect, Scale)
                else effect.patch.get("metadata", {}).get("resourceVersion")
            )
            if guard in {None, found["metadata"]["resourceVersion"]}:
                sim.perform(effect)
        self.late = []
        sim.controllers()

    def _is_as_before(self) -> None:
        """Nothing of weights by numbers of pods is left at rest."""
        sim = self.sim
        if sim.status.get("canaryWeight", 0) == 100:
            return
        if set(sim.behind()) != {"podinfo-primary"} or "replicaRatio" in sim.status:
            raise Broken(f"at rest with {sim.behind()} behind the apex Service: {sim.status}")
        target = sim.get("Deployment", "podinfo")["spec"]
        if target.get("paused"):
            raise Broken("at rest with a target that is not rolled out")
        if "stepWeight" not in str(sim.parent["spec"]["analysis"]) and APEX_LABEL in str(target):
            raise Broken("at rest with a label that nobody needs")
        has = sim.replicas("podinfo-primary")
        if not self._is_scaled and has not in self.wished:
            raise Broken(f"{has} pods where the user asked for {sorted(self.wished)}")
        if sim.last is None or sim.last.resync_after_seconds is not None:
            raise Broken(f"at rest, and still looked at: {sim.status}")


def live_by_pods(choice: int, numbers: Sequence[int]) -> PodLife:
    """A whole life: set up, noise, quiet end or deletion."""
    life = PodLife.begin(choice, "kubernetes")
    return lived(life, numbers, life.calm_down if choice % 7 else life.go)
