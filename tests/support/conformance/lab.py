"""The embedded cluster, the real hook server, and peers that do as a scenario tells."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from conformance.fakes import DataPlanes
from conformance.kinds import OF_PROVIDERS
from conformance.peers import Peers
from conformance.record import Ledger, Record
from release_world import Arena

_RESYNC_SECONDS = 10
_READY_SECONDS = 0.1


class Lab:
    """Where scenarios run, each in a namespace of its own.

    Args:
        directory: for logs and the kubeconfig.
        flags: Flagger's flags, for the hook server.
    """

    def __init__(self, directory: Path, flags: tuple[str, ...] = ()) -> None:
        directory.mkdir()
        self.records: dict[str, Record] = {}
        self.peers = Peers(self.records)
        self._arena = Arena(
            directory,
            resync_seconds=_RESYNC_SECONDS,
            ready_delay_seconds=_READY_SECONDS,
            environment={
                "METRICS_SERVER": self.peers.url,
                "MESH_PROVIDER": "istio",
                "FLAGGER_FLAGS": " ".join(flags),
            },
        )
        self.cluster = self._arena.cluster
        self.store = self.cluster.store
        for resource in OF_PROVIDERS:
            self.store.register(resource)
        self.planes = DataPlanes(self.store)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for part in (self.peers, self.planes):
                stack.callback(part.close)
                part.start()
            Ledger(self.store, self.records).listeners.append(self.planes.see)
            stack.enter_context(self._arena)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def troubles(self) -> list[str]:
        """What the hook servers and the controller logged as errors."""
        logged = [line for hook in self._arena.hooks for line in hook.errors()]
        return [*logged, *map(str, self.cluster.controller.tally.crashed)]
