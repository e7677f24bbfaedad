"""From a patch of any type to the object that it makes; server-side apply is not among them."""

from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.kinds.apierror import bad_request, unsupported_media_type
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.kinds.shapes import shape_of
from burgee.playground.merging.jsonpatch import json_patch
from burgee.playground.merging.mergepatch import merge_patch
from burgee.playground.merging.strategic import strategic_patch

APPLY = "application/apply-patch+yaml"
JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def patched(resource: Resource, target: Manifest, patch: Any, content_type: str) -> Manifest:
    """The target after the patch; it may share parts with the target, which stays as it is.

    Raises:
        ApiError: 415 for a type that the kind does not take, 400 or 422 for a broken patch.
    """
    found: Any
    if content_type == JSON:
        if not isinstance(patch, list):
            raise bad_request("a JSON patch must be a list")
        found = json_patch(clone(target), patch)
    elif content_type == MERGE:
        found = merge_patch(target, clone(_object(patch)))
    elif content_type == STRATEGIC and not resource.custom:
        found = strategic_patch(shape_of(resource), target, clone(_object(patch)))
    else:
        accepted = [JSON, MERGE, APPLY] + ([] if resource.custom else [STRATEGIC])
        raise unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(accepted)
        )
    if not isinstance(found, dict):
        raise bad_request("the patch leaves no object")
    return found


def _object(patch: Any) -> Manifest:
    if not isinstance(patch, dict):
        raise bad_request("the patch must be an object")
    found: Manifest = patch
    return found
