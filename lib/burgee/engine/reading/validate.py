"""What a Canary may ask for, checked before anything is touched."""

from burgee.api.canary import Canary
from burgee.api.model import duration_seconds
from burgee.api.settings import EngineSettings
from burgee.engine.reading.strategy import Strategy, strategy_of
from burgee.engine.reading.validate_match import check_cookies, check_matches
from burgee.engine.reading.weights import ladder_problem
from burgee.errors import InvalidCanary
from burgee.routers.base import Router
from burgee.routers.knative import REVISION, SERVICE
from burgee.targets.scaler import scaler_of
from burgee.targets.workload import kind_of

FULL_PERCENT = 100
HOOK_TYPES = frozenset(
    {
        "confirm-promotion",
        "confirm-rollout",
        "confirm-traffic-increase",
        "event",
        "post-rollout",
        "pre-rollout",
        "rollback",
        "rollout",
    }
)


def check_supported(canary: Canary, router: Router) -> None:
    """Refuses what cannot be done as written.

    Raises:
        InvalidCanary: with the field that is at fault.
    """
    spec, analysis = canary.spec, canary.spec.plan
    kind = kind_of(spec.target_ref)
    if spec.autoscaler_ref:
        scaler = scaler_of(spec.autoscaler_ref)
        if not kind.scalable:
            raise InvalidCanary(
                "UnsupportedScaler",
                f"spec.autoscalerRef: no {scaler.kind} can scale a {kind.kind}",
            )
    of_knative = REVISION in router.kinds()
    if of_knative != (kind.api_version == SERVICE.api_version):
        raise InvalidCanary(
            "UnsupportedTarget",
            f"spec.targetRef {spec.target_ref.api_version} {kind.kind}: the provider knative and "
            "Services of Knative go only with each other",
        )
    if spec.service.port <= 0 and not of_knative:
        raise InvalidCanary("InvalidService", "spec.service.port must be a port number")
    for hook in analysis.webhooks:
        if hook.kind not in HOOK_TYPES:
            raise InvalidCanary(
                "InvalidWebhook", f"webhook {hook.name}: there is no type {hook.kind}"
            )
        if hook.timeout and duration_seconds(hook.timeout) is None:
            raise InvalidCanary(
                "InvalidWebhook", f"webhook {hook.name}: timeout {hook.timeout} is no duration"
            )
    if spec.skips_analysis:
        return
    _check_strategy(canary, router)


def check_references(canary: Canary, settings: EngineSettings) -> None:
    """Refuses what is in other namespaces where the installation forbids that.

    Raises:
        InvalidCanary: with the reference that is at fault.
    """
    own = canary.metadata.namespace
    upstream = (canary.spec.upstream_ref or {}).get("namespace") or own
    if settings.no_cross_namespace_refs and upstream != own:
        raise InvalidCanary(
            "CrossNamespaceReference",
            f"spec.upstreamRef: an Upstream of namespace {upstream} is not allowed",
        )
    for alert in canary.spec.plan.alerts:
        where = alert.provider_ref.namespace or own
        if settings.no_cross_namespace_refs and where != own:
            raise InvalidCanary(
                "CrossNamespaceReference",
                f"alert {alert.name}: an AlertProvider of namespace {where} is not allowed",
            )


def _check_strategy(canary: Canary, router: Router) -> None:
    """Refuses what the provider cannot do, before any traffic moves.

    Flagger would mirror for ever where nothing can mirror, and send everything to the canary
    where nothing can match.
    """
    check_matches(canary)
    analysis, able = canary.spec.plan, router.capabilities
    wanted = (
        ("match", bool(analysis.match), able.matching or not able.weights),
        ("mirror", analysis.mirror, able.mirroring or not able.weights),
        ("sessionAffinity", analysis.session_affinity is not None, able.session_affinity),
    )
    for field, asked, offered in wanted:
        if asked and not offered:
            raise InvalidCanary(
                "UnsupportedStrategy", f"spec.analysis.{field} cannot be done with this provider"
            )
    if analysis.session_affinity is not None:
        check_cookies(analysis.session_affinity)
    if analysis.mirror and not 0 <= analysis.mirror_weight <= FULL_PERCENT:
        raise InvalidCanary(
            "InvalidSteps",
            f"spec.analysis.mirrorWeight {analysis.mirror_weight} is no share of 100",
        )
    if strategy_of(canary.spec, able) is Strategy.CANARY:
        problem = ladder_problem(analysis)
        if problem:
            raise InvalidCanary("InvalidSteps", f"spec.analysis: {problem}")
