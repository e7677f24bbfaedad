"""A job on another server: started, looked at until it ends, called off where that is too late.

Addresses are a webhook's, so they are judged as burgee judges all of them, answers are bounded,
and nothing of them gets into the answer to the webhook.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import BoundedSession, reason
from burgee.loadtester.running import Ended, Outcome

_CALL_SECONDS = 10.0
_LIMIT_BYTES = 1024 * 1024


class JobFailed(Exception):
    """It cannot be started, or ended badly; the text is for a person."""


class Calls:
    """HTTP with one server, as one task does it."""

    def __init__(self, session: BoundedSession, deadline: float) -> None:
        """Keep what every call needs."""
        self._session = session
        self._deadline = deadline

    def json(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        fields: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send one request; the answer has to be a JSON object.

        Args:
            method: of HTTP.
            url: whole.
            headers: with the credentials.
            fields: of a form, sent as multipart/form-data.

        Raises:
            JobFailed: there is no such answer.
        """
        left = max(self._deadline - time.monotonic(), 0.1)
        try:
            response = self._session.request(
                method,
                url,
                headers=dict(headers),
                files={name: (None, value) for name, value in (fields or {}).items()} or None,
                timeout=min(_CALL_SECONDS, left),
                allow_redirects=False,
            )
        except Exception as error:
            raise JobFailed(f"the server was not reached: {reason(error)}") from None
        if response.status_code >= 300:
            raise JobFailed(f"the server answered {response.status_code}")
        try:
            found: object = json.loads(response.content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise JobFailed("the server's answer makes no sense")
        return cast("dict[str, Any]", found)


class Job(Protocol):
    """One kind of job on one kind of server."""

    @property
    def program(self) -> str:
        """What it is, for a log."""
        ...

    @property
    def server(self) -> str:
        """The base URL."""
        ...

    @property
    def poll_seconds(self) -> float:
        """Between two looks."""
        ...

    @property
    def most_seconds(self) -> float | None:
        """That its author gives it, None for no more than every task has."""
        ...

    def start(self, calls: Calls) -> str:
        """Start it; the id by which it is known.

        Raises:
            JobFailed: that was not possible.
        """
        ...

    def is_done(self, calls: Calls, job_id: str) -> bool:
        """Whether it has ended well.

        Raises:
            JobFailed: it has ended badly, or cannot be known any more.
        """
        ...

    def call_off(self, calls: Calls, job_id: str) -> None:
        """End it, where its server can do that. May raise JobFailed."""
        ...


@dataclass(kw_only=True, slots=True)
class _Clock:
    """When a job began and has to have ended."""

    began: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return time.monotonic() - self.began


class Remote:
    """A job under way; see burgee.loadtester.running.Running."""

    def __init__(self, job: Job, *, policy: AddressPolicy) -> None:
        """Start nothing yet: that takes a call, and nobody waits for it here."""
        self._job = job
        self._policy = policy
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask for its end, from any thread."""
        self._stopping.set()

    def wait(self, timeout_seconds: float) -> Ended:
        """Start it, and wait for its end; it is called off after the timeout."""
        clock = _Clock()
        most = min(timeout_seconds, self._job.most_seconds or timeout_seconds)
        try:
            with BoundedSession(
                self._job.server, limit_bytes=_LIMIT_BYTES, cut=False, policy=self._policy
            ) as session:
                outcome = self._see_to(session, clock.began + most)
        except JobFailed as error:
            return Ended(outcome=Outcome.FAILED, why=str(error), seconds=clock.seconds())
        except ValueError:
            why = "the server's address cannot be read"
            return Ended(outcome=Outcome.FAILED, why=why, seconds=clock.seconds())
        late = f"{self._job.program} took longer than {most:g} s"
        why = late if outcome is Outcome.TIMED_OUT else ""
        return Ended(outcome=outcome, why=why, seconds=clock.seconds())

    def _see_to(self, session: BoundedSession, deadline: float) -> Outcome:
        job_id = self._job.start(Calls(session, deadline))
        while True:
            left = deadline - time.monotonic()
            stopped = self._stopping.wait(max(min(self._job.poll_seconds, left), 0))
            if stopped or left <= self._job.poll_seconds:
                self._call_off(session, job_id)
                return Outcome.STOPPED if stopped else Outcome.TIMED_OUT
            if self._job.is_done(Calls(session, deadline), job_id):
                return Outcome.SUCCEEDED

    def _call_off(self, session: BoundedSession, job_id: str) -> None:
        try:
            self._job.call_off(Calls(session, time.monotonic() + _CALL_SECONDS), job_id)
        except JobFailed:
            # It goes on there; nothing more can be done about it from here.
            return
