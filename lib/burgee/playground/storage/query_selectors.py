"""Label and field selectors, in the text form that stands in a query."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from burgee.api.manifest import labels_of
from burgee.playground.kinds.apierror import bad_request

_SET = re.compile(r"^\s*(?P<key>[^\s!=,()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*(?P<key>[^\s!=,()]+)\s*(?P<op>!=|==|=)\s*(?P<value>[^\s!=,()]*)\s*$")
_EXISTS = re.compile(r"^\s*(?P<absent>!?)\s*(?P<key>[^\s!=,()]+)\s*$")
_COMMA = re.compile(r",(?![^(]*\))")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One term: the value of `key` must be (or, negated, must not be) one of `values`.

    `values` is None where only the presence of the key counts.
    """

    key: str
    values: frozenset[str] | None
    negated: bool = False

    def holds(self, value: str | None) -> bool:
        """Whether a value (None: the key is absent) satisfies the term."""
        matched = value is not None if self.values is None else value in self.values
        return matched is not self.negated


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Requirement, ...]:
    """The terms of a selector.

    Raises:
        ApiError: 400 for a text that is no selector.
    """
    return tuple(_term(part) for part in _COMMA.split(text)) if text.strip() else ()


def _term(part: str) -> Requirement:
    if found := _SET.match(part):
        values = frozenset(v.strip() for v in found["values"].split(","))
        return Requirement(key=found["key"], values=values, negated=found["op"] == "notin")
    if found := _EQUAL.match(part):
        wanted = frozenset((found["value"],))
        return Requirement(key=found["key"], values=wanted, negated=found["op"] == "!=")
    if found := _EXISTS.match(part):
        return Requirement(key=found["key"], values=None, negated=bool(found["absent"]))
    raise bad_request(f"unable to parse requirement: {part!r}")


def label_filter(text: str) -> Callable[[Mapping[str, Any]], bool] | None:
    """A test of objects for a label selector; None where everything passes."""
    terms = parse(text)
    if not terms:
        return None

    def passes(manifest: Mapping[str, Any]) -> bool:
        labels = labels_of(manifest)
        return all(term.holds(labels.get(term.key)) for term in terms)

    return passes


def field_filter(text: str) -> Callable[[Mapping[str, Any]], bool] | None:
    """A test of objects for a field selector; a field that is missing counts as empty."""
    terms = parse(text)
    if not terms:
        return None

    def passes(manifest: Mapping[str, Any]) -> bool:
        return all(term.holds(_field(manifest, term.key)) for term in terms)

    return passes


def _field(manifest: Mapping[str, Any], path: str) -> str:
    found: object = manifest
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return "" if found is None else str(found)
