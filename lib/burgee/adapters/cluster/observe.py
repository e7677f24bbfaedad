"""From a request to an observation: sorts what it carries, reads what it lacks."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import TypeVar

from pydantic import ValidationError

from burgee.adapters.cluster.reader import Groups, Reader, flatten, group_of
from burgee.api.alert_provider import AlertProvider
from burgee.api.canary import API_VERSION, Canary
from burgee.api.manifest import (
    Manifest,
    annotations_of,
    controller_uid,
    name_of,
    namespace_of,
)
from burgee.api.metric_template import MetricTemplate
from burgee.api.model import WireModel
from burgee.api.settings import EngineSettings
from burgee.engine.reading.needs import needs_of
from burgee.engine.reading.observation import ObjectKey, Observation
from burgee.engine.reading.related import config_template
from burgee.engine.reading.roles import namespace_for, role_in, roles_of
from burgee.errors import InvalidCanary
from burgee.routers.base import HOLDER_ANNOTATION, Role
from burgee.routers.knative import REVISION
from burgee.routers.registry import carrier_of, router_of
from burgee.targets import configs, knative_service
from burgee.targets.naming import PRIMARY_SUFFIX
from burgee.targets.scaler import scaler_of
from burgee.targets.workload import kind_of

_WORKLOADS = "apps/v1"
_NO_ROUTES = frozenset({"v1", "apps", "autoscaling", "flagger.app", "keda.sh"})
"""API groups whose objects are no routes of a traffic provider."""

Model = TypeVar("Model", bound=WireModel)


def children_of(groups: Groups) -> dict[ObjectKey, Manifest]:
    """Children by kind and name."""
    return {(child["kind"], name_of(child)): child for child in flatten(groups)}


def is_route(manifest: Manifest) -> bool:
    """True for an object of a traffic provider; those are answered only where they change."""
    return str(manifest["apiVersion"]).partition("/")[0] not in _NO_ROUTES


def observe(
    canary: Canary,
    children: Mapping[ObjectKey, Manifest],
    reader: Reader,
    settings: EngineSettings,
) -> Observation:
    """The observation of one sync.

    Raises:
        ClusterError: something that the request lacks could not be read.
    """
    namespace, uid = canary.metadata.namespace, canary.metadata.uid
    ref, scaler = canary.spec.target_ref, canary.spec.autoscaler_ref
    needs = needs_of(canary, settings)
    lacking = reader.lacking(needs, canary.spec.apex_name)
    target = found_scaler = primary_scaler = None
    with suppress(InvalidCanary):
        kind = kind_of(ref)
        target = reader.find(kind.api_version, kind.kind, namespace, ref.name)
    with suppress(InvalidCanary):
        if scaler:
            scaled_by = scaler_of(scaler)
            found_scaler = reader.find(
                scaled_by.api_version, scaled_by.kind, namespace, scaler.name
            )
            copy = scaled_by.primary_name(scaler.name)
            look = reader.known
            if not (scaled_by.listed or reader.watches(scaled_by.api_version, scaled_by.kind)):
                look = reader.find
            primary_scaler = look(scaled_by.api_version, scaled_by.kind, namespace, copy)
    unwatched = not all(reader.watches(need.api_version, need.kind) for need in needs)
    besides = _unwatched(canary, reader, settings) if unwatched and not lacking else ()
    roles = roles_of(canary, settings)
    routes: dict[ObjectKey, Manifest] = {}
    originals: list[Manifest] = []
    services: dict[str, Manifest] = {}
    templates: dict[tuple[str, str], MetricTemplate] = {}
    alert_providers: dict[tuple[str, str], AlertProvider] = {}
    for found in chain(reader.all(), besides):
        if found["kind"] == "Service" and found["apiVersion"] == "v1":
            if controller_uid(found) != uid:
                services[name_of(found)] = found
        elif found["kind"] == "MetricTemplate":
            template = _parsed(MetricTemplate, found)
            if template:
                templates[namespace_of(found), name_of(found)] = template
        elif found["kind"] == "AlertProvider":
            provider = _parsed(AlertProvider, found)
            if provider:
                alert_providers[namespace_of(found), name_of(found)] = provider
        elif role_in(roles, found) is Role.READ:
            originals.append(found)
        elif is_route(found):
            routes[found["kind"], name_of(found)] = found
    # A route of a listed kind is there as a child as well; both come from caches of their own.
    routes.update({key: child for key, child in children.items() if is_route(child)})
    originals.extend(_revisions(target, reader))
    found_configs = _configs(config_template(canary, target), namespace, reader, settings)
    return Observation(
        canary=canary,
        target=target,
        scaler=found_scaler,
        primary_scaler=primary_scaler,
        configs=found_configs,
        taken=() if canary.spec.suspend else tuple(_taken(canary, target, children, reader)),
        shared=_shared(found_configs, canary, children, reader),
        children=children,
        routes=routes,
        originals=tuple(originals),
        leftovers=tuple(_leftovers(canary, reader, settings)),
        services=services,
        templates=templates,
        alert_providers=alert_providers,
        lacking=lacking,
        unwatched=unwatched,
        settings=settings,
    )


def _taken(
    canary: Canary,
    target: Manifest | None,
    children: Mapping[ObjectKey, Manifest],
    reader: Reader,
) -> Iterator[Manifest]:
    """What something else has: the target, and copies for the primary that are no children.

    Metacontroller shows owned objects alone. One look more while a copy is made is nothing; to
    write an object of somebody else would be refused over and over.
    """
    ref, scaler = canary.spec.target_ref, canary.spec.autoscaler_ref
    if target is not None and _is_held(target, canary, reader):
        yield target
    copies: list[tuple[str, str, str]] = []
    with suppress(InvalidCanary):
        kind = kind_of(ref)
        if kind.api_version == _WORKLOADS:
            copies.append((kind.api_version, kind.kind, ref.name + PRIMARY_SUFFIX))
    with suppress(InvalidCanary):
        scaled_by = scaler_of(scaler) if scaler else None
        if scaler and scaled_by and scaled_by.listed:
            name = scaled_by.primary_name(scaler.name)
            copies.append((scaled_by.api_version, scaled_by.kind, name))
    for api_version, kind_name, name in copies:
        if (kind_name, name) not in children:
            found = reader.find(api_version, kind_name, canary.metadata.namespace, name)
            if found is not None and controller_uid(found) not in {"", canary.metadata.uid}:
                yield found


def _is_held(target: Manifest, canary: Canary, reader: Reader) -> bool:
    """True where another Canary sets fields of the target, and still is there for it."""
    if target["apiVersion"] != knative_service.API_VERSION:
        return False
    holder = annotations_of(target).get(HOLDER_ANNOTATION, canary.key)
    namespace, _, name = holder.partition("/")
    if holder == canary.key or namespace != canary.metadata.namespace or not name:
        return False
    found = reader.find(API_VERSION, "Canary", namespace, name)
    ref: Manifest = ((found or {}).get("spec") or {}).get("targetRef") or {}
    return (ref.get("kind"), ref.get("name")) == (target["kind"], name_of(target))


def _unwatched(canary: Canary, reader: Reader, settings: EngineSettings) -> Iterator[Manifest]:
    """Objects of a provider whose kinds came after Metacontroller had asked what to watch."""
    with suppress(InvalidCanary):
        router = router_of(carrier_of(canary, settings), settings)
        for related in router.related(canary):
            kind, where = related.kind, namespace_for(related, canary)
            if reader.watches(kind.api_version, kind.kind):
                continue
            if settings.no_cross_namespace_refs and where not in {"", canary.metadata.namespace}:
                continue
            for name in related.names:
                found = reader.find(kind.api_version, kind.kind, where, name)
                if found is not None:
                    yield found


def _leftovers(canary: Canary, reader: Reader, settings: EngineSettings) -> Iterator[Manifest]:
    """Objects of the provider that the Canary had before, but for those that it still has."""
    former = canary.status.provider
    if former in {"", carrier_of(canary, settings)}:
        return
    roles = roles_of(canary, settings)
    with suppress(InvalidCanary):
        for related in router_of(former, settings).related(canary):
            kind = related.kind
            where = namespace_for(related, canary)
            for name in related.names if related.role is not Role.READ else ():
                if (group_of(kind.api_version), kind.kind, name) not in roles:
                    found = reader.find(kind.api_version, kind.kind, where, name)
                    if found is not None:
                        yield found


def _revisions(target: Manifest | None, reader: Reader) -> Iterator[Manifest]:
    """The revisions of a Knative Service that decide something and are not watched yet."""
    for name in knative_service.revisions_of(target) if target else ():
        where = namespace_of(target or {})
        if reader.known(REVISION.api_version, REVISION.kind, where, name) is None:
            found = reader.find(REVISION.api_version, REVISION.kind, where, name)
            if found is not None:
                yield found


def _parsed(model: type[Model], found: Manifest) -> Model | None:
    """An object of burgee's API; None for one that cannot be read, which counts as missing."""
    try:
        return model.model_validate(found)
    except ValidationError:
        return None


def _configs(
    template: Manifest | None, namespace: str, reader: Reader, settings: EngineSettings
) -> dict[str, Manifest]:
    """The ConfigMaps and Secrets that the target's pod template names and that exist."""
    if template is None:
        return {}
    refs = configs.references(template, tracking_enabled=settings.config_tracking)
    found = {ref.key: reader.find("v1", ref.kind, namespace, ref.name) for ref in refs}
    return {key: config for key, config in found.items() if config is not None}


def _shared(
    found: Mapping[str, Manifest],
    canary: Canary,
    children: Mapping[ObjectKey, Manifest],
    reader: Reader,
) -> frozenset[str]:
    """The configs whose copy another Canary owns; asked only for copies that are not ours."""
    keys: set[str] = set()
    for key, config in found.items():
        copy = configs.copy_name(name_of(config))
        if not configs.is_tracked(config) or (config["kind"], copy) in children:
            continue
        owned = reader.find("v1", config["kind"], canary.metadata.namespace, copy)
        if owned is not None and controller_uid(owned) not in {"", canary.metadata.uid}:
            keys.add(key)
    return frozenset(keys)
