"""What must hold at every write of a release, whatever went wrong around it.

`unsafe` looks at traffic and workloads (nobody carries traffic without pods of the revision
meant), `backwards` at the status (a run goes up its ladder, or back to the start). Both are
functions of the journal and say in words what they found.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from release_journal import Written, canary_share, primary_share, statuses

from burgee.api.manifest import Manifest, annotations_of, metadata
from burgee.targets.hashing import template_hash

REVISION = "burgee.dev/revision"
# A sync that began before a user's edit may still give one step for the revision before it.
EDIT_GRACE_SECONDS = 3.0
# How many writes ago the status was that the slower of two syncs may write once more.
ECHO = 5

_NEXT: Mapping[str, frozenset[str]] = {
    "": frozenset({"Initializing"}),
    "Initializing": frozenset({"Initialized"}),
    "Initialized": frozenset({"Waiting", "Progressing"}),
    "Succeeded": frozenset({"Waiting", "Progressing"}),
    "Failed": frozenset({"Waiting", "Progressing"}),
    "Waiting": frozenset({"Progressing"}),
    "Progressing": frozenset({"WaitingPromotion", "Promoting", "Failed", "Succeeded"}),
    "WaitingPromotion": frozenset({"Promoting", "Progressing", "Failed"}),
    "Promoting": frozenset({"Finalising", "Progressing", "Failed"}),
    "Finalising": frozenset({"Succeeded", "Failed"}),
}
_BUILDING = frozenset({"", "Initializing", "Promoting"})


@dataclass(kw_only=True)
class _World:
    """The objects of one Canary at one moment."""

    name: str
    apex: str
    objects: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    edited_at: float = float("-inf")
    edited_from: Manifest | None = None

    @property
    def target(self) -> Manifest | None:
        return self.objects.get(("Deployment", self.name))

    @property
    def primary(self) -> Manifest | None:
        return self.objects.get(("Deployment", f"{self.name}-primary"))

    @property
    def canary(self) -> Manifest:
        return self.objects.get(("Canary", self.name), {})

    @property
    def status(self) -> Manifest:
        found: Manifest | None = self.canary.get("status")
        return found or {}

    @property
    def route(self) -> Manifest | None:
        return self.objects.get(("VirtualService", self.apex))


def unsafe(
    entries: Iterable[Written],
    *,
    name: str = "podinfo",
    apex: str = "podinfo",
    by_hand: Collection[int] = (),
) -> list[str]:
    """Every write after which traffic may reach nobody, or a revision that was not meant.

    Args:
        entries: of one namespace.
        name: of Canary and target.
        apex: name of the apex Service and the route.
        by_hand: versions of writes that a person is to blame for.
    """
    world = _World(name=name, apex=apex)
    found: list[str] = []
    for written in entries:
        key = written.key
        if key == ("Deployment", name) and _template(written.old) != _template(written.new):
            world.edited_at, world.edited_from = written.at, written.old
        before = dict(world.objects)
        if written.new is None:
            world.objects.pop(key, None)
        else:
            world.objects[key] = written.new
        if "deletionTimestamp" in metadata(world.canary) or written.version in by_hand:
            continue
        said = (problem for rule in _RULES for problem in rule(world, before, written))
        found.extend(f"{written.version} {key[0]} {key[1]}: {text}" for text in said)
    return found


def _route_has_pods(
    world: _World, before: Mapping[tuple[str, str], Manifest], written: Written
) -> Iterator[str]:
    """A backend gets weight only while its workload is available at the revision meant."""
    route = world.route
    if route is None or written.key != ("VirtualService", world.apex):
        return
    target, primary = world.target, world.primary
    if primary_share(route) > 0 and not _serves(primary):
        yield f"{primary_share(route)} % for a primary that does not serve {_short(primary)}"
    old = before.get(written.key)
    weight, was = canary_share(route), canary_share(old) if old else 0
    if weight > 0 and not _serves(target):
        yield f"{weight} % for a target that does not serve {_short(target)}"
    if weight > was and not _for_the_revision_before(world, written):
        if not _complete(target):
            yield f"{was} -> {weight} % for a target that is not rolled out {_short(target)}"
        if target and template_hash(target) != world.status.get("lastAppliedSpec"):
            yield f"{was} -> {weight} % for a template that is not the one analysed"
    if weight < was and world.status.get("phase") == "Promoting":
        bad = not _complete(primary) and _serves(target)
        if bad and not _edited(world, written):
            yield f"{was} -> {weight} % while the primary is not rolled out {_short(primary)}"


def _edited(world: _World, written: Written) -> bool:
    return written.at - world.edited_at < EDIT_GRACE_SECONDS


def _for_the_revision_before(world: _World, written: Written) -> bool:
    """True for a step of a run that does not know yet of an edit a moment ago."""
    old = world.edited_from
    return (
        _edited(world, written)
        and old is not None
        and template_hash(old) == world.status.get("lastAppliedSpec")
    )


def _no_route_to_zero(
    world: _World, before: Mapping[tuple[str, str], Manifest], written: Written
) -> Iterator[str]:
    """The target has pods while the stored route, or the apex Service, sends anybody there."""
    target = world.target
    if target is None or written.key != ("Deployment", world.name):
        return
    old = before.get(written.key)
    if _replicas(target) > 0 or old is None or _replicas(old) == 0:
        return
    route = world.route
    if route is None:
        yield "scaled to zero before there is a route"
    elif canary_share(route) > 0:
        yield f"scaled to zero while the route gives it {canary_share(route)} %"
    selector = _selector(world.objects.get(("Service", world.apex)))
    if selector != _labels_of_pods(world.primary):
        yield f"scaled to zero while the apex Service selects {selector}"
    if not _serves(world.primary):
        yield f"scaled to zero while the primary does not serve {_short(world.primary)}"


def _apex_has_pods(
    world: _World, before: Mapping[tuple[str, str], Manifest], written: Written
) -> Iterator[str]:
    """The apex Service is made, or turned, only towards a primary that is available."""
    if written.key != ("Service", world.apex) or written.new is None:
        return
    selector = _selector(written.new)
    if selector == _selector(before.get(written.key)):
        return
    if selector == _labels_of_pods(world.primary) and not _serves(world.primary):
        yield f"it points to a primary that does not serve {_short(world.primary)}"


def _primary_is_left_alone(
    world: _World, before: Mapping[tuple[str, str], Manifest], written: Written
) -> Iterator[str]:
    """The primary's pods change while it is set up or promoted, and at no other time."""
    if written.key != ("Deployment", f"{world.name}-primary") or written.new is None:
        return
    old = before.get(written.key)
    if old is None or _template(old) == _template(written.new):
        return
    phase = str(world.status.get("phase", ""))
    skips = phase == "Progressing" and world.canary["spec"].get("skipAnalysis")
    if phase not in _BUILDING and not skips:
        yield f"its pod template changed in phase {phase}"


