"""What one sync sees of the world, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from burgee.api.alert_provider import AlertProvider
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.metric_template import MetricTemplate
from burgee.api.settings import EngineSettings
from burgee.engine.reading.needs import Need

ObjectKey: TypeAlias = tuple[str, str]
"""(kind, name) of an object in the Canary's namespace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Everything that a decision rests on; objects are raw and must not be changed.

    Attributes:
        canary: the live one, never the parent that a request happened to carry.
        target: the workload of spec.targetRef, None where it does not exist.
        scaler: the object of spec.autoscalerRef, None without one.
        primary_scaler: its copy for the primary where that is of no listed kind, whoever owns it.
        configs: the ConfigMaps and Secrets that the target's pod template names and that exist,
            by their key in status.trackedConfigs.
        taken: objects that the Canary would make and that something else controls, and a target
            of which another Canary sets fields.
        shared: keys of those whose copy for the primary another Canary owns.
        children: objects of listed kinds that the Canary owns.
        routes: objects of the traffic provider that are written, whoever owns them; children of
            listed kinds are among them.
        originals: objects of the traffic provider that are only read.
        leftovers: objects of the provider that the Canary had before, where it changed it.
        services: Services with the names of ours that the Canary does not own.
        templates: MetricTemplates by (namespace, name).
        alert_providers: AlertProviders by (namespace, name).
        lacking: kinds that the Canary needs and that the cluster does not serve, or burgee must
            not read.
        unwatched: True where objects of its provider were read besides, so that a change of
            theirs brings no sync.
    """

    canary: Canary
    target: Manifest | None
    scaler: Manifest | None = None
    primary_scaler: Manifest | None = None
    configs: Mapping[str, Manifest] = field(default_factory=dict)
    taken: tuple[Manifest, ...] = ()
    shared: frozenset[str] = frozenset()
    children: Mapping[ObjectKey, Manifest] = field(default_factory=dict)
    routes: Mapping[ObjectKey, Manifest] = field(default_factory=dict)
    originals: tuple[Manifest, ...] = ()
    leftovers: tuple[Manifest, ...] = ()
    services: Mapping[str, Manifest] = field(default_factory=dict)
    templates: Mapping[tuple[str, str], MetricTemplate] = field(default_factory=dict)
    alert_providers: Mapping[tuple[str, str], AlertProvider] = field(default_factory=dict)
    lacking: tuple[Need, ...] = ()
    unwatched: bool = False
    settings: EngineSettings = field(default_factory=EngineSettings)
