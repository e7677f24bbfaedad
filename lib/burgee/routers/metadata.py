"""Labels and annotations of a route object.

They are those of `service.apex`. The side effects of Flagger's Services are kept, since selectors
of users may rest on them: with `service.apex` the route has the selector label too, and what
is unmanaged on an apex Service of ours.
"""

from collections.abc import Collection, Mapping

from burgee.api.canary import Canary
from burgee.api.guards import FLUX_GUARDS
from burgee.api.manifest import Manifest, annotations_of, controller_uid, labels_of
from burgee.routers.base import ServiceNames


def route_metadata(canary: Canary, names: ServiceNames, apex_service: Manifest | None) -> Manifest:
    """The metadata of the route object that is called like the apex Service."""
    service = canary.spec.service
    metadata: Manifest = {"name": names.apex, "namespace": canary.metadata.namespace}
    if service.apex is None:
        return {**metadata, "annotations": dict(FLUX_GUARDS)}
    owned = apex_service is not None and controller_uid(apex_service) == canary.metadata.uid
    unmanaged = service.unmanaged_metadata if owned else None
    apex: Manifest = apex_service or {}
    # A Service as the target is told apart by no label.
    own = {names.selector_key: names.apex} if names.selector_key else {}
    labels = _only(labels_of(apex), unmanaged.labels if unmanaged else ())
    annotations = _only(annotations_of(apex), unmanaged.annotations if unmanaged else ())
    return {
        **metadata,
        "labels": {**(service.apex.labels or {}), **own, **labels},
        "annotations": {**(service.apex.annotations or {}), **FLUX_GUARDS, **annotations},
    }


def _only(found: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    return {key: value for key, value in found.items() if key in keys}
