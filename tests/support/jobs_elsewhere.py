"""A server that runs jobs for the load tester."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any

from scripted_http import Received, Reply, ScriptedServer

Make = Callable[..., Any]


Wait = Callable[..., None]
KEY = "K3Y-of-concord"
PASSWORD = "s3cret ü"
STARTED = {"instanceId": "a-b/c", "ok": True}


def said(content: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


class Elsewhere:
    """A server that answers each request in turn as it was told; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.received: list[Received] = []
        self._lock = threading.Lock()
        self.server = ScriptedServer(self._answer)
        self.url = self.server.url

    def _answer(self, received: Received) -> Reply:
        with self._lock:
            self.received.append(received)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def asked(self) -> list[str]:
        with self._lock:
            return [f"{one.method} {one.path}" for one in self.received]


def form(received: Received) -> dict[str, str]:
    """The fields of a multipart body; none of them is a file."""
    assert b"filename" not in received.body
    found = re.findall(
        r'Content-Disposition: form-data; name="([^"]+)"\r\n\r\n(.*?)\r\n--',
        received.body.decode(),
    )
    return dict(found)
