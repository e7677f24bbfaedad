"""/openapi/v3, as much as kubectl asks of it.

It wants to know whether the server validates fields itself (the query parameter
`fieldValidation` of a patch), and the schemas of custom resources for `kubectl explain`.
"""

import hashlib
import json
from collections.abc import Sequence

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource

_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force", "pretty")
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
)


def paths(resources: Sequence[Resource]) -> Manifest:
    """/openapi/v3: one document for each group and version."""
    found: Manifest = {}
    for api_version in dict.fromkeys(r.api_version for r in resources):
        place = document_path(api_version)
        text = json.dumps(document(api_version, resources), sort_keys=True)
        mark = hashlib.sha256(text.encode()).hexdigest()[:32]
        found[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={mark}"}
    return {"paths": found}


def document_path(api_version: str) -> str:
    """`api/v1` or `apis/group/version`."""
    return f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"


def document(api_version: str, resources: Sequence[Resource]) -> Manifest:
    """/openapi/v3/{path}."""
    served = [r for r in resources if r.api_version == api_version]
    return {
        "openapi": "3.0.0",
        "info": {"title": "burgee playground", "version": "v1.37.0"},
        "paths": {_url(r): _operations(r) for r in served},
        "components": {"schemas": {_component(r): _schema(r) for r in served}},
    }


def _url(resource: Resource) -> str:
    space = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"/{document_path(resource.api_version)}{space}/{resource.plural}/{{name}}"


def _component(resource: Resource) -> str:
    reverse = ".".join(reversed(resource.group.split("."))) if resource.group else "core"
    return f"{reverse}.{resource.version}.{resource.kind}"


def _identity(resource: Resource) -> Manifest:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _operations(resource: Resource) -> Manifest:
    reference = {"$ref": f"#/components/schemas/{_component(resource)}"}
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}}
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in _PARAMETERS
    ]
    identity = _identity(resource)
    content = {kind: {"schema": {"type": "object"}} for kind in _PATCHES}
    return {
        "get": {
            "x-kubernetes-action": "get",
            "x-kubernetes-group-version-kind": identity,
            "responses": answer,
        },
        "patch": {
            "parameters": parameters,
            "requestBody": {"content": content, "required": True},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": identity,
            "responses": answer,
        },
    }


def _schema(resource: Resource) -> Manifest:
    base: Manifest = resource.schema or {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    return {**base, "x-kubernetes-group-version-kind": [_identity(resource)]}
