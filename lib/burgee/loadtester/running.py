"""What runs for a webhook, whatever it is: a command here, or a job on another server."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """How it ended, as the label of the meters."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A task that has ended.

    Attributes:
        why: what went wrong, in words for a person that hold no output and no answer; empty
            where nothing did.
        exit_code: of a command, negative for a signal, as subprocess has it; 0 of a job.
        output: the beginning of what a command wrote to stdout and stderr together.
        cut: whether there was more.
    """

    outcome: Outcome
    seconds: float
    why: str = ""
    exit_code: int = 0
    output: str = ""
    cut: bool = False


class Running(Protocol):
    """A task that was begun; whoever began it must call `wait`, in one thread."""

    def stop(self) -> None:
        """Ask for its end, from any thread; `wait` sees to it."""
        ...

    def wait(self, timeout_seconds: float) -> Ended:
        """Wait for its end, or end it after the timeout."""
        ...
