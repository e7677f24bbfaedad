"""Prometheus's query API over the in-process engine, on a loopback port."""

import json
import math
import time
from abc import ABC, abstractmethod
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from burgee.playground.metrics.promql import (
    Engine,
    ParseError,
    Point,
    QueryError,
    RangeSeries,
    Result,
    SampleStore,
    Selected,
)
from burgee.playground.metrics.promql.values import number_text

_MAX_BODY_BYTES = 1_000_000
_PLAIN = {
    "/-/healthy": "Prometheus Server is Healthy.\n",
    "/-/ready": "Prometheus Server is Ready.\n",
}


class BadTime(Exception):
    """The `time` parameter is no time."""


class PromServer:
    """Serves `/api/v1/query` by GET and POST, `/-/healthy` and `/-/ready`."""

    def __init__(self, store: SampleStore) -> None:
        self._engine = Engine(store)
        server = self

        class Handler(_Handler):
            def answer(self, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
                return server.answer(parameters)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="promserver"
        )
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        if self._thread.ident is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def answer(self, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The HTTP status and body of one query."""
        try:
            at_ms = _time_ms(parameters.get("time", ""))
            result = self._engine.query(parameters.get("query", ""), at_ms)
        except BadTime as error:
            return 400, _error("bad_data", f'invalid parameter "time": {error}')
        except ParseError as error:
            return 400, _error("bad_data", f'invalid parameter "query": parse error: {error}')
        except QueryError as error:
            return 422, _error("execution", str(error))
        return 200, {"status": "success", "data": encode(result, at_ms)}


def encode(result: Result, at_ms: int) -> dict[str, Any]:
    """A result in the form of Prometheus's API."""
    if isinstance(result, str):
        return {"resultType": "string", "result": [_seconds(at_ms), result]}
    if isinstance(result, Selected):
        series = [_element(found, at_ms) for found in result.series]
        return {"resultType": "matrix", "result": series}
    if not isinstance(result, list):
        return {"resultType": "scalar", "result": [_seconds(at_ms), number_text(result)]}
    return {
        "resultType": "vector",
        "result": [_element(point, at_ms) for point in result],
    }


def _element(element: Point | RangeSeries, at_ms: int) -> dict[str, Any]:
    metric = dict(element.labels)
    if isinstance(element, Point):
        return {"metric": metric, "value": [_seconds(at_ms), number_text(element.value)]}
    return {
        "metric": metric,
        "values": [
            [_seconds(moment), number_text(value)]
            for moment, value in zip(element.times_ms, element.values, strict=True)
        ],
    }


def _seconds(at_ms: int) -> float | int:
    return at_ms // 1000 if at_ms % 1000 == 0 else at_ms / 1000


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"status": "error", "errorType": kind, "error": message}


def _time_ms(text: str) -> int:
    """Unix seconds or RFC 3339; now where nothing is given.

    Raises:
        BadTime: it is neither.
    """
    if not text:
        return time.time_ns() // 1_000_000
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise BadTime(f'cannot parse "{text}" to a valid timestamp') from None
        seconds = moment.timestamp()
    if not math.isfinite(seconds):
        raise BadTime(f'cannot parse "{text}" to a valid timestamp')
    return round(seconds * 1000)


class _Handler(BaseHTTPRequestHandler, ABC):
    """One request; what to answer comes from the subclass that the server makes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @abstractmethod
    def answer(self, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The code and the body for the parameters of a query."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._respond(parts.path, _first(parse_qs(parts.query, keep_blank_values=True)))

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        if length > _MAX_BODY_BYTES:
            self.close_connection = True
            self._send(413, "text/plain", b"request body too large\n")
            return
        form = parse_qs(self.rfile.read(length).decode(errors="replace"))
        parameters = _first(parse_qs(parts.query)) | _first(form)
        self._respond(parts.path, parameters)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing: the terminal belongs to the demo."""

    def _respond(self, path: str, parameters: dict[str, str]) -> None:
        if path in _PLAIN:
            self._send(200, "text/plain; charset=utf-8", _PLAIN[path].encode())
        elif path == "/api/v1/query":
            status, body = self.answer(parameters)
            self._send(status, "application/json", json.dumps(body).encode())
        else:
            self._send(404, "text/plain; charset=utf-8", b"404 page not found\n")

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _first(values: dict[str, list[str]]) -> dict[str, str]:
    return {name: found[0] for name, found in values.items()}
