"""Local programs that never outlive the demo.

Two ways out are covered: `Child.close()` stops a program in an orderly way, and a demo that is
killed outright (SIGKILL, no handler runs) takes its programs with it. For the second, a program
is started through this module: it asks the kernel for a SIGTERM at its parent's death and then
becomes the program. The kernel counts the thread that started it as the parent, so `Child` must be
started from a thread that lives as long as the program is needed.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
STOP_TIMEOUT_SECONDS = 5.0


class Child:
    """A running program; what it prints goes to a file."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        name: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._log = log
        self._name = name or Path(command[0]).name
        leash = [sys.executable, "-m", "burgee.playground.programs.leash", str(os.getpid())]
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                process_group=0,  # a Ctrl-C reaches the demo alone, which then stops the rest
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing where it has ended."""
        self._process.send_signal(number)

    def demand_running(self) -> None:
        """Do nothing while it runs.

        Raises:
            RuntimeError: it has ended; the text ends with what it printed last.
        """
        if not self.running:
            tail = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self._name} ended with {self._process.returncode}: {tail}")

    def close(self) -> None:
        """SIGTERM, and SIGKILL where that does not help; returns when it is gone."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


def main(arguments: Sequence[str]) -> None:
    """Become the program that the arguments name, tied to the life of the parent.

    Args:
        arguments: the parent's process id, the program, its arguments.
    """
    parent, *command = arguments
    with contextlib.suppress(OSError, AttributeError):  # only Linux has prctl
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)  # it died before the kernel was asked
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
