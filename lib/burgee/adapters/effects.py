"""Performs what a decision does to the world besides its answer.

The effects of one sync run in their order. Each may have been performed before, by another
replica or by a call that timed out, so a repeat is never a failure. Something that changed or
went away meanwhile is no failure either: the change brings the next sync, which derives what is
still to be done. Other failures end the sync, so that its status is not written as if they had
happened. An event is not worth that: it is dropped. Alerts and event webhooks go out beside all
this: they are handed over, and nothing here waits for them.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol, assert_never

import structlog

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.deeds import Kind, Note, doing, ignore
from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.engine.effects import (
    ApplyForeign,
    DeleteObject,
    Effect,
    EmitEvent,
    HookCall,
    HookResult,
    MergePatch,
    Scale,
    SendAlert,
)
from burgee.errors import ClusterError, Conflict, NotFound

COMPONENT = "burgee"

_MESSAGE_BYTES = 1024
_NAME_CHARACTERS = 230
_CALL_SECONDS = 5.0
_DONE, _LEFT = "done", "left"

log = structlog.get_logger(__name__)


class Outgoing(Protocol):
    """Takes what is to be told outside the cluster; neither method waits or raises."""

    def tell(self, call: HookCall) -> None:
        """Hand over one call of an event webhook."""
        ...

    def send(self, alert: SendAlert) -> None:
        """Hand over one alert."""
        ...


def perform(
    effects: Sequence[Effect],
    kube: KubeClient,
    canary: Manifest,
    *,
    deadline: float,
    call_hook: Callable[[HookCall], HookResult],
    outgoing: Outgoing,
    note: Note = ignore,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
) -> dict[str, HookResult]:
    """Perform every effect.

    Args:
        effects: in the order they are to happen.
        kube: the API server.
        canary: the live Canary, on which events are emitted.
        deadline: the monotonic() time by which all must be done.
        call_hook: performs one HookCall; it keeps to the deadline by itself and never raises.
        outgoing: takes alerts, and the calls that tell of a new event.
        note: is told of every effect but those that are handed over.
        now: the wall clock, for the times in an event.
        monotonic: the clock of the deadline.

    Returns:
        The results of the hook calls by their key.

    Raises:
        ClusterError: a write failed otherwise than by Conflict or NotFound; effects after it
            were not performed.
    """
    results: dict[str, HookResult] = {}
    for effect in effects:
        seconds = min(_CALL_SECONDS, deadline - monotonic())
        match effect:
            case Scale() | MergePatch() | ApplyForeign() | DeleteObject():
                with doing(note, Kind.EFFECT, type(effect).__name__, _object(effect)) as deed:
                    deed.outcome = _write(effect, kube, seconds)
            case EmitEvent():
                with doing(note, Kind.EFFECT, type(effect).__name__, effect.type) as deed:
                    deed.outcome = _emit(effect, kube, canary, seconds, now())
                if deed.outcome != _LEFT:
                    for call in effect.calls:
                        outgoing.tell(call)
            case HookCall():
                with doing(note, Kind.WEBHOOK, effect.type, effect.name) as deed:
                    result = call_hook(effect)
                    deed.outcome = "succeeded" if result.succeeded else "failed"
                results[effect.key] = result
            case SendAlert():
                outgoing.send(effect)
            case _:
                assert_never(effect)
    return results


def event_manifest(event: EmitEvent, canary: Manifest, now: datetime) -> Manifest:
    """The core/v1 Event; its name is the same for every repeat of one happening."""
    about = metadata(canary)
    digest = hashlib.sha256(event.key.encode()).hexdigest()[:16]
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{name_of(canary)[:_NAME_CHARACTERS]}.{digest}",
            "namespace": namespace_of(canary),
        },
        "involvedObject": {
            "apiVersion": canary.get("apiVersion", ""),
            "kind": canary.get("kind", ""),
            "name": name_of(canary),
            "namespace": namespace_of(canary),
            "uid": about.get("uid", ""),
            "resourceVersion": about.get("resourceVersion", ""),
        },
        "reason": "Synced",
        "message": _shortened(event.message),
        "type": event.type.value,
        "source": {"component": COMPONENT},
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


def _object(effect: Scale | MergePatch | ApplyForeign | DeleteObject) -> str:
    if isinstance(effect, ApplyForeign):
        return f"{effect.manifest['kind']}/{name_of(effect.manifest)}"
    return f"{effect.kind}/{effect.name}"


def _write(
    effect: Scale | MergePatch | ApplyForeign | DeleteObject, kube: KubeClient, seconds: float
) -> str:
    """How it ended: done, or left to the next sync."""
    try:
        match effect:
            case Scale():
                kube.scale(effect, timeout_seconds=seconds)
            case MergePatch():
                kube.merge_patch(
                    effect.api_version,
                    effect.kind,
                    effect.namespace,
                    effect.name,
                    effect.patch,
                    timeout_seconds=seconds,
                )
            case ApplyForeign():
                kube.apply(effect.manifest, timeout_seconds=seconds)
            case DeleteObject():
                kube.delete(effect, timeout_seconds=seconds)
            case _:
                assert_never(effect)
    except (Conflict, NotFound) as error:
        log.info("left to the next sync", effect=type(effect).__name__, reason=str(error))
        return _LEFT
    return _DONE


def _emit(
    event: EmitEvent, kube: KubeClient, canary: Manifest, seconds: float, now: datetime
) -> str:
    """How it ended: done, dropped, or left as it was there already."""
    try:
        kube.create(event_manifest(event, canary, now), timeout_seconds=seconds)
    except Conflict:
        log.debug("event exists", message=event.message)
        return _LEFT
    except ClusterError as error:
        log.warning("event dropped", message=event.message, reason=str(error))
        return "dropped"
    log.info("event", type=event.type.value, message=event.message)
    return _DONE


def _shortened(message: str) -> str:
    """At most as many bytes as an Event may hold, not cut within a character."""
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= _MESSAGE_BYTES:
        return encoded.decode()
    ellipsis = "…".encode()
    return encoded[: _MESSAGE_BYTES - len(ellipsis)].decode("utf-8", "ignore") + "…"
