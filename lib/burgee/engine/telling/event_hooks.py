"""Event webhooks: they are told of every Event.

The Canary's own webhooks of type event, or the global one where it has none. Source: flagger
pkg/controller/events.go, sendEventToWebhook.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from burgee.api.analysis import Webhook
from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.effects import Effect, EmitEvent, HookCall
from burgee.engine.telling.hook_calls import build_hook_call
from burgee.errors import InvalidCanary

# The Event that leads into one of these is told while the phase before still lasts.
_NOT_YET = frozenset(
    {Phase.WAITING, Phase.WAITING_PROMOTION, Phase.PROMOTING, Phase.FINALISING},
)


def with_event_hooks(
    effects: Iterable[Effect],
    canary: Canary,
    status: CanaryStatus,
    settings: EngineSettings,
    now: datetime,
) -> tuple[Effect, ...]:
    """The effects, each Event with the calls that tell of it.

    Args:
        effects: of one sync.
        canary: as the sync found it.
        status: as the sync leaves it.
        settings: with the global webhook.
        now: of the sync.
    """
    hooks = canary.spec.plan.hooks_of("event")
    if not hooks and settings.event_webhook:
        hooks = (Webhook(name="events", url=settings.event_webhook, type="event"),)
    if not hooks:
        return tuple(effects)
    phase = canary.status.phase if status.phase in _NOT_YET else status.phase
    return tuple(
        replace(effect, calls=tuple(_calls(effect, hooks, canary, status, phase, now)))
        if isinstance(effect, EmitEvent)
        else effect
        for effect in effects
    )


def _calls(
    event: EmitEvent,
    hooks: tuple[Webhook, ...],
    canary: Canary,
    status: CanaryStatus,
    phase: Phase,
    now: datetime,
) -> Iterator[HookCall]:
    """One for each webhook; one with an unusable time-out is refused elsewhere, and left out."""
    told = {
        "eventMessage": event.message,
        "eventType": event.type.value,
        "timestamp": str(int(now.timestamp() * 1000)),
    }
    for number, webhook in enumerate(hooks):
        with suppress(InvalidCanary):
            yield build_hook_call(
                canary,
                webhook,
                phase=phase,
                status=status,
                key=f"{event.key}/event/{number}",
                told=told,
            )
