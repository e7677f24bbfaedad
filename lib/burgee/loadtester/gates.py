"""Which gates are open.

A gate that nobody opened is closed, so only open ones are kept. The key of a ConfigMap says kind,
namespace and name in this order: a namespace holds no dot, so no two gates share a key. (Flagger's
key lets the rollback gate of `a` and the gate of a Canary named `rollback.a` be one.)
"""

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from burgee.adapters.cluster.kube import KubeClient
from burgee.errors import Conflict, NotFound
from burgee.loadtester.payload import Payload, Refused

_CONFIG_MAP = ("v1", "ConfigMap")
_OPEN = "open"
_TIMEOUT_SECONDS = 3.0
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL)
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_KEY = 253


class GateKind(StrEnum):
    """What a gate is asked about."""

    GATE = "gate"
    ROLLBACK = "rollback"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateKey:
    """One gate of one Canary."""

    kind: GateKind
    namespace: str
    name: str

    @classmethod
    def of(cls, kind: GateKind, payload: Payload) -> "GateKey":
        """The gate that a call is about.

        Raises:
            Refused: 400, the payload names no Canary that could exist.
        """
        made = cls(kind=kind, namespace=payload.namespace, name=payload.name)
        named = _NAMESPACE.fullmatch(made.namespace) and _NAME.fullmatch(made.name)
        if not named or len(str(made)) > _LONGEST_KEY:
            raise Refused(400, "name and namespace must be those of a Canary")
        return made

    def __str__(self) -> str:
        return f"{self.kind}.{self.namespace}.{self.name}"


class Gates(Protocol):
    """Where the state of gates is kept; for use by many threads at once."""

    def is_open(self, key: GateKey) -> bool:
        """Whether somebody opened it and nobody closed it since."""
        ...

    def put(self, key: GateKey, *, is_open: bool) -> None:
        """Open or close it."""
        ...


class MemoryGates:
    """Gates that a restart closes."""

    def __init__(self) -> None:
        self._open: set[GateKey] = set()
        self._lock = threading.Lock()

    def is_open(self, key: GateKey) -> bool:
        """Whether somebody opened it and nobody closed it since."""
        with self._lock:
            return key in self._open

    def put(self, key: GateKey, *, is_open: bool) -> None:
        """Open or close it."""
        with self._lock:
            if is_open:
                self._open.add(key)
            else:
                self._open.discard(key)


class ConfigMapGates:
    """Gates in a ConfigMap: they outlive a restart, and all replicas see the same.

    It is read for every check, so what `kubectl edit` changes there counts at once. Every write
    is a patch of one key, so two at the same time do not undo each other.
    """

    def __init__(self, kube: KubeClient, *, namespace: str, name: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name

    def is_open(self, key: GateKey) -> bool:
        """Whether somebody opened it and nobody closed it since.

        Raises:
            ClusterError: that cannot be known now.
        """
        try:
            found = self._kube.get(
                *_CONFIG_MAP, self._namespace, self._name, timeout_seconds=_TIMEOUT_SECONDS
            )
        except NotFound:
            return False
        return (found.get("data") or {}).get(str(key)) == _OPEN

    def put(self, key: GateKey, *, is_open: bool) -> None:
        """Open or close it; the ConfigMap is made where there is none.

        Raises:
            ClusterError: it was not written.
        """
        try:
            self._patch(key, is_open=is_open)
        except NotFound:
            if is_open:
                self._create(key)

    def _patch(self, key: GateKey, *, is_open: bool) -> None:
        self._kube.merge_patch(
            *_CONFIG_MAP,
            self._namespace,
            self._name,
            {"data": {str(key): _OPEN if is_open else None}},
            timeout_seconds=_TIMEOUT_SECONDS,
        )

    def _create(self, key: GateKey) -> None:
        api_version, kind = _CONFIG_MAP
        manifest = {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"namespace": self._namespace, "name": self._name},
            "data": {str(key): _OPEN},
        }
        try:
            self._kube.create(manifest, timeout_seconds=_TIMEOUT_SECONDS)
        except Conflict:
            # Somebody else made it in the meantime.
            self._patch(key, is_open=True)
