"""Objects without what differs from run to run, and without what an API server fills in."""

import base64
import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from conformance.acts import LAST_APPLIED
from conformance.kinds import short

from burgee.api.manifest import Manifest

_OF_THE_SERVER = (
    *("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"),
    *("selfLink", "deletionGracePeriodSeconds", "name", "namespace"),
)
_OF_CONTROLLERS = (
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
)
_ADDRESSES = ("clusterIP", "clusterIPs")
_YOUNGER = ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "trafficDistribution")
"""Of Services: the API server that Flagger was recorded with did not know these."""
_JSON = (
    LAST_APPLIED,
    "flagger.kubernetes.io/original-configuration",
    "zalando.org/backend-weights",
)
_SETS = {
    *("ports", "env", "envFrom", "ownerReferences", "finalizers", "conditions", "backends"),
    *("volumes", "volumeMounts", "hosts", "parentRefs"),
}
"""Lists whose order means nothing."""


def plain(manifest: Manifest) -> Manifest:
    """An object as the recordings show it."""
    found = copy.deepcopy(manifest)
    kind = short(found)
    head = found["metadata"]
    for field in _OF_THE_SERVER:
        head.pop(field, None)
    for annotation in _OF_CONTROLLERS:
        (head.get("annotations") or {}).pop(annotation, None)
    for owner in head.get("ownerReferences") or []:
        owner.pop("uid")
    for field in ("apiVersion", "kind", "status"):
        found.pop(field, None)
    if kind == "Secret":
        data = found.get("data") or {}
        found["data"] = {k: "b64:" + base64.b64decode(v).decode() for k, v in data.items()}
    if kind == "Service":
        _without_allocations(found["spec"])
    template = (found.get("spec") or {}).get("template")
    if isinstance(template, dict):
        (template.get("metadata") or {}).pop("creationTimestamp", None)
    return found


def masked(manifest: Any, words: Mapping[str, str], cookies: list[str]) -> Any:
    """The same with placeholders for what has another value in every run."""
    text = json.dumps(manifest)
    for placeholder, word in words.items():
        text = text.replace(word, placeholder)
    for number, cookie in enumerate(cookies, 1):
        text = text.replace(cookie, f"<cookie{number}>")
    return json.loads(re.sub(r'("flagger-id": )"[^"]*"', r'\1"<id>"', text))


def canonical(value: Any, key: str = "") -> Any:
    """Without empty parts, sets in one order, JSON in annotations read."""
    match value:
        case dict():
            inner = {k: canonical(v, k) for k, v in value.items()}
            return {k: v for k, v in inner.items() if v not in (None, {}, [])}
        case list():
            items = [canonical(item) for item in value]
            if key in _SETS:
                items.sort(key=lambda item: json.dumps(item, sort_keys=True))
            return items
        case str() if key in _JSON and value.startswith("{"):
            return json.dumps(canonical(json.loads(value)), sort_keys=True)
        case _:
            return value


def _without_allocations(spec: Manifest) -> None:
    for field in _ADDRESSES:
        if spec.get(field) not in ("None", ["None"]):
            spec.pop(field, None)
    for field in _YOUNGER:
        spec.pop(field, None)
    for port in spec.get("ports") or []:
        port.pop("nodePort", None)
