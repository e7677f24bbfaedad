"""What Metacontroller has to watch for a Canary besides its children.

Every rule gives a namespace: without one, version 2 of the hook means the same name in every
namespace. Source: reference of Metacontroller's contract, section 4.
"""

from collections.abc import Iterator

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.routers.registry import router_of
from burgee.targets import configs

WORKLOADS = {"Deployment": "deployments", "DaemonSet": "daemonsets"}
SCALERS = {"HorizontalPodAutoscaler": ("autoscaling/v2", "horizontalpodautoscalers")}


def related_rules(
    canary: Canary, target: Manifest | None, settings: EngineSettings
) -> tuple[Manifest, ...]:
    """Customize rules: the target and its scaler, configs, templates, Services and routes.

    Args:
        canary: names all but the configs.
        target: as it is now, for the ConfigMaps and Secrets that its pod template names; the
            answer is kept per generation of the Canary, so that names which come later are read
            by the sync itself.
        settings: the global provider, and whether configs are tracked.
    """
    return tuple(_rules(canary, target, settings))


def _rules(
    canary: Canary, target: Manifest | None, settings: EngineSettings
) -> Iterator[Manifest]:
    namespace, spec = canary.metadata.namespace, canary.spec
    ref = spec.target_ref
    if ref.kind in WORKLOADS:
        yield _rule("apps/v1", WORKLOADS[ref.kind], namespace, ref.name)
    scaler = spec.autoscaler_ref
    if scaler and scaler.kind in SCALERS:
        yield _rule(*SCALERS[scaler.kind], namespace, scaler.name)
    apex = spec.apex_name
    yield _rule("v1", "services", namespace, apex, f"{apex}-primary", f"{apex}-canary")
    try:
        router = router_of(canary.provider(settings.mesh_provider))
    except InvalidCanary:
        pass
    else:
        for found in router.related(canary):
            yield _rule(found.kind.api_version, found.kind.resource, namespace, *found.names)
    for metric in spec.plan.metrics:
        if metric.template_ref:
            where = metric.template_ref.namespace or namespace
            yield _rule("flagger.app/v1beta1", "metrictemplates", where, metric.template_ref.name)
    if target is not None:
        refs = configs.references(
            target["spec"]["template"], tracking_enabled=settings.config_tracking
        )
        for kind, resource in (("ConfigMap", "configmaps"), ("Secret", "secrets")):
            names = sorted({found.name for found in refs if found.kind == kind})
            if names:
                yield _rule("v1", resource, namespace, *names)


def _rule(api_version: str, resource: str, namespace: str, *names: str) -> Manifest:
    return {
        "apiVersion": api_version,
        "resource": resource,
        "namespace": namespace,
        "names": list(names),
    }
