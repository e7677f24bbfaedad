"""What is left of a Canary where the garbage collector does not look.

Objects that it could not own are deleted, fields that were set on the user's objects go.
"""

from collections.abc import Iterator, Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, metadata, name_of, namespace_of
from burgee.api.settings import EngineSettings
from burgee.engine.effects import DeleteObject, Effect, MergePatch
from burgee.engine.reading.observation import Observation
from burgee.errors import InvalidCanary
from burgee.routers.base import OWNER_ANNOTATION, Releasing
from burgee.routers.registry import carrier_of, router_of
from burgee.targets.applied import carries
from burgee.targets.metadata import identity
from burgee.targets.sharing import held_patch


def clean_up(observation: Observation) -> Iterator[Effect]:
    """The effects that leave nothing behind; none once they have happened."""
    canary, settings = observation.canary, observation.settings
    routes = tuple(observation.routes.values())
    for found in (*routes, *observation.leftovers):
        if annotations_of(found).get(OWNER_ANNOTATION) == canary.key:
            yield deletion(found)
    yield from releases(canary, carrier_of(canary, settings), routes, settings)
    yield from _release_target(observation)
    if observation.leftovers:
        former = canary.status.provider
        yield from releases(canary, former, observation.leftovers, settings)


def _release_target(observation: Observation) -> Iterator[Effect]:
    """What weights by numbers of pods need of the target's pod template."""
    target, canary = observation.target, observation.canary
    if target is None:
        return
    held = False if canary.status.replica_ratio is not None else None
    patch = held_patch(target, canary.spec.apex_name, label=False, paused=held)
    if patch:
        named = {field: target[field] for field in ("apiVersion", "kind")}
        yield merge_patch({**named, "metadata": identity(target), **patch})


def releases(
    canary: Canary, provider: str, routes: Sequence[Manifest], settings: EngineSettings
) -> Iterator[Effect]:
    """What takes a provider's fields from the user's objects, where they are there."""
    try:
        router = router_of(provider, settings)
    except InvalidCanary:
        return
    if isinstance(router, Releasing):
        seen = {(found["kind"], name_of(found)): found for found in routes}
        for patch in router.release(canary, routes):
            if not carries(seen[patch["kind"], name_of(patch)], patch):
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
