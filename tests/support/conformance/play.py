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
from conformance.record import GONE, NotReached, Record
from conformance.scenario import Scenario, applied, substituted

from burgee.api.manifest import Manifest, name_of

_WAIT_SECONDS = 45.0
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


@dataclass
class Marks:
    """How much had happened when something was done last."""

    statuses: int = 0
    calls: int = 0


class Play:
    """One scenario in one namespace."""

    def __init__(self, lab: Lab, scenario: Scenario, namespace: str) -> None:
        self._lab = lab
        self._scenario = scenario
        self._words = lab.peers.words(namespace)
        self._record = Record(namespace, scenario.canary)
        self._script = Script(scenario.prom, scenario.receivers)
        self._user = User(lab, namespace)
        self._marks = Marks()
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
            self._record.wait(self._targets_are_up, _WAIT_SECONDS, "targets up")
        for manifest in objects:
            if manifest["kind"] == "Canary":
                self._user.apply(manifest)
        if self._scenario.waits_for_start:
            self._wait_status({"phase": ["Initialized"]}, _WAIT_SECONDS)
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
            case "wait" | "wait_status" | "wait_hook" | "wait_object" | "wait_deleted":
                self._wait(verb, told)
            case _:
                self._mark()
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
                self._script.rules = told or []
            case "set_hook":
                self._script.answers.update(told)
            case "open_gate" | "close_gate":
                self._script.answers[told] = {"code": 200 if verb == "open_gate" else 403}
            case _:
                raise AssertionError(f"unknown step {verb}")

    def _named(self, told: Mapping[str, Any]) -> str:
        return str(told.get("name", self._scenario.canary))

    def _wait(self, verb: str, told: Any) -> None:
        seconds = min(float(told.get("timeout", _WAIT_SECONDS)), _WAIT_SECONDS)
        record = self._record
        match verb:
            case "wait":
                phases = told["phase"] if isinstance(told["phase"], list) else [told["phase"]]
                self._wait_status({"phase": phases}, seconds)
            case "wait_status":
                wanted = {key: [value] for key, value in told.items() if key != "timeout"}
                self._wait_status(wanted, seconds)
            case "wait_hook":
                path, count = told["path"], told.get("count", 1)
                record.wait(
                    lambda: (
                        [c.path for c in record.calls[self._marks.calls :]].count(path) >= count
                    ),
                    seconds,
                    f"{count} calls of {path}",
                )
            case "wait_object":
                key, path = (told["kind"], told["name"]), told["path"]
                record.wait(
                    lambda: _at(record.live.get(key), path) == told["equals"], seconds, str(told)
                )
            case _:
                record.wait(lambda: record.statuses[-1]["phase"] == GONE, seconds, "Canary gone")

    def _mark(self) -> None:
        with self._record.changed:
            self._marks.statuses = len(self._record.statuses)
            self._marks.calls = len(self._record.calls)

    def _wait_status(self, wanted: Mapping[str, list[Any]], seconds: float) -> None:
        """A status since the mark counts, also one that did not last; the mark moves to it."""

        def reached() -> bool:
            for index in range(self._marks.statuses, len(self._record.statuses)):
                status = self._record.statuses[index]
                if all(status.get(key, 0) in values for key, values in wanted.items()):
                    self._marks.statuses = index
                    return True
            return False

        self._record.wait(reached, seconds, f"status {dict(wanted)}")


_PODS: Mapping[str, Callable[[Manifest], int]] = {
    "Deployment": lambda o: int(o["spec"]["replicas"]),
    "DaemonSet": lambda _: 1,
}


def _available(workload: Manifest) -> int:
    status = workload.get("status") or {}
    return int(status.get("availableReplicas") or status.get("numberAvailable") or 0)


def _at(found: Any, path: list[Any]) -> Any:
    """What a path of keys and indexes leads to, None where it leads nowhere."""
    for key in path:
        inside = isinstance(found, dict) and key in found
        found = found[key] if inside else None
    return found
