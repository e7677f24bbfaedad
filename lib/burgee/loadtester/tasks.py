"""Metadata of a webhook becomes a command to run.

Source: flagger pkg/loadtester/server.go and the files of its tasks beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from burgee.loadtester import commands
from burgee.loadtester.payload import Payload, Refused
from burgee.loadtester.settings import Settings, TaskKind

_NOT_SERVED = frozenset({"concord", "ngrinder"})
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A command that a webhook wants to be run.

    Attributes:
        canary: whose webhook it is.
        command: as it was sent; it may hold a password, so it is in no log and no repr.
        arguments: what is started.
        blocking: whether the answer waits for its end.
        log_output: whether its output is logged.
        return_output: whether its output is the answer.
    """

    canary: str
    kind: TaskKind
    command: str = field(repr=False)
    arguments: tuple[str, ...] = field(repr=False)
    blocking: bool
    log_output: bool = False
    return_output: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Two tasks with the same key are the same load."""
        return self.canary, self.command

    @property
    def program(self) -> str:
        """What is started, without arguments."""
        return self.arguments[0]


def read_task(payload: Payload, settings: Settings) -> Task:
    """The task of a call.

    Raises:
        Refused: 400 for a task that cannot be understood, 403 for one that is switched off,
            501 for one that Flagger has and burgee does not.
    """
    metadata = payload.metadata
    if not metadata:
        raise Refused(400, "metadata not found in payload")
    kind = _kind(metadata.get("type") or TaskKind.CMD)
    if kind not in settings.tasks:
        raise Refused(403, f"tasks of type {kind} are switched off (BURGEE_LOADTESTER_TASKS)")
    command = commands.joined(metadata.get("cmd", ""))
    if not command:
        raise Refused(400, "metadata has no cmd")
    if "\0" in command:
        raise Refused(400, "cmd cannot be run: it holds a zero byte")
    try:
        arguments = _arguments(kind, command, settings)
    except ValueError as error:
        raise Refused(400, f"cmd cannot be run: {error}") from None
    return Task(
        canary=payload.canary,
        kind=kind,
        command=command,
        arguments=arguments,
        blocking=kind is not TaskKind.CMD,
        log_output=_asked(metadata, "logCmdOutput"),
        return_output=_asked(metadata, "returnCmdOutput"),
    )


def _kind(text: str) -> TaskKind:
    if text in _NOT_SERVED:
        raise Refused(501, f"tasks of type {text} are not served by burgee's load tester")
    try:
        return TaskKind(text)
    except ValueError:
        raise Refused(400, f"unknown task type, it must be one of {', '.join(TaskKind)}") from None


def _arguments(kind: TaskKind, command: str, settings: Settings) -> tuple[str, ...]:
    match kind:
        case TaskKind.CMD:
            return _plain(command, settings)
        case TaskKind.BASH:
            return ("bash", "-c", command)
        case TaskKind.HELM | TaskKind.HELMV3:
            return ("helm", *commands.split(command))
        case TaskKind.KUBECTL:
            return ("kubectl", *commands.split(command))
        case _:
            assert_never(kind)


def _plain(command: str, settings: Settings) -> tuple[str, ...]:
    need = commands.needs_shell(command)
    if settings.shell and (need or commands.has_patterns(command)):
        return ("sh", "-c", command)
    if need:
        raise ValueError(
            f"{need} needs a shell: let the task be of type bash, or set "
            "BURGEE_LOADTESTER_SHELL=true"
        )
    arguments = commands.split(command)
    if not arguments[0]:
        raise ValueError("it names no program")
    return arguments


def _asked(metadata: Mapping[str, str], key: str) -> bool:
    return metadata.get(key, "") in _TRUE
