"""The rules of an Istio VirtualService for given weights.

Source: flagger pkg/router/istio.go.
"""

from collections.abc import Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import NO_COOKIES, Cookies, ServiceNames, Weights
from burgee.routers.conditions import Condition, Way
from burgee.routers.istio.affinity import affinity_rules

MESH_GATEWAY = "mesh"
_COMPARED = ("headers", "queryParams")
_TESTED = (*_COMPARED, "sourceLabels")


def is_tcp(canary: Canary) -> bool:
    """True if the apex port carries no HTTP."""
    return canary.spec.service.app_protocol.lower() == "tcp"


def tcp_rules(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    """One rule by port; A/B tests, mirroring and affinity have no meaning there."""
    rule: Manifest = {"route": _destinations(canary, names, weights)}
    matches = [
        {"port": match["port"]} if match.get("port") else {} for match in canary.spec.service.match
    ]
    return [{"match": matches, **rule}] if matches else [rule]


def http_rules(
    canary: Canary, names: ServiceNames, weights: Weights, cookies: Cookies = NO_COOKIES
) -> list[Manifest]:
    """The weighted rule, or the two of an A/B test: who matches, and everybody else.

    Session affinity adds rules to the weighted one. In an A/B test it has no say: there the
    conditions of the test keep a client where it is.
    """
    service, plan = canary.spec.service, canary.spec.plan
    common = _common(canary)
    weighted = {**common, "route": _destinations(canary, names, weights)}
    if not plan.match:
        rule = _matching(service.match, {**weighted, **_mirror(canary, names, weights)})
        if plan.session_affinity is None:
            return [rule]
        return affinity_rules(canary, plan.session_affinity, rule, weights, cookies)
    others = {**common, "route": [_destination(canary, names.primary, weights.primary)]}
    return [
        _matching(merged_matches(_tests(plan.match), service.match), weighted),
        _matching(service.match, others),
    ]


def _tests(match: Sequence[Manifest]) -> list[Manifest]:
    """The conditions of the test in Istio's words, which lack `suffix`."""
    return [
        {
            field: {name: _without_suffix(name, matcher) for name, matcher in part.items()}
            if field in _COMPARED and part
            else part
            for field, part in entry.items()
        }
        for entry in match
    ]


def _without_suffix(name: str, matcher: Manifest) -> Manifest:
    suffix = matcher.get(Way.SUFFIX.value)
    if not suffix:
        return matcher
    return {"regex": Condition(name=name, way=Way.SUFFIX, value=suffix).whole}


def merged_matches(
    tested: Sequence[Manifest], general: Sequence[Manifest]
) -> tuple[Manifest, ...]:
    """Every condition of the test within every general one.

    Headers, query parameters and source labels are the test's where it has some. Different on
    purpose: Flagger drops the test's query parameters where there is a general condition, so that
    a test by these alone would send everybody to the canary.
    """
    if not general:
        return tuple(tested)
    return tuple(
        {
            **base,
            **{field: test[field] for field in _TESTED if test.get(field)},
        }
        for test in tested
        for base in general
    )


def _matching(matches: Sequence[Manifest], rule: Manifest) -> Manifest:
    return {"match": list(matches), **rule} if matches else rule


def _common(canary: Canary) -> Manifest:
    """What all rules share: rewriting, time limits, retries, CORS and headers."""
    service = canary.spec.service
    rewrite = service.rewrite
    given: Manifest = {
        "rewrite": _filled({"uri": rewrite.uri, "authority": rewrite.authority})
        if rewrite
        else None,
        "timeout": service.timeout,
        "retries": service.retries,
        "corsPolicy": service.cors_policy,
        "headers": service.headers,
    }
    return _filled(given)


def _filled(given: Manifest) -> Manifest:
    return {field: value for field, value in given.items() if value}


def _mirror(canary: Canary, names: ServiceNames, weights: Weights) -> Manifest:
    if not weights.mirrored:
        return {}
    mirror: Manifest = {"mirror": {"host": names.canary}}
    percent = canary.spec.plan.mirror_weight
    if percent > 0:
        mirror["mirrorPercentage"] = {"value": percent}
    return mirror


def _destinations(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    return [
        _destination(canary, names.primary, weights.primary),
        _destination(canary, names.canary, weights.canary),
    ]


def _destination(canary: Canary, host: str, weight: int) -> Manifest:
    """One backend; behind an ingress gateway a Service of several ports needs the number."""
    service = canary.spec.service
    destination: Manifest = {"host": host}
    behind_gateway = bool(service.gateways) and service.gateways[0] != MESH_GATEWAY
    if service.port_discovery and (behind_gateway or service.delegation):
        destination["port"] = {"number": service.port}
    return {"destination": destination, "weight": weight}
