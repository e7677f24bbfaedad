"""The apex, primary and canary Services. Source: flagger pkg/router/kubernetes_default.go."""

from collections.abc import Mapping
from dataclasses import dataclass

from burgee.api.canary import Canary, ServiceMetadata
from burgee.api.guards import FLUX_GUARDS
from burgee.api.manifest import Manifest
from burgee.targets.naming import Names
from burgee.targets.ports import service_ports


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The three Services of a Canary."""

    apex: Manifest
    primary: Manifest
    canary: Manifest

    def all(self) -> tuple[Manifest, ...]:
        """All three."""
        return (self.apex, self.primary, self.canary)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSet:
    """What stands in front of the two sides of a Canary.

    Attributes:
        backends: what routes send traffic to; always there.
        apex: what clients use, once the primary can serve; None where it is not burgee's.
    """

    backends: tuple[Manifest, ...]
    apex: Manifest | None = None


def build_services(
    canary: Canary, names: Names, target: Manifest, observed: Mapping[str, Manifest]
) -> Services:
    """The Services as burgee owns them.

    Args:
        canary: says ports and metadata.
        names: names of the Canary's objects.
        target: its container ports are discovered if the Canary asks for it.
        observed: existing Services by name. What a person may set on them stays: their type and
            node ports; headless is decided when one is created.
    """
    service = canary.spec.service

    def build(name: str, selected: str, given: ServiceMetadata | None) -> Manifest:
        existing = observed.get(name)
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata(canary, names, name, given),
            "spec": {
                **_kept_spec(canary, existing),
                "selector": {names.selector_key: selected},
                "ports": service_ports(canary, target, existing),
            },
        }

    return Services(
        apex=build(names.apex, names.primary_label_value, service.apex),
        primary=build(names.primary, names.primary_label_value, service.primary),
        canary=build(names.canary, names.selector_value, service.canary),
    )


def _metadata(canary: Canary, names: Names, name: str, given: ServiceMetadata | None) -> Manifest:
    labels = (given.labels if given else None) or {}
    annotations = (given.annotations if given else None) or {}
    return {
        "name": name,
        "namespace": canary.metadata.namespace,
        "labels": {**labels, names.selector_key: name},
        "annotations": {**annotations, **FLUX_GUARDS},
    }


def _kept_spec(canary: Canary, existing: Manifest | None) -> Manifest:
    """The fields that are set at creation and then left as they are."""
    if existing is None:
        return _new_spec(canary)
    spec: Manifest = existing.get("spec") or {}
    kept: Manifest = {"type": spec.get("type") or "ClusterIP"}
    if spec.get("clusterIP") == "None":
        kept["clusterIP"] = "None"
    return kept


def _new_spec(canary: Canary) -> Manifest:
    service = canary.spec.service
    spec: Manifest = {"type": "ClusterIP"}
    if service.headless:
        spec["clusterIP"] = "None"
    return spec


def creation_patch(canary: Canary, observed: Manifest) -> Manifest | None:
    """What a Service gets once, when it is new, beside what is applied; None for nothing.

    trafficDistribution is younger than Kubernetes 1.30: an apply that names a field the server
    does not know is refused as a whole, while a merge patch leaves it out, as Flagger's client
    does.
    """
    wanted = canary.spec.service.traffic_distribution
    spec: Manifest = observed.get("spec") or {}
    if not wanted or spec.get("trafficDistribution") == wanted:
        return None
    return {"spec": {"trafficDistribution": wanted}}
