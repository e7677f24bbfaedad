"""One command in a process group of its own, with a time limit and a limit on what is kept."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, cast

from burgee.loadtester.running import Ended, Outcome

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 2.0
_DRAIN_SECONDS = 1.0
_CHUNK = 64 * 1024


class Process:
    """A command that runs; whoever made one must call `wait`, in one thread.

    Whatever the command left running in its group is killed when it ends: nothing that a webhook
    started outlives the time limit.
    """

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], limit_bytes: int
    ) -> None:
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        self._started = time.monotonic()
        self._stopping = threading.Event()
        self._output = bytearray()
        self._limit_bytes = limit_bytes
        self._cut = False
        self._drain_until: float | None = None
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )

    def stop(self) -> None:
        """Ask for its end, from any thread; `wait` sees to it."""
        self._stopping.set()

    def wait(self, timeout_seconds: float) -> Ended:
        """Wait for its end, or end it after the timeout."""
        # It is there: the process was started with stdout=PIPE.
        pipe = cast("IO[bytes]", self._process.stdout)
        with pipe:
            reader = threading.Thread(target=self._read, args=(pipe,), daemon=True)
            try:
                reader.start()
                outcome = self._outcome(timeout_seconds)
            finally:
                self._signal(signal.SIGKILL)
                self._process.wait()
                self._drain_until = time.monotonic() + _DRAIN_SECONDS
            reader.join()
        return Ended(
            outcome=outcome,
            why=_why(outcome, self._process.returncode),
            exit_code=self._process.returncode,
            output=self._output.decode("utf-8", "replace"),
            cut=self._cut,
            seconds=time.monotonic() - self._started,
        )

    def _outcome(self, timeout_seconds: float) -> Outcome:
        deadline = self._started + timeout_seconds
        while not self._stopping.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                self._end()
                return Outcome.TIMED_OUT
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(min(left, _POLL_SECONDS))
                return Outcome.FAILED if code else Outcome.SUCCEEDED
        self._end()
        return Outcome.STOPPED

    def _end(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        """To the whole group, also when its first process is gone already."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self, pipe: IO[bytes]) -> None:
        """Keep the beginning, read the rest away.

        A process that left the group may hold the pipe open for ever, so its end is not waited
        for once the command has ended.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while self._drain_until is None or time.monotonic() < self._drain_until:
                if not selector.select(_POLL_SECONDS):
                    if self._drain_until is not None:
                        return
                    continue
                chunk = os.read(pipe.fileno(), _CHUNK)
                if not chunk:
                    return
                room = max(self._limit_bytes - len(self._output), 0)
                self._output += chunk[:room]
                self._cut = self._cut or len(chunk) > room


def _why(outcome: Outcome, exit_code: int) -> str:
    match outcome:
        case Outcome.TIMED_OUT:
            return "the command took too long (BURGEE_LOADTESTER_TIMEOUT_SECONDS)"
        case Outcome.FAILED if exit_code < 0:
            return f"the command was ended by signal {-exit_code}"
        case Outcome.FAILED:
            return f"the command ended with exit code {exit_code}"
        case _:
            return ""
