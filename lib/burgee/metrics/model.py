"""The values that a metric check is made of: what to ask, what came back, what it means."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from burgee.api.manifest import Manifest

Headers: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Names with their values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a query goes.

    Attributes:
        type: prometheus, or another provider of MetricTemplate.
        address: base URL, its path is kept; empty for the provider's own.
        region: of CloudWatch.
        secret: (namespace, name) of the Secret with the credentials, None without one.
        headers: sent with each request.
        insecure_skip_verify: no check of the server's certificate.
    """

    type: str
    address: str
    secret: tuple[str, str] | None = None
    headers: Headers = ()
    insecure_skip_verify: bool = False
    region: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The allowed range of a value, in the unit that the user wrote (percent, ms, or bare).

    None is an open end.
    """

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One query that is due, with all that is needed to run and judge it.

    Attributes:
        name: of the metric in `analysis.metrics`.
        id: unique within a step (the same metric may be asked twice: built-in and template).
        query: rendered.
        factor: the raw value is multiplied by it (1000 for seconds shown as milliseconds).
        whole: truncate value and limits to whole numbers before comparing (durations in ms).
        unit: "%", "ms" or "".
        interval_seconds: the span that sources are asked about that take one beside the query.
        key: stable for one asking, whoever does it and however often; empty where it does not
            matter. What a source has to make for an answer is named by it.
    """

    id: str
    name: str
    source: Source
    query: str
    limits: Limits
    factor: float = 1.0
    whole: bool = False
    unit: str = ""
    interval_seconds: float = 60.0
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenCheck:
    """A metric that cannot be asked: unknown template, template syntax error, missing variable."""

    id: str
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The source answered with a number (before `factor`)."""

    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class NoData:
    """The source answered, with nothing: empty result, NaN, or not a number."""

    message: str = "no values found"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceError:
    """The source could not be asked or refused: our own words, never a body, never a secret."""

    message: str


Measurement: TypeAlias = Sample | NoData | SourceError


class Verdict(StrEnum):
    """The four outcomes of a check."""

    PASSED = "Passed"
    FAILED = "Failed"
    NO_DATA = "NoData"
    ERROR = "Error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One judged check, as status shows it.

    `value` is after `factor`; None where there was none.
    """

    id: str
    name: str
    verdict: Verdict
    message: str
    value: float | None = None
    limits: Limits = field(default_factory=Limits)
    query: str = ""

    def as_status(self, at: str) -> Manifest:
        """The entry of status.checks; `at` is RFC 3339."""
        entry: Manifest = {"name": self.name, "verdict": self.verdict.value, "at": at}
        if self.value is not None:
            entry["value"] = self.value
        if self.limits.minimum is not None:
            entry["min"] = self.limits.minimum
        if self.limits.maximum is not None:
            entry["max"] = self.limits.maximum
        if self.message:
            entry["message"] = self.message
        return entry
