"""Knative: the shares of two revisions in spec.traffic of the user's Service.

The latest revision is the canary; the primary is the revision that an annotation names. burgee
sets these two fields, says in an annotation whose they are, and sets nothing else; what the data
plane does is read from status.traffic.

Source: flagger pkg/router/knative.go; serving.knative.dev/v1. Different on purpose: a status of an
older generation says nothing; with revertOnDeletion the latest revision gets all traffic back.
"""

from collections.abc import Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, metadata
from burgee.routers.base import (
    HOLDER_ANNOTATION,
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    Role,
    ServiceNames,
)
from burgee.routers.originals import named

API_VERSION = "serving.knative.dev/v1"
SERVICE = RelatedKind(api_version=API_VERSION, resource="services", kind="Service")
REVISION = RelatedKind(api_version=API_VERSION, resource="revisions", kind="Revision")
PRIMARY_REVISION = "flagger.app/primary-revision"
SERVICE_LABEL = "serving.knative.dev/service"
FULL = 100


class KnativeRouter:
    """The provider `knative`."""

    @property
    def capabilities(self) -> Capabilities:
        """Weights."""
        return Capabilities(weights=True)

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Services and Revisions of Knative."""
        return (SERVICE, REVISION)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """The user's Service, and its revisions to see whether they are ready."""
        name = canary.spec.target_ref.name
        return (
            Related(kind=SERVICE, names=(name,), role=Role.APPLIED),
            Related(kind=REVISION, labels={SERVICE_LABEL: name}, role=Role.READ),
        )

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The traffic of the user's Service; nothing until a revision is the primary."""
        found = named(aim.originals, SERVICE, aim.names.target)
        primary = annotations_of(found or {}).get(PRIMARY_REVISION)
        if not primary:
            return ()
        return (
            {
                "apiVersion": API_VERSION,
                "kind": SERVICE.kind,
                "metadata": {
                    "name": aim.names.target,
                    "namespace": aim.canary.metadata.namespace,
                    "annotations": {HOLDER_ANNOTATION: aim.canary.key},
                },
                "spec": {
                    "traffic": [
                        {"latestRevision": True, "percent": aim.weights.canary},
                        {"revisionName": primary, "percent": aim.weights.primary},
                    ]
                },
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the status says that the two revisions have exactly these shares."""
        found = named(observed, SERVICE, aim.names.target)
        primary = annotations_of(found or {}).get(PRIMARY_REVISION)
        if found is None or not primary:
            return False
        wanted = {(True, ""): aim.weights.canary, (False, primary): aim.weights.primary}
        return _traffic(found) == {key: percent for key, percent in wanted.items() if percent}

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """What the latest revision gets by being the latest."""
        found = named(observed, SERVICE, names.target)
        traffic = _traffic(found) if found else None
        return None if traffic is None else traffic.get((True, ""), 0)

    def release(self, canary: Canary, originals: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """The Service for another Canary; with revertOnDeletion the latest revision serves.

        One that another Canary has is left to it.
        """
        name = canary.spec.target_ref.name
        found = named(originals, SERVICE, name)
        if found is None or annotations_of(found).get(HOLDER_ANNOTATION, canary.key) != canary.key:
            return ()
        reverts = canary.spec.revert_on_deletion
        gone = (HOLDER_ANNOTATION, *((PRIMARY_REVISION,) if reverts else ()))
        patch: Manifest = {
            "apiVersion": API_VERSION,
            "kind": SERVICE.kind,
            "metadata": {
                "name": name,
                "namespace": canary.metadata.namespace,
                "annotations": dict.fromkeys(gone),
            },
        }
        if not reverts:
            return (patch,)
        return ({**patch, "spec": {"traffic": [{"latestRevision": True, "percent": FULL}]}},)


def _traffic(service: Manifest) -> dict[tuple[bool, str], int] | None:
    """Percentages by (is it the latest, else its name); None where the status is of old."""
    status: Manifest = service.get("status") or {}
    if status.get("observedGeneration") != metadata(service).get("generation"):
        return None
    entries: list[Manifest] = status.get("traffic") or []
    found: dict[tuple[bool, str], int] = {}
    for entry in entries:
        latest = bool(entry.get("latestRevision"))
        key = (latest, "" if latest else str(entry.get("revisionName", "")))
        percent: int = entry.get("percent") or 0
        if percent:
            found[key] = found.get(key, 0) + percent
    return found
