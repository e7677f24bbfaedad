"""Status of Gateway API's objects, as its controllers write it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.conditions import condition
from burgee.playground.dataplane.plane import Verdict

CONTROLLER = "burgee.dev/playground"
_HTTP_ROUTE = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """What a Gateway makes of a route.

    Attributes:
        ref: by which the route names it.
        reason: why the route is not accepted, in a word; empty where it is.
        message: likewise for a person.
    """

    ref: Manifest
    reason: str = ""
    message: str = ""


def report(verdict: Verdict, now: datetime) -> Manifest | None:
    """The status of a GatewayClass, a Gateway or an HTTPRoute."""
    match verdict.subject["kind"]:
        case "GatewayClass":
            return {"conditions": [_condition(verdict, _known(verdict), "Accepted", now)]}
        case "Gateway":
            return _gateway(verdict, now)
        case "HTTPRoute":
            parents, missing = verdict.details
            return {"parents": [_parent(verdict, parent, missing, now) for parent in parents]}
        case _:
            return None


def _gateway(verdict: Verdict, now: datetime) -> Manifest:
    status: Manifest = verdict.subject.get("status") or {}
    counts: Mapping[str, int] = verdict.details
    known: dict[str, list[Manifest]] = {
        listener["name"]: listener.get("conditions") or []
        for listener in status.get("listeners") or []
    }
    kinds = ("Accepted", "Programmed")
    return {
        "conditions": [_condition(verdict, _known(verdict), kind, now) for kind in kinds],
        "listeners": [
            {
                "name": name,
                "attachedRoutes": count,
                "supportedKinds": [_HTTP_ROUTE],
                "conditions": [
                    _condition(verdict, known.get(name, []), kind, now)
                    for kind in (*kinds, "ResolvedRefs")
                ],
            }
            for name, count in counts.items()
        ],
    }


def _parent(verdict: Verdict, parent: Parent, missing: Sequence[str], now: datetime) -> Manifest:
    status: Manifest = verdict.subject.get("status") or {}
    before: list[Manifest] = status.get("parents") or []
    known: list[Manifest] = next(
        (one["conditions"] for one in before if one["parentRef"] == parent.ref), []
    )
    pending = "Pending" if verdict.refusal else ""
    accepted = condition(
        known,
        verdict.subject,
        "Accepted",
        holds=not verdict.refusal,
        reason=parent.reason or pending or "Accepted",
        message=parent.message or verdict.refusal or "Envoy serves it",
        now=now,
    )
    resolved = condition(
        known,
        verdict.subject,
        "ResolvedRefs",
        holds=not missing,
        reason="BackendNotFound" if missing else "ResolvedRefs",
        message=f"there is no {', '.join(missing)}" if missing else "all backends are there",
        now=now,
    )
    return {
        "parentRef": parent.ref,
        "controllerName": CONTROLLER,
        "conditions": [accepted, resolved],
    }


def _known(verdict: Verdict) -> list[Manifest]:
    status: Manifest = verdict.subject.get("status") or {}
    known: list[Any] = status.get("conditions") or []
    return known


def _condition(verdict: Verdict, known: Sequence[Manifest], kind: str, now: datetime) -> Manifest:
    return condition(
        known,
        verdict.subject,
        kind,
        holds=not verdict.refusal,
        reason="Invalid" if verdict.refusal else kind,
        message=verdict.refusal,
        now=now,
    )
