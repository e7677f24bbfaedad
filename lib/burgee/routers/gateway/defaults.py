"""Routes of Gateway API with what their CRDs fill in.

An API server stores defaults that nobody wrote. To compare what was wanted with what is observed,
both are brought to the same form.
"""

from collections.abc import Mapping

from burgee.api.manifest import Manifest

GROUP = "gateway.networking.k8s.io"
CORS_MAX_AGE_SECONDS = 5

PARENT = {"group": GROUP, "kind": "Gateway"}
_TARGET = {"group": "", "kind": "Service"}
_BACKEND = {**_TARGET, "weight": 1}
_EVERY_PATH = {"type": "PathPrefix", "value": "/"}
_EXACT = {"type": "Exact"}


def with_defaults(route: Manifest) -> Manifest:
    """An HTTPRoute or GRPCRoute with the defaults of its spec filled in."""
    spec: Manifest = route.get("spec") or {}
    filled: Manifest = {**spec, "rules": rules_with_defaults(route.get("kind", ""), spec)}
    if spec.get("parentRefs"):
        filled["parentRefs"] = _each(spec["parentRefs"], PARENT)
    return {**route, "spec": filled}


def rules_with_defaults(kind: str, spec: Manifest) -> list[Manifest]:
    """The rules of a route's spec."""
    rules: list[Manifest] = spec.get("rules") or []
    return [_rule(kind, rule) for rule in rules]


def _rule(kind: str, rule: Manifest) -> Manifest:
    matches: list[Manifest] = rule.get("matches") or []
    if kind == "HTTPRoute":
        matches = [_http_match(match) for match in matches or [{}]]
    else:
        matches = [_grpc_match(match) for match in matches]
    backends: list[Manifest] = rule.get("backendRefs") or []
    return {
        **rule,
        "matches": matches,
        "filters": _filters(rule),
        "backendRefs": [{**_BACKEND, **ref, "filters": _filters(ref)} for ref in backends],
    }


def _http_match(match: Manifest) -> Manifest:
    path: Manifest = {**_EVERY_PATH, **(match.get("path") or {})}
    return {**_values(match), "path": path}


def _grpc_match(match: Manifest) -> Manifest:
    method: Manifest | None = match.get("method")
    return {**_values(match), **({"method": {**_EXACT, **method}} if method else {})}


def _values(match: Manifest) -> Manifest:
    fields = [field for field in ("headers", "queryParams") if match.get(field)]
    return {**match, **{field: _each(match[field], _EXACT) for field in fields}}


def _filters(holder: Manifest) -> list[Manifest]:
    filters: list[Manifest] = holder.get("filters") or []
    return [_filter(found) for found in filters]


def _filter(found: Manifest) -> Manifest:
    mirror: Manifest | None = found.get("requestMirror")
    if mirror:
        backend = {**_TARGET, **(mirror.get("backendRef") or {})}
        return {**found, "requestMirror": {**mirror, "backendRef": backend}}
    cors: Manifest | None = found.get("cors")
    if cors:
        return {**found, "cors": {"maxAge": CORS_MAX_AGE_SECONDS, **cors}}
    return found


def _each(items: list[Manifest], defaults: Mapping[str, str]) -> list[Manifest]:
    return [{**defaults, **item} for item in items]
