"""What follows from an observation before anything is decided: names, revision, readiness."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from burgee.api.analysis import Analysis
from burgee.api.canary import Canary, CanarySpec
from burgee.api.manifest import Manifest, namespace_of
from burgee.api.status import STARTING, CanaryStatus
from burgee.engine.clock import moment_of
from burgee.engine.observation import Observation
from burgee.engine.strategy import Strategy, strategy_of
from burgee.engine.validate import check_supported
from burgee.errors import InvalidCanary
from burgee.metrics.checks import build_checks
from burgee.metrics.model import BrokenCheck
from burgee.routers.base import Router, Weights
from burgee.routers.registry import router_of
from burgee.targets import configs, hashing
from burgee.targets.configs import ConfigRef
from burgee.targets.deployment import primary_replicas, replicas_of, revision_of
from burgee.targets.naming import Names
from burgee.targets.readiness import NotReady, Ready, deployment_readiness

FULL_PERCENT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadState:
    """How far a workload is.

    Attributes:
        ready: rolled out and available.
        retriable: where it is not ready, whether waiting can help.
        message: what is missing, empty where it is ready.
    """

    ready: bool
    retriable: bool = True
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """An observation and what it means.

    Attributes:
        template_hash: of the target's pod template, in our form.
        tracked: checksums of the configs that the template names.
        revision: id of template and configs together.
        primary: the observed primary workload.
        primary_state: how far it is.
        canary_state: how far the target is.
    """

    observation: Observation
    now: datetime
    target: Manifest
    names: Names
    router: Router
    refs: tuple[ConfigRef, ...]
    template_hash: str
    tracked: Mapping[str, str]
    revision: str
    primary: Manifest | None
    primary_state: WorkloadState
    canary_state: WorkloadState

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
    def primary_revision(self) -> str:
        """The revision that the observed primary was made from, empty for none and Flagger's."""
        return revision_of(self.primary) if self.primary else ""

    def route_shows(self, weights: Weights) -> bool:
        """True where the observed route objects give both sides exactly these weights."""
        observed = tuple(self.observation.routes.values())
        return self.router.shows(observed, self.canary, self.names, weights)

    @property
    def canary_is_off(self) -> bool:
        """True where the observed route is seen to give the canary nothing."""
        observed = tuple(self.observation.routes.values())
        return self.router.canary_weight_seen(observed, self.names) == 0

    @property
    def apex_shows_primary(self) -> bool:
        """True where the observed apex Service selects the primary's pods."""
        name = self.names.apex
        seen = self.observation.children.get(("Service", name))
        seen = seen or self.observation.services.get(name)
        wanted = {self.names.selector_key: self.names.primary_label_value}
        return bool(seen) and (seen or {}).get("spec", {}).get("selector") == wanted

    @property
    def wanted_replicas(self) -> int:
        """Pods that the primary has to have when it takes over from the target."""
        return primary_replicas(self.target)

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
        return replicas_of(self.primary) < self.wanted_replicas

    @property
    def metric_problem(self) -> str:
        """Why the analysis cannot be run as written, empty where it can."""
        if self.spec.skips_analysis:
            return ""
        observation = self.observation
        checks = build_checks(self.canary, observation.templates, observation.settings)
        broken = (c for c in checks if isinstance(c, BrokenCheck))
        return next((f"metric {c.name}: {c.reason}" for c in broken), "")

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
        return self.template_hash != status.last_applied_spec or self.configs_changed(status)


def assess(observation: Observation, now: datetime) -> Facts:
    """Works out what an observation means.

    Raises:
        InvalidCanary: nothing can be done until the user changes something.
    """
    canary, settings = observation.canary, observation.settings
    router = router_of(canary.provider(settings.mesh_provider))
    check_supported(canary, router)
    ref = canary.spec.target_ref
    target = observation.target
    if target is None:
        raise InvalidCanary(
            "TargetNotFound", f"{ref.kind} {ref.name}.{canary.metadata.namespace} does not exist"
        )
    names = Names.of(canary, target, settings)
    scaler = canary.spec.autoscaler_ref
    if scaler and observation.scaler is None:
        raise InvalidCanary(
            "ScalerNotFound", f"{scaler.kind} {scaler.name}.{namespace_of(target)} does not exist"
        )
    template = target["spec"]["template"]
    refs = configs.references(template, tracking_enabled=settings.config_tracking)
    tracked = configs.tracked(refs, observation.configs)
    template_hash = hashing.template_hash(target)
    primary = observation.children.get(("Deployment", names.primary_workload))
    plan = canary.spec.plan
    return Facts(
        observation=observation,
        now=now,
        target=target,
        names=names,
        router=router,
        refs=refs,
        template_hash=template_hash,
        tracked=tracked,
        revision=hashing.revision_id(template_hash, tracked),
        primary=primary,
        primary_state=_state(primary, plan.primary_ready_threshold, canary, now),
        canary_state=_state(target, plan.canary_ready_threshold, canary, now, needs_pods=True),
    )


def _state(
    workload: Manifest | None,
    threshold: int | None,
    canary: Canary,
    now: datetime,
    *,
    needs_pods: bool = False,
) -> WorkloadState:
    if workload is None:
        return WorkloadState(ready=False, message="it does not exist yet")
    if needs_pods and replicas_of(workload) == 0:
        # Nothing of nothing is available: a rollout of no pods is complete, and serves nobody.
        return WorkloadState(ready=False, message="it is scaled to zero")
    found = deployment_readiness(
        workload,
        threshold_percent=FULL_PERCENT if threshold is None else threshold,
        deadline_seconds=canary.spec.deadline_seconds,
        now=now,
    )
    match found:
        case Ready():
            return WorkloadState(ready=True)
        case NotReady(retriable=retriable, message=message):
            return WorkloadState(ready=False, retriable=retriable, message=message)
        case _:
            assert_never(found)
