"""Following objects of several kinds, and writing what was found of them."""

import threading
from collections.abc import Callable, Iterable

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.storage.store import Resource, Store

_MERGE_PATCH = "application/merge-patch+json"


class Follower:
    """Looks once at the start and then whenever objects change; several changes are one look."""

    def __init__(
        self,
        store: Store,
        resources: Iterable[Resource],
        look: Callable[[], float | None],
        *,
        name: str,
    ) -> None:
        """Watch from now on, and look from `start` on.

        Args:
            store: the cluster.
            resources: the kinds whose objects are followed.
            look: is called from one thread alone; returns after how many seconds it has to be
                called again even if nothing changes, None for never.
            name: of the thread.
        """
        self._look = look
        self._closed = threading.Event()
        self._changed = threading.Event()
        self._changed.set()  # the first look is due at once
        self._watch = store.watch_all(resources)
        self._looking = threading.Thread(target=self._run, name=name)
        self._watching = threading.Thread(target=self._follow, name=f"{name}-changes")
        self._watching.start()

    @property
    def closed(self) -> bool:
        """Whether it is to stop; a long look asks now and then."""
        return self._closed.is_set()

    @property
    def pending(self) -> bool:
        """Whether something changed since this look began."""
        return self._changed.is_set()

    def start(self) -> None:
        """Begin to look."""
        self._looking.start()

    def close(self) -> None:
        """Stop, and return when the last look is over."""
        self._closed.set()
        self._changed.set()
        if self._looking.ident is not None:
            self._looking.join()
        self._watch.close()
        self._watching.join()

    def _run(self) -> None:
        due_seconds: float | None = None
        while not self._closed.is_set():
            self._changed.wait(due_seconds)
            self._changed.clear()
            if not self._closed.is_set():
                due_seconds = self._look()

    def _follow(self) -> None:
        for _ in self._watch:
            self._changed.set()


def write_status(store: Store, subject: Manifest, status: Manifest, *, manager: str) -> None:
    """Merge into the status of an object; one that is gone needs none."""
    try:
        store.patch(
            store.resource(subject["apiVersion"], subject["kind"]),
            namespace_of(subject),
            name_of(subject),
            {"status": status},
            content_type=_MERGE_PATCH,
            manager=manager,
            subresource="status",
        )
    except ApiError as error:
        if error.status != 404:
            raise
