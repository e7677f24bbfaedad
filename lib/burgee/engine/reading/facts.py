"""What follows from an observation before anything is decided: names, revision, readiness."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from burgee.api.analysis import Analysis
from burgee.api.canary import Canary, CanarySpec
from burgee.api.manifest import Manifest, namespace_of
from burgee.api.status import STARTING, CanaryStatus
from burgee.engine.clock import moment_of
from burgee.engine.reading.affinity import cookies_of
from burgee.engine.reading.conflicts import check_conflicts, check_target
from burgee.engine.reading.observation import ObjectKey, Observation
from burgee.engine.reading.ratio import Ratio
from burgee.engine.reading.roles import Roles, roles_of
from burgee.engine.reading.sides import bounds_of, ratio_of
from burgee.engine.reading.strategy import Strategy, by_replicas, strategy_of
from burgee.engine.reading.traffic import route_of
from burgee.engine.reading.validate import check_references, check_supported
from burgee.engine.reading.workload_state import WorkloadState, copy_state, state_of, target_state
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Cookies, Router, Weights
from burgee.routers.knative import REVISION
from burgee.routers.originals import named
from burgee.routers.registry import carrier_of, router_of
from burgee.targets import configs, hashing
from burgee.targets.configs import ConfigRef
from burgee.targets.naming import Names
from burgee.targets.scaler import Scaler, scaler_of
from burgee.targets.sharing import Side, side_of
from burgee.targets.workload import TargetKind, kind_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """The route objects for some weights and cookies."""

    weights: Weights
    cookies: Cookies
    objects: tuple[Manifest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """An observation and what it means.

    Attributes:
        kind: what the target is.
        scaler_kind: what scales it, None where nothing does.
        template_hash: of what makes a revision of the target (a pod template), in our form.
        tracked: checksums of the configs that the template names.
        revision: id of template and configs together.
        primary: the observed primary workload.
        primary_state: how far it is.
        canary_state: how far the target is.
        roles: what is done with each object of the provider.
        present: the route objects as the status on record asks for them.
        compared: which weights the observed route was held against, so that it is done once in a
            sync that asks several times.
        ratio: both sides where weights are numbers of pods, or were until now.
    """

    observation: Observation
    now: datetime
    target: Manifest
    kind: TargetKind
    scaler_kind: Scaler | None
    names: Names
    router: Router
    refs: tuple[ConfigRef, ...]
    template_hash: str
    tracked: Mapping[str, str]
    revision: str
    primary: Manifest | None
    primary_state: WorkloadState
    canary_state: WorkloadState
    roles: Roles
    present: Rendered
    ratio: Ratio | None = None
    compared: dict[Weights, bool] = field(default_factory=dict[Weights, bool])

    @property
    def canary(self) -> Canary:
        """The live Canary."""
        return self.observation.canary

    @property
    def spec(self) -> CanarySpec:
        """Its spec."""
        return self.observation.canary.spec

    @property
    def analysis(self) -> Analysis:
        """Its analysis, empty where it has none."""
        return self.observation.canary.spec.plan

    @property
    def status(self) -> CanaryStatus:
        """The status that the cluster holds: what earlier syncs wrote."""
        return self.observation.canary.status

    @property
    def interval_seconds(self) -> float:
        """The pace of the analysis."""
        return self.analysis.interval_seconds(self.observation.settings.min_interval_seconds)

    @property
    def next_step(self) -> datetime | None:
        """When the next analysis step is due."""
        return moment_of(self.status.next_step_time)

    def waiting_since(self, on: str) -> datetime:
        """Since when the release has been held by this; now, where it was not so far."""
        waiting = self.status.waiting or {}
        since = moment_of(waiting.get("since")) if waiting.get("on") == on else None
        return since or self.now

    @property
    def phase_start(self) -> datetime:
        """When the phase began; now, where status does not say."""
        return moment_of(self.status.phase_start_time) or self.now

    @property
    def strategy(self) -> Strategy:
        """How traffic reaches the new revision."""
        return strategy_of(self.spec, self.router.capabilities)

    @property
    def by_replicas(self) -> bool:
        """True where weights are numbers of pods."""
        return by_replicas(self.spec, self.router.capabilities)

    @property
    def primary_revision(self) -> str:
        """The revision that the observed primary was made from, empty for none and Flagger's."""
        return self.kind.revision_of(self.primary) if self.primary else ""

    def route_shows(self, weights: Weights) -> bool:
        """True where the observed route objects give both sides exactly these weights."""
        if self.ratio is not None and not self.ratio.shows(weights.canary):
            return False
        if weights not in self.compared:
            self.compared[weights] = self.router.shows(
                tuple(self.observation.routes.values()),
                Aim(
                    canary=self.canary,
                    names=self.names,
                    weights=weights,
                    cookies=cookies_of(self.status),
                    originals=self.originals,
                ),
            )
        return self.compared[weights]

    def rendered(self, weights: Weights, cookies: Cookies) -> tuple[Manifest, ...]:
        """The route objects for these weights; those of the status are there already."""
        known = self.present
        if (known.weights, known.cookies) == (weights, cookies):
            return known.objects
        return _render(self.router, self.observation, self.names, weights, cookies)

    @property
    def originals(self) -> tuple[Manifest, ...]:
        """Observed objects that the provider's routes are made from."""
        return originals_of(self.observation)

    @property
    def canary_is_off(self) -> bool:
        """True where the observed route is seen to give the canary nothing."""
        if self.ratio is not None and self.ratio.side is not Side.PRIMARY:
            return False
        observed = tuple(self.observation.routes.values())
        return self.router.canary_weight_seen(observed, self.names) == 0

    @property
    def apex_shows_primary(self) -> bool:
        """True where the observed apex Service selects the primary's pods, or is the user's."""
        if not self.kind.owns_apex:
            return True
        seen = _apex_service(self.observation, self.names)
        return side_of(seen, self.names) is Side.PRIMARY

    @property
    def wanted_replicas(self) -> int | None:
        """Pods that the primary has to have when it takes over, None where nodes decide."""
        if self.ratio is not None and self.ratio.record is not None:
            return self.ratio.promoted  # the target's own number is that of a weight
        has = self.kind.replicas(self.target)
        return None if has is None else max(has, 1)

    @property
    def primary_is_small(self) -> bool:
        """True where the primary is asked for fewer pods than it has to take over from.

        With an autoscaler that is judged only while the primary is set up; later the
        autoscaler knows better.
        """
        if self.primary is None:
            return True
        if self.spec.autoscaler_ref and self.status.phase not in STARTING:
            return False
        has, wants = self.kind.replicas(self.primary), self.wanted_replicas
        return has is not None and wants is not None and has < wants

    @property
    def primary_is_up(self) -> bool:
        """True where the primary of this revision is rolled out to as many pods as the target."""
        if self.primary is None or self.primary_revision != self.revision:
            return False
        return self.primary_state.ready and not self.primary_is_small

    def spec_changed(self, status: CanaryStatus) -> bool:
        """True where the pod template is neither the last applied nor the last promoted one."""
        if not status.last_applied_spec:
            return True
        if self.template_hash == status.last_promoted_spec:
            return False
        return self.template_hash != status.last_applied_spec

    def configs_changed(self, status: CanaryStatus) -> bool:
        """True where a tracked ConfigMap or Secret differs from what status remembers."""
        return configs.changed(status.tracked_configs, self.tracked)

    @property
    def run_outdated(self) -> bool:
        """True where the target is no longer the revision that the run is about."""
        status = self.status
        return _is_outdated(status, self.template_hash, self.tracked)


