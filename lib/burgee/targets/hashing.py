"""Revisions by content: what makes two states of a target the same revision.

Flagger's own hash is a dump of Go structs and cannot be computed elsewhere, so ours looks
different (`b1-...`) and a foreign one is adopted, never compared. The checksums of tracked
ConfigMaps and Secrets are Flagger's to the bit, because they can be.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from burgee.api.guards import APEX_LABEL
from burgee.api.manifest import Manifest, labels_of

_OURS = re.compile(r"b1-[0-9a-f]{16}")
_GO_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


def template_hash(target: Manifest) -> str:
    """The hash of a workload's pod template, `b1-` and 16 hex digits.

    Nulls do not count: API servers differ in whether they store `creationTimestamp: null`. Nor
    does the label that burgee itself sets.
    """
    spec: Manifest = target.get("spec") or {}
    template: Manifest = spec.get("template") or {}
    labels = labels_of(template)
    if APEX_LABEL in labels:
        own = {key: value for key, value in labels.items() if key != APEX_LABEL}
        template = {**template, "metadata": {**template["metadata"], "labels": own}}
    return content_hash(template or None)


def content_hash(content: Any) -> str:
    """The hash of what makes a revision, for any kind of target."""
    canonical = json.dumps(_without_nulls(content), sort_keys=True, separators=(",", ":"))
    return "b1-" + hashlib.sha256(canonical.encode()).hexdigest()[:16]


def is_ours(value: str) -> bool:
    """True for a hash that template_hash made; Flagger's are not."""
    return _OURS.fullmatch(value) is not None


def revision_id(template: str, tracked: Mapping[str, str] | None) -> str:
    """A short name for a pod template hash together with the checksums of its configuration.

    No tracked configuration and tracking switched off are the same revision.
    """
    canonical = json.dumps([template, dict(tracked or {})], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def flagger_id(uid: str, revision: str) -> str:
    """The value of the pod annotation `flagger-id`: new for each revision, the same in each sync.

    Flagger takes a random one at each promotion.
    """
    return str(uuid5(NAMESPACE_URL, f"https://burgee.dev/canary/{uid}/revision/{revision}"))


def go_json(value: Any) -> str:
    """JSON as Go's encoding/json writes it: sorted keys, no spaces, HTML characters escaped."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_GO_ESCAPES)


def config_checksum(manifest: Manifest) -> str:
    """The checksum of a ConfigMap's or Secret's `data` in status.trackedConfigs.

    `binaryData` is not in it. Source: flagger pkg/canary/config_tracker.go.
    """
    data = manifest.get("data") or None
    return hashlib.sha256(go_json(data).encode()).hexdigest()[:16]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        pairs: Manifest = value
        return {key: _without_nulls(item) for key, item in pairs.items() if item is not None}
    if isinstance(value, list):
        items: list[Any] = value
        return [_without_nulls(item) for item in items]
    return value
