"""Rules of metadata that hold for every kind."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from burgee.api.manifest import Manifest, labels_of, metadata, name_of
from burgee.playground.kinds.apierror import Cause

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
)
_LONGEST_NAME = 253
_LONGEST_LABEL = 63
_LONGEST_ANNOTATIONS_BYTES = 262144


def metadata_violations(manifest: Manifest) -> Iterator[Cause]:
    """Every rule of metadata that an object breaks."""
    yield from _name(name_of(manifest))
    yield from _labels(labels_of(manifest))
    yield from _annotations(manifest)
    yield from _owners(manifest)


def _name(name: str) -> Iterator[Cause]:
    # Some built-in kinds (RBAC) allow more; none of them is served here.
    if not _SUBDOMAIN.fullmatch(name):
        rule = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'-' or '.', and must start and end with an alphanumeric character"
        )
        yield Cause(field="metadata.name", message=f"Invalid value: {json.dumps(name)}: {rule}")
    if len(name) > _LONGEST_NAME:
        rule = f"must be no more than {_LONGEST_NAME} bytes"
        yield Cause(field="metadata.name", message=f"Invalid value: {json.dumps(name)}: {rule}")


def _labels(labels: Mapping[str, Any]) -> Iterator[Cause]:
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            message = f"Invalid value: {json.dumps(key)}: name part must consist of alphanumerics"
            yield Cause(field="metadata.labels", message=message)
        good = isinstance(value, str) and len(value) <= _LONGEST_LABEL
        if not good or not _LABEL_VALUE.fullmatch(value):
            rule = (
                "a valid label must be an empty string or consist of at most 63 alphanumeric "
                "characters, '-', '_' or '.'"
            )
            message = f"Invalid value: {json.dumps(value)}: {rule}"
            yield Cause(field="metadata.labels", message=message)


def _annotations(manifest: Manifest) -> Iterator[Cause]:
    annotations: Manifest = metadata(manifest).get("annotations") or {}
    size = sum(len(key) + len(str(value)) for key, value in annotations.items())
    if size > _LONGEST_ANNOTATIONS_BYTES:
        message = f"Too long: may not be more than {_LONGEST_ANNOTATIONS_BYTES} bytes"
        yield Cause(field="metadata.annotations", message=message, reason="FieldValueTooLong")
    for key, value in annotations.items():
        if not isinstance(value, str):
            message = f"Invalid value: {json.dumps(value)}: must be a string"
            yield Cause(field=f"metadata.annotations[{key}]", message=message)


def _owners(manifest: Manifest) -> Iterator[Cause]:
    owners: list[Manifest] = metadata(manifest).get("ownerReferences") or []
    for index, owner in enumerate(owners):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield Cause(
                    field=f"metadata.ownerReferences[{index}].{field}",
                    message='Invalid value: "": must not be empty',
                )
    controllers = [o for o in owners if o.get("controller")]
    if len(controllers) > 1:
        first, second = controllers[:2]
        message = (
            f"Invalid value: {json.dumps(owners)}: Only one reference can have Controller set to "
            f'true. Found "true" in references for {first.get("kind")}/{first.get("name")} and '
            f"{second.get('kind')}/{second.get('name')}"
        )
        yield Cause(field="metadata.ownerReferences", message=message)
