"""What the API server refuses, with the codes, reasons and texts that clients know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from burgee.api.manifest import Manifest
from burgee.errors import BurgeeError


class ApiError(BurgeeError):
    """A refusal: `status` is the HTTP code, `reason` the machine's word, `message` for a person."""

    def __init__(
        self, status: int, reason: str, message: str, details: Mapping[str, object] | None = None
    ) -> None:
        """Keep the parts of the Status object."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = dict(details or {})

    def body(self) -> Manifest:
        """The Status object that is sent as the answer."""
        found: Manifest = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.status,
        }
        if self.details:
            found["details"] = self.details
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One field that is wrong, as it stands in `details.causes`."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


def _details(group: str, plural: str, name: str) -> dict[str, object]:
    found: dict[str, object] = {"name": name, "kind": plural}
    if group:
        found["group"] = group
    return found


def _qualified(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> ApiError:
    """No object of that name."""
    message = f'{_qualified(group, plural)} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(group, plural, name))


def unknown_path() -> ApiError:
    """No kind is served there."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(group: str, plural: str, name: str) -> ApiError:
    """The name is taken."""
    message = f'{_qualified(group, plural)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> ApiError:
    """The object changed meanwhile, or is another one than the caller thought."""
    message = f'Operation cannot be fulfilled on {_qualified(group, plural)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(group, plural, name))


MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """The object breaks rules of its kind; every broken one is told."""
    told = [f"{c.field}: {c.message}" for c in causes]
    text = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    details: dict[str, object] = {"name": name, "kind": kind}
    if group:
        details["group"] = group
    details["causes"] = [
        {"reason": c.reason, "message": c.message, "field": c.field} for c in causes
    ]
    shown = f"{kind}.{group}" if group else kind
    return ApiError(422, "Invalid", f'{shown} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> ApiError:
    """A request that can't be read."""
    return ApiError(400, "BadRequest", message)


def forbidden(group: str, plural: str, name: str, why: str) -> ApiError:
    """Understood and refused."""
    message = f'{_qualified(group, plural)} "{name}" is forbidden: {why}'
    return ApiError(403, "Forbidden", message, _details(group, plural, name))


def expired(since: int, oldest: int) -> ApiError:
    """A watch from a version of which the events are gone."""
    return ApiError(410, "Expired", f"too old resource version: {since} ({oldest})")


def unsupported_media_type(message: str) -> ApiError:
    """A patch of a type that this kind does not take."""
    return ApiError(415, "UnsupportedMediaType", message)
