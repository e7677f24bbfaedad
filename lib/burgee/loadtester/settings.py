"""The environment, read once into one frozen value; every name starts with BURGEE_LOADTESTER_."""

import math
import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from burgee.adapters.outside.addresses import AddressPolicy, Network, networks, policy_for
from burgee.errors import InvalidSettings

PREFIX = "BURGEE_LOADTESTER_"
LOG_LEVELS = ("debug", "info", "warning", "error")


class TaskKind(StrEnum):
    """What metadata.type may say."""

    CMD = "cmd"
    BASH = "bash"
    HELM = "helm"
    HELMV3 = "helmv3"
    KUBECTL = "kubectl"
    CONCORD = "concord"
    NGRINDER = "ngrinder"


class Guarded(StrEnum):
    """What the token may be demanded for."""

    GATES = "gates"
    TASKS = "tasks"


class Settings(BaseModel):
    """What the load tester was told; docs/loadtester.md describes it for people.

    Attributes:
        token: demanded of whoever changes something; empty for nobody.
        token_file: a file with that token, read again when it changes.
        token_for: what it is demanded for: opening and closing gates, running tasks.
        gates: namespace and name of the ConfigMap that holds the open gates; None for memory.
        namespaces: is searched for in a payload's namespace.
        timeout_seconds: after which a command is killed.
        tasks: the types that are run.
        shell: whether a cmd that needs a shell gets one.
        max_tasks: how many commands run at the same time.
        max_output_bytes: how much of a command's output is kept, its beginning.
        addresses: which networks servers of jobs may be in.
        keys: the folder that files with keys of jobs have to be in; None for any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str = Field(default="", repr=False)
    token_file: Path | None = None
    token_for: frozenset[Guarded] = frozenset(Guarded)
    gates: tuple[str, str] | None = None
    namespaces: "re.Pattern[str]" = re.compile("")
    timeout_seconds: float = 3600.0
    tasks: frozenset[TaskKind] = frozenset(TaskKind)
    shell: bool = False
    max_tasks: int = 32
    max_output_bytes: int = 64 * 1024
    max_body_bytes: int = 1024 * 1024
    addresses: AddressPolicy = Field(default_factory=lambda: _policy(os.environ, {}))
    keys: Path | None = None
    bind: str = "0.0.0.0:8080"
    log_level: str = "info"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every setting.

        Raises:
            InvalidSettings: a value cannot be used; the text names its variable.
        """
        chosen: dict[str, Any] = {}
        for name, (field, read) in _READERS.items():
            text = environ.get(f"{PREFIX}{name}")
            if not text:
                continue
            try:
                chosen[field] = read(text)
            except ValueError as error:
                raise InvalidSettings(f"{PREFIX}{name}: {error}") from None
        chosen["addresses"] = _policy(environ, chosen)
        return cls(**chosen)


def _policy(environ: Mapping[str, str], chosen: dict[str, Any]) -> AddressPolicy:
    """Of an environment, and of the networks that it names, which are taken out of `chosen`."""
    return policy_for(
        environ,
        allow=chosen.pop("allow_networks", ()),
        deny=chosen.pop("deny_networks", ()),
        setting=f"{PREFIX}ALLOW_NETWORKS",
    )


Reader: TypeAlias = Callable[[str], Any]
"""Turns a text into a value; ValueError's text says what is wrong with it."""


def _token(text: str) -> str:
    if not text.strip().isascii():
        raise ValueError("must be ASCII")
    return text.strip()


def _object(text: str) -> tuple[str, str]:
    namespace, slash, name = text.partition("/")
    if not namespace or not slash or not name or "/" in name:
        raise ValueError("must be namespace/name")
    return namespace, name


def _pattern(text: str) -> "re.Pattern[str]":
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 86400:
        raise ValueError("must be a number from 0.1 to 86400")
    return value


def _some_of(kind: type[StrEnum]) -> Reader:
    def read(text: str) -> frozenset[StrEnum]:
        try:
            words = {word.strip() for word in text.split(",")} - {"", "none"}
            return frozenset(kind(word) for word in words)
        except ValueError:
            raise ValueError(f"must be a list of {', '.join(kind)}, or none") from None

    return read


def _bool(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _whole(minimum: int, maximum: int) -> Reader:
    def read(text: str) -> int:
        if not text.isdecimal() or not minimum <= int(text) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(text)

    return read


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return networks(*(word.strip() for word in text.split(",") if word.strip()))
    except ValueError:
        raise ValueError("must be a comma-separated list of networks such as 10.0.0.0/8") from None


_READERS: dict[str, tuple[str, Reader]] = {
    "TOKEN": ("token", _token),
    "TOKEN_FILE": ("token_file", Path),
    "TOKEN_FOR": ("token_for", _some_of(Guarded)),
    "GATES": ("gates", _object),
    "NAMESPACE_REGEXP": ("namespaces", _pattern),
    "TIMEOUT_SECONDS": ("timeout_seconds", _seconds),
    "TASKS": ("tasks", _some_of(TaskKind)),
    "SHELL": ("shell", _bool),
    "MAX_TASKS": ("max_tasks", _whole(1, 1000)),
    "MAX_OUTPUT_BYTES": ("max_output_bytes", _whole(0, 16 * 1024**2)),
    "MAX_BODY_BYTES": ("max_body_bytes", _whole(1024, 16 * 1024**2)),
    "ALLOW_NETWORKS": ("allow_networks", _networks),
    "DENY_NETWORKS": ("deny_networks", _networks),
    "KEYS": ("keys", Path),
    "BIND": ("bind", str),
    "LOG_LEVEL": ("log_level", _log_level),
}
