"""The kinds of others that a Canary cannot do without, and what is said where one is missing.

Metacontroller puts off the sync of a Canary that asks to see a kind which is not served, and tells
why in an event alone. So such a kind is not asked for, and the Canary says in its condition what
it waits for. Source: Metacontroller pkg/controller/common/customize/manager.go.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.engine.reading.roles import namespace_for
from burgee.engine.reading.strategy import DEPLOYMENT, by_replicas
from burgee.errors import InvalidCanary
from burgee.routers.registry import carrier_of, router_of
from burgee.targets.scaler import scaler_of

LOOK_AGAIN_SECONDS: Final = 20.0
NOT_GRANTED: Final = "ProviderNotGranted"

_BUILT_IN: Final = ("apps/", "autoscaling/", "networking.k8s.io/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A kind that comes with something which has to be installed.

    Attributes:
        namespace: where its objects are; empty for the whole cluster.
        who: what asks for it, in the words of the Canary.
        reason: of the condition where it is not served.
        patched: burgee has to patch its objects; otherwise it reads them.
        granted: False where it is served and burgee may not do that.
    """

    api_version: str
    resource: str
    kind: str
    namespace: str
    who: str
    reason: str = "ProviderNotInstalled"
    patched: bool = False
    granted: bool = True


def needs_of(canary: Canary, settings: EngineSettings) -> tuple[Need, ...]:
    """The kinds of the provider and of the scaler that are no part of Kubernetes itself."""
    return tuple(dict.fromkeys(_needs(canary, settings)))


def refusal(lacking: tuple[Need, ...]) -> InvalidCanary:
    """What is said of kinds that are missing or must not be read; one of them at least."""
    first = lacking[0]
    alike = (need for need in lacking if need.granted is first.granted)
    kinds = " and ".join(dict.fromkeys(f"{need.kind} of {need.api_version}" for need in alike))
    if first.granted:
        return InvalidCanary(
            first.reason,
            f"{kinds}: not served by this cluster, and {first.who} needs it",
            retry_seconds=LOOK_AGAIN_SECONDS,
        )
    return InvalidCanary(
        NOT_GRANTED,
        f"{kinds}: burgee may not {'patch' if first.patched else 'read'} it, and {first.who} needs "
        "it; the rights are in a component "
        "of burgee's manifests",
        retry_seconds=LOOK_AGAIN_SECONDS,
    )


def _needs(canary: Canary, settings: EngineSettings) -> Iterator[Need]:
    provider = canary.provider(settings.mesh_provider)
    with suppress(InvalidCanary):
        router = router_of(carrier_of(canary, settings), settings)
        if by_replicas(canary.spec, router.capabilities):
            yield Need(
                api_version="apps/v1",
                resource="deployments",
                kind=DEPLOYMENT,
                namespace=canary.metadata.namespace,
                who=f"the provider {provider} (spec.provider) with weights",
                patched=True,
            )
        for related in router.related(canary):
            kind = related.kind
            if not kind.api_version.startswith(_BUILT_IN):
                yield Need(
                    api_version=kind.api_version,
                    resource=kind.resource,
                    kind=kind.kind,
                    namespace=namespace_for(related, canary),
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
                namespace=canary.metadata.namespace,
                who="spec.autoscalerRef",
                reason="ScalerNotInstalled",
            )
