"""Alerts: what a phase has to say to people, and which receivers want to hear it.

A receiver with severity info hears everything, warn hears warnings and errors, error hears errors;
without a severity it hears nothing. A Canary without alerts of its own uses the global receiver,
which hears everything. Source: flagger pkg/controller/events.go, alert.
"""

import hashlib
from dataclasses import dataclass

from burgee.api.alert_provider import AlertProvider
from burgee.api.analysis import Analysis
from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.engine.letters import Receiver, Severity
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.observation import Observation
from burgee.engine.reading.weights import top_weight

GLOBAL = "global"

_CHANNEL = "general"
_USERNAME = "flagger"
_KEY_DIGITS = 32
_RANK = {Severity.INFO: 0, Severity.WARN: 1, Severity.ERROR: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Something that people are to be told.

    Attributes:
        key: stable for one happening: the Canary, its revision, the phase that it was in since
            when, and the cause.
        with_fields: facts about the release go along.
    """

    severity: Severity
    message: str
    key: str
    with_fields: bool = False


def alert(
    facts: Facts, severity: Severity, message: str, *, cause: str, with_fields: bool = False
) -> Alert:
    """An alert whose key is the same whichever replica raises it, and however often."""
    status = facts.status
    parts = (
        facts.canary.metadata.uid,
        facts.revision,
        status.phase.value,
        status.phase_start_time or "",
        cause,
    )
    key = hashlib.sha256("/".join(parts).encode()).hexdigest()[:_KEY_DIGITS]
    return Alert(severity=severity, message=message, key=key, with_fields=with_fields)


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """Who hears an alert.

    Attributes:
        ids: of receivers that exist.
        missing: ids of AlertProviders that the Canary names and that do not exist.
    """

    ids: tuple[str, ...]
    missing: tuple[str, ...] = ()


def route(observation: Observation, severity: Severity) -> Routing:
    """The receivers of an alert; one that is named twice hears it once."""
    canary = observation.canary
    wanted = canary.spec.plan.alerts
    if not wanted:
        return Routing(ids=(GLOBAL,) if receiver_of(observation, GLOBAL) else ())
    ids = [
        provider_id(canary, entry.provider_ref.name, entry.provider_ref.namespace)
        for entry in wanted
        if _hears(entry.severity, severity)
    ]
    known = {i for i in ids if receiver_of(observation, i) is not None}
    ordered = dict.fromkeys(ids)
    return Routing(
        ids=tuple(i for i in ordered if i in known),
        missing=tuple(i for i in ordered if i not in known),
    )


def receiver_of(observation: Observation, receiver_id: str) -> Receiver | None:
    """The receiver of that id as it is now; None where the Canary does not name it any more."""
    canary = observation.canary
    wanted = canary.spec.plan.alerts
    if not wanted:
        return _global_receiver(observation.settings) if receiver_id == GLOBAL else None
    for entry in wanted:
        ref = entry.provider_ref
        if provider_id(canary, ref.name, ref.namespace) == receiver_id:
            key = (ref.namespace or canary.metadata.namespace, ref.name)
            found = observation.alert_providers.get(key)
            usable = found is not None and (found.spec.address or found.spec.secret_ref)
            return _receiver(receiver_id, found) if found and usable else None
    return None


def provider_id(canary: Canary, name: str, namespace: str | None) -> str:
    """namespace/name of an AlertProvider."""
    return f"{namespace or canary.metadata.namespace}/{name}"


def fields_of(
    canary: Canary, settings: EngineSettings, *, with_fields: bool
) -> tuple[tuple[str, str], ...]:
    """The facts beside a message: the cluster always, where it has a name."""
    fields = [("Cluster", settings.cluster_name)] if settings.cluster_name else []
    if with_fields:
        ref, spec = canary.spec.target_ref, canary.spec
        fields += [
            ("Target", f"{ref.kind}/{ref.name}.{canary.metadata.namespace}"),
            ("Failed checks threshold", str(spec.plan.failure_threshold)),
            ("Progress deadline", f"{spec.deadline_seconds}s"),
        ]
        routing = _traffic_routing(spec.plan)
        if routing:
            fields.append(("Traffic routing", routing))
    return tuple(fields)


def _traffic_routing(analysis: Analysis) -> str:
    if analysis.step_weight > 0:
        return f"Weight step: {analysis.step_weight} max: {top_weight(analysis)}"
    if analysis.step_weights:
        steps = ",".join(str(step) for step in analysis.step_weights)
        return f"Weight steps: {steps} max: {top_weight(analysis)}"
    if analysis.match:
        return "A/B Testing"
    return "Blue/Green" if analysis.iterations > 0 else ""


def _hears(wanted: str, severity: Severity) -> bool:
    try:
        return _RANK[severity] >= _RANK[Severity(wanted)]
    except ValueError:
        return False


def _receiver(receiver_id: str, provider: AlertProvider) -> Receiver:
    spec, secret = provider.spec, provider.spec.secret_ref
    return Receiver(
        id=receiver_id,
        kind=spec.type,
        address=spec.address,
        secret=(provider.metadata.namespace, secret.name) if secret else None,
        proxy=spec.proxy,
        channel=spec.channel or _CHANNEL,
        username=spec.username or _USERNAME,
    )


def _global_receiver(settings: EngineSettings) -> Receiver | None:
    """Teams wins over Slack; Slack needs a channel and a user, as in Flagger."""
    if settings.msteams_url:
        return Receiver(
            id=GLOBAL,
            kind="msteams",
            address=settings.msteams_url,
            proxy=settings.msteams_proxy_url,
        )
    if settings.slack_url and settings.slack_channel and settings.slack_user:
        return Receiver(
            id=GLOBAL,
            kind="slack",
            address=settings.slack_url,
            proxy=settings.slack_proxy_url,
            channel=settings.slack_channel,
            username=settings.slack_user,
            token=settings.slack_token,
        )
    return None