def assess(observation: Observation, now: datetime) -> Facts:
    """Works out what an observation means.

    Raises:
        InvalidCanary: nothing can be done until the user changes something.
    """
    canary, settings = observation.canary, observation.settings
    router = router_of(carrier_of(canary, settings), settings)
    check_supported(canary, router)
    check_references(canary, settings)
    ref = canary.spec.target_ref
    target = observation.target
    if target is None:
        raise InvalidCanary(
            "TargetNotFound", f"{ref.kind} {ref.name}.{canary.metadata.namespace} does not exist"
        )
    kind = kind_of(ref)
    kind.check(target)
    check_target(canary, target)
    names = kind.names(canary, target, settings)
    roles = roles_of(canary, settings)
    check_conflicts(observation, names, roles, owns_apex=kind.owns_apex)
    # What the provider cannot express is said before anything is touched.
    weights, cookies = route_of(canary.status), cookies_of(canary.status)
    present = Rendered(
        weights=weights,
        cookies=cookies,
        objects=_render(router, observation, names, weights, cookies),
    )
    scaler = canary.spec.autoscaler_ref
    if scaler and observation.scaler is None:
        raise InvalidCanary(
            "ScalerNotFound", f"{scaler.kind} {scaler.name}.{namespace_of(target)} does not exist"
        )
    template = kind.config_template(target) or {}
    refs = configs.references(template, tracking_enabled=settings.config_tracking)
    tracked = configs.tracked(refs, observation.configs)
    template_hash = kind.template_hash(target)
    revision = hashing.revision_id(template_hash, tracked)
    primary = _find(observation, kind.primary_key(names))
    plan = canary.spec.plan
    canary_key = kind.canary_key(names)
    if canary_key is None:
        canary_state = target_state(target, kind, canary, now)
    else:
        copy = _find(observation, canary_key)
        canary_state = copy_state(copy, kind, revision, canary, now)
    primary_state = state_of(primary, kind, plan.primary_ready_threshold, canary, now)
    scaled_by = scaler_of(scaler) if scaler else None
    ratio = None
    if router.capabilities.by_replicas or canary.status.replica_ratio:
        ratio = ratio_of(
            canary,
            names,
            active=by_replicas(canary.spec, router.capabilities),
            target=target,
            primary=primary,
            apex=_apex_service(observation, names),
            ready=(primary_state.ready, canary_state.ready),
            meant=not _is_outdated(canary.status, template_hash, tracked),
            bounds=bounds_of(scaled_by, observation.scaler),
            now=now,
        )
    return Facts(
        observation=observation,
        now=now,
        target=target,
        kind=kind,
        scaler_kind=scaled_by,
        names=names,
        router=router,
        refs=refs,
        template_hash=template_hash,
        tracked=tracked,
        revision=revision,
        primary=primary,
        primary_state=primary_state,
        canary_state=canary_state,
        roles=roles,
        present=present,
        ratio=ratio,
    )


