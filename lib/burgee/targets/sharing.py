"""Weights by numbers of pods: how two workloads stand behind one Service, and in what numbers.

Where only Services are there to share traffic, every ready pod behind one gets an equal part of
it. During a run the apex Service chooses by a label that the pods of both sides have; at rest it
chooses the primary's pods alone, as Flagger's. The label is the one thing that is added to the
target's pod template, while it has no pods, and it does not make a revision (hashing.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from burgee.api.guards import APEX_LABEL
from burgee.api.manifest import Manifest, labels_of
from burgee.targets.naming import Names

FULL = 100


class Side(Enum):
    """Whose pods the apex Service chooses."""

    PRIMARY = auto()
    BOTH = auto()
    CANARY = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Numbers of pods."""

    primary: int
    canary: int


def split(capacity: int, weight: int) -> Split:
    """So many pods shared out by weight.

    The largest remainder gets the odd pod, the primary at a tie. A canary with any weight has a
    pod, and the primary always has one to fall back on, so that together they may be one more
    than `capacity`, never fewer.

    Args:
        capacity: pods that serve without a canary, at least 1.
        weight: of the canary, in percent.
    """
    if weight <= 0:
        return Split(primary=capacity, canary=0)
    whole, remainder = divmod(capacity * weight, FULL)
    canary = whole + (remainder > FULL - remainder)
    return Split(primary=max(capacity - canary, 1), canary=max(canary, 1))


def beside(primary: int, weight: int) -> int:
    """Pods of a canary beside a primary whose number is somebody else's to decide.

    At full weight as many as the primary has.
    """
    if weight <= 0:
        return 0
    if weight >= FULL:
        return max(primary, 1)
    return max(round(primary * weight / (FULL - weight)), 1)


def share_percent(primary: int, canary: int) -> float:
    """What so many pods of a canary get beside so many of the primary, in percent."""
    total = primary + canary
    return round(FULL * canary / total, 1) if total else 0.0


def selector_for(side: Side, names: Names) -> dict[str, str]:
    """The selector of the apex Service."""
    match side:
        case Side.PRIMARY:
            return {names.selector_key: names.primary_label_value}
        case Side.BOTH:
            return {APEX_LABEL: names.apex}
        case Side.CANARY:
            return {names.selector_key: names.selector_value}


def side_of(service: Manifest | None, names: Names) -> Side | None:
    """Whose pods an observed apex Service chooses; None for none, or others."""
    selector = ((service or {}).get("spec") or {}).get("selector") or {}
    return next((side for side in Side if selector_for(side, names) == selector), None)


def is_labelled(workload: Manifest | None, apex: str) -> bool:
    """True where a workload's new pods carry the shared label; `apex` names the Service."""
    return labels_of(_template(workload)).get(APEX_LABEL) == apex


def labelled(workload: Manifest, apex: str, *, wanted: bool) -> Manifest:
    """A workload whose pods carry the shared label, or do not."""
    if is_labelled(workload, apex) is wanted:
        return workload
    template = _template(workload)
    labels = {key: value for key, value in labels_of(template).items() if key != APEX_LABEL}
    if wanted:
        labels[APEX_LABEL] = apex
    template = {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}}
    return {**workload, "spec": {**workload["spec"], "template": template}}


def held_patch(
    target: Manifest, apex: str, *, label: bool | None, paused: bool | None
) -> Manifest | None:
    """A merge patch of the target, None where it is as wanted already.

    Args:
        target: as observed.
        apex: name of the apex Service, the label's value.
        label: whether its pods carry the shared label; None to leave that.
        paused: whether a new template has to wait before it is rolled out; None to leave that.
    """
    spec: Manifest = {}
    if label is not None and is_labelled(target, apex) is not label:
        wanted = apex if label else None
        spec["template"] = {"metadata": {"labels": {APEX_LABEL: wanted}}}
    if paused is not None and is_paused(target) is not paused:
        spec["paused"] = True if paused else None
    return {"spec": spec} if spec else None


def is_paused(target: Mapping[str, Manifest]) -> bool:
    """True where a new pod template is not rolled out."""
    return bool((target.get("spec") or {}).get("paused"))


def _template(workload: Manifest | None) -> Manifest:
    spec: Manifest = (workload or {}).get("spec") or {}
    template: Manifest | None = spec.get("template")
    return template or {}
