"""A provider's control plane: keeps one proxy in step with the objects in the store.

Nothing here knows of releases: what moves traffic in the demo are the objects that burgee
returned, read as their provider reads them.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import (
    NOT_UNDERSTOOD,
    Dialect,
    Plan,
    Proxy,
    Verdict,
    refusal_of,
)
from burgee.playground.dataplane.steering import RouteChange, Rules
from burgee.playground.machinery.changes import Follower, write_status
from burgee.playground.storage.store import Store

_CONFIRM_TIMEOUT_SECONDS = 2.0
_CONFIRM_PAUSE_SECONDS = 0.01
_RETRY_SECONDS = 1.0
_NOT_TAKEN = "the data plane has not taken it"
_MANAGER = "playground-gateway"


class ControlPlane:
    """Follows the store; a `DataPlane` together with its proxy."""

    def __init__(
        self,
        store: Store,
        proxy: Proxy,
        dialect: Dialect,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare.

        Args:
            store: the cluster; the kinds of the dialect are served from now on.
            proxy: is started and closed with this.
            dialect: how objects are understood.
            clock: the time for conditions.
        """
        self._store = store
        self._proxy = proxy
        self._dialect = dialect
        self._clock = clock
        self._history: list[RouteChange] = []
        self._overtaken: list[Rules] = []
        self._refusals: dict[str, str] = {}
        self._unsure_since: float | None = None
        self._taken: tuple[Objects, Plan] | None = None
        self._lock = threading.Lock()
        for resource in (*dialect.kinds, *dialect.silent):
            store.register(resource)
        self._services = store.resource("v1", "services")
        self._pods = store.resource("v1", "pods")
        kinds = (self._services, self._pods, *dialect.kinds)
        self._follower = Follower(store, kinds, self._follow, name="control-plane")
        self.url = ""
        self.description = proxy.description

    def start(self) -> None:
        """Start the proxy and begin to follow."""
        self._proxy.start()
        self.url = self._proxy.url
        self._follower.start()

    def close(self) -> None:
        """Stop both."""
        self._follower.close()
        self._proxy.close()

    def history(self) -> list[RouteChange]:
        """Every change of the rules since the start, oldest first."""
        with self._lock:
            return list(self._history)

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether the proxy still sends new requests to an endpoint."""
        return self._proxy.uses(endpoint)

    def is_caught_up(self) -> bool:
        """Whether the proxy was seen to serve what is in the cluster, and serves it now."""
        with self._lock:
            taken = self._taken
        return taken is not None and taken[0] == self._objects() and self._proxy.serves(taken[1])

    def refusals(self) -> Mapping[str, str]:
        """Why objects (kind namespace/name) are not served, now."""
        with self._lock:
            return dict(self._refusals)

    def _follow(self) -> float | None:
        """Have what is in the cluster served, and again where the proxy was not seen to do it."""
        objects = self._objects()
        try:
            plan = self._dialect.translate(objects)
        except NOT_UNDERSTOOD as error:
            with self._lock:
                self._refusals = {"everything": refusal_of(error)}
            return _RETRY_SECONDS
        if not self._apply(plan):
            return _RETRY_SECONDS
        with self._lock:
            self._taken = objects, plan
        return None

    def _objects(self) -> Objects:
        services, _ = self._store.list(self._services)
        pods, _ = self._store.list(self._pods)
        routes = {kind.kind: self._store.list(kind)[0] for kind in self._dialect.kinds}
        return Objects(services=services, pods=pods, routes=routes)

    def _apply(self, plan: Plan) -> bool:
        """Have a plan served and report on it; returns whether the proxy was seen to serve it."""
        now = time.monotonic()
        self._proxy.serve(plan)
        refused = [verdict for verdict in plan.verdicts if verdict.refusal]
        taken = [verdict for verdict in plan.verdicts if not verdict.refusal]
        with self._lock:
            self._refusals = {_title(v.subject): v.refusal for v in refused}
            known = bool(self._history) and self._history[-1].rules == plan.rules
        self._write(self._reports(refused))
        if known and not self._reports(taken):
            self._unsure_since = None
            return True
        # a plan that is overtaken may have been served for a moment
        asked = self._unsure_since = self._unsure_since or now
        if not self._served(plan):
            if not known and plan.rules not in self._overtaken:
                self._overtaken.append(plan.rules)
            if not self._follower.pending:
                self._write(self._reports([replace(one, refusal=_NOT_TAKEN) for one in taken]))
            return False
        self._unsure_since = None
        if not known:
            change = RouteChange(
                asked=asked,
                served=time.monotonic(),
                rules=plan.rules,
                overtaken=tuple(r for r in self._overtaken if r != plan.rules),
            )
            self._overtaken.clear()
            with self._lock:
                self._history.append(change)
        self._write(self._reports(taken))
        return True

    def _served(self, plan: Plan) -> bool:
        """Wait until the proxy shows the routes, or the plan is overtaken by another change."""
        deadline = time.monotonic() + _CONFIRM_TIMEOUT_SECONDS
        while time.monotonic() < deadline and not self._follower.closed:
            if self._proxy.serves(plan):
                return True
            if self._follower.pending:
                return False
            time.sleep(_CONFIRM_PAUSE_SECONDS)
        return False

    def _reports(self, verdicts: Sequence[Verdict]) -> list[tuple[Manifest, Manifest]]:
        """Objects with the status that they should have, where it is another than they have."""
        now = self._clock()
        wanted = [(verdict.subject, self._dialect.report(verdict, now)) for verdict in verdicts]
        return [
            (subject, status)
            for subject, status in wanted
            if status is not None and not status.items() <= (subject.get("status") or {}).items()
        ]

    def _write(self, reports: Sequence[tuple[Manifest, Manifest]]) -> None:
        for subject, status in reports:
            write_status(self._store, subject, status, manager=_MANAGER)


def _title(subject: Manifest) -> str:
    return f"{subject['kind']} {namespace_of(subject)}/{name_of(subject)}"
