"""Kubernetes label selectors in their object form (matchLabels, matchExpressions)."""

from collections.abc import Mapping
from typing import Any


class InvalidSelector(ValueError):
    """A selector that the API server would refuse."""


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy `selector`; None and an empty selector match everything.

    Raises:
        InvalidSelector: an unknown operator, or values where there must be none.
    """
    if not selector:
        return True
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(e, labels) for e in selector.get("matchExpressions") or ())


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key = str(expression.get("key", ""))
    values: list[str] = expression.get("values") or []
    operator = expression.get("operator")
    if operator in {"In", "NotIn"} and not values:
        raise InvalidSelector(f"{operator} on {key!r} needs values")
    if operator in {"Exists", "DoesNotExist"} and values:
        raise InvalidSelector(f"{operator} on {key!r} takes no values")
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            raise InvalidSelector(f"unknown operator {operator!r} on {key!r}")
