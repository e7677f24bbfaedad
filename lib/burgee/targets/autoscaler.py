"""The primary's HorizontalPodAutoscaler. Source: flagger pkg/canary/hpa_reconciler.go."""

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, labels_of, name_of
from burgee.targets.metadata import identity, own_labels, without_flux
from burgee.targets.naming import PRIMARY_SUFFIX, Names

API_VERSION = "autoscaling/v2"
KIND = "HorizontalPodAutoscaler"

_COPIED_FIELDS = ("minReplicas", "maxReplicas", "metrics", "behavior")


def primary_hpa_name(hpa_name: str) -> str:
    """How the copy for the primary is called."""
    return hpa_name + PRIMARY_SUFFIX


def build_primary_hpa(hpa: Manifest, canary: Canary, names: Names) -> Manifest:
    """A copy of the target's autoscaler for the primary, with the Canary's own bounds."""
    spec: Manifest = hpa.get("spec") or {}
    scaled: Manifest = spec.get("scaleTargetRef") or {}
    copied = {field: spec[field] for field in _COPIED_FIELDS if spec.get(field) is not None}
    return _manifest(
        hpa,
        primary_hpa_name(name_of(hpa)),
        {
            **copied,
            **_bounds(canary),
            "scaleTargetRef": {**scaled, "name": names.primary_workload},
        },
    )


def keep_hpa(observed: Manifest) -> Manifest:
    """The observed autoscaler of the primary, to apply again unchanged."""
    return _manifest(observed, name_of(observed), observed.get("spec") or {})


class HpaScaler:
    """HorizontalPodAutoscalers; one whose target has no replicas pauses by itself."""

    api_version = API_VERSION
    kind = KIND
    resource = "horizontalpodautoscalers"
    listed = True

    def primary_name(self, scaler: str) -> str:
        """See primary_hpa_name."""
        return primary_hpa_name(scaler)

    def build_primary(self, scaler: Manifest, canary: Canary, names: Names) -> Manifest:
        """See build_primary_hpa."""
        return build_primary_hpa(scaler, canary, names)

    def keep(self, observed: Manifest) -> Manifest:
        """See keep_hpa."""
        return keep_hpa(observed)

    def min_replicas(self, scaler: Manifest) -> int:
        """MinReplicas, at least 1."""
        spec: Manifest = scaler.get("spec") or {}
        return max(spec.get("minReplicas") or 1, 1)

    def max_replicas(self, scaler: Manifest) -> int | None:
        """MaxReplicas."""
        spec: Manifest = scaler.get("spec") or {}
        return spec.get("maxReplicas")

    def pause_patch(self, scaler: Manifest, *, paused: bool) -> None:
        """None: nothing is to be paused."""
        del scaler, paused


def _bounds(canary: Canary) -> Manifest:
    scaler = canary.spec.autoscaler_ref
    bounds = scaler.primary_scaler_replicas if scaler else None
    if bounds is None:
        return {}
    given = {"minReplicas": bounds.min_replicas, "maxReplicas": bounds.max_replicas}
    return {field: value for field, value in given.items() if value is not None}


def _manifest(found: Manifest, name: str, spec: Manifest) -> Manifest:
    metadata = identity(found, name=name)
    labels = own_labels(without_flux(labels_of(found)))
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
