"""The steps of a scenario that do something."""

import json
from typing import Any

from conformance.kinds import api_version
from conformance.lab import Lab

from burgee.api.manifest import Manifest, annotations_of, metadata
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.resources import Resource

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_USER = "kubectl-client-side-apply"
_ILL = {"metadata": {"annotations": {"rig/never-ready": "true"}}}


class User:
    """Somebody with kubectl in one namespace."""

    def __init__(self, lab: Lab, namespace: str) -> None:
        self._lab = lab
        self._store = lab.store
        self._namespace = namespace

    def apply(self, manifest: Manifest) -> None:
        """As `kubectl apply` does it at the client: with what was applied as an annotation."""
        resource = self._store.resource(manifest["apiVersion"], manifest["kind"])
        head = {**metadata(manifest), "annotations": annotations_of(manifest)}
        if resource.namespaced:
            head = {"namespace": self._namespace, **head}
        said = {**manifest, "metadata": head}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        head["annotations"] = {**head["annotations"], LAST_APPLIED: text}
        try:
            self._store.create(resource, {**manifest, "metadata": head}, manager=_USER)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            self._patch(resource, str(head["name"]), {**manifest, "metadata": head}, _MERGE)

    def patch(self, told: Manifest, name: str) -> None:
        """As `kubectl patch --type merge`."""
        self._patch(self._resource(told), name, told["patch"], _MERGE)

    def set_image(self, told: Manifest, name: str) -> None:
        """As `kubectl set image`; on the first container if none is named."""
        resource = self._resource({"kind": "Deployment", **told})
        live = self._store.get(resource, self._namespace, name)
        first = live["spec"]["template"]["spec"]["containers"][0]["name"]
        pod = {"containers": [{"name": told.get("container", first), "image": told["image"]}]}
        self._patch(resource, name, {"spec": {"template": {"spec": pod}}}, _STRATEGIC)

    def delete(self, told: Manifest, name: str) -> None:
        """As `kubectl delete --wait=false`."""
        self._store.delete(self._resource(told), self._namespace, name)

    def patch_pods(self, selector: str, patch: Manifest, count: int) -> None:
        """The one patch of pods that scenarios have: they are not ready any more."""
        assert patch == _ILL, patch
        labels = dict(term.split("=") for term in selector.split(","))
        self._lab.cluster.workloads.sicken(self._namespace, labels, count)

    def _resource(self, told: Manifest) -> Resource:
        kind = told["kind"]
        return self._store.resource(told.get("apiVersion") or api_version(kind), kind)

    def _patch(self, resource: Resource, name: str, patch: Any, content_type: str) -> None:
        self._store.patch(
            resource, self._namespace, name, patch, content_type=content_type, manager=_USER
        )
