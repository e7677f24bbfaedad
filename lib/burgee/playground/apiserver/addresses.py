"""From the path of a request to the kind and object that it means."""

from dataclasses import dataclass

from burgee.playground.kinds.apierror import unknown_path
from burgee.playground.kinds.resources import SCALE, STATUS, Resource
from burgee.playground.storage.store import Store

_NAMESPACE_FACES = frozenset({STATUS, "finalize"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """What a path names: `name` is empty for a collection, `namespace` for all of them."""

    resource: Resource
    namespace: str
    name: str
    subresource: str


def address(store: Store, path: str) -> Address | None:
    """The object or collection of a path; None where it is no path of objects.

    Raises:
        ApiError: 404 for a kind, or a subresource, that is not served.
    """
    parts = [p for p in path.split("/") if p]
    match parts:
        case ["api", version, *rest] if rest:
            return _below(store, version, rest)
        case ["apis", group, version, *rest] if rest:
            return _below(store, f"{group}/{version}", rest)
        case _:
            return None


def _below(store: Store, api_version: str, parts: list[str]) -> Address:
    match parts:
        case ["namespaces", name, face] if api_version == "v1" and face in _NAMESPACE_FACES:
            return _found(store, api_version, "namespaces", "", name, face)
        case ["namespaces", namespace, plural]:
            return _found(store, api_version, plural, namespace, "", "")
        case ["namespaces", namespace, plural, name]:
            return _found(store, api_version, plural, namespace, name, "")
        case ["namespaces", namespace, plural, name, subresource]:
            return _found(store, api_version, plural, namespace, name, subresource)
        case [plural]:
            return _found(store, api_version, plural, "", "", "")
        case [plural, name]:
            return _found(store, api_version, plural, "", name, "")
        case [plural, name, subresource]:
            return _found(store, api_version, plural, "", name, subresource)
        case _:
            raise unknown_path()


def _found(
    store: Store, api_version: str, plural: str, namespace: str, name: str, subresource: str
) -> Address:
    resource = store.resource(api_version, plural)
    if plural != resource.plural or (namespace and not resource.namespaced):
        raise unknown_path()
    if name and resource.namespaced and not namespace:
        raise unknown_path()
    served = resource.subresources & {STATUS, SCALE}
    if subresource and subresource not in served:
        raise unknown_path()
    return Address(resource=resource, namespace=namespace, name=name, subresource=subresource)
