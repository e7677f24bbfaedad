"""Keptn's operator, as far as analyses go: it looks at new ones and writes what came of them."""

import threading

from burgee.api.manifest import Manifest
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store

ANALYSES = Resource(
    group="metrics.keptn.sh",
    version="v1beta1",
    plural="analyses",
    kind="Analysis",
    subresources=frozenset({"status"}),
    custom=True,
)


class FakeKeptn:
    """Ends every analysis at once.

    Attributes:
        passes: by definition, whether it passes; None for one that never ends.
        made: every analysis that there ever was.
        deleted: names of those that are gone.
    """

    def __init__(self, store: Store) -> None:
        store.register(ANALYSES)
        self.passes: dict[str, bool | None] = {}
        self.made: list[Manifest] = []
        self.deleted: list[str] = []
        self._store = store
        self._watch = store.watch(ANALYSES)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._watch.close()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.is_set():
            event = self._watch.next(0.05)
            if event is None:
                continue
            if event[0] == "DELETED":
                self.deleted.append(event[1]["metadata"]["name"])
            elif event[0] == "ADDED":
                self.made.append(event[1])
                self._analyse(event[1])

    def _analyse(self, analysis: Manifest) -> None:
        passes = self.passes.get(analysis["spec"]["analysisDefinition"]["name"], True)
        status: Manifest = {"state": "Progressing" if passes is None else "Completed"}
        if passes:
            # As Go writes it, false is left out.
            status["pass"] = True
        about = analysis["metadata"]
        try:
            self._store.patch(
                ANALYSES,
                about["namespace"],
                about["name"],
                {"status": status},
                content_type="application/merge-patch+json",
                manager="keptn",
                subresource="status",
            )
        except ApiError:
            # Deleted meanwhile.
            return
