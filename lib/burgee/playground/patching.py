"""From a patch of any type to the object that it makes."""

from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.apierror import bad_request, unsupported_media_type
from burgee.playground.lifecycle import clone
from burgee.playground.merging import merge_patch
from burgee.playground.resources import Resource

MERGE = "application/merge-patch+json"


def patched(resource: Resource, target: Manifest, patch: Any, content_type: str) -> Manifest:
    """The target after the patch, as a copy.

    Raises:
        ApiError: 415 for a type that the kind does not take, 400 or 422 for a broken patch.
    """
    match content_type:
        case "application/merge-patch+json":
            if not isinstance(patch, dict):
                raise bad_request("a merge patch must be an object")
            found = merge_patch(clone(target), clone(patch))
        case _:
            raise unsupported_media_type(
                f"the body of the request was in an unknown format: {content_type}"
            )
    return found
