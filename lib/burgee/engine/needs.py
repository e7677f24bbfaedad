"""The kinds of others that a Canary cannot do without, and what is said where one is missing.

Metacontroller puts off the sync of a Canary that asks to see a kind which is not served, and tells
why in an event alone. So such a kind is not asked for, and the Canary says in its condition what
it waits for. Source: reference of Metacontroller's contract, sections 4 and 5.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.routers.registry import carrier_of, router_of
from burgee.targets.scaler import scaler_of

LOOK_AGAIN_SECONDS: Final = 20.0

_BUILT_IN: Final = ("apps/", "autoscaling/", "networking.k8s.io/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A kind that comes with something which has to be installed.

    Attributes:
        who: what asks for it, in the words of the Canary.
        reason: of the condition where it is not served.
    """

    api_version: str
    resource: str
    kind: str
    who: str
    reason: str = "ProviderNotInstalled"


def needs_of(canary: Canary, settings: EngineSettings) -> tuple[Need, ...]:
    """The kinds of the provider and of the scaler that are no part of Kubernetes itself."""
    return tuple(dict.fromkeys(_needs(canary, settings)))


def refusal(unserved: tuple[Need, ...]) -> InvalidCanary:
    """What is said of kinds that are missing; one of them at least."""
    first = unserved[0]
    missing = " and ".join(f"{need.kind} of {need.api_version}" for need in unserved)
    return InvalidCanary(
        first.reason,
        f"{missing}: not served by this cluster, and {first.who} needs it",
        retry_seconds=LOOK_AGAIN_SECONDS,
    )


def _needs(canary: Canary, settings: EngineSettings) -> Iterator[Need]:
    provider = canary.provider(settings.mesh_provider)
    with suppress(InvalidCanary):
        for related in router_of(carrier_of(canary, settings), settings).related(canary):
            kind = related.kind
            if not kind.api_version.startswith(_BUILT_IN):
                yield Need(
                    api_version=kind.api_version,
                    resource=kind.resource,
                    kind=kind.kind,
                    who=f"the provider {provider} (spec.provider)",
                )
    reference = canary.spec.autoscaler_ref
    with suppress(InvalidCanary):
        scaler = scaler_of(reference) if reference else None
        if scaler and not scaler.listed:
            yield Need(
                api_version=scaler.api_version,
                resource=scaler.resource,
                kind=scaler.kind,
                who="spec.autoscalerRef",
                reason="ScalerNotInstalled",
            )
