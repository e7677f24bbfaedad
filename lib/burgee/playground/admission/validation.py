"""Validation by a CRD's schema, with the words that Kubernetes uses.

CEL rules (x-kubernetes-validations) are not evaluated.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from burgee.playground.kinds.apierror import Cause

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def violations(schema: Mapping[str, Any], value: Any, path: str = "") -> Iterator[Cause]:
    """Every rule of a structural schema that the value breaks."""
    if value is None and schema.get("nullable"):
        return
    wrong = _type_error(schema, value, path)
    if wrong is not None:
        yield wrong
        return
    yield from _scalar(schema, value, path)
    yield from _combined(schema, value, path)
    if isinstance(value, dict):
        yield from _object(schema, value, path)
    elif isinstance(value, list):
        yield from _array(schema, value, path)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return '"object"'
    if isinstance(value, list):
        return '"array"'
    return json.dumps(value)


def _invalid(path: str, value: Any, rule: str) -> Cause:
    shown = path or "<nil>"
    return Cause(field=shown, message=f"Invalid value: {_shown(value)}: {rule}")


def _type_error(schema: Mapping[str, Any], value: Any, path: str) -> Cause | None:
    if schema.get("x-kubernetes-int-or-string"):
        good = isinstance(value, (int, str)) and not isinstance(value, bool)
        wanted = "integer,string"
    else:
        wanted = schema.get("type", "")
        good = not wanted or _is(value, wanted)
    if good:
        return None
    got = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}.get(
        type(value), "null" if value is None else "number"
    )
    rule = f'{path or "object"} in body must be of type {wanted}: "{got}"'
    return Cause(
        field=path or "<nil>",
        message=f'Invalid value: "{got}": {rule}',
        reason="FieldValueTypeInvalid",
    )


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == "boolean"
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[wanted])


def _scalar(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Cause]:
    allowed: Sequence[Any] | None = schema.get("enum")
    if allowed is not None and value not in allowed:
        told = ", ".join(json.dumps(a) for a in allowed)
        message = f"Unsupported value: {_shown(value)}: supported values: {told}"
        yield Cause(field=path, message=message, reason="FieldValueNotSupported")
    if isinstance(value, str):
        yield from _string(schema, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number(schema, value, path)


def _string(schema: Mapping[str, Any], value: str, path: str) -> Iterator[Cause]:
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern, value):
        yield _invalid(path, value, f"{path} in body should match '{pattern}'")
    if len(value) < schema.get("minLength", 0):
        rule = f"{path} in body should be at least {schema['minLength']} chars long"
        yield _invalid(path, value, rule)
    if len(value) > schema.get("maxLength", len(value)):
        message = f"Too long: may not be more than {schema['maxLength']} bytes"
        yield Cause(field=path, message=message, reason="FieldValueTooLong")
    if schema.get("format") == "date-time" and not _is_time(value):
        yield _invalid(path, value, f'{path} in body must be of type date-time: "{value}"')


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _number(schema: Mapping[str, Any], value: float, path: str) -> Iterator[Cause]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        strict = bool(schema.get("exclusiveMinimum"))
        if value < low or (strict and value == low):
            words = "greater than" if strict else "greater than or equal to"
            yield _invalid(path, value, f"{path} in body should be {words} {low}")
    if high is not None:
        strict = bool(schema.get("exclusiveMaximum"))
        if value > high or (strict and value == high):
            words = "less than" if strict else "less than or equal to"
            yield _invalid(path, value, f"{path} in body should be {words} {high}")
    factor = schema.get("multipleOf")
    if factor and value % factor:
        yield _invalid(path, value, f"{path} in body should be a multiple of {factor}")


def _holds(schema: Mapping[str, Any], value: Any, path: str) -> bool:
    return next(violations(schema, value, path), None) is None


def _combined(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Cause]:
    for part in schema.get("allOf") or ():
        if not _holds(part, value, path):
            yield _invalid(path, value, f'"{path}" must validate all the schemas (allOf)')
            yield from violations(part, value, path)
    any_of: Sequence[Mapping[str, Any]] = schema.get("anyOf") or ()
    if any_of and not any(_holds(part, value, path) for part in any_of):
        yield _invalid(path, value, f'"{path}" must validate at least one schema (anyOf)')
    one_of: Sequence[Mapping[str, Any]] = schema.get("oneOf") or ()
    if one_of:
        count = sum(_holds(part, value, path) for part in one_of)
        if count != 1:
            found = f"Found {count} valid alternatives" if count else "Found none valid"
            rule = f'"{path}" must validate one and only one schema (oneOf). {found}'
            yield _invalid(path, value, rule)
    if "not" in schema and _holds(schema["not"], value, path):
        yield _invalid(path, value, f'"{path}" must not validate the schema (not)')


def _object(schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[Cause]:
    prefix = f"{path}." if path else ""
    for name in schema.get("required") or ():
        if name not in value:
            yield Cause(
                field=f"{prefix}{name}", message="Required value", reason="FieldValueRequired"
            )
    count = len(value)
    if count > schema.get("maxProperties", count):
        limit = schema["maxProperties"]
        message = f"Too many: {count}: must have at most {limit} items"
        yield Cause(field=path, message=message, reason="FieldValueTooMany")
    if count < schema.get("minProperties", 0):
        limit = schema["minProperties"]
        yield _invalid(path, value, f"{path} in body should have at least {limit} properties")
    properties: Mapping[str, Any] = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    for name, part in value.items():
        if name in properties:
            yield from violations(properties[name], part, f"{prefix}{name}")
        elif isinstance(additional, Mapping):
            yield from violations(additional, part, f"{prefix}{name}")


def _array(schema: Mapping[str, Any], value: Sequence[Any], path: str) -> Iterator[Cause]:
    count = len(value)
    if count > schema.get("maxItems", count):
        message = f"Too many: {count}: must have at most {schema['maxItems']} items"
        yield Cause(field=path, message=message, reason="FieldValueTooMany")
    if count < schema.get("minItems", 0):
        rule = f"{path} in body should have at least {schema['minItems']} items"
        yield _invalid(path, value, rule)
    yield from _duplicates(schema, value, path)
    items: Mapping[str, Any] | None = schema.get("items")
    if items is not None:
        for index, part in enumerate(value):
            yield from violations(items, part, f"{path}[{index}]")


def _duplicates(schema: Mapping[str, Any], value: Sequence[Any], path: str) -> Iterator[Cause]:
    keys: Sequence[str] = schema.get("x-kubernetes-list-map-keys") or ()
    kind = schema.get("x-kubernetes-list-type")
    if kind not in {"map", "set"}:
        return
    seen: set[str] = set()
    for index, part in enumerate(value):
        shown = (
            {k: part.get(k) for k in keys} if kind == "map" and isinstance(part, dict) else part
        )
        text = json.dumps(shown, sort_keys=True)
        if text in seen:
            yield Cause(
                field=f"{path}[{index}]",
                message=f"Duplicate value: {text}",
                reason="FieldValueDuplicate",
            )
        seen.add(text)
