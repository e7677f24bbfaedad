"""The kinds that are served at this moment."""

import threading

from burgee.api.manifest import Manifest
from burgee.playground.kinds.apierror import unknown_path
from burgee.playground.kinds.resources import BUILT_IN, Resource, from_crd


class Catalog:
    """Kinds by apiVersion and by name or plural; starts with the built-in ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[tuple[str, str], Resource] = {}
        for resource in BUILT_IN:
            self.register(resource)

    def register(self, resource: Resource) -> None:
        """Serve a kind from now on."""
        with self._lock:
            for name in (resource.kind, resource.plural):
                self._by_name[resource.api_version, name] = resource

    def serve(self, crd: Manifest) -> None:
        """Serve the kind that a stored CustomResourceDefinition defines, at its versions."""
        self.withdraw(crd)
        for resource in from_crd(crd):
            self.register(resource)

    def withdraw(self, crd: Manifest) -> None:
        """Serve the kind no longer, at no version."""
        spec: Manifest = crd["spec"]
        with self._lock:
            gone = [
                place
                for place, resource in self._by_name.items()
                if resource.key == (spec["group"], spec["names"]["plural"])
            ]
            for place in gone:
                del self._by_name[place]

    def find(self, api_version: str, kind_or_plural: str) -> Resource:
        """The kind by its name or plural.

        Raises:
            ApiError: 404 for a kind that is not served.
        """
        found = self._by_name.get((api_version, kind_or_plural))
        if found is None:
            raise unknown_path()
        return found

    def all(self) -> list[Resource]:
        """Every kind, once per version."""
        with self._lock:
            return list({(r.api_version, r.plural): r for r in self._by_name.values()}.values())
