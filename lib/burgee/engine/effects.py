"""What a sync does to the world besides its answer: values here, performed by the adapters.

Every effect can be repeated: a second performance of the same value changes nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from burgee.api.manifest import Manifest
from burgee.engine.letters import Letter, Receiver

DEFAULT_HOOK_SECONDS = 10.0
"""For one attempt of a webhook that names no timeout. Source: flagger pkg/controller/webhook.go."""

_WORK = frozenset({"pre-rollout", "rollout"})


class EventType(StrEnum):
    """The two types of a Kubernetes Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Set the replicas of a workload through its /scale subresource.

    `resource_version` is the version of the workload that the decision was made on; where it is
    given, a workload that changed meanwhile is left alone (409 is not an error: the change brings
    the next sync).
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    replicas: int
    resource_version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EmitEvent:
    """A Kubernetes Event on the Canary, reason Synced.

    `key` is stable for one happening (uid, revision, phase, step): the Event's name is made from
    it, so that a repeated effect meets 409 and stays one Event. `calls` tell the Canary's event
    webhooks of it; they are made where the Event is new, and nobody waits for their answers.
    """

    type: EventType
    message: str
    key: str
    calls: "tuple[HookCall, ...]" = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MergePatch:
    """A JSON merge patch.

    On an object that burgee owns it removes what others added. On one of the user's it sets or
    removes the one field that scales it (a DaemonSet's node selector, KEDA's pause); with a
    resourceVersion inside, an object that changed meanwhile is left alone.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    patch: Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyForeign:
    """Server-side apply of a few fields, under burgee's own field manager, on a user's object."""

    manifest: Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteObject:
    """Delete an object that burgee made and the garbage collector does not know of.

    `uid` is that of the observed object: another one of the same name is left alone. One that is
    gone already is no error.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HookCall:
    """One POST of a Flagger webhook; see adapters.webhooks for the wire format.

    Attributes:
        type: confirm-rollout, pre-rollout, rollout, post-rollout, ...
        payload: the JSON body (name, namespace, phase, checksum, metadata).
        timeout_seconds: for one attempt.
        retries: further attempts after a connection error, 429 or 5xx except 501.
        verify_tls: False for `disableTLS: true`.
        key: stable for one happening; sent as the header Idempotency-Key.
    """

    name: str
    type: str
    url: str
    payload: Manifest
    timeout_seconds: float
    retries: int
    verify_tls: bool
    key: str

    @property
    def may_outlast_a_sync(self) -> bool:
        """True for tests and loads that are given more time than webhooks have by default.

        Gates are not among them: they are asked again in any case.
        """
        return self.type in _WORK and self.timeout_seconds > DEFAULT_HOOK_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class HookResult:
    """How one HookCall ended: success is a final status of at most 202 (so 204 is a failure).

    Attributes:
        message: what happened in our own words (code, time-out, refused), never a body.
        pending: it has not ended; the same call asks how it is.
    """

    succeeded: bool
    message: str
    status_code: int | None = None
    pending: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SendAlert:
    """One letter to one receiver.

    `key` is stable for one happening and the same for all its receivers; it goes out as the
    header Idempotency-Key. What became of it decides whether status goes on to remember it.
    """

    key: str
    receiver: Receiver
    letter: Letter


Effect: TypeAlias = (
    Scale | EmitEvent | MergePatch | ApplyForeign | DeleteObject | HookCall | SendAlert
)
