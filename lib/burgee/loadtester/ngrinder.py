"""nGrinder: a test is cloned, started and watched.

Source: flagger pkg/loadtester/task_ngrinder.go.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from burgee.adapters.sources.asking import basic
from burgee.api.model import duration_seconds
from burgee.loadtester.payload import Refused
from burgee.loadtester.remote import Calls, JobFailed

_REQUIRED = ("server", "clone", "username", "passwd")
_POLL_SECONDS = 1.0
_ENDED_BADLY = frozenset({"STOP_BY_ERROR", "CANCELED", "UNKNOWN"})


@dataclass(frozen=True, kw_only=True, slots=True)
class GrinderTest:
    """One test to clone; see burgee.loadtester.remote.Job.

    Attributes:
        server: base URL; its path is kept.
        clone: the number of the test that is cloned.
        login: the Authorization header.
    """

    server: str
    clone: int
    login: str = field(repr=False)
    poll_seconds: float = _POLL_SECONDS
    most_seconds: float | None = None
    program: str = "the test of nGrinder"

    def start(self, calls: Calls) -> str:
        """Clone and start it; the number of the new test."""
        answer = self._call(calls, "POST", f"{self.clone}/clone_and_start")
        number = answer.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise JobFailed("the server started no test")
        return str(number)

    def is_done(self, calls: Calls, job_id: str) -> bool:
        """Look at its status; a look that fails is taken again, for the test goes on."""
        try:
            answer = self._call(calls, "GET", f"{job_id}/status")
        except JobFailed:
            return False
        match answer.get("status"):
            case [{"status_id": str() as status}, *_]:
                pass
            case _:
                return False
        if status in _ENDED_BADLY:
            raise JobFailed(f"the test of nGrinder ended as {status}")
        return status == "FINISHED"

    def call_off(self, calls: Calls, job_id: str) -> None:
        """Stop the test."""
        self._call(calls, "PUT", f"{job_id}?action=stop")

    def _call(self, calls: Calls, method: str, path: str) -> dict[str, object]:
        url = f"{self.server.rstrip('/')}/perftest/api/{path}"
        answer = calls.json(method, url, headers={"Authorization": self.login})
        if answer.get("success") is False:
            raise JobFailed("the server says that it did not succeed")
        return answer


def read_test(metadata: Mapping[str, str]) -> GrinderTest:
    """The test that a webhook asks for.

    Raises:
        Refused: 400, something is missing or wrong.
    """
    for name in _REQUIRED:
        if not metadata.get(name):
            raise Refused(400, f"{name} is required with type ngrinder")
    if not metadata["clone"].isdecimal():
        raise Refused(400, "clone must be a number")
    try:
        password = base64.b64decode(metadata["passwd"], validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused(400, "passwd must be base64") from None
    poll = metadata.get("pollInterval", "")
    return GrinderTest(
        server=metadata["server"],
        clone=int(metadata["clone"]),
        login=basic(metadata["username"], password),
        poll_seconds=max(duration_seconds(poll) or _POLL_SECONDS, 0.1),
    )
