"""What webhooks of the demo call: an HTTP server on loopback with one answer to give."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeAlias

Answer: TypeAlias = tuple[int, str]
"""Status and text."""


class Receiver:
    """Answers every POST by asking a function, with the payload that came.

    Attributes:
        url: where to post.
    """

    def __init__(self, name: str, answer: Callable[[Any], Answer]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, text = answer(json.loads(sent or b"{}"))
                body = f"{text}\n".encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Say nothing: the terminal belongs to the demo."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name=name
        )
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/{name}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.ident is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
