"""What burgee talks to besides its clients: Prometheus, webhook receivers, a bad network."""

import http.client
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from scripted_http import HANG, Received, Reply, ScriptedServer

from burgee.api.manifest import Manifest

_NAMESPACE = re.compile(r'namespace[a-z_]*=~?"([^"]+)"')


def vector(value: float | str) -> Reply:
    """One series with one value, as /api/v1/query says it."""
    return result([{"metric": {}, "value": [1_700_000_000.0, str(value)]}])


def result(series: list[Manifest]) -> Reply:
    """Any instant vector."""
    body = {"status": "success", "data": {"resultType": "vector", "result": series}}
    return Reply(body=json.dumps(body).encode())


NO_DATA = result([])


class ScriptedPrometheus:
    """Answers queries by the namespace that they name; everything is well unless told.

    Attributes:
        answers: by namespace, a function of the query.
        asked: by namespace, every query.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[str], Reply]] = {}
        self.asked: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._answer)
        self.url = self._server.url
        self.start, self.close = self._server.start, self._server.close

    def _answer(self, received: Received) -> Reply:
        query = parse_qs(urlsplit(received.path).query).get("query", [""])[0]
        if not query:
            query = parse_qs(received.body.decode()).get("query", [""])[0]
        found = _NAMESPACE.search(query)
        namespace = found[1] if found else ""
        with self._lock:
            self.asked[namespace].append(query)
            answer = self.answers.get(namespace, well)
        return answer(query)


def well(query: str) -> Reply:
    """Nothing fails, and everything is quick."""
    return vector(25 if "histogram_quantile" in query else 100)


class WebhookReceiver:
    """Receives webhooks; one is known by its path.

    Attributes:
        answers: by path; what is not told is let through.
        received: by path, the decoded bodies; `keys` their Idempotency-Keys.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Manifest], Reply]] = {}
        self.received: defaultdict[str, list[Manifest]] = defaultdict(list)
        self.keys: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._answer)
        self.url = self._server.url
        self.start, self.close = self._server.start, self._server.close

    def _answer(self, received: Received) -> Reply:
        payload: Manifest = json.loads(received.body)
        with self._lock:
            self.received[received.path].append(payload)
            self.keys[received.path].append(received.headers.get("idempotency-key", ""))
            answer = self.answers.get(received.path)
        return answer(payload) if answer else Reply()

    def says(self, path: str, reply: Reply | int) -> None:
        """From now on every call of `path` gets this answer, or this status."""
        fixed = Reply(status=reply) if isinstance(reply, int) else reply
        with self._lock:
            self.answers[path] = lambda _: fixed

    def count(self, path: str) -> int:
        """How often `path` was called."""
        with self._lock:
            return len(self.received[path])


class FaultyProxy:
    """Between the hooks and the API server; harmless until it is told otherwise.

    Attributes:
        spoil: makes an answer out of a request and the true answer's function, None for no harm.
        calls: requests by method, also spoiled ones.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self.spoil: Callable[[Received, Callable[[], Reply]], Reply] | None = None
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._answer)
        self.url = self._server.url
        self.start, self.close = self._server.start, self._server.close

    def _answer(self, received: Received) -> Reply:
        with self._lock:
            self.calls[received.method] += 1
            spoil = self.spoil

        def forward() -> Reply:
            return self._forward(received)

        return spoil(received, forward) if spoil else forward()

    def _forward(self, received: Received) -> Reply:
        connection = http.client.HTTPConnection(
            self._upstream.hostname or "", self._upstream.port, timeout=10
        )
        try:
            kept = {
                k: v
                for k, v in received.headers.items()
                if k not in {"connection", "host", "content-length", "accept-encoding"}
            }
            connection.request(received.method, received.path, received.body or None, kept)
            response = connection.getresponse()
            return Reply(
                status=response.status,
                body=response.read(),
                content_type=response.getheader("Content-Type") or "application/json",
            )
        except OSError:
            return Reply(drop=True)
        finally:
            connection.close()


GARBAGE = Reply(body=b"<html>a login page</html>", content_type="text/html")
TRUNCATED = Reply(body=b'{"kind": "Canary", "meta', missing_bytes=4000)
BROKEN = Reply(status=500, body=b'{"kind":"Status","message":"etcdserver: request timed out"}')
HANGS = HANG
