"""Random lives of a release by a route that its user wrote, and goes on writing."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from chaos import STRATEGIES, Life, lived
from simulation import Manifest
from watched import Broken

from burgee.engine.phases.ending import end

API_VERSION = "networking.istio.io/v1beta1"
REFERENCE = {"apiVersion": API_VERSION, "kind": "VirtualService", "name": "web"}
ROUTE = ("VirtualService", "web")
ORIGINAL = "burgee.dev/original-weights"
# Neither tests nor copies: those would need more than weights.
POSSIBLE = (0, 1, 2, 5)
MOST_FAREWELLS = 8


def users_route() -> Manifest:
    """One rule for somebody else, one for the Canary."""
    backends = [("podinfo-primary", 100), ("podinfo-canary", 0)]
    mine = [{"destination": {"host": host}, "weight": weight} for host, weight in backends]
    other = {"match": [{"uri": {"prefix": "/x"}}], "route": [{"destination": {"host": "other"}}]}
    return {
        "apiVersion": API_VERSION,
        "kind": "VirtualService",
        "metadata": {"name": "web", "namespace": "test"},
        "spec": {"hosts": ["mine"], "http": [{"timeout": "7s", "route": mine}, other]},
    }


def without_weights(route: Manifest) -> Manifest:
    """What is the user's alone."""
    bare = copy.deepcopy(route["spec"])
    for rule in bare["http"]:
        for backend in rule["route"]:
            backend.pop("weight", None)
    return bare


@dataclass
class RouteLife(Life):
    """A life by the user's VirtualService."""

    @classmethod
    def begin(cls, choice: int, provider: str) -> Self:
        strategy = POSSIBLE[choice % len(POSSIBLE)]
        life = super().begin(choice - choice % len(STRATEGIES) + strategy, provider)
        life.sim.route = "web"
        life.sim.put(users_route())
        life.sim.edit(routeRef=REFERENCE)
        life.warm_up(choice % 6)
        return life

    def acts(self) -> Sequence[Callable[[int], None]]:
        return (*super().acts(), self._apply_from_git, self._edit_route)

    def sync(self) -> None:
        before = self.sim.objects.get(ROUTE)
        super().sync()
        after = self.sim.objects.get(ROUTE)
        if before and after and without_weights(before) != without_weights(after):
            raise Broken(f"more than weights: {after['spec']} after {before['spec']}")

    def calm_down(self) -> None:
        if ROUTE not in self.sim.objects:
            self.sim.put(users_route())
        super().calm_down()
        route = self.sim.get(*ROUTE)
        if owners := route["metadata"].get("ownerReferences"):
            raise Broken(f"the user's route is owned by {owners}")

    def go(self) -> None:
        """The Canary is deleted in the middle, and the route has its own weights again."""
        sim = self.sim
        if ROUTE not in sim.objects:
            sim.put(users_route())
        head = {**sim.parent["metadata"], "deletionTimestamp": sim.now.isoformat()}
        sim.parent = {**sim.parent, "metadata": head}
        for _ in range(MOST_FAREWELLS):
            farewell = end(sim.observe(), sim.now)
            sim._effects(farewell)
            sim.controllers()
            if farewell.finalized:
                break
        else:
            raise Broken(f"a Canary that does not go: {sim.status}")
        if ORIGINAL in sim.get(*ROUTE)["metadata"].get("annotations", {}):
            raise Broken("the route has not been given back")

    def _apply_from_git(self, size: int) -> None:
        """The weights of rest come back, whatever the run has come to."""
        del size
        found = self.sim.objects.get(ROUTE) or users_route()
        self.sim.put({**found, "spec": users_route()["spec"]})

    def _edit_route(self, size: int) -> None:
        """Other fields, in the middle of a run."""
        found = copy.deepcopy(self.sim.objects.get(ROUTE) or users_route())
        found["spec"]["http"][0]["timeout"] = f"{size % 9}s"
        self.sim.put(found)

    def _delete_child(self, size: int) -> None:
        if size % 5 == 0:
            self.sim.objects.pop(ROUTE, None)
        else:
            super()._delete_child(size)


def live_by_route(choice: int, numbers: Sequence[int]) -> RouteLife:
    """A whole life: set up, noise, quiet end or deletion."""
    life = RouteLife.begin(choice, "istio")
    return lived(life, numbers, life.calm_down if choice % 7 else life.go)
