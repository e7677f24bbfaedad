"""The gate of the demo: what confirm-* webhooks ask before a release goes on."""

from threading import Event
from typing import Any

from burgee.playground.demo.receiver import Answer, Receiver


class Gate:
    """Answers 200 while it is open and 403 while it is closed."""

    def __init__(self) -> None:
        self._open = Event()
        self._asked = Event()
        self._receiver = Receiver("gate", self._answer)
        self.url = self._receiver.url

    def start(self) -> None:
        """Begin to answer."""
        self._receiver.start()

    def open(self) -> None:
        """Let releases go on."""
        self._open.set()

    def shut(self) -> None:
        """Hold releases back, and forget who asked before."""
        self._asked.clear()
        self._open.clear()

    @property
    def asked(self) -> bool:
        """Whether anybody asked since it was shut."""
        return self._asked.is_set()

    def close(self) -> None:
        """Stop answering."""
        self._receiver.close()

    def _answer(self, _payload: Any) -> Answer:
        self._asked.set()
        return (200, "open") if self._open.is_set() else (403, "closed")
