"""Who may change something: whoever knows the token, where there is one.

Flagger's webhooks have no headers of their own, but their address may hold credentials
(`http://any:TOKEN@loadtester.test/`), which it sends as basic authentication. So both are taken:
a bearer token, and a password that is the token. burgee takes no such address; there tasks are
left to the NetworkPolicy (BURGEE_LOADTESTER_TOKEN_FOR=gates).
"""

import base64
import binascii
import hmac

from burgee.adapters.cluster.tokens import TokenFile
from burgee.loadtester.payload import Refused
from burgee.loadtester.settings import Guarded, Settings


class Access:
    """Compares what a caller gives in constant time."""

    def __init__(self, settings: Settings) -> None:
        """Read the token once, so that a server that cannot read its file does not start.

        Raises:
            InvalidSettings: the file cannot be read.
        """
        self._token = settings.token
        self._file = TokenFile(settings.token_file) if settings.token_file else None
        self._guarded = settings.token_for if self._expected() else frozenset[Guarded]()

    def is_demanded_for(self, what: Guarded) -> bool:
        """Whether a caller needs the token."""
        return what in self._guarded

    def demand(self, what: Guarded, authorization: str | None) -> None:
        """Let a call pass.

        Raises:
            Refused: 401, the Authorization header does not hold the token.
        """
        if not self.is_demanded_for(what):
            return
        given = _given(authorization or "")
        if not hmac.compare_digest(given, self._expected().encode()):
            raise Refused(401, "the token is missing or wrong")

    def _expected(self) -> str:
        return self._file.read() if self._file else self._token


def _given(authorization: str) -> bytes:
    scheme, _, value = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip().encode("utf-8", "replace")
        case "basic":
            try:
                pair = base64.b64decode(value.strip(), validate=True)
            except (binascii.Error, ValueError):
                return b""
            return pair.partition(b":")[2]
        case _:
            return b""
