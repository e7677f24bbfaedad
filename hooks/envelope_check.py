"""Is this body what Metacontroller sends?

Only the outside is looked at, so that a Canary somebody wrote wrongly still reaches the engine
and gets its condition, while anything that is no envelope is refused before it is believed:
missing children read as none would delete every child.
"""

import json
from typing import Any

from burgee.api.manifest import Manifest
from burgee.errors import BadRequest

_GROUP = "flagger.app/"


def parse_envelope(raw: bytes, *, hook: str) -> Manifest:
    """Decode and check a request's body.

    Raises:
        BadRequest: it is no JSON, or not the envelope of this hook.
    """
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is no JSON object")
    wanted: tuple[str, ...] = ("controller", "parent")
    if hook != "customize":
        wanted += ("children", "related")
    for key in wanted:
        if not isinstance(body.get(key), dict):
            raise BadRequest(f"the body has no object {key!r}")
    _check_parent(body["parent"])
    return body


def _check_parent(parent: Manifest) -> None:
    group = parent.get("apiVersion")
    if parent.get("kind") != "Canary" or not str(group).startswith(_GROUP):
        raise BadRequest("the parent is no Canary of flagger.app")
    metadata = parent.get("metadata")
    if not isinstance(metadata, dict):
        raise BadRequest("the parent has no metadata")
    for key in ("name", "namespace", "uid"):
        if not metadata.get(key) or not isinstance(metadata[key], str):
            raise BadRequest(f"the parent has no metadata.{key}")