_RULES: Sequence[
    Callable[[_World, Mapping[tuple[str, str], Manifest], Written], Iterator[str]]
] = (_route_has_pods, _no_route_to_zero, _apex_has_pods, _primary_is_left_alone)


def backwards(
    entries: Iterable[Written], ladder: Sequence[int], *, twins: bool = False
) -> list[str]:
    """Every status that takes a release back, or that no release comes to.

    Args:
        entries: of one Canary.
        ladder: the weights of its analysis in order.
        twins: whether two syncs at the same time may both write. They decide at two moments: the
            times of either may last, and the one that saw less may write last.
    """
    shown: list[Manifest] = [{}, *statuses(entries)]
    found: list[str] = []
    for index, (a, b) in enumerate(pairwise(shown)):
        recent = shown[max(0, index - ECHO) : index]
        if twins and any(_brief(b) == _brief(old) for old in recent):
            continue
        found.extend(
            f"{_tell(a)} -> {_tell(b)}: {problem}"
            for problem in _step_back(_untimed(a, b) if twins else a, b, ladder)
        )
    return found


def _brief(status: Manifest) -> list[object]:
    return [
        status.get(key) for key in ("phase", "canaryWeight", "failedChecks", "lastAppliedSpec")
    ]


def _untimed(a: Manifest, b: Manifest) -> Manifest:
    """The status `a` with the times of `b` where both are a moment apart."""
    moved = {
        key: b[key]
        for key in ("phaseStartTime", "nextStepTime")
        if a.get(key) and b.get(key) and abs(_seconds(a[key]) - _seconds(b[key])) < 1
    }
    return {**a, **moved} if a.get("phase") == b.get("phase") else a


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _step_back(a: Manifest, b: Manifest, ladder: Sequence[int]) -> Iterator[str]:
    was, phase = str(a.get("phase", "")), str(b.get("phase", ""))
    if phase in {"Terminating", "Terminated"}:
        return
    if str(b.get("phaseStartTime", "")) < str(a.get("phaseStartTime", "")):
        yield "phaseStartTime goes back"
    if int(b.get("observedGeneration", 0)) < int(a.get("observedGeneration", 0)):
        yield "observedGeneration goes back"
    before, after = _weight(a), _weight(b)
    restarted = phase == "Progressing" and any(
        a.get(key) != b.get(key) for key in ("lastAppliedSpec", "trackedConfigs")
    )
    if was != phase:
        if phase not in _NEXT.get(was, frozenset()):
            yield "no way leads from this phase to that"
        if phase == "Progressing" and was in {"Promoting", "WaitingPromotion"} and not restarted:
            yield "the run begins anew without a new revision"
        if phase == "Progressing" and after not in {0, before}:
            yield "a run begins with weight"
        return
    if was == "Progressing" and restarted:
        if after:
            yield "a run begins anew with weight"
        return
    if a.get("phaseStartTime") != b.get("phaseStartTime"):
        yield "the phase begins twice"
    if str(b.get("nextStepTime", "")) < str(a.get("nextStepTime", "")):
        yield "nextStepTime goes back"
    if int(b.get("failedChecks", 0)) < int(a.get("failedChecks", 0)):
        yield "failed checks are forgotten"
    if after == before or (was == "Promoting" and after < before):
        return
    if was != "Progressing" or after not in ladder or before not in (0, *ladder):
        yield "this weight is not on the ladder"
    elif (0, *ladder).index(after) != (0, *ladder).index(before) + 1:
        yield "not the next weight of the ladder"


