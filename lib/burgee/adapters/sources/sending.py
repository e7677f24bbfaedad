"""Sends the questions of providers, over connections that are kept by address."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests

from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import DEFAULT_POLICY, BoundedSession, reason
from burgee.adapters.sources.asking import (
    Garbage,
    Inquiry,
    Provider,
    Question,
    Unusable,
    refusal,
)
from burgee.adapters.sources.turns import MOST_BYTES, in_turn
from burgee.metrics.model import Check, Measurement, Source, SourceError

_MOST_SESSIONS = 64

NO_TIME = "no time was left to ask"
NO_SENSE = "the metrics server's answer makes no sense"


class Sender:
    """Asks providers that need one HTTP request; for use by many threads at once."""

    def __init__(
        self,
        *,
        policy: AddressPolicy = DEFAULT_POLICY,
        most_sessions: int = _MOST_SESSIONS,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open nothing yet; at most so many servers keep connections."""
        self._policy = policy
        self._most_sessions = most_sessions
        self._now = now
        self._sessions: OrderedDict[tuple[str, bool], BoundedSession] = OrderedDict()
        self._lock = threading.Lock()

    def inquiry(
        self, source: Source, secret: Mapping[str, str] | None, check: Check | None = None
    ) -> Inquiry:
        """What is asked now."""
        return Inquiry(
            source=source,
            query=check.query if check else "",
            interval_seconds=check.interval_seconds if check else 60.0,
            now=self._now(),
            secret=secret,
        )

    def measure(self, provider: Provider, inquiry: Inquiry, *, seconds: float) -> Measurement:
        """Run one query. Never raises."""
        if seconds <= 0:
            return SourceError(message=NO_TIME)
        try:
            question = provider.question(inquiry)
            response = self._send(question, inquiry.source, min(seconds, provider.most_seconds))
            if not 200 <= response.status_code < 300:
                return SourceError(message=f"the metrics server {refusal(response.status_code)}")
            body = response.content
            del response  # It holds the bytes once more.
            with in_turn(body):
                return provider.read(body)
        except Exception as error:
            return SourceError(message=_why(error))

    def problem(self, provider: Provider, inquiry: Inquiry, *, seconds: float) -> str:
        """Why it does not answer its probe as it should; empty where it does. Never raises."""
        try:
            question = provider.probe(inquiry)
            response = self._send(question, inquiry.source, min(seconds, provider.most_seconds))
            if response.status_code not in provider.well:
                return f"the metrics server {refusal(response.status_code)}"
            body = response.content
            with in_turn(body):
                provider.read_probe(body)
        except Exception as error:
            return _why(error)
        return ""

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()

    def _send(self, question: Question, source: Source, seconds: float) -> requests.Response:
        own = {name: ", ".join(values) for name, values in source.headers}
        return self._session(source, question.url).request(
            "GET" if question.body is None else "POST",
            question.url,
            params=list(question.params),
            headers={**own, **question.headers},
            data=question.body,
            timeout=seconds,
            allow_redirects=False,
        )

    def _session(self, source: Source, url: str) -> BoundedSession:
        split = urlsplit(url)
        key = (f"{split.scheme}://{split.netloc}", source.insecure_skip_verify)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = BoundedSession(
                    url,
                    limit_bytes=MOST_BYTES,
                    cut=False,
                    verify=not source.insecure_skip_verify,
                    policy=self._policy,
                )
            self._sessions.move_to_end(key)
            if len(self._sessions) > self._most_sessions:
                _, oldest = self._sessions.popitem(last=False)
                oldest.close()
            return session


def _why(error: Exception) -> str:
    match error:
        case Unusable():
            return str(error)
        case Garbage():
            return NO_SENSE
        case _:
            return f"the metrics server was not reached: {reason(error)}"
