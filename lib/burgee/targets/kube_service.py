"""A core Service as a target: two copies of it, which routes choose between.

The user changes the Service (its selector, mostly). `<apex>-canary` follows it at once,
`<apex>-primary` at promotion; the Service itself is not touched, and nothing is scaled. Source:
flagger pkg/canary/service_controller.go, which clears clusterIP but not clusterIPs, so that a
Service with a cluster IP cannot be copied there.
"""

from collections.abc import Mapping
from datetime import datetime

from burgee.api.canary import Canary
from burgee.api.guards import FLUX_GUARDS
from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of
from burgee.api.settings import EngineSettings
from burgee.targets.hashing import content_hash, revision_id
from burgee.targets.metadata import (
    by_prefix,
    copied_annotations,
    identity,
    own_labels,
    without_flux,
)
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import Readiness, Ready
from burgee.targets.services import ServiceSet

KIND = "Service"

# What the API server allocates for one Service, and no other can have.
_ALLOCATED = frozenset({"clusterIP", "clusterIPs", "ipFamilies", "healthCheckNodePort"})
_HEADLESS = "None"


class ServiceKind:
    """Services of the core API."""

    api_version = "v1"
    kind = KIND
    resource = "services"
    scalable = False
    owns_apex = False

    def check(self, target: Manifest) -> None:
        """Every Service will do."""
        del target

    def names(self, canary: Canary, target: Manifest, settings: EngineSettings) -> Names:
        """Without a selector label: the user's own selectors tell the pods apart.

        Routes send traffic to `<apex>-primary` and `<apex>-canary`, so these are the copies'
        names also where service.name differs from the target's name.
        """
        del target, settings
        return Names(
            target=canary.spec.target_ref.name,
            apex=canary.spec.apex_name,
            selector_key="",
            selector_value="",
        )

    def template_hash(self, target: Manifest) -> str:
        """Of the spec without what is allocated: a Service that is created anew is no change.

        Nor is another order of its ports, which the API server may change.
        """
        content = _content(target)
        ports: list[Manifest] = content.get("ports") or []
        order = sorted(ports, key=lambda port: (port.get("port", 0), port.get("protocol", "TCP")))
        return content_hash({**content, "ports": order})

    def config_template(self, target: Manifest) -> None:
        """None: a Service names no ConfigMap."""
        del target

    def primary_key(self, names: Names) -> tuple[str, str]:
        """The copy that gets the traffic at rest."""
        return KIND, names.primary

    def canary_key(self, names: Names) -> tuple[str, str]:
        """The copy that follows the target."""
        return KIND, names.canary

    def build_primary(self, plan: Blueprint) -> Manifest:
        """The copy for the primary; at a promotion metadata is filtered as a workload's is."""
        labels, annotations = _metadata(plan.target)
        if not plan.first:
            prefixes = plan.settings.include_label_prefix
            labels, annotations = by_prefix(labels, prefixes), by_prefix(annotations, prefixes)
        return _copy(plan.target, plan.names.primary, labels, annotations, plan.observed)

    def keep(self, observed: Manifest) -> Manifest:
        """As it is."""
        return keep_copy(observed)

    def revision_of(self, workload: Manifest) -> str:
        """By content: a copy that shows what the target says was made from it."""
        return revision_id(self.template_hash(workload), None)

    def services(
        self, canary: Canary, names: Names, target: Manifest, observed: Mapping[str, Manifest]
    ) -> ServiceSet:
        """The copy for the canary; the primary one is made as other primaries are."""
        del canary
        labels, annotations = _metadata(target)
        name = names.canary
        return ServiceSet(backends=(_copy(target, name, labels, annotations, observed.get(name)),))

    def readiness(
        self,
        workload: Manifest,
        *,
        threshold_percent: int,
        deadline_seconds: float,
        now: datetime,
        since: datetime,
    ) -> Readiness:
        """Always: what is behind a Service is the user's."""
        del workload, threshold_percent, deadline_seconds, now, since
        return Ready()

    def replicas(self, workload: Manifest) -> None:
        """None."""
        del workload

    def is_scaled_to_zero(self, target: Manifest) -> bool:
        """Never."""
        del target
        return False

    def scale_to_zero(self, target: Manifest) -> None:
        """Nothing."""
        del target

    def scale_from_zero(
        self, target: Manifest, primary: Manifest | None, minimum: int | None
    ) -> None:
        """Nothing."""
        del target, primary, minimum


def is_copy(service: Manifest) -> bool:
    """True for an owned Service that is a copy of a target; others keep Flux away."""
    return not FLUX_GUARDS.items() <= annotations_of(service).items()


def keep_copy(observed: Manifest) -> Manifest:
    """A copy to apply again as it is observed."""
    labels, annotations = _metadata(observed)
    return _copy(observed, name_of(observed), labels, annotations, observed)


def borrowed_copy(copy: Manifest) -> Manifest:
    """What is applied to a Service that has a copy's name and belongs to nobody.

    Flagger's primary Service is one: it loses its owner at the first promotion.
    """
    return {**copy, "metadata": identity(copy)}


def _metadata(service: Manifest) -> tuple[dict[str, str], dict[str, str]]:
    labels = own_labels(without_flux(labels_of(service)))
    return labels, copied_annotations(annotations_of(service))


def _copy(
    source: Manifest,
    name: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    observed: Manifest | None,
) -> Manifest:
    metadata = identity(source, name=name)
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    spec = _content(source)
    # Whether a Service is headless is decided when it is created, and cannot be changed.
    if _is_headless(source if observed is None else observed):
        spec["clusterIP"] = _HEADLESS
    return {"apiVersion": "v1", "kind": KIND, "metadata": metadata, "spec": spec}


def _content(service: Manifest) -> Manifest:
    """What a Service and its copies have in common."""
    spec: Manifest = service.get("spec") or {}
    content = {field: value for field, value in spec.items() if field not in _ALLOCATED}
    ports: list[Manifest] = spec.get("ports") or []
    if ports:
        content["ports"] = [
            {field: value for field, value in port.items() if field != "nodePort"}
            for port in ports
        ]
    return content


def _is_headless(service: Manifest) -> bool:
    spec: Manifest = service.get("spec") or {}
    return spec.get("clusterIP") == _HEADLESS
