"""Every error that burgee raises on purpose.

BurgeeError
  InvalidCanary        the user's mistake: condition and event, nothing is touched
  ProviderError        a source of metrics failed: a failed check
  ClusterError         the API server failed: the hook answers 500, Metacontroller retries
    NotFound           404
    Conflict           409
    Stale              freshness cannot be known: the hook answers 429
  BadRequest           a body that is no Metacontroller envelope: the hook answers 400
  InvalidAnswer        an answer that must not reach Metacontroller: the hook answers 500
  InvalidSettings      the environment or a kubeconfig cannot be used: the server does not start
"""


class BurgeeError(Exception):
    """The root."""


class InvalidCanary(BurgeeError):
    """The Canary (or what it names) cannot be worked with as written.

    `reason` is a CamelCase word for the condition, the text is for a person. `retry_seconds` is
    for what heals without an event; None where an edit of something that is watched mends it.
    """

    def __init__(self, reason: str, message: str, *, retry_seconds: float | None = None) -> None:
        """Keep the condition's reason beside the message."""
        super().__init__(message)
        self.reason = reason
        self.retry_seconds = retry_seconds


class ProviderError(BurgeeError):
    """A source of metrics could not be asked."""


class ClusterError(BurgeeError):
    """The API server could not be asked or refused; `status` is its HTTP code, None without."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """Keep the HTTP status beside the message."""
        super().__init__(message)
        self.status = status


class NotFound(ClusterError):
    """404."""


class Conflict(ClusterError):
    """409: it exists already, or it changed meanwhile."""


class Stale(ClusterError):
    """It cannot be known whether the parent in the request is the newest."""


class BadRequest(BurgeeError):
    """The request body is not what Metacontroller sends."""


class InvalidAnswer(BurgeeError):
    """The answer breaks a rule of the contract with Metacontroller."""


class InvalidSettings(BurgeeError):
    """What the person who runs burgee configured cannot be used."""
