"""Discovery: which groups, versions and kinds are served, and which version this pretends to be."""

from collections.abc import Sequence

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import SCALE, STATUS, Resource

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_SUB_VERBS = ("get", "patch", "update")

VERSION: Manifest = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.0+burgee-playground",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "python",
}


def versions() -> Manifest:
    """/api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(resources: Sequence[Resource]) -> Manifest:
    """/apis."""
    names = sorted({r.group for r in resources if r.group})
    found = [_group(name, resources) for name in names]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(name: str, resources: Sequence[Resource]) -> Manifest | None:
    """/apis/{name}; None for a group that is not served."""
    if not any(r.group == name for r in resources):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, resources)}


def _group(name: str, resources: Sequence[Resource]) -> Manifest:
    found = dict.fromkeys(r.version for r in resources if r.group == name)
    listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in found]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def kinds(api_version: str, resources: Sequence[Resource]) -> Manifest | None:
    """/api/v1 and /apis/{group}/{version}; None for a version that is not served."""
    served = [r for r in resources if r.api_version == api_version]
    if not served:
        return None
    listed = [entry for r in served for entry in _entries(r)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": listed,
    }


def _entries(resource: Resource) -> list[Manifest]:
    main: Manifest = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(_VERBS),
    }
    if resource.short_names:
        main["shortNames"] = list(resource.short_names)
    if resource.categories:
        main["categories"] = list(resource.categories)
    found = [main]
    base = {"singularName": "", "namespaced": resource.namespaced, "verbs": list(_SUB_VERBS)}
    if STATUS in resource.subresources:
        found.append({"name": f"{resource.plural}/status", "kind": resource.kind, **base})
    if SCALE in resource.subresources:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        found.append({"name": f"{resource.plural}/scale", **scale, **base})
    return found
