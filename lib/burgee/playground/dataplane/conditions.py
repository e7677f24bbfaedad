"""Conditions in the status of an object, as control planes write them. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from burgee.api.manifest import Manifest, metadata


def condition(
    known: Sequence[Manifest],
    subject: Manifest,
    kind: str,
    *,
    holds: bool,
    reason: str,
    message: str,
    now: datetime,
) -> Manifest:
    """A condition for the generation of an object that was read.

    Args:
        known: the conditions so far; while the status stays the same its time does.
        subject: the object.
        kind: the condition's type.
        holds: its status.
        reason: in a word.
        message: for a person.
        now: the time.
    """
    status = "True" if holds else "False"
    since = next(
        (c["lastTransitionTime"] for c in known if c["type"] == kind and c["status"] == status),
        now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return {
        "type": kind,
        "status": status,
        "observedGeneration": metadata(subject).get("generation") or 0,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
