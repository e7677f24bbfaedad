"""Plays a scenario in a namespace and says what came of it."""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.acts import User
from conformance.kinds import short
from conformance.lab import Lab
from conformance.peers import Script
from conformance.record import NotReached, Record
from conformance.scenario import Scenario, applied, substituted
from conformance.waits import WAIT_SECONDS, Waits

from burgee.api.manifest import Manifest, name_of

_QUIET_SECONDS = 0.6
_SETTLE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What burgee did.

    Attributes:
        problem: why it was not played to its end.
        users: kind and name of what the user applied.
        snapshots: the objects by moment.
    """

    problem: str
    record: Record
    words: Mapping[str, str]
    users: frozenset[tuple[str, str]]
    snapshots: Mapping[str, Mapping[tuple[str, str], Manifest]]


class Play:
    """One scenario in one namespace."""

    def __init__(self, lab: Lab, scenario: Scenario, namespace: str) -> None:
        self._lab = lab
        self._scenario = scenario
        self._words = lab.peers.words(namespace)
        self._record = Record(namespace, scenario.canary)
        self._script = Script(scenario.prom, scenario.receivers)
        self._user = User(lab, namespace)
        self._waits = Waits(self._record, scenario)
        self._snapshots: dict[str, dict[tuple[str, str], Manifest]] = {}
        lab.peers.scripts[namespace] = self._script
        lab.planes.gateway_modes[namespace] = scenario.gateway_mode
        lab.records[namespace] = self._record

    def run(self) -> Outcome:
        """From the namespace to the last snapshot."""
        problem = ""
        try:
            self._begin()
            for number, step in enumerate(self._scenario.steps, 1):
                [(verb, told)] = step.items()
                try:
                    self._step(verb, substituted(copy.deepcopy(told), self._words))
                except NotReached as error:
                    raise NotReached(f"step {number}, {verb} {told}: {error}") from error
        except NotReached as error:
            problem = str(error)
        self._record.wait_quiet(_QUIET_SECONDS, _SETTLE_SECONDS)
        self._snapshots["final"] = self._record.snapshot()
        return Outcome(
            problem=problem,
            record=self._record,
            words=self._words,
            users=frozenset((short(m), name_of(m)) for m in self._applied()),
            snapshots=self._snapshots,
        )

    def end(self) -> None:
        """Nothing of it is left, nor listened to."""
        self._lab.records.pop(self._record.namespace)
        self._lab.cluster.delete("v1", "Namespace", "", self._record.namespace)

    def _applied(self) -> list[Manifest]:
        found: list[Manifest] = substituted(list(applied(self._scenario)), self._words)
        return found

    def _begin(self) -> None:
        name = self._record.namespace
        self._lab.cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
        objects = substituted(self._scenario.objects, self._words)
        for manifest in objects:
            if manifest["kind"] != "Canary":
                self._user.apply(manifest)
        if self._scenario.waits_for_target:
            self._record.wait(self._targets_are_up, WAIT_SECONDS, "targets up")
        for manifest in objects:
            if manifest["kind"] == "Canary":
                self._user.apply(manifest)
        if self._scenario.waits_for_start:
            self._waits.perform("wait", {"phase": "Initialized"})
            self._record.wait_quiet(_QUIET_SECONDS, _SETTLE_SECONDS)
            self._snapshots["initialized"] = self._record.snapshot()

    def _targets_are_up(self) -> bool:
        workloads = [o for (kind, _), o in self._record.live.items() if kind in _PODS]
        return all(_available(o) >= _PODS[o["kind"]](o) for o in workloads)

    def _step(self, verb: str, told: Any) -> None:
        """One step; what is done counts as the moment from which waiting looks."""
        match verb:
            case "sleep":
                time.sleep(float(told) / self._scenario.pace)
            case "snapshot":
                self._snapshots[told] = self._record.snapshot()
            case _ if verb.startswith("wait"):
                self._waits.perform(verb, told or {})
            case _:
                self._waits.mark()
                self._act(verb, told)

    def _act(self, verb: str, told: Any) -> None:
        match verb:
            case "apply":
                for manifest in told if isinstance(told, list) else [told]:
                    self._user.apply(manifest)
            case "patch":
                self._user.patch(told, self._named(told))
            case "set_image":
                told = told if isinstance(told, dict) else {"image": told}
                self._user.set_image(told, self._named(told))
            case "delete":
                self._user.delete(told, self._named(told))
            case "patch_pod":
                self._user.patch_pods(told["selector"], told["patch"], told.get("count", 1))
            case "set_prom":
                self._script.rules = list(told or [])
            case "set_hook":
                self._script.answers.update(told)
            case "open_gate" | "close_gate":
                self._script.answers[told] = {"code": 200 if verb == "open_gate" else 403}
            case "set_gateway":
                self._set_gateway(told)
            case "mark":
                pass
            case _:
                raise AssertionError(f"unknown step {verb}")

    def _set_gateway(self, mode: str) -> None:
        self._lab.planes.gateway_modes[self._record.namespace] = mode
        for manifest in self._record.snapshot().values():
            self._lab.planes.look_at(manifest)

    def _named(self, told: Mapping[str, Any]) -> str:
        return str(told.get("name", self._scenario.canary))


_PODS: Mapping[str, Callable[[Manifest], int]] = {
    "Deployment": lambda o: int(o["spec"]["replicas"]),
    "DaemonSet": lambda _: 1,
}


def _available(workload: Manifest) -> int:
    status = workload.get("status") or {}
    return int(status.get("availableReplicas") or status.get("numberAvailable") or 0)
