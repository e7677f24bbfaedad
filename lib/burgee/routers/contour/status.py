"""What Contour says of an HTTPProxy. Source: contour, apis/projectcontour/v1, HTTPProxyStatus.

One that is invalid is not served: what its routes say is not what requests do. One that no root
proxy includes is orphaned; Contour has nothing against it.
"""

from typing import Final

from burgee.api.manifest import Manifest
from burgee.routers.unmet import conditions_of, generation_of, is_current

GROUP: Final = "projectcontour.io"

_INVALID: Final = "invalid"
_ORPHANED: Final = "orphaned"


def is_invalid(proxy: Manifest) -> bool:
    """True where Contour refuses the proxy as it is now."""
    return _word(proxy) == _INVALID


def said_of(proxy: Manifest) -> str:
    """Contour's word for a proxy that is not served, and why; empty where it is, or may be."""
    word = _word(proxy)
    if word not in {_INVALID, _ORPHANED}:
        return ""
    status: Manifest = proxy.get("status") or {}
    errors = [
        f"{error.get('reason')}: {error.get('message')}"
        for condition in conditions_of(proxy)
        if condition.get("type") == "Valid"
        for error in condition.get("errors") or ()
    ]
    why = "; ".join(errors) or str(status.get("description") or "")
    return f"{word}: {why}" if why else word


def _word(proxy: Manifest) -> str:
    """status.currentStatus, empty where it is about an older generation."""
    status: Manifest = proxy.get("status") or {}
    valid = [c for c in conditions_of(proxy) if c.get("type") == "Valid"]
    if not all(is_current(condition, generation_of(proxy)) for condition in valid):
        return ""
    return str(status.get("currentStatus") or "")
