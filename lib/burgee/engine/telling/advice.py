"""What a Canary asks for and does not get: said, and held against nobody.

Flagger ignores such fields without a word. A Canary that has them works all the same, so that they
are told in a condition of their own and in one event.
"""

from collections.abc import Iterator
from typing import Final

from burgee.api.canary import Service
from burgee.api.manifest import Manifest
from burgee.api.status import CanaryStatus
from burgee.engine.effects import EmitEvent, EventType
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.strategy import Strategy
from burgee.engine.reading.traffic import FULL_PERCENT
from burgee.engine.transitions import with_condition, without_condition
from burgee.routers.base import Advising, Capabilities

HONOURED: Final = "Honoured"
NO_EFFECT: Final = "NoEffect"

# What of spec.service is for the route; the rest is for the Services, whatever the provider.
_FOR_ROUTES: Final = {
    "backendTimeout": "backend_timeout",
    "backends": "backends",
    "corsPolicy": "cors_policy",
    "delegation": "delegation",
    "gatewayRefs": "gateway_refs",
    "gateways": "gateways",
    "headers": "headers",
    "hosts": "hosts",
    "match": "match",
    "meshName": "mesh_name",
    "mirror": "mirror",
    "retries": "retries",
    "rewrite": "rewrite",
    "timeout": "timeout",
    "trafficPolicy": "traffic_policy",
}
_PREFIX_ONLY: Final = {"uri"}


def advise(status: CanaryStatus, facts: Facts) -> tuple[CanaryStatus, EmitEvent | None]:
    """Sets or clears the condition about what has no effect; an event where it is new."""
    text = advice(facts)
    if not text:
        return without_condition(status, HONOURED), None
    after = with_condition(
        status, HONOURED, truth="False", reason=NO_EFFECT, message=text, now=facts.now
    )
    if after is status:
        return status, None
    key = f"{facts.canary.metadata.uid}/{NO_EFFECT}/{text}/{facts.canary.metadata.generation}"
    return after, EmitEvent(type=EventType.WARNING, message=text, key=key)


def advice(facts: Facts) -> str:
    """All that is asked for and has no effect, empty for nothing."""
    return "; ".join(_advice(facts))


def _advice(facts: Facts) -> Iterator[str]:
    able, plan = facts.router.capabilities, facts.analysis
    provider = f"with provider {facts.canary.provider(facts.observation.settings.mesh_provider)}"
    if facts.spec.route_ref is not None and not able.honours and not able.matching:
        provider = "where spec.routeRef names the route"
    for field in _ignored(facts.spec.service, able):
        yield f"spec.service.{field} has no effect {provider}"
    yield from _partly(facts.spec.service, able, provider)
    if facts.spec.skips_analysis:
        return
    if plan.mirror_weight and not plan.mirror:
        yield "spec.analysis.mirrorWeight has no effect without spec.analysis.mirror"
    elif able.mirroring and not able.mirror_weight and 0 < plan.mirror_weight < FULL_PERCENT:
        yield f"spec.analysis.mirrorWeight has no effect {provider}: all requests are copied"
    if facts.strategy is Strategy.AB:
        if plan.mirror:
            yield "spec.analysis.mirror has no effect in an A/B test"
        if plan.session_affinity is not None:
            yield "spec.analysis.sessionAffinity has no effect in an A/B test"
    else:
        if plan.match and not able.matching:
            yield f"spec.analysis.match has no effect {provider}"
        if plan.mirror and not able.mirroring:
            yield f"spec.analysis.mirror has no effect {provider}"
    if isinstance(facts.router, Advising):
        yield from facts.router.advice(facts.canary)


def _ignored(service: Service, able: Capabilities) -> Iterator[str]:
    for field, attribute in _FOR_ROUTES.items():
        if field not in able.honours and getattr(service, attribute):
            yield field


def _partly(service: Service, able: Capabilities, provider: str) -> Iterator[str]:
    """What is looked at in part: the first host, the prefix of the first condition."""
    if "hosts" in able.first_only and len(service.hosts) > 1:
        yield f"of spec.service.hosts only the first has an effect {provider}"
    if "match" in able.first_only and service.match:
        first, *more = service.match
        if more or not _is_prefix(first):
            yield f"of spec.service.match only uri.prefix of the first has an effect {provider}"


def _is_prefix(condition: Manifest) -> bool:
    """True for a condition that says nothing but a prefix."""
    given = {field for field, value in condition.items() if value}
    uri: Manifest = condition.get("uri") or {}
    return given <= _PREFIX_ONLY and {way for way, value in uri.items() if value} <= {"prefix"}
