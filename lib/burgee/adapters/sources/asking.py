"""What the sources that are asked by one HTTP request have in common.

A provider is a value: how its request is made, how its answer is read. Sending, time-outs, codes
and words for what goes wrong are here, once, so that no answer's body and no credential can reach
a message.
"""

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from burgee.metrics.model import Measurement, NoData, Sample, Source


class Unusable(Exception):
    """It cannot be asked as written; the text says what to mend and holds no secret."""


class Garbage(Exception):
    """The answer is none of this provider."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """What a provider is asked, with what it may need to know.

    Attributes:
        secret: the data of the source's Secret; None where it has none or it was not found.
        interval_seconds: of the metric: the span that a query is about.
        now: seconds since 1970.
    """

    source: Source
    query: str
    interval_seconds: float
    now: float
    secret: Mapping[str, str] | None = field(default=None, repr=False)

    def address(self, default: str = "") -> str:
        """The base URL without a slash at its end."""
        found = self.source.address or default
        if not found:
            raise Unusable("the metrics server has no address")
        return found.rstrip("/")

    def required(self, *keys: str) -> tuple[str, ...]:
        """Values of the Secret that the provider cannot do without."""
        if self.source.secret is None:
            raise Unusable(f"{self.source.type} needs a secretRef to {' and '.join(keys)}")
        name = "/".join(self.source.secret)
        if self.secret is None:
            raise Unusable(f"Secret {name} was not found")
        values = tuple(self.secret.get(key, "").strip() for key in keys)
        missing = [key for key, value in zip(keys, values, strict=True) if not value]
        if missing:
            raise Unusable(f"Secret {name} has no {' and no '.join(missing)}")
        return values

    def optional(self, key: str) -> str:
        """A value of the Secret, empty without one; a Secret that is named has to be there."""
        if self.source.secret is not None and self.secret is None:
            raise Unusable(f"Secret {'/'.join(self.source.secret)} was not found")
        return (self.secret or {}).get(key, "").strip()

    def window(self, intervals: int) -> tuple[float, float]:
        """From and to, in seconds since 1970, so many intervals long."""
        return self.now - intervals * self.interval_seconds, self.now


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One HTTP request; `params` are added to the URL."""

    url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """One type of metric source.

    Attributes:
        question: the request for a query.
        read: the number in the body of an answer that is no error.
        probe: the request that shows whether it is online.
        well: the codes that are as they should be in the answer to it.
        read_probe: raises Garbage where the body of that answer is none of this provider.
        most_seconds: for one query.
    """

    question: Callable[[Inquiry], Question]
    read: Callable[[bytes], Measurement]
    probe: Callable[[Inquiry], Question]
    well: frozenset[int] = frozenset({200})
    read_probe: Callable[[bytes], object] = lambda _body: None
    most_seconds: float = 5.0


def basic(username: str, password: str) -> str:
    """The Authorization header of basic authentication."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def decoded(body: bytes) -> object:
    """A body that has to be JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Garbage from None


def member(value: object, key: str) -> object:
    """What an object holds under a key; None for nothing."""
    if not isinstance(value, dict):
        raise Garbage
    return cast("dict[str, object]", value).get(key)


def members(value: object) -> list[object]:
    """The items of a list; a list that is left out is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Garbage
    return cast("list[object]", value)


def measured(value: object) -> Measurement:
    """A number, or that there is none."""
    if value is None:
        return NoData()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Garbage
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise Garbage from None
    return NoData() if math.isnan(number) else Sample(value=number)


def last_measured(values: Sequence[object]) -> Measurement:
    """The last of several that is a number at all."""
    for value in reversed(values):
        found = measured(value)
        if isinstance(found, Sample):
            return found
    return NoData()


def refusal(code: int) -> str:
    """What an error's code says, of the metrics server."""
    match code:
        case _ if code < 400:
            return f"sends to another address, which is not followed (HTTP {code})"
        case 400 | 422:
            return f"cannot evaluate the query (HTTP {code})"
        case 401 | 403:
            return f"does not accept the credentials (HTTP {code})"
        case 404:
            return "has no query API at this address (HTTP 404)"
        case 429 | 503:
            return f"is overloaded or not ready (HTTP {code})"
        case _:
            return f"failed (HTTP {code})"
