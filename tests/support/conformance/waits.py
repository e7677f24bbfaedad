"""The steps of a scenario that wait for something."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from conformance.record import GONE, Record
from conformance.scenario import Scenario

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

WAIT_SECONDS = 45.0
"""However long a scenario would wait: its own limits are those of a slower program."""


class Waits:
    """Waiting looks at what happened since the last thing that was done."""

    def __init__(self, record: Record, scenario: Scenario) -> None:
        self._record = record
        self._scenario = scenario
        self._statuses = self._calls = 0
        self._routes: dict[tuple[str, str], int] = {}
        self._queries: dict[str, int] = {}

    def mark(self) -> None:
        """What happened so far does not count any more."""
        with self._record.changed:
            self._statuses = len(self._record.statuses)
            self._calls = len(self._record.calls)
            self._routes = {key: len(seen) for key, seen in self._record.routes.items()}
            self._queries = dict(self._record.queries)

    def perform(self, verb: str, told: Mapping[str, Any]) -> None:
        """Wait as a step says.

        Raises:
            NotReached: it did not come to that.
        """
        seconds = min(float(told.get("timeout", WAIT_SECONDS)), WAIT_SECONDS)
        wanted = {key: value for key, value in told.items() if key != "timeout"}
        self._record.wait(self._reached(verb, wanted), seconds, f"{verb} {wanted}")

    def _reached(self, verb: str, told: Mapping[str, Any]) -> Callable[[], object]:
        record = self._record
        match verb:
            case "wait":
                phases = told["phase"] if isinstance(told["phase"], list) else [told["phase"]]
                return lambda: self._status({"phase": phases})
            case "wait_status":
                values = {key: [value] for key, value in told.items()}
                return lambda: self._status(values)
            case "wait_hook":
                return lambda: self._called(told["path"]) >= told.get("count", 1)
            case "wait_query":
                return lambda: self._asked(told["match"]) >= told.get("count", 1)
            case "wait_event":
                return lambda: self._told(told["match"])
            case "wait_route":
                return lambda: self._steered(told["canary"])
            case "wait_object":
                return lambda: _holds(record.live.get(self._key(told)), told)
            case "wait_gone":
                return lambda: self._key(told) not in record.live
            case "wait_deleted":
                return lambda: record.statuses[-1].get("phase") == GONE
            case _:
                raise AssertionError(f"unknown step {verb}")

    def _key(self, told: Mapping[str, Any]) -> tuple[str, str]:
        return told["kind"], told.get("name", self._scenario.canary)

    def _status(self, wanted: Mapping[str, list[Any]]) -> bool:
        """A status since the mark counts, also one that did not last; the mark moves to it."""
        for index in range(self._statuses, len(self._record.statuses)):
            status = self._record.statuses[index]
            if all(status.get(key, 0) in values for key, values in wanted.items()):
                self._statuses = index
                return True
        return False

    def _called(self, path: str) -> int:
        return [call.path for call in self._record.calls[self._calls :]].count(path)

    def _asked(self, pattern: str) -> int:
        return max(
            (
                count - self._queries.get(query, 0)
                for query, count in self._record.queries.items()
                if re.search(pattern, query)
            ),
            default=0,
        )

    def _told(self, pattern: str) -> bool:
        events = (o for (kind, _), o in self._record.live.items() if kind == "Event")
        return any(re.search(pattern, event.get("message") or "") for event in events)

    def _steered(self, weight: int) -> bool:
        found = self._record.live.get(("Canary", self._scenario.canary))
        if found is None:
            return False
        canary = Canary.model_validate(found)
        names = Names(
            target=canary.spec.target_ref.name,
            apex=canary.spec.apex_name,
            selector_key="",
            selector_value="",
        )
        router = router_of(canary.spec.provider)
        return any(
            router.canary_weight_seen([state], names) == weight
            for key, states in self._record.routes.items()
            for state in states[self._routes.get(key, 0) :]
            if not isinstance(state, str)
        )


def _holds(found: Manifest | None, told: Mapping[str, Any]) -> bool:
    """Whether an object is as a step says: absent, there, or with a value at a path."""
    if told.get("absent"):
        return found is None
    if found is None:
        return False
    value = _at(found, told.get("path", []))
    return value == told["equals"] if "equals" in told else value is not None


def _at(found: Any, path: list[Any]) -> Any:
    """What a path of keys and indexes leads to, None where it leads nowhere."""
    for key in path:
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            return None
    return found
