"""What an alert says and to whom, as values; how it looks on the wire is in alert_payloads."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad the news is; the words are those of spec.analysis.alerts."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One piece of news about a Canary.

    Attributes:
        name: of the Canary.
        message: one or two sentences, in burgee's own words.
        fields: names and values that a reader may want beside the message.
        phase: that began with it, or in which it happened.
        at: when it happened, RFC 3339.
    """

    name: str
    namespace: str
    message: str
    severity: Severity
    fields: tuple[tuple[str, str], ...] = ()
    phase: str = ""
    at: str = ""

    @property
    def about(self) -> str:
        """name.namespace, as Flagger signs its messages."""
        return f"{self.name}.{self.namespace}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Where a letter goes. Addresses of chat rooms are as good as passwords: they are not shown.

    Attributes:
        id: namespace/name of the AlertProvider, or `global`.
        kind: slack, msteams, discord, rocket, gchat or webhook.
        address: empty where the Secret holds it.
        secret: namespace and name of a Secret with `address` and perhaps `token`.
        proxy: URL of an HTTP proxy, empty for none.
        token: a bearer token, empty for none.
    """

    id: str
    kind: str
    address: str = field(default="", repr=False)
    secret: tuple[str, str] | None = None
    proxy: str = field(default="", repr=False)
    channel: str = ""
    username: str = ""
    token: str = field(default="", repr=False)
