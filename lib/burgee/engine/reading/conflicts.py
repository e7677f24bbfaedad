"""Objects that two Canaries would write: the one that came second says so, and touches nothing.

An object that a user made is shared with its user field by field. One that belongs to another
Canary is not: both would set its fields, over and over, and traffic would follow whoever was last.
"""

from collections.abc import Iterator

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, controller_of, name_of
from burgee.engine.reading.needs import LOOK_AGAIN_SECONDS
from burgee.engine.reading.observation import Observation
from burgee.engine.reading.roles import Roles, role_in
from burgee.errors import InvalidCanary
from burgee.routers.base import HOLDER_ANNOTATION, Role
from burgee.targets.naming import Names

_CANARY = ("flagger.app", "Canary")
_REFERENCES = {"Ingress": "spec.ingressRef"}


def check_target(canary: Canary, target: Manifest) -> None:
    """Refuses a target that another Canary made.

    Raises:
        InvalidCanary: it is a primary, which would lose its pods at rest.
    """
    owner = _other_canary(target, canary)
    if owner:
        raise InvalidCanary(
            "TargetConflict",
            f"spec.targetRef: {target['kind']} {name_of(target)} was made by {_called(owner)}",
            retry_seconds=LOOK_AGAIN_SECONDS,
        )


def check_conflicts(
    observation: Observation, names: Names, roles: Roles, *, owns_apex: bool
) -> None:
    """Refuses a Canary whose objects are another one's.

    Args:
        observation: of this sync.
        names: of the Services.
        roles: of the provider's objects.
        owns_apex: False where the apex Service is the target.

    Raises:
        InvalidCanary: with the object, its Canary, and the field that has to differ.
    """
    for found in observation.taken:
        owner = controller_of(found) or _holder_of(found)
        if owner:
            raise _conflict("TargetConflict", _field_of(found), found, owner)
    ours = {names.primary, names.canary, *([names.apex] if owns_apex else ())}
    for name in sorted(ours & observation.services.keys()):
        found = observation.services[name]
        owner = _other_canary(found, observation.canary)
        if owner:
            raise _conflict("ServiceConflict", "spec.service.name", found, owner)
    for found in _written(observation, roles):
        owner = _other_canary(found, observation.canary)
        if owner:
            field = _REFERENCES.get(found["kind"], "spec.service.name")
            if role_in(roles, found) is Role.WEIGHED:
                field = "spec.routeRef"
            raise _conflict("RouteConflict", field, found, owner)


def _written(observation: Observation, roles: Roles) -> Iterator[Manifest]:
    """Observed objects of unlisted and listed kinds that would be children, or get weights."""
    for found in observation.routes.values():
        if role_in(roles, found) in {Role.CHILD, Role.WEIGHED}:
            yield found
    if observation.primary_scaler is not None:
        yield observation.primary_scaler


def _field_of(found: Manifest) -> str:
    return "spec.autoscalerRef" if found["kind"].endswith("Autoscaler") else "spec.targetRef"


def _holder_of(found: Manifest) -> Manifest | None:
    """The Canary that sets fields of an object which it cannot own."""
    _, _, name = annotations_of(found).get(HOLDER_ANNOTATION, "").partition("/")
    return {"kind": _CANARY[1], "name": name} if name else None


def _other_canary(found: Manifest, canary: Canary) -> Manifest | None:
    """The owner of an object that another Canary controls."""
    owner = controller_of(found)
    if owner is None or owner.get("uid") == canary.metadata.uid:
        return None
    group = str(owner.get("apiVersion", "")).partition("/")[0]
    return owner if (group, owner.get("kind")) == _CANARY else None


def _called(owner: Manifest) -> str:
    return f"the {owner.get('kind')} {owner.get('name')}"


def _conflict(reason: str, field: str, found: Manifest, owner: Manifest) -> InvalidCanary:
    return InvalidCanary(
        reason,
        f"{found['kind']} {name_of(found)} belongs to {_called(owner)} already, so {field} must "
        "differ",
        retry_seconds=LOOK_AGAIN_SECONDS,
    )