def _weight(status: Manifest) -> int:
    return int(status.get("canaryWeight", 0))


def _tell(status: Manifest) -> str:
    fields = ("phase", "canaryWeight", "failedChecks", "nextStepTime", "lastAppliedSpec")
    return " ".join(str(status.get(key, "-")) for key in fields)


def _template(workload: Manifest | None) -> Manifest:
    found: Manifest = ((workload or {}).get("spec") or {}).get("template") or {}
    return found


def _labels_of_pods(workload: Manifest | None) -> Manifest:
    if workload is None:
        return {}
    found: Manifest = workload["spec"]["selector"]["matchLabels"]
    return found


def _selector(service: Manifest | None) -> Manifest:
    found: Manifest = ((service or {}).get("spec") or {}).get("selector") or {}
    return found


def _replicas(workload: Manifest) -> int:
    return int(workload["spec"].get("replicas", 1))


def _serves(workload: Manifest | None) -> bool:
    status: Manifest = (workload or {}).get("status") or {}
    return (
        workload is not None
        and _replicas(workload) > 0
        and int(status.get("availableReplicas") or 0) > 0
    )


def _complete(workload: Manifest | None) -> bool:
    """Rolled out: everything that is asked for runs the newest template and is available."""
    status: Manifest = (workload or {}).get("status") or {}
    return (
        workload is not None
        and _serves(workload)
        and status.get("observedGeneration") == metadata(workload).get("generation")
        and all(
            int(status.get(key) or 0) == _replicas(workload)
            for key in ("replicas", "updatedReplicas", "availableReplicas")
        )
    )


def _short(workload: Manifest | None) -> str:
    if workload is None:
        return "(there is none)"
    status: Manifest = workload.get("status") or {}
    counts = {
        "replicas": _replicas(workload),
        "generation": metadata(workload).get("generation"),
        "revision": annotations_of(workload).get(REVISION, ""),
        **{k: v for k, v in status.items() if k != "conditions"},
    }
    return str(counts)
