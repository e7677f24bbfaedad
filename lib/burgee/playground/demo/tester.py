"""The load tester of the demo: what tries a version out before any client gets it.

As in Flagger's Blue/Green, a webhook sends requests to the canary's own Service, because metrics
need some. The call is answered once the canary answers, which makes it a smoke test too.
"""

import time
from typing import Any

from burgee.playground.dataplane.load import Load, Response
from burgee.playground.demo.receiver import Answer, Receiver

_SMOKE_SECONDS = 3.0
_POLL_SECONDS = 0.02


class SmokeTester:
    """Sends requests to one host for a while after each call.

    Attributes:
        url: for a webhook; its metadata says for how many `seconds` to send.
    """

    def __init__(self, url: str, *, host: str, requests_per_second: float = 60.0) -> None:
        self._load = Load(
            url, host=host, requests_per_second=requests_per_second, threads=2, on_demand=True
        )
        self._receiver = Receiver("test", self._answer)
        self.url = self._receiver.url

    def start(self) -> None:
        """Begin to answer."""
        self._load.start()
        self._receiver.start()

    def close(self) -> None:
        """Stop."""
        self._receiver.close()
        self._load.close()

    def between(self, start: float, end: float) -> list[Response]:
        """What the tests saw in a span of monotonic time."""
        return self._load.between(start, end)

    def _answer(self, payload: Any) -> Answer:
        began = time.monotonic()
        self._load.demand(float((payload.get("metadata") or {}).get("seconds", 1)))
        while time.monotonic() < began + _SMOKE_SECONDS:
            if any(not response.failed for response in self._load.last(_SMOKE_SECONDS)):
                return 200, "it answers"
            time.sleep(_POLL_SECONDS)
        return 503, "no answer"
