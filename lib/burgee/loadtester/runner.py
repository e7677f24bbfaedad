"""What runs at this moment: no load twice, never more than a number at the same time."""

import os
import threading
from collections.abc import Mapping

import structlog

from burgee.loadtester.meters import Meters
from burgee.loadtester.payload import Refused
from burgee.loadtester.processes import Process
from burgee.loadtester.remote import Remote
from burgee.loadtester.running import Ended, Running
from burgee.loadtester.settings import Settings
from burgee.loadtester.tasks import Command, Task

# What only the server itself is told: a command must not find its token.
_OWN_PREFIXES = ("BURGEE_", "GUNICORN_")

log = structlog.get_logger(__name__)


def environment_of_commands(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what is the server's own."""
    return {key: value for key, value in environ.items() if not key.startswith(_OWN_PREFIXES)}


class Runner:
    """Starts commands and sees to their end; for use by many threads at once."""

    def __init__(
        self, settings: Settings, meters: Meters, *, environ: Mapping[str, str] | None = None
    ) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._meters = meters
        self._environment = environment_of_commands(os.environ if environ is None else environ)
        self._lock = threading.Lock()
        self._running: set[Running] = set()
        self._behind: dict[tuple[str, str], threading.Thread] = {}
        self._stopping = False
        meters.show_running(lambda: len(self._running))

    def run(self, task: Task) -> Ended:
        """Run a blocking task and wait for its end.

        Raises:
            Refused: it was not started.
        """
        with self._lock:
            running = self._begin(task)
        return self._finish(task, running)

    def start(self, task: Task) -> bool:
        """Run any other task behind the caller's back; False where the same one runs already.

        Raises:
            Refused: it was not started.
        """
        with self._lock:
            if task.key in self._behind:
                return False
            running = self._begin(task)
            thread = threading.Thread(
                target=self._finish, args=(task, running), name="burgee-task", daemon=True
            )
            self._behind[task.key] = thread
        thread.start()
        return True

    def stop(self) -> None:
        """End all that runs and start nothing any more; does not wait for it."""
        with self._lock:
            self._stopping = True
            running = tuple(self._running)
        for one in running:
            one.stop()

    def close(self) -> None:
        """`stop`, and wait for what runs behind a caller's back."""
        self.stop()
        with self._lock:
            threads = tuple(self._behind.values())
        for thread in threads:
            thread.join()

    def _begin(self, task: Task) -> Running:
        if self._stopping:
            raise Refused(503, "the load tester is being stopped")
        if len(self._running) >= self._settings.max_tasks:
            raise Refused(429, "too many tasks run (BURGEE_LOADTESTER_MAX_TASKS)")
        try:
            running = self._made(task)
        except (OSError, ValueError) as error:
            log.warning(
                "task not started", canary=task.canary, type=task.kind, why=type(error).__name__
            )
            raise Refused(500, _why_not(error)) from None
        self._running.add(running)
        log.info("task started", canary=task.canary, type=task.kind, program=task.work.program)
        return running

    def _made(self, task: Task) -> Running:
        if not isinstance(task.work, Command):
            return Remote(task.work, policy=self._settings.addresses)
        return Process(
            task.work.arguments,
            environment=self._environment,
            limit_bytes=self._settings.max_output_bytes,
        )

    def _finish(self, task: Task, running: Running) -> Ended:
        try:
            ended = running.wait(self._settings.timeout_seconds)
            self._tell(task, ended)
        finally:
            # Last: whoever sees that nothing runs may start the same again, and finds it told.
            with self._lock:
                self._running.discard(running)
                if not task.blocking:
                    del self._behind[task.key]
        return ended

    def _tell(self, task: Task, ended: Ended) -> None:
        self._meters.count_task(task.kind, ended.outcome, ended.seconds)
        shown = {"output": ended.output, "output_cut": ended.cut} if task.log_output else {}
        log.info(
            "task ended",
            canary=task.canary,
            type=task.kind,
            program=task.work.program,
            outcome=ended.outcome,
            why=ended.why,
            exit_code=ended.exit_code,
            seconds=round(ended.seconds, 3),
            **shown,
        )


def _why_not(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "the program is not in the load tester's image"
        case PermissionError():
            return "the program may not be started"
        case _:
            return f"the command could not be started: {type(error).__name__}"
