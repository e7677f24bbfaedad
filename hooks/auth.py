"""Who may call a hook: whoever knows the bearer token that Metacontroller was given."""

import hmac

from burgee.adapters.cluster.tokens import TokenFile
from burgee.errors import InvalidSettings
from hooks.settings import Settings

_SCHEME = "bearer"


class Gate:
    """Compares the Authorization header in constant time."""

    def __init__(self, settings: Settings) -> None:
        """Read the token once, so that a server without one does not start.

        Raises:
            InvalidSettings: there is no token, and insecure was not asked for.
        """
        self._open = settings.insecure
        self._token = settings.token
        self._file = TokenFile(settings.token_file) if settings.token_file else None
        if not self._open and not self._expected():
            raise InvalidSettings("no bearer token, and BURGEE_INSECURE is not true")

    def admits(self, authorization: str | None) -> bool:
        """Whether a request with this Authorization header may pass."""
        if self._open:
            return True
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != _SCHEME:
            return False
        expected = self._expected().encode()
        return hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected)

    def _expected(self) -> str:
        return self._file.read() if self._file else self._token
