"""Something that shows metrics in Prometheus's text format on a loopback port."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from burgee.playground.metrics.scrape import Job, Target


class Exporter:
    """Answers every GET with the metrics as they are then."""

    def __init__(self, name: str, exposition: Callable[[], str]) -> None:
        """Take a port.

        Args:
            name: of the scrape job.
            exposition: the metrics, asked for each answer.
        """

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = exposition().encode()
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4; charset=utf-8")
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
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.target = Target(url=url, jobs=(Job(name=name),))

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.ident is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
