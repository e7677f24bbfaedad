"""Metadata of a webhook becomes a command to run, or a job for another server.

Source: flagger pkg/loadtester/server.go and the files of its tasks beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from burgee.loadtester import commands
from burgee.loadtester.concord import read_process
from burgee.loadtester.ngrinder import read_test
from burgee.loadtester.payload import Payload, Refused
from burgee.loadtester.remote import Job
from burgee.loadtester.settings import Settings, TaskKind

_BEHIND = frozenset({TaskKind.CMD, TaskKind.NGRINDER})
"""Those whose end the caller does not wait for."""

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What is started here; it may hold a password, so it is in no log and no repr."""

    arguments: tuple[str, ...] = field(repr=False)

    @property
    def program(self) -> str:
        """What is started, without arguments."""
        return self.arguments[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a webhook wants to be done.

    Attributes:
        canary: whose webhook it is.
        load: two tasks of a Canary with the same one are the same load.
        blocking: whether the answer waits for its end.
        log_output: whether its output is logged.
        return_output: whether its output is the answer.
    """

    canary: str
    kind: TaskKind
    load: str = field(repr=False)
    work: Command | Job
    blocking: bool
    log_output: bool = False
    return_output: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Two tasks with the same key are the same load."""
        return self.canary, self.load


def read_task(payload: Payload, settings: Settings) -> Task:
    """The task of a call.

    Raises:
        Refused: 400 for a task that cannot be understood, 403 for one that is switched off.
    """
    metadata = payload.metadata
    if not metadata:
        raise Refused(400, "metadata not found in payload")
    kind = _kind(metadata.get("type") or TaskKind.CMD)
    if kind not in settings.tasks:
        raise Refused(403, f"tasks of type {kind} are switched off (BURGEE_LOADTESTER_TASKS)")
    load, work = _work(kind, metadata, settings)
    return Task(
        canary=payload.canary,
        kind=kind,
        load=load,
        work=work,
        blocking=kind not in _BEHIND,
        log_output=_asked(metadata, "logCmdOutput"),
        return_output=_asked(metadata, "returnCmdOutput"),
    )


def _work(
    kind: TaskKind, metadata: Mapping[str, str], settings: Settings
) -> tuple[str, Command | Job]:
    """What tells the load from others, and the work itself."""
    match kind:
        case TaskKind.CONCORD:
            process = read_process(metadata, settings.keys)
            return repr(sorted(process.fields.items())), process
        case TaskKind.NGRINDER:
            test = read_test(metadata)
            return f"ngrinder {test.clone}", test
        case _:
            command = commands.joined(metadata.get("cmd", ""))
            return command, Command(arguments=_checked(kind, command, settings))


def _checked(kind: TaskKind, command: str, settings: Settings) -> tuple[str, ...]:
    if not command:
        raise Refused(400, "metadata has no cmd")
    if "\0" in command:
        raise Refused(400, "cmd cannot be run: it holds a zero byte")
    try:
        return _arguments(kind, command, settings)
    except ValueError as error:
        raise Refused(400, f"cmd cannot be run: {error}") from None


def _kind(text: str) -> TaskKind:
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
        case TaskKind.CONCORD | TaskKind.NGRINDER:
            raise ValueError("it is no command")
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
