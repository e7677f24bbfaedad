"""What is left of a Canary where the garbage collector does not look.

Objects that it could not own are deleted, fields that were set on the user's objects go.
"""

from collections.abc import Iterator

from burgee.api.manifest import Manifest, annotations_of, metadata, name_of, namespace_of
from burgee.engine.effects import DeleteObject, Effect, MergePatch
from burgee.engine.observation import Observation
from burgee.errors import InvalidCanary
from burgee.routers.base import OWNER_ANNOTATION, Releasing
from burgee.routers.registry import router_of
from burgee.targets.applied import carries


def clean_up(observation: Observation) -> Iterator[Effect]:
    """The effects that leave nothing behind; none once they have happened."""
    canary, settings = observation.canary, observation.settings
    for found in observation.routes.values():
        if annotations_of(found).get(OWNER_ANNOTATION) == canary.key:
            yield deletion(found)
    try:
        router = router_of(canary.provider(settings.mesh_provider), settings)
    except InvalidCanary:
        return
    if isinstance(router, Releasing):
        for patch in router.release(canary, tuple(observation.routes.values())):
            observed = observation.routes.get((patch["kind"], name_of(patch)))
            if observed is not None and not carries(observed, patch):
                yield merge_patch(patch)


def deletion(found: Manifest) -> DeleteObject:
    """The deletion of this very object."""
    return DeleteObject(
        api_version=found["apiVersion"],
        kind=found["kind"],
        namespace=namespace_of(found),
        name=name_of(found),
        uid=str(metadata(found).get("uid", "")),
    )


def merge_patch(manifest: Manifest) -> MergePatch:
    """An object's identity and fields as a patch of these fields; null takes one away."""
    fields = {k: v for k, v in manifest.items() if k not in {"apiVersion", "kind"}}
    head = {k: v for k, v in metadata(manifest).items() if k not in {"name", "namespace"}}
    return MergePatch(
        api_version=manifest["apiVersion"],
        kind=manifest["kind"],
        namespace=namespace_of(manifest),
        name=name_of(manifest),
        patch={**fields, "metadata": head},
    )
