"""EndpointSlices of the Services in the store, for data planes that read the API themselves.

A slice has one list of ports for all its endpoints, and each pod of the playground has a port of
its own: so there is one slice for each Service and pod.
"""

from collections.abc import Mapping, Sequence

from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of, namespace_of
from burgee.playground.dataplane.endpoints import PORT_ANNOTATION
from burgee.playground.dataplane.objects import selected
from burgee.playground.kinds.resources import Resource
from burgee.playground.machinery.changes import Follower
from burgee.playground.storage.store import ApiError, Store

ENDPOINT_SLICE = Resource(
    group="discovery.k8s.io",
    version="v1",
    plural="endpointslices",
    kind="EndpointSlice",
    generation=True,
)
_SERVICE = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_MANAGER = "playground-endpoints"
_GONE = frozenset({404, 409})


class EndpointSlices:
    """Follows Services and pods, and writes the slices."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.register(ENDPOINT_SLICE)
        self._services = store.resource("v1", "services")
        self._pods = store.resource("v1", "pods")
        kinds = (self._services, self._pods)
        self._follower = Follower(store, kinds, self._reconcile, name="endpoint-slices")

    def start(self) -> None:
        """Begin to follow."""
        self._follower.start()

    def close(self) -> None:
        """Stop."""
        self._follower.close()

    def _reconcile(self) -> None:
        services, _ = self._store.list(self._services)
        pods, _ = self._store.list(self._pods)
        found, _ = self._store.list(ENDPOINT_SLICE)
        ours = {_key(s): s for s in found if labels_of(s).get(_MANAGED_BY) == _MANAGER}
        wanted = slices(services, pods)
        for key, manifest in wanted.items():
            if key not in ours or _content(ours[key]) != _content(manifest):
                self._write(manifest, fresh=key not in ours)
        for key in ours.keys() - wanted.keys():
            self._delete(*key)

    def _write(self, manifest: Manifest, *, fresh: bool) -> None:
        try:
            if fresh:
                self._store.create(ENDPOINT_SLICE, manifest, manager=_MANAGER)
            else:
                self._store.update(ENDPOINT_SLICE, manifest, manager=_MANAGER)
        except ApiError as error:
            if error.status not in _GONE:
                raise

    def _delete(self, namespace: str, name: str) -> None:
        try:
            self._store.delete(ENDPOINT_SLICE, namespace, name)
        except ApiError as error:
            if error.status not in _GONE:
                raise


def slices(
    services: Sequence[Manifest], pods: Sequence[Manifest]
) -> Mapping[tuple[str, str], Manifest]:
    """The slices that there should be, by namespace and name. Pure."""
    found = [_slice(service, pod) for service in services for pod in selected(service, pods)]
    return {_key(manifest): manifest for manifest in found}


def _slice(service: Manifest, pod: Manifest) -> Manifest:
    number = int(annotations_of(pod)[PORT_ANNOTATION])
    ports: list[Manifest] = service["spec"].get("ports") or []
    return {
        "apiVersion": ENDPOINT_SLICE.api_version,
        "kind": ENDPOINT_SLICE.kind,
        "metadata": {
            "name": f"{name_of(service)}-{name_of(pod)}",
            "namespace": namespace_of(service),
            "labels": {_SERVICE: name_of(service), _MANAGED_BY: _MANAGER},
        },
        "addressType": "IPv4",
        "ports": [
            {
                "name": port.get("name", ""),
                "port": number,
                "protocol": port.get("protocol") or "TCP",
            }
            for port in ports
        ],
        "endpoints": [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {
                    "kind": "Pod",
                    "namespace": namespace_of(pod),
                    "name": name_of(pod),
                },
            }
        ],
    }


def _key(manifest: Manifest) -> tuple[str, str]:
    return namespace_of(manifest), name_of(manifest)


def _content(manifest: Manifest) -> tuple[object, object]:
    return manifest.get("ports"), manifest.get("endpoints")
