"""A Deployment's containers and owned fields, for tests of server-side apply."""

from collections.abc import Callable, Sequence

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import clone

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


Make = Callable[..., Manifest]


Apply = Callable[..., Manifest]


def container(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def with_env(deployment: Manifest, env: Sequence[Manifest]) -> Manifest:
    changed = clone(deployment)
    container(changed)["env"] = list(env)
    return changed


def fields(manifest: Manifest, manager: str, subresource: str = "") -> Manifest:
    entries: list[Manifest] = manifest["metadata"].get("managedFields", [])
    return next(
        (
            e["fieldsV1"]
            for e in entries
            if e["manager"] == manager and e.get("subresource", "") == subresource
        ),
        {},
    )


def env(*names: str, **values: str) -> list[Manifest]:
    return [{"name": n, "value": n.lower()} for n in names] + [
        {"name": n, "value": v} for n, v in values.items()
    ]
