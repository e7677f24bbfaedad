"""What a Gateway API controller and Knative write: conditions, revisions and their traffic."""

import json
import threading
from collections import defaultdict
from queue import SimpleQueue
from typing import Any

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.storage.store import Store
from burgee.playground.storage.watches import Change

_MANAGER = "data-plane"
_KNATIVE = "serving.knative.dev/v1"
_GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
_MERGE = "application/merge-patch+json"


class DataPlanes:
    """Answers routes in a thread of its own.

    Attributes:
        gateway_modes: by namespace, what a Gateway makes of routes: accept, reject or none.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.gateway_modes: dict[str, str] = {}
        self._templates: defaultdict[str, list[str]] = defaultdict(list)
        self._queue: SimpleQueue[Manifest | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="data-planes")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def see(self, change: Change) -> None:
        """A write of the store, of which some need an answer."""
        if change.type != "DELETED":
            self.look_at(change.entry.manifest)

    def look_at(self, manifest: Manifest) -> None:
        """An object that may need an answer."""
        if manifest["kind"] == "HTTPRoute" or _is_knative(manifest):
            self._queue.put(manifest)

    def _work(self) -> None:
        while (manifest := self._queue.get()) is not None:
            try:
                status = self._knative(manifest) if _is_knative(manifest) else self._gate(manifest)
                if status and not _says(manifest.get("status"), status):
                    self._write(manifest, status)
            except ApiError:
                # It went away meanwhile.
                continue

    def _write(self, manifest: Manifest, status: Manifest) -> None:
        self._store.patch(
            self._store.resource(manifest["apiVersion"], manifest["kind"]),
            namespace_of(manifest),
            name_of(manifest),
            {"status": status},
            content_type=_MERGE,
            manager=_MANAGER,
            subresource="status",
        )

    def _gate(self, route: Manifest) -> Manifest:
        mode = self.gateway_modes.get(namespace_of(route), "accept")
        if mode == "none":
            return {}
        accepted = "True" if mode == "accept" else "False"
        conditions = [
            {
                "type": kind,
                "status": status,
                "reason": kind if status == "True" else "NotAllowedByListeners",
                "message": "",
                "observedGeneration": metadata(route)["generation"],
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
            for kind, status in (("Accepted", accepted), ("ResolvedRefs", "True"))
        ]
        return {
            "parents": [
                {
                    "parentRef": {**_GATEWAY, **parent},
                    "controllerName": "example.com/gateway",
                    "conditions": conditions,
                }
                for parent in route["spec"].get("parentRefs") or []
            ]
        }

    def _knative(self, service: Manifest) -> Manifest:
        """A revision for every other template, and the traffic with their names."""
        template = service["spec"]["template"]["spec"]
        seen = self._templates[str(metadata(service)["uid"])]
        digest = json.dumps(template["containers"], sort_keys=True)
        if not seen or seen[-1] != digest:
            seen.append(digest)
            self._revision(service, f"{name_of(service)}-{len(seen):05}", template)
        latest = f"{name_of(service)}-{len(seen):05}"
        wanted: list[Manifest] = service["spec"].get("traffic") or [
            {"latestRevision": True, "percent": 100}
        ]
        return {
            "observedGeneration": metadata(service)["generation"],
            "latestCreatedRevisionName": latest,
            "latestReadyRevisionName": latest,
            "traffic": [
                {
                    "latestRevision": False,
                    "percent": 0,
                    **share,
                    **({"revisionName": latest} if share.get("latestRevision") else {}),
                }
                for share in wanted
            ],
            "conditions": [{"type": "Ready", "status": "True"}],
        }

    def _revision(self, service: Manifest, name: str, template: dict[str, Any]) -> None:
        made = self._store.create(
            self._store.resource(_KNATIVE, "Revision"),
            {
                "apiVersion": _KNATIVE,
                "kind": "Revision",
                "metadata": {
                    "name": name,
                    "namespace": namespace_of(service),
                    "labels": {"serving.knative.dev/service": name_of(service)},
                },
                "spec": template,
            },
            manager=_MANAGER,
        )
        ready = {"type": "Ready", "status": "True"}
        self._write(made, {"observedGeneration": 1, "conditions": [ready]})


def _is_knative(manifest: Manifest) -> bool:
    return (manifest["apiVersion"], manifest["kind"]) == (_KNATIVE, "Service")


def _says(status: Manifest | None, wanted: Manifest) -> bool:
    return all((status or {}).get(field) == value for field, value in wanted.items())
