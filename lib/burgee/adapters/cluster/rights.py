"""Whether burgee may use a kind at all; a provider's component grants it, and may be forgotten.

Without these rights Metacontroller waits for ever, without a word, for a cache that it may not
fill. The hook server has rights of its own from the same component, so that it can tell.
"""

import threading
import time
from collections.abc import Callable

from burgee.errors import ClusterError, NotFound

_FORBIDDEN = 403
_FORGET_GRANTED_SECONDS = 300.0
_FORGET_REFUSED_SECONDS = 5.0
_MOST_KEPT = 4096


class Rights:
    """Tries a call, and remembers for a while whether it was let through; thread safe.

    Args to the constructor: `attempt` asks for one object of a kind within so many seconds, and
    raises what the API server says.
    """

    def __init__(
        self,
        attempt: Callable[[str, str, str, str, float], object],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing yet."""
        self._attempt = attempt
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str], tuple[float, bool]] = {}

    def allow(
        self, api_version: str, kind: str, namespace: str, name: str, *, seconds: float
    ) -> bool:
        """Whether it is let through for a kind in a namespace; `name` may be of no object.

        Raises:
            ClusterError: it could not be tried.
        """
        key, now = (api_version, kind, namespace), self._monotonic()
        with self._lock:
            until, granted = self._known.get(key, (0.0, False))
        if now < until:
            return granted
        granted = self._try(api_version, kind, namespace, name, seconds)
        keep = _FORGET_GRANTED_SECONDS if granted else _FORGET_REFUSED_SECONDS
        with self._lock:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[key] = (now + keep, granted)
        return granted

    def _try(self, api_version: str, kind: str, namespace: str, name: str, seconds: float) -> bool:
        try:
            self._attempt(api_version, kind, namespace, name, seconds)
        except NotFound:
            return True
        except ClusterError as error:
            if error.status == _FORBIDDEN:
                return False
            raise
        return True
