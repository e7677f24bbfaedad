"""Reads besides the request, and freshness.

The parent in a request may be older than what the cluster holds, and the status that is answered
replaces the whole status, so that an answer to an old parent would take a release back. Every
sync therefore reads the Canary once. Source: Metacontroller
pkg/controller/composite/controller.go, syncParentObject and updateParentStatus.
"""

from burgee.adapters.cluster.kube import KubeClient
from burgee.api.canary import API_VERSION
from burgee.api.manifest import Manifest, metadata, name_of
from burgee.errors import ClusterError, Stale


def read_object(
    kube: KubeClient,
    api_version: str,
    kind: str,
    namespace: str,
    name: str,
    *,
    timeout_seconds: float,
) -> Manifest:
    """One object as the cluster holds it now.

    Raises:
        NotFound: there is none.
        ClusterError: it cannot be read, or what was answered is another object.
    """
    found = kube.get(api_version, kind, namespace, name, timeout_seconds=timeout_seconds)
    if (found.get("kind"), name_of(found)) != (kind, name):
        raise ClusterError(f"another object was answered for {kind} {namespace}/{name}")
    return found


def read_live(parent: Manifest, kube: KubeClient, *, timeout_seconds: float) -> Manifest:
    """The Canary as the cluster holds it now.

    Args:
        parent: from the request.
        kube: where to read.
        timeout_seconds: for the one GET.

    Raises:
        Stale: it cannot be read, or the rest of the request (its related objects were chosen by
            spec) belongs to another generation or another object of the same name.
    """
    head = metadata(parent)
    try:
        live = kube.get(
            API_VERSION, "Canary", head["namespace"], head["name"], timeout_seconds=timeout_seconds
        )
    except ClusterError as error:
        raise Stale(f"the live Canary could not be read: {error}") from error
    found = metadata(live)
    for field in ("uid", "generation"):
        if found.get(field) != head.get(field):
            raise Stale(f"the request is about another {field} of the Canary")
    if bool(found.get("deletionTimestamp")) != bool(head.get("deletionTimestamp")):
        raise Stale("the request does not know whether the Canary is being deleted")
    return live
