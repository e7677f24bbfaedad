"""KEDA: the primary's ScaledObject, and the pause that keeps a target at zero.

Everything that KEDA may add to a ScaledObject is copied; three things are not, because they are
about one object only: the pause (a primary that is born paused serves nobody), KEDA's own label
with the object's name, and kubectl's memory. Source: flagger pkg/canary/scaled_object_reconciler.go.
"""

import re
from collections.abc import Mapping

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of
from burgee.targets.metadata import copied_annotations, identity, own_labels, without_flux
from burgee.targets.naming import CANARY_SUFFIX, PRIMARY_SUFFIX, Names

API_VERSION = "keda.sh/v1alpha1"
KIND = "ScaledObject"
PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"

_PAUSES = "autoscaling.keda.sh/paused"
_NAME_LABEL = "scaledobject.keda.sh/name"
_ZERO = "0"


class ScaledObjectScaler:
    """ScaledObjects."""

    api_version = API_VERSION
    kind = KIND
    resource = "scaledobjects"
    listed = False

    def primary_name(self, scaler: str) -> str:
        """`<name>-primary`."""
        return scaler + PRIMARY_SUFFIX

    def build_primary(self, scaler: Manifest, canary: Canary, names: Names) -> Manifest:
        """A copy that scales the primary, with the Canary's own bounds and queries."""
        spec: Manifest = scaler.get("spec") or {}
        changes: Manifest = {
            "scaleTargetRef": {
                **(spec.get("scaleTargetRef") or {}),
                "name": names.primary_workload,
            },
            **_bounds(canary),
        }
        triggers: list[Manifest] = spec.get("triggers") or []
        if triggers:
            changes["triggers"] = [_trigger(found, canary, names) for found in triggers]
        advanced: Manifest = spec.get("advanced") or {}
        hpa: Manifest = advanced.get("horizontalPodAutoscalerConfig") or {}
        if hpa.get("name"):
            renamed = {**hpa, "name": hpa["name"] + PRIMARY_SUFFIX}
            changes["advanced"] = {**advanced, "horizontalPodAutoscalerConfig": renamed}
        return _manifest(scaler, self.primary_name(name_of(scaler)), {**spec, **changes})

    def keep(self, observed: Manifest) -> Manifest:
        """The copy to apply again unchanged."""
        return _manifest(observed, name_of(observed), observed.get("spec") or {})

    def min_replicas(self, scaler: Manifest) -> int:
        """MinReplicaCount, at least 1."""
        spec: Manifest = scaler.get("spec") or {}
        return max(spec.get("minReplicaCount") or 1, 1)

    def max_replicas(self, scaler: Manifest) -> int | None:
        """MaxReplicaCount."""
        spec: Manifest = scaler.get("spec") or {}
        return spec.get("maxReplicaCount")

    def pause_patch(self, scaler: Manifest, *, paused: bool) -> Manifest | None:
        """Sets or removes KEDA's annotation; a pause at another number is the user's own."""
        found = annotations_of(scaler).get(PAUSED_REPLICAS)
        if paused == (found == _ZERO) or (not paused and found is not None and found != _ZERO):
            return None
        return {"metadata": {"annotations": {PAUSED_REPLICAS: _ZERO if paused else None}}}


def primary_query(query: str, target: str) -> str:
    """A query about the target, made one about the primary.

    Both the target's name and that of its canary become the primary's. Flagger replaces the name
    wherever its letters stand; here it has to stand alone, so that `podinfo_requests_total` and a
    label called like the target (`app="app"`) stay what they are.
    """
    name = rf"(?<![A-Za-z0-9_]){re.escape(target)}({CANARY_SUFFIX}|{PRIMARY_SUFFIX})?+"
    return re.sub(rf"{name}(?![A-Za-z0-9_])(?!\s*(?:=|!=|!~))", target + PRIMARY_SUFFIX, query)


def _trigger(trigger: Manifest, canary: Canary, names: Names) -> Manifest:
    scaler = canary.spec.autoscaler_ref
    given: Mapping[str, str] | None = scaler.primary_scaler_queries if scaler else None
    details: Manifest = trigger.get("metadata") or {}
    if given is not None:
        name = str(trigger.get("name", ""))
        if name not in given:
            return trigger
        return {**trigger, "metadata": {**details, "query": given[name]}}
    if not details.get("query"):
        return trigger
    query = primary_query(str(details["query"]), names.target)
    return {**trigger, "metadata": {**details, "query": query}}


def _bounds(canary: Canary) -> Manifest:
    scaler = canary.spec.autoscaler_ref
    bounds = scaler.primary_scaler_replicas if scaler else None
    if bounds is None:
        return {}
    given = {"minReplicaCount": bounds.min_replicas, "maxReplicaCount": bounds.max_replicas}
    return {field: value for field, value in given.items() if value is not None}


def _manifest(found: Manifest, name: str, spec: Manifest) -> Manifest:
    metadata = identity(found, name=name)
    labels = own_labels(without_flux(labels_of(found)))
    labels.pop(_NAME_LABEL, None)
    annotations = {
        key: value
        for key, value in copied_annotations(annotations_of(found)).items()
        if not key.startswith(_PAUSES)
    }
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