def _render(
    router: Router,
    observation: Observation,
    names: Names,
    weights: Weights,
    cookies: Cookies,
) -> tuple[Manifest, ...]:
    return router.render(
        Aim(
            canary=observation.canary,
            names=names,
            weights=weights,
            apex_service=observation.children.get(("Service", names.apex)),
            cookies=cookies,
            originals=originals_of(observation),
        )
    )


def _is_outdated(status: CanaryStatus, template: str, tracked: Mapping[str, str]) -> bool:
    """True where template or configs are not those that a status is about."""
    same = template == status.last_applied_spec
    return not same or configs.changed(status.tracked_configs, tracked)


def _apex_service(observation: Observation, names: Names) -> Manifest | None:
    """The observed apex Service, whoever owns it."""
    found = observation.children.get(("Service", names.apex))
    return found or observation.services.get(names.apex)


def originals_of(observation: Observation) -> tuple[Manifest, ...]:
    """What a provider's routes may be made from: what is read, and what is there already."""
    return (*observation.originals, *observation.routes.values())


def _find(observation: Observation, key: ObjectKey) -> Manifest | None:
    """An object of ours, a Service that the Canary does not own, or a revision of Knative's."""
    if key[0] == REVISION.kind:
        return _revision(observation, key[1])
    foreign = observation.services.get(key[1]) if key[0] == "Service" else None
    return observation.children.get(key) or foreign


def _revision(observation: Observation, name: str) -> Manifest | None:
    """A revision; one that is named but not seen is not ready, and by no means to be replaced."""
    unseen: Manifest = {
        "apiVersion": REVISION.api_version,
        "kind": REVISION.kind,
        "metadata": {"name": name},
    }
    return (named(observation.originals, REVISION, name) or unseen) if name else None
