"""Webhooks of the spec turned into calls. Source: flagger pkg/controller/webhook.go."""

from collections.abc import Mapping

from burgee.api.analysis import Webhook
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.model import duration_seconds
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.effects import DEFAULT_HOOK_SECONDS, HookCall
from burgee.engine.telling.checksum import payload_checksum
from burgee.errors import InvalidCanary


def build_hook_call(
    canary: Canary,
    webhook: Webhook,
    *,
    phase: Phase,
    status: CanaryStatus,
    key: str,
    told: Mapping[str, str] | None = None,
) -> HookCall:
    """The call of one webhook.

    Args:
        canary: whose webhook it is.
        webhook: as written in the spec.
        phase: what the payload says; not always the phase of `status`.
        status: what the checksum is made of.
        key: stable for one happening, so that a receiver can drop a repeat.
        told: goes into the metadata, where the webhook's own cannot override it.

    Raises:
        InvalidCanary: its timeout is no duration.
    """
    payload: Manifest = {
        "name": canary.metadata.name,
        "namespace": canary.metadata.namespace,
        "phase": phase.value,
        "checksum": payload_checksum(status.tracked_configs, status.last_applied_spec),
    }
    metadata = {**(webhook.metadata or {}), **(told or {})}
    if metadata:
        payload["metadata"] = metadata
    return HookCall(
        name=webhook.name,
        type=webhook.kind,
        url=webhook.url,
        payload=payload,
        timeout_seconds=_timeout_seconds(webhook),
        retries=max(webhook.retries, 0),
        verify_tls=not webhook.disable_tls,
        key=key,
    )


def _timeout_seconds(webhook: Webhook) -> float:
    """The time for one attempt; a text too short to be a duration counts as unset."""
    text = webhook.timeout or ""
    seconds = duration_seconds(text) if len(text) >= 2 else DEFAULT_HOOK_SECONDS
    if seconds is None:
        raise InvalidCanary(
            "InvalidWebhook", f"webhook {webhook.name}: timeout {text!r} is no duration"
        )
    return seconds
