"""The Secrets of one sync: each is read once, however many checks need it."""

import base64
import binascii
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import TypeAlias

from burgee.adapters.cluster.kube import KubeClient
from burgee.errors import ClusterError

Data: TypeAlias = Mapping[str, str]


class Secrets:
    """Their data, decoded; for use by many threads at once."""

    def __init__(self, kube: KubeClient) -> None:
        """Read nothing yet."""
        self._kube = kube
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Future[Data]] = {}

    def data(self, namespace: str, name: str, seconds: float) -> Data:
        """What a Secret holds.

        Raises:
            ClusterError: it could not be read in so many seconds.
        """
        mine: Future[Data] = Future()
        with self._lock:
            found = self._known.setdefault((namespace, name), mine)
        if found is mine:
            try:
                mine.set_result(self._read(namespace, name, seconds))
            except BaseException as error:
                mine.set_exception(error)
        try:
            return found.result(timeout=seconds)
        except TooLate:
            raise ClusterError(f"Secret {namespace}/{name}: no answer in time") from None

    def _read(self, namespace: str, name: str, seconds: float) -> Data:
        found = self._kube.get("v1", "Secret", namespace, name, timeout_seconds=seconds)
        data: Data = found.get("data") or {}
        return {key: _decoded(value) for key, value in data.items()}


def _decoded(value: str) -> str:
    """A value of a Secret; what is no text counts as empty, so that the source refuses it."""
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
