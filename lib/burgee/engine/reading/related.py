"""What Metacontroller has to watch for a Canary besides its children.

Every rule gives a namespace: without one, version 2 of the hook means the same name in every
namespace. Source: Metacontroller pkg/controller/common/customize/manager.go.
"""

from collections.abc import Iterator
from contextlib import suppress

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.engine.reading.roles import namespace_for
from burgee.errors import InvalidCanary
from burgee.routers.base import Related
from burgee.routers.registry import carrier_of, router_of
from burgee.targets import configs
from burgee.targets.scaler import scaler_of
from burgee.targets.workload import kind_of


def related_rules(
    canary: Canary, target: Manifest | None, settings: EngineSettings
) -> tuple[Manifest, ...]:
    """Customize rules: the target and its scaler, configs, Services, routes, templates, receivers.

    Args:
        canary: names all but the configs.
        target: as it is now, for the ConfigMaps and Secrets that its pod template names; the
            answer is kept per generation of the Canary, so that names which come later are read
            by the sync itself.
        settings: the global provider, and whether configs are tracked.
    """
    rules: list[Manifest] = []
    for rule in _rules(canary, target, settings):
        # The target of one provider is an object of that provider as well.
        if rule not in rules:
            rules.append(rule)
    return tuple(rules)


def _rules(
    canary: Canary, target: Manifest | None, settings: EngineSettings
) -> Iterator[Manifest]:
    namespace, spec = canary.metadata.namespace, canary.spec
    reference, target_name = spec.autoscaler_ref, spec.target_ref.name
    apex = spec.apex_name
    services = [apex, f"{apex}-primary", f"{apex}-canary"]
    with suppress(InvalidCanary):
        target_kind = kind_of(spec.target_ref)
        if target_kind.api_version != "v1":
            yield _rule(target_kind.api_version, target_kind.resource, namespace, target_name)
        elif target_name not in services:
            services.append(target_name)
    yield _rule("v1", "services", namespace, *services)
    with suppress(InvalidCanary):
        if reference:
            scaler = scaler_of(reference)
            copy = () if scaler.listed else (scaler.primary_name(reference.name),)
            yield _rule(scaler.api_version, scaler.resource, namespace, reference.name, *copy)
    with suppress(InvalidCanary):
        router = router_of(carrier_of(canary, settings), settings)
        for found in router.related(canary):
            elsewhere = namespace_for(found, canary) not in {"", namespace}
            if not (elsewhere and settings.no_cross_namespace_refs):
                yield _route_rule(found, canary)
    for metric in spec.plan.metrics:
        if metric.template_ref:
            where = metric.template_ref.namespace or namespace
            yield _rule("flagger.app/v1beta1", "metrictemplates", where, metric.template_ref.name)
    yield from _alert_rules(canary, settings)
    template = config_template(canary, target)
    if template:
        refs = configs.references(template, tracking_enabled=settings.config_tracking)
        for kind, resource in (("ConfigMap", "configmaps"), ("Secret", "secrets")):
            names = sorted({found.name for found in refs if found.kind == kind})
            if names:
                yield _rule("v1", resource, namespace, *names)


def _alert_rules(canary: Canary, settings: EngineSettings) -> Iterator[Manifest]:
    """One rule for each namespace; none for one that the installation does not allow."""
    own = canary.metadata.namespace
    names: dict[str, set[str]] = {}
    for alert in canary.spec.plan.alerts:
        where = alert.provider_ref.namespace or own
        if where == own or not settings.no_cross_namespace_refs:
            names.setdefault(where, set()).add(alert.provider_ref.name)
    for where, found in sorted(names.items()):
        yield _rule("flagger.app/v1beta1", "alertproviders", where, *sorted(found))


def config_template(canary: Canary, target: Manifest | None) -> Manifest | None:
    """The pod template that may name ConfigMaps and Secrets, None where there is none."""
    if target is None:
        return None
    try:
        return kind_of(canary.spec.target_ref).config_template(target)
    except InvalidCanary:
        return None


def _route_rule(related: Related, canary: Canary) -> Manifest:
    """By names, or by labels; only objects of the whole cluster have no namespace."""
    namespace = namespace_for(related, canary)
    chosen: Manifest = {"names": list(related.names)}
    if related.labels:
        chosen = {"labelSelector": {"matchLabels": dict(related.labels)}}
    return {
        "apiVersion": related.kind.api_version,
        "resource": related.kind.resource,
        **({"namespace": namespace} if namespace else {}),
        **chosen,
    }


def _rule(api_version: str, resource: str, namespace: str, *names: str) -> Manifest:
    return {
        "apiVersion": api_version,
        "resource": resource,
        "namespace": namespace,
        "names": list(names),
    }
