"""What a sync spends on the routes of a provider, beside writing the same objects as JSON."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.route_cases import COOKIES, NAMES, OWNER, RouteCase, case_of
from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import canonical, capabilities_by_provider
from burgee.targets.drift import holds, prune

BATCH = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteRow:
    """One provider.

    Attributes:
        objects: how many are rendered.
        resting_us: microseconds that a sync spends on them where nothing is to be done.
        stepping_us: where a step is taken: the new weights are rendered besides.
        json_us: what json.dumps takes for them.
    """

    provider: str
    objects: int
    resting_us: float
    stepping_us: float
    json_us: float

    @property
    def ratio(self) -> float:
        """A resting sync beside writing the objects once; 0 where there are none."""
        return self.resting_us / self.json_us if self.objects else 0.0


def measure(*, rounds: int, seconds: float) -> Iterator[RouteRow]:
    """Each provider in turn; the best of the rounds, since all above it is somebody else's."""
    for provider in capabilities_by_provider():
        case = case_of(provider)
        seen = observed(case)

        def written(objects: list[Manifest] = seen) -> None:
            json.dumps(objects)

        def resting(case: RouteCase = case, seen: list[Manifest] = seen) -> None:
            rest(case, seen)

        def stepping(case: RouteCase = case, seen: list[Manifest] = seen) -> None:
            step(case, seen)

        yield RouteRow(
            provider=provider,
            objects=len(seen),
            resting_us=_best(resting, rounds, seconds),
            stepping_us=_best(stepping, rounds, seconds),
            json_us=_best(written, rounds, seconds),
        )


def observed(case: RouteCase) -> list[Manifest]:
    """The objects as a cluster shows them: owned, and with the defaults of their CRDs."""
    found: list[Manifest] = []
    for manifest in render(case, case.weights):
        head = manifest["metadata"]
        labels = {**(head.get("labels") or {}), "controller-uid": OWNER}
        owners = [{"uid": OWNER, "controller": True}]
        owned = {**head, "labels": labels, "ownerReferences": owners}
        found.append(canonical({**manifest, "metadata": owned}))
    return found


def rest(case: RouteCase, seen: list[Manifest]) -> None:
    """As the engine does: rendered once, compared with what is there, and the canary's share."""
    wanted = render(case, case.weights)
    shows(case, seen, case.weights)
    case.router.canary_weight_seen(seen, NAMES)
    compare(seen, wanted)


def step(case: RouteCase, seen: list[Manifest]) -> None:
    """The route of before is looked at, the new one is rendered and differs."""
    render(case, case.weights)
    shows(case, seen, case.weights)
    compare(seen, render(case, case.next_weights))


def render(case: RouteCase, weights: Weights) -> tuple[Manifest, ...]:
    """The route objects of a case."""
    return case.router.render(
        Aim(
            canary=case.canary,
            names=NAMES,
            weights=weights,
            cookies=COOKIES,
            originals=case.originals,
        )
    )


def shows(case: RouteCase, seen: list[Manifest], weights: Weights) -> bool:
    """Whether the observed objects do that."""
    return case.router.shows(
        seen,
        Aim(
            canary=case.canary,
            names=NAMES,
            weights=weights,
            cookies=COOKIES,
            originals=case.originals,
        ),
    )


def compare(seen: list[Manifest], wanted: tuple[Manifest, ...]) -> bool:
    """Whether anything is to be written, as engine.placing sees it."""
    return all(
        prune(found, one) is None and holds(canonical(found), canonical(one), owner_uid=OWNER)
        for found, one in zip(seen, wanted, strict=True)
    )


def _best(work: Callable[[], None], rounds: int, seconds: float) -> float:
    """Microseconds of one call in the best batch."""
    best = float("inf")
    for _ in range(rounds):
        now = time.perf_counter()
        end = now + seconds
        while True:
            began = now
            for _ in range(BATCH):
                work()
            now = time.perf_counter()
            best = min(best, now - began)
            if now >= end:
                break
    return best / BATCH * 1e6
