"""The one place that talks to the API server.

What goes wrong becomes one of the errors of burgee.errors with a text that names method, path and
code. The text never quotes a body: it ends up in logs and in Kubernetes Events, and an API
server's refusal may repeat a Secret.
"""

import json
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from burgee.adapters.cluster.kinds import Kinds
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.adapters.cluster.rights import Rights
from burgee.adapters.cluster.transport import Transport
from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.engine.effects import DeleteObject, Scale
from burgee.errors import ClusterError, Conflict, NotFound

FIELD_MANAGER = "burgee"
DEFAULT_TIMEOUT_SECONDS = 5.0
USER_AGENT = f"burgee/{version('burgee')}"

_PAGE = 500

_JSON = "application/json"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


class KubeClient:
    """A small client of one API server, for use by many threads at once."""

    def __init__(self, access: KubeAccess, *, user_agent: str = USER_AGENT) -> None:
        """Open nothing yet."""
        self._transport = Transport(access, user_agent=user_agent)
        self._kinds = Kinds(lambda path, seconds: self._call("GET", path, seconds=seconds))
        self._readable = Rights(self._read_within)
        self._patchable = Rights(self._patch_nothing)
        self._answered = threading.Event()

    @property
    def has_answered(self) -> bool:
        """Whether the API server ever gave an answer that was not a failure of its own."""
        return self._answered.is_set()

    def ping(self, *, timeout_seconds: float = 2.0) -> None:
        """Ask for the server's version.

        Raises:
            ClusterError: there is no usable answer.
        """
        self._call("GET", "/version", seconds=timeout_seconds)

    def get(
        self,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Manifest:
        """Read one object.

        Raises:
            NotFound: there is none.
            ClusterError: anything else went wrong.
        """
        path = self._kinds.path(api_version, kind, namespace, name, seconds=timeout_seconds)
        return self._call("GET", path, seconds=timeout_seconds)

    def serves(
        self, api_version: str, kind: str, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> bool:
        """Whether the API server has a kind; what it said is remembered for a while.

        Raises:
            ClusterError: it could not be asked.
        """
        return self._kinds.serves(api_version, kind, seconds=timeout_seconds)

    def may_read(
        self,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> bool:
        """Whether objects of a kind may be read there; remembered for a while.

        Raises:
            ClusterError: it could not be tried.
        """
        return self._readable.allow(api_version, kind, namespace, name, seconds=timeout_seconds)

    def may_patch(
        self,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> bool:
        """Whether objects of a kind may be patched there; tried without a change, remembered.

        Raises:
            ClusterError: it could not be tried.
        """
        return self._patchable.allow(api_version, kind, namespace, name, seconds=timeout_seconds)

    def read(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Manifest:
        """Read what is no object of a kind, such as a metric.

        Args:
            path: encoded, from /apis on.
            query: added to it.
            timeout_seconds: for the call.

        Raises:
            NotFound: there is nothing.
            ClusterError: anything else went wrong.
        """
        return self._call("GET", path, query=query, seconds=timeout_seconds)

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        label_selector: str = "",
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> list[Manifest]:
        """Read every object of a kind, in one namespace or (empty) in all, page by page.

        Items carry apiVersion and kind, which the API server leaves out in lists.

        Raises:
            ClusterError: a page could not be read within the time for all of them.
        """
        deadline = time.monotonic() + timeout_seconds
        path = self._kinds.path(api_version, kind, namespace, seconds=timeout_seconds)
        query: dict[str, str] = {"limit": str(_PAGE)}
        if label_selector:
            query["labelSelector"] = label_selector
        found: list[Manifest] = []
        while True:
            left = deadline - time.monotonic()
            page = self._call("GET", path, query=query, seconds=left)
            items = page.get("items")
            if not isinstance(items, list):
                raise ClusterError(f"GET {path} answered without items", 200)
            found += [{"apiVersion": api_version, "kind": kind, **item} for item in items]
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return found
            query["continue"] = str(token)

    def scale(self, scale: Scale, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> Manifest:
        """Set spec.replicas through the /scale subresource.

        Raises:
            Conflict: the workload is no longer at the resourceVersion that was given.
            NotFound: there is no such workload.
            ClusterError: anything else went wrong.
        """
        patch: Manifest = {"spec": {"replicas": scale.replicas}}
        if scale.resource_version is not None:
            patch["metadata"] = {"resourceVersion": scale.resource_version}
        return self.merge_patch(
            scale.api_version,
            scale.kind,
            scale.namespace,
            scale.name,
            patch,
            subresource="scale",
            timeout_seconds=timeout_seconds,
        )

    def merge_patch(
        self,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        *,
        subresource: str = "",
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Manifest:
        """Send a JSON merge patch under burgee's field manager.

        Raises:
            Conflict: the patch names a resourceVersion that is not the current one.
            NotFound: there is no such object.
            ClusterError: anything else went wrong.
        """
        path = self._kinds.path(api_version, kind, namespace, name, seconds=timeout_seconds)
        return self._call(
            "PATCH",
            f"{path}/{subresource}" if subresource else path,
            query={"fieldManager": FIELD_MANAGER},
            body=patch,
            content_type=_MERGE,
            seconds=timeout_seconds,
        )

    def apply(
        self,
        manifest: Manifest,
        *,
        field_manager: str = FIELD_MANAGER,
        force: bool = True,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Manifest:
        """Server-side apply: own exactly the fields of `manifest`.

        Raises:
            Conflict: another manager owns one of the fields, and `force` is off.
            ClusterError: anything else went wrong.
        """
        path = self._path_of(manifest, with_name=True, seconds=timeout_seconds)
        return self._call(
            "PATCH",
            path,
            query={"fieldManager": field_manager, "force": "true" if force else "false"},
            body=manifest,
            content_type=_APPLY,
            seconds=timeout_seconds,
        )

    def create(
        self, manifest: Manifest, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> Manifest:
        """Create one object.

        Raises:
            Conflict: it exists already.
            ClusterError: anything else went wrong.
        """
        path = self._path_of(manifest, with_name=False, seconds=timeout_seconds)
        return self._call(
            "POST",
            path,
            query={"fieldManager": FIELD_MANAGER},
            body=manifest,
            content_type=_JSON,
            seconds=timeout_seconds,
        )

    def delete(
        self, deletion: DeleteObject, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> None:
        """Delete one object and let the garbage collector go on from there.

        Raises:
            Conflict: there is another object of that name by now.
            NotFound: there is none.
            ClusterError: anything else went wrong.
        """
        path = self._kinds.path(
            deletion.api_version,
            deletion.kind,
            deletion.namespace,
            deletion.name,
            seconds=timeout_seconds,
        )
        options: Manifest = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": deletion.uid},
        }
        self._call("DELETE", path, body=options, content_type=_JSON, seconds=timeout_seconds)

    def close(self) -> None:
        """Close the connections and remove what was written for them."""
        self._transport.close()

    def _patch_nothing(
        self, api_version: str, kind: str, namespace: str, name: str, seconds: float
    ) -> Manifest:
        path = self._kinds.path(api_version, kind, namespace, name, seconds=seconds)
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All"}
        return self._call(
            "PATCH", path, query=query, body={}, content_type=_MERGE, seconds=seconds
        )

    def _read_within(
        self, api_version: str, kind: str, namespace: str, name: str, seconds: float
    ) -> Manifest:
        return self.get(api_version, kind, namespace, name, timeout_seconds=seconds)

    def _path_of(self, manifest: Manifest, *, with_name: bool, seconds: float) -> str:
        return self._kinds.path(
            str(manifest.get("apiVersion", "")),
            str(manifest.get("kind", "")),
            namespace_of(manifest),
            name_of(manifest) if with_name else "",
            seconds=seconds,
        )

    def _call(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "",
    ) -> Manifest:
        code, content = self._transport.exchange(
            method,
            f"{path}?{urlencode(query)}" if query else path,
            body=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
            content_type=content_type,
            seconds=seconds,
        )
        if code < 500 and code != 401:
            self._answered.set()
        if not 200 <= code < 300:
            raise _refusal(method, path, code)
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ClusterError(f"{method} {path} answered {code} without a JSON object", code)
        return found


def _refusal(method: str, path: str, code: int) -> ClusterError:
    text = f"{method} {path} answered {code}"
    match code:
        case 404:
            return NotFound(text, code)
        case 409:
            return Conflict(text, code)
        case _:
            return ClusterError(text, code)
