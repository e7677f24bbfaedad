"""Concord: a process of a project is started and waited for.

Source: flagger pkg/loadtester/concord.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from burgee.loadtester.payload import Refused
from burgee.loadtester.remote import Calls, JobFailed

_REQUIRED = ("server", "org", "project", "repo", "entrypoint", "apiKeyPath", "endpoint")
_ARGUMENTS = "arguments."
_POLL_SECONDS = 5
_MOST_KEY_BYTES = 64 * 1024
_ENDED_BADLY = frozenset({"FAILED", "CANCELLED", "TIMED_OUT"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ConcordProcess:
    """One process to start; see burgee.loadtester.remote.Job.

    Attributes:
        server: base URL; its path is kept.
        key: the Authorization header.
        fields: of the form that starts it.
    """

    server: str
    key: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    poll_seconds: float = _POLL_SECONDS
    most_seconds: float | None = None
    program: str = "the process of Concord"

    def start(self, calls: Calls) -> str:
        """POST the form; the id of the process."""
        answer = calls.json("POST", self._url(), headers=self._headers(), fields=self.fields)
        job_id = answer.get("instanceId")
        if not isinstance(job_id, str) or not job_id:
            raise JobFailed("the server started no process")
        return job_id

    def is_done(self, calls: Calls, job_id: str) -> bool:
        """Look at its status."""
        url = f"{self._url()}/{quote(job_id, safe='')}"
        status = calls.json("GET", url, headers=self._headers()).get("status")
        if status in _ENDED_BADLY:
            raise JobFailed(f"the process of Concord ended as {status}")
        return status == "FINISHED"

    def call_off(self, calls: Calls, job_id: str) -> None:
        """Nothing: Concord has time limits of its own, and Flagger leaves it to them."""

    def _url(self) -> str:
        return f"{self.server.rstrip('/')}/api/v1/process"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self.key}


def read_process(metadata: Mapping[str, str], keys: Path | None) -> ConcordProcess:
    """The process that a webhook asks for.

    Args:
        metadata: of the webhook.
        keys: the folder that files with keys have to be in; None for any.

    Raises:
        Refused: 400, something is missing or wrong.
    """
    for name in _REQUIRED:
        if not metadata.get(name):
            raise Refused(400, f"{name} is required with type concord")
    if f"{_ARGUMENTS}endpoint" in metadata:
        raise Refused(400, "arguments.endpoint is set by endpoint")
    given = {name: value for name, value in metadata.items() if name.startswith(_ARGUMENTS)}
    return ConcordProcess(
        server=metadata["server"],
        key=_key(Path(metadata["apiKeyPath"]), keys),
        fields={
            "org": metadata["org"],
            "project": metadata["project"],
            "repo": metadata["repo"],
            "entryPoint": metadata["entrypoint"],
            "arguments.endpoint": metadata["endpoint"],
            **given,
        },
        poll_seconds=_seconds(metadata, "pollInterval") or _POLL_SECONDS,
        most_seconds=_seconds(metadata, "pollTimeout"),
    )


def _key(path: Path, keys: Path | None) -> str:
    try:
        found = path.resolve()
        if keys is not None and not found.is_relative_to(keys.resolve()):
            raise Refused(400, "apiKeyPath is not in BURGEE_LOADTESTER_KEYS")
        # A pipe would be waited for, a device never ends.
        raw = _beginning(found) if found.is_file() else b""
        text = raw.decode("ascii").strip()
    except (OSError, ValueError, RuntimeError):
        raise Refused(400, "apiKeyPath is no file with a key") from None
    if not text or not text.isprintable():
        raise Refused(400, "apiKeyPath is no file with a key")
    return text


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_KEY_BYTES)


def _seconds(metadata: Mapping[str, str], name: str) -> float | None:
    text = metadata.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 86400:
        raise Refused(400, f"{name} must be a number of seconds")
    return float(text)
