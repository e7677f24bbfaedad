r"""Who takes part in an A/B test: `analysis.match` as values, and as regular expressions.

The entries of the list are alternatives; within one entry all conditions have to hold. Flagger
puts the headers of all entries together for some providers; here each entry is its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary

# The characters that mean something in PCRE, RE2 and Go's regular expressions alike.
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


class Way(StrEnum):
    """How a text is compared; the words of the API."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    REGEX = "regex"


_WAYS: Final = tuple((way.value, way) for way in Way)
# What stands before and after a literal.
_SEARCHED: Final[Mapping[Way, tuple[str, str]]] = MappingProxyType(
    {Way.EXACT: ("^", "$"), Way.PREFIX: ("^", ""), Way.SUFFIX: ("", "$")}
)
_WHOLE: Final[Mapping[Way, tuple[str, str]]] = MappingProxyType(
    {Way.EXACT: ("", ""), Way.PREFIX: ("", ".*"), Way.SUFFIX: (".*", "")}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One header or query parameter, and what its value has to be."""

    name: str
    way: Way
    value: str

    @property
    def searched(self) -> str:
        """A regular expression for data planes that look for it anywhere in the value."""
        return self._as(_SEARCHED)

    @property
    def whole(self) -> str:
        """A regular expression for data planes that compare it with the whole value."""
        return self._as(_WHOLE)

    @property
    def either(self) -> str:
        """A regular expression that means the same to both kinds of data planes."""
        return self.value if self.way is Way.REGEX else f"^{self.whole}$"

    def _as(self, around: Mapping[Way, tuple[str, str]]) -> str:
        if self.way is Way.REGEX:
            return self.value
        before, after = around[self.way]
        return before + literal(self.value) + after


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """One entry of the list; headers and parameters are sorted by name."""

    headers: tuple[Condition, ...] = ()
    parameters: tuple[Condition, ...] = ()


def literal(text: str) -> str:
    """A text as a regular expression that means just that text."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def alternatives(canary: Canary, *, parameters: bool = True) -> tuple[Alternative, ...]:
    """The entries of analysis.match.

    Args:
        canary: whose analysis it is.
        parameters: whether the provider can look at query parameters.

    Raises:
        InvalidCanary: an entry asks for what the provider cannot look at, or for nothing.
    """
    return tuple(
        _alternative(entry, f"spec.analysis.match[{index}]", parameters=parameters)
        for index, entry in enumerate(canary.spec.plan.match)
    )


def _alternative(entry: Manifest, field: str, *, parameters: bool) -> Alternative:
    possible = {"headers", "queryParams"} if parameters else {"headers"}
    for key, value in entry.items():
        if value and key not in possible:
            raise unsupported(f"{field}.{key}")
    found = Alternative(
        headers=_conditions(entry.get("headers"), f"{field}.headers"),
        parameters=_conditions(entry.get("queryParams"), f"{field}.queryParams"),
    )
    if not (found.headers or found.parameters):
        raise InvalidCanary("InvalidMatch", f"{field} has no condition: all requests would match")
    return found


def _conditions(given: Mapping[str, Manifest] | None, field: str) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for name, matcher in sorted((given or {}).items()):
        ways = [way for word, way in _WAYS if matcher.get(word)]
        if len(ways) != 1:
            raise InvalidCanary(
                "InvalidMatch", f"{field}.{name} needs one of exact, prefix, suffix and regex"
            )
        way = ways[0]
        found.append(Condition(name=name, way=way, value=str(matcher[way])))
    return tuple(found)


def unsupported(field: str) -> InvalidCanary:
    """The error for a part of the test that the provider cannot do."""
    return InvalidCanary("UnsupportedMatch", f"{field} cannot be done with this provider")
