"""What the providers that work on Ingresses have in common: the user's one and its copy."""

from collections.abc import Callable, Iterable

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Related, RelatedKind, Role, ServiceNames
from burgee.routers.originals import backend_service, original, reference

INGRESS = RelatedKind(api_version="networking.k8s.io/v1", resource="ingresses", kind="Ingress")
FIELD = "ingressRef"


def copy_name(name: str) -> str:
    """The name of the Ingress that burgee makes from the user's."""
    return f"{name}-canary"


def related_ingresses(canary: Canary, role: Role) -> tuple[Related, ...]:
    """The user's Ingress in that role, and the copy; nothing where none is named."""
    ref = canary.spec.ingress_ref
    if ref is None:
        return ()
    return (
        Related(kind=INGRESS, names=(ref.name,), role=role),
        Related(kind=INGRESS, names=(copy_name(ref.name),)),
    )


def users_ingress(canary: Canary, originals: Iterable[Manifest]) -> Manifest:
    """The Ingress that the Canary names.

    Raises:
        InvalidCanary: it names none, or one that does not exist.
    """
    name = reference(canary.spec.ingress_ref, FIELD, INGRESS)
    return original(originals, INGRESS, canary.metadata.namespace, name, FIELD)


def copied_spec(
    ingress: Manifest, names: ServiceNames, change: Callable[[list[Manifest]], list[Manifest]]
) -> Manifest:
    """The spec with the paths of every rule changed.

    Args:
        ingress: the user's.
        names: the apex Service, which a path has to lead to.
        change: makes the paths of the copy from those of one rule.

    Raises:
        InvalidCanary: no path leads to the apex Service.
    """
    spec: Manifest = ingress.get("spec") or {}
    rules: list[Manifest] = spec.get("rules") or []
    changed: list[Manifest] = []
    reached = False
    for rule in rules:
        paths = paths_of(rule)
        reached = reached or any(backend_service(path) == names.apex for path in paths)
        fresh = change(paths)
        if fresh:
            changed.append({**rule, "http": {**rule["http"], "paths": fresh}})
        elif not paths:
            changed.append(rule)
    if not reached:
        raise InvalidCanary(
            "NoSuchBackend",
            f"Ingress {ingress['metadata']['name']} (spec.{FIELD}) has no path to the Service "
            f"{names.apex} (spec.service.name)",
        )
    return {**spec, "rules": changed}


def all_paths(ingress: Manifest) -> list[Manifest]:
    """The paths of all rules."""
    spec: Manifest = ingress.get("spec") or {}
    rules: list[Manifest] = spec.get("rules") or []
    return [path for rule in rules for path in paths_of(rule)]


def paths_of(rule: Manifest) -> list[Manifest]:
    """The paths of one rule, none where it has no http."""
    http: Manifest = rule.get("http") or {}
    paths: list[Manifest] = http.get("paths") or []
    return paths


def with_backend(path: Manifest, service: str) -> Manifest:
    """A path that leads to another Service, by the same port."""
    backend: Manifest = path["backend"]
    return {**path, "backend": {**backend, "service": {**backend["service"], "name": service}}}
