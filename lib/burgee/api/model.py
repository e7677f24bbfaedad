"""The base of every wire model: frozen, camelCase by alias, unknown fields kept."""

import re
from functools import lru_cache
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """A part of an object as users write it; what is not modelled survives a round trip."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        populate_by_name=True,
        coerce_numbers_to_str=False,
    )


def whole(value: object) -> object:
    """A JSON number as Flagger reads it: 5.0 is 5, 5.7 is 5."""
    return int(value) if isinstance(value, float) else value


WholeNumber: TypeAlias = Annotated[int, BeforeValidator(whole)]
"""An OpenAPI `number` that Flagger's Go type reads as int."""

_PART = re.compile("([0-9]+(?:[.][0-9]*)?|[.][0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "\u00b5s": 1e-6,
    "\u03bcs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
}


@lru_cache(maxsize=1024)
def duration_seconds(text: str) -> float | None:
    """A Go duration ("1m30s", "500ms", "0") in seconds; None where it is none."""
    if text == "0":
        return 0.0
    total, position = 0.0, 0
    for part in _PART.finditer(text):
        if part.start() != position:
            return None
        total += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    return total if position and position == len(text) else None
