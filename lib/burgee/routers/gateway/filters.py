"""What Gateway API does to requests and answers on their way: filters and time limits.

Source: flagger pkg/router/gateway_api.go, makeFilters. Different on purpose: `allowOrigins` is
taken over where it is exact and refused where it is a pattern, a time limit that Gateway API would
refuse is written in its form, and a filter that does nothing is left out.
"""

import re
from collections.abc import Mapping

from burgee.api.canary import Canary, Rewrite, Service
from burgee.api.manifest import Manifest
from burgee.api.model import duration_seconds
from burgee.errors import InvalidCanary

# The form of GEP-2257; Go's durations allow more.
_DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}")


def header_filters(service: Service) -> list[Manifest]:
    """Changes of headers: requests first."""
    headers: Manifest = service.headers or {}
    sides = (
        ("request", "RequestHeaderModifier", "requestHeaderModifier"),
        ("response", "ResponseHeaderModifier", "responseHeaderModifier"),
    )
    found: list[Manifest] = []
    for side, kind, field in sides:
        changes = _header_changes(headers.get(side) or {})
        if changes:
            found.append({"type": kind, field: changes})
    return found


def http_filters(canary: Canary, *, cors: bool) -> list[Manifest]:
    """All filters of `spec.service` for an HTTPRoute, in Flagger's order.

    Args:
        canary: its service says what is wanted.
        cors: whether this version of the API has the CORS filter.

    Raises:
        InvalidCanary: the CORS policy cannot be expressed.
    """
    service = canary.spec.service
    filters = [*header_filters(service), *_rewrite(service.rewrite), *mirror_filters(service)]
    if cors and service.cors_policy:
        filters.append({"type": "CORS", "cors": _cors(service.cors_policy)})
    return filters


def mirror_filters(service: Service) -> list[Manifest]:
    """The copies that `service.mirror` asks for, whatever the analysis does."""
    return [
        request_mirror({"group": "", "kind": "Service", **mirror["backendRef"]})
        for mirror in service.mirror
    ]


def request_mirror(backend: Manifest, percent: int = 0) -> Manifest:
    """Copies of requests to a backend: of all, or of so many percent."""
    mirror: Manifest = {"backendRef": backend}
    if 0 < percent < 100:
        mirror["percent"] = percent
    return {"type": "RequestMirror", "requestMirror": mirror}


def set_cookie_filter(name: str, value: str) -> Manifest:
    """One header more in every answer."""
    return {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"add": [{"name": name, "value": value}]},
    }


def with_answer_header(filters: list[Manifest], name: str, value: str) -> list[Manifest]:
    """The filters with one header more in every answer; a kind may stand there once only."""
    added = {"name": name, "value": value}
    if not any(found["type"] == "ResponseHeaderModifier" for found in filters):
        return [*filters, set_cookie_filter(name, value)]
    return [
        {
            **found,
            "responseHeaderModifier": {
                **found["responseHeaderModifier"],
                "add": [*(found["responseHeaderModifier"].get("add") or []), added],
            },
        }
        if found["type"] == "ResponseHeaderModifier"
        else found
        for found in filters
    ]


def timeouts(service: Service) -> Manifest:
    """The time limits of a rule, empty for none.

    Raises:
        InvalidCanary: one is no duration, or one try may take longer than the whole request.
    """
    given = (
        ("request", "timeout", service.timeout),
        ("backendRequest", "backendTimeout", service.backend_timeout),
    )
    limits = {
        word: _duration(text, f"spec.service.{field}") for word, field, text in given if text
    }
    whole, one_try = duration_seconds(service.timeout), duration_seconds(service.backend_timeout)
    if whole and one_try and one_try > whole:
        raise InvalidCanary(
            "InvalidTimeout",
            f"spec.service.backendTimeout {service.backend_timeout} is longer than "
            f"spec.service.timeout {service.timeout}",
        )
    return limits


def _header_changes(changes: Manifest) -> Manifest:
    found: Manifest = {}
    for way in ("add", "set"):
        values: Mapping[str, str] = changes.get(way) or {}
        if values:
            found[way] = [{"name": name, "value": values[name]} for name in sorted(values)]
    if changes.get("remove"):
        found["remove"] = list(changes["remove"])
    return found


def _rewrite(rewrite: Rewrite | None) -> list[Manifest]:
    if rewrite is None:
        return []
    change: Manifest = {}
    if rewrite.authority:
        change["hostname"] = rewrite.authority
    if rewrite.uri:
        prefix = rewrite.type == "ReplacePrefixMatch"
        kind, field = (
            ("ReplacePrefixMatch", "replacePrefixMatch")
            if prefix
            else ("ReplaceFullPath", "replaceFullPath")
        )
        change["path"] = {"type": kind, field: rewrite.uri}
    return [{"type": "URLRewrite", "urlRewrite": change}] if change else []


def _cors(policy: Manifest) -> Manifest:
    found: Manifest = {"allowOrigins": [*(policy.get("allowOrigin") or []), *_origins(policy)]}
    for field in ("allowMethods", "allowHeaders", "exposeHeaders"):
        found[field] = list(policy.get(field) or [])
    cors: Manifest = {field: value for field, value in found.items() if value}
    if policy.get("allowCredentials"):
        cors["allowCredentials"] = True
    if policy.get("maxAge"):
        seconds = duration_seconds(policy["maxAge"])
        if seconds is None or seconds < 1:
            raise InvalidCanary(
                "InvalidCors",
                f"spec.service.corsPolicy.maxAge {policy['maxAge']} must be a duration of a "
                "second or more",
            )
        cors["maxAge"] = int(seconds)
    return cors


def _origins(policy: Manifest) -> list[str]:
    origins: list[Manifest] = policy.get("allowOrigins") or []
    for number, origin in enumerate(origins):
        if not origin.get("exact"):
            raise InvalidCanary(
                "InvalidCors",
                f"spec.service.corsPolicy.allowOrigins[{number}] must be exact to be expressed by "
                "Gateway API",
            )
    return [origin["exact"] for origin in origins]


def _duration(text: str, field: str) -> str:
    if _DURATION.fullmatch(text):
        return text
    seconds = duration_seconds(text)
    if seconds is None:
        raise InvalidCanary("InvalidTimeout", f"{field} {text} is no duration")
    # Nought would mean no limit at all.
    return f"{max(round(seconds * 1000), 1 if seconds else 0)}ms"
