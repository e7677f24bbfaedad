"""Counts calls: what a release, or an idle hour, costs the API server."""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A sort of call: `agent` is the first word of the user agent, up to the slash."""

    agent: str
    verb: str
    resource: str


class CallCounter:
    """Calls by user agent, verb and resource."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[Call] = Counter()

    def count(self, user_agent: str, verb: str, resource: str) -> None:
        """Count one."""
        agent = user_agent.partition("/")[0] or "none"
        with self._lock:
            self._calls[Call(agent=agent, verb=verb, resource=resource)] += 1

    def calls(self) -> dict[Call, int]:
        """What was counted since the last reset."""
        with self._lock:
            return dict(self._calls)

    def total(self, agent: str = "") -> int:
        """All calls, or those of one agent."""
        return sum(n for call, n in self.calls().items() if not agent or call.agent == agent)

    def reset(self) -> None:
        """Begin again at nothing."""
        with self._lock:
            self._calls.clear()
