"""The gate of the demo: what a confirm-rollout webhook asks before a release starts."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


class Gate:
    """Answers 200 while it is open and 403 while it is closed."""

    def __init__(self) -> None:
        self._open = Event()
        self._asked = Event()
        is_open, asked = self._open, self._asked

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                asked.set()
                body = b"open\n" if is_open.is_set() else b"closed\n"
                self.send_response(200 if is_open.is_set() else 403)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Say nothing: the terminal belongs to the demo."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="gate"
        )
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/gate"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def open(self) -> None:
        """Let releases start."""
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
        if self._thread.ident is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
