"""The one serializer through which every answer leaves.

Metacontroller does what an answer says without asking back: a missing child is deleted, a null
child ends its process, a missing status wipes the status, a wrong label fails the whole sync.
So nothing leaves that is not complete and plain; what breaks a rule raises InvalidAnswer, becomes
a 500, and writes nothing.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from burgee.api.manifest import Manifest, labels_of, metadata, name_of, namespace_of
from burgee.errors import InvalidAnswer

# `status` and `managedFields` in an applied object are refused or ignored by the API server, a
# resourceVersion or uid ties the child to what was seen: all are signs of an observed object
# handed back as a desired one.
_SERVERS_OWN = (
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "resourceVersion",
    "uid",
)
_SCALED = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})
_OWNER_LABEL = "controller-uid"
# For any other kind a rule without a namespace means that name in every namespace.
_OF_THE_CLUSTER = frozenset({"trafficroutes"})

_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def sync_answer(
    parent: Mapping[str, Any],
    *,
    status: Mapping[str, Any],
    children: Sequence[Mapping[str, Any]],
    resync_after_seconds: float | None = None,
) -> bytes:
    """The answer of the sync hook; it never carries `finalized`.

    Args:
        parent: the Canary of the request: children live in its namespace.
        status: the whole new status.
        children: every child that shall exist, of every listed kind.
        resync_after_seconds: when to be asked again without an event; None or 0 for never.

    Raises:
        InvalidAnswer: a rule is broken; the text says which.
    """
    return _encoded(_answer(parent, status, children, resync_after_seconds))


def finalize_answer(
    parent: Mapping[str, Any],
    *,
    status: Mapping[str, Any],
    children: Sequence[Mapping[str, Any]],
    finalized: bool,
    resync_after_seconds: float | None = None,
) -> bytes:
    """The answer of the finalize hook: as for sync, and whether the Canary may go.

    Raises:
        InvalidAnswer: a rule is broken; the text says which.
    """
    answer = _answer(parent, status, children, resync_after_seconds)
    return _encoded({**answer, "finalized": _truth(finalized)})


def customize_answer(rules: Sequence[Mapping[str, Any]]) -> bytes:
    """The answer of the customize hook: which other objects a Canary wants to see.

    Raises:
        InvalidAnswer: a rule would select more than was meant, or nothing at all.
    """
    for rule in rules:
        _check_rule(rule)
    return _encoded({"relatedResources": list(rules)})


def _answer(
    parent: Mapping[str, Any],
    status: object,
    children: object,
    resync_after_seconds: object,
) -> Manifest:
    """What both answers have in common; the types are proved here, not believed."""
    if not isinstance(status, Mapping) or not status:
        raise InvalidAnswer("the status is no object or empty")
    return {
        "status": _plain_numbers(status),
        "children": _checked_children(parent, children),
        "resyncAfterSeconds": _seconds(resync_after_seconds),
    }


def _checked_children(parent: Mapping[str, Any], children: object) -> list[Mapping[str, Any]]:
    if not isinstance(children, list | tuple):
        raise InvalidAnswer("the children are no list")
    checked: list[Mapping[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()
    for index, child in enumerate(children):
        if not isinstance(child, Mapping):
            raise InvalidAnswer(f"child {index} is no object")
        for problem in _problems(parent, child):
            raise InvalidAnswer(
                f"child {index} ({child.get('kind')} {_safe_name(child)}) {problem}"
            )
        # The version is left out on purpose: one object in two versions is one object.
        key = (_group(child), str(child["kind"]), name_of(child))
        if key in seen:
            raise InvalidAnswer(f"{key[1]} {key[2]} is among the children twice")
        seen.add(key)
        checked.append(child)
    return checked


def _problems(parent: Mapping[str, Any], child: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one child; the first finding counts."""
    for key in ("apiVersion", "kind"):
        if not isinstance(child.get(key), str) or not child[key]:
            yield f"has no {key}"
    meta = child.get("metadata")
    if not isinstance(meta, Mapping):
        yield "has no metadata"
        return
    for key in ("name", "namespace"):
        if not isinstance(meta.get(key), str) or not meta[key]:
            yield f"has no metadata.{key}"
    if meta["namespace"] != namespace_of(parent):
        yield "is in another namespace than its Canary"
    for key in _SERVERS_OWN:
        if key in meta:
            yield f"carries metadata.{key}"
    labels = meta.get("labels")
    if labels is not None and not isinstance(labels, Mapping):
        yield "has labels that are no object"
        return
    owner = labels_of(child).get(_OWNER_LABEL)
    if owner is not None and owner != metadata(parent).get("uid"):
        yield f"has another {_OWNER_LABEL} than its Canary"
    if "status" in child:
        yield "carries a status"
    spec = child.get("spec")
    if child["kind"] in _SCALED and isinstance(spec, Mapping) and "replicas" in spec:
        yield "carries spec.replicas"


def _check_rule(rule: object) -> None:
    if not isinstance(rule, Mapping):
        raise InvalidAnswer("a rule is no object")
    wanted = ["apiVersion", "resource"]
    if rule.get("resource") not in _OF_THE_CLUSTER or "namespace" in rule:
        wanted.append("namespace")
    for key in wanted:
        if not isinstance(rule.get(key), str) or not rule[key]:
            raise InvalidAnswer(f"a rule has no {key}")
    what = f"the rule for {rule['resource']}"
    unknown = set(rule) - {"apiVersion", "resource", "namespace", "names", "labelSelector"}
    if unknown:
        raise InvalidAnswer(f"{what} has the unknown {sorted(map(str, unknown))}")
    names = rule.get("names")
    if ("names" in rule) is ("labelSelector" in rule):
        raise InvalidAnswer(f"{what} needs either names or a labelSelector")
    if "names" in rule and not _are_names(names):
        # No names would mean: all of the namespace.
        raise InvalidAnswer(f"{what} has names that are no list of names")
    if "labelSelector" in rule and not rule["labelSelector"]:
        raise InvalidAnswer(f"{what} has an empty labelSelector")


def _are_names(names: object) -> bool:
    return (
        isinstance(names, list | tuple)
        and bool(names)
        and all(isinstance(name, str) and name for name in names)
        and len(set(names)) == len(names)
    )


def _seconds(value: object) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidAnswer("resyncAfterSeconds is no number")
    if not math.isfinite(value) or value < 0:
        raise InvalidAnswer("resyncAfterSeconds is negative or not finite")
    return float(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidAnswer("finalized is neither true nor false")
    return value


def _plain_numbers(value: Any) -> Any:
    """Whole floats become integers, as the API server stores them.

    Metacontroller takes 7.0 and 7 for different, and would write such a status on every sync.
    """
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {key: _plain_numbers(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain_numbers(item) for item in value]
        case _:
            return value


def _encoded(answer: Manifest) -> bytes:
    try:
        return _ENCODER.encode(answer).encode()
    except (TypeError, ValueError, RecursionError) as error:
        # Its text may quote the value.
        raise InvalidAnswer(f"the answer is no JSON ({type(error).__name__})") from None


def _group(child: Mapping[str, Any]) -> str:
    group, slash, _ = str(child["apiVersion"]).partition("/")
    return group if slash else ""


def _safe_name(child: Mapping[str, Any]) -> str:
    meta = child.get("metadata")
    return str(meta.get("name", "?")) if isinstance(meta, Mapping) else "?"
